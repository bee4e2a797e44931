"""Networks and styles by name: those in the package, and the user's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path

import platformdirs

from artem.core.errors import NetworkError, StyleError, did_you_mean
from artem.core.network_file import NetworkFile, load_network_file
from artem.core.picture import PICTURE_SUFFIXES
from artem.core.style_file import STYLE_SUFFIX, Style, load_style
from artem.runtime.predictor import predict_style, predictor_beside

MODELS = Path(__file__).resolve().parent.parent / "models"
SAMPLES = MODELS / "samples"

IDENTITY = Style(
    name="identity", vectors={}, networks={}, title="the picture itself", license="none needed"
)
"""Gives every picture back; in a blend its weight weakens the others."""

StyleChoice = str | Path | Style | Mapping[str, float]
"""A name, a style's file, a picture, a loaded style, or weights by name or file to blend."""


def user_styles_folder() -> Path:
    """Where a user's own styles are found by name. It need not exist."""
    return platformdirs.user_data_path("artem", appauthor=False) / "styles"


def style_files() -> dict[str, Path]:
    """The file of every style that can be asked for by name; a user's own go first."""
    files: dict[str, Path] = {}
    for folder in (MODELS / "styles", user_styles_folder()):
        if folder.is_dir():
            files |= {file.stem: file for file in sorted(folder.glob(f"*{STYLE_SUFFIX}"))}
    return files


def styles(*, on_damaged: Callable[[StyleError], None] | None = None) -> list[Style]:
    """Every style that can be asked for by name, ``identity`` first.

    Args:
        on_damaged: called for each of a user's own files that cannot be read;
            they are left out.

    Raises:
        StyleError: a shipped file is damaged.
    """
    found = [IDENTITY]
    for name, file in style_files().items():
        try:
            # What counts is the file's name: by that a style is found.
            found.append(replace(load_style(file), name=name))
        except StyleError as error:
            if file.is_relative_to(MODELS):
                raise
            if on_damaged is not None:
                on_damaged(error)
    return found


def find_style(style: str | Path | Style, network: NetworkFile | None = None) -> Style:
    """A style by its name, by the path of its file, or predicted from a picture.

    Args:
        style: a picture's style is predicted where the network has a predictor beside it.
        network: what the style is for.

    Raises:
        StyleError: there is none; the message suggests a near name.
        PictureError: the picture cannot be read, or is too small to show a style.
        NetworkError: the predictor is damaged, or made for another network.
    """
    if isinstance(style, Style):
        return style
    if not isinstance(style, (str, PathLike)):
        raise StyleError(
            f"A style is a name, a file, a Style or weights by name, not {type(style).__name__}.\n"
            f"  See all names with: artem styles"
        )
    if str(style) == IDENTITY.name:
        return IDENTITY
    files = style_files()
    if str(style) in files:
        return load_style(files[str(style)])
    path = Path(style)
    if path.suffix.lower() == STYLE_SUFFIX:
        return load_style(path)
    if path.suffix.lower() in PICTURE_SUFFIXES:
        predictor = predictor_beside(network) if network else None
        if network and predictor:
            return predict_style(path, network, predictor)
        raise StyleError(
            f"'{style}' is a picture; a style must be made from it first.\n"
            f"  artem polish '{style}' --photos FOLDER -o {path.stem}{STYLE_SUFFIX}"
        )
    raise StyleError(
        f"'{style}' is not a style here.{did_you_mean(str(style), [*files, IDENTITY.name])}\n"
        f"  See all of them with: artem styles"
    )


def parse_style(text: str) -> tuple[str, float]:
    """A style and its weight from ``NAME:WEIGHT``, as on the command line.

    What follows the last colon is a weight only when it is a number; otherwise
    the whole text is the name, with weight 1.

    Raises:
        StyleError: the weight is negative or not finite.
    """
    name, colon, tail = text.rpartition(":")
    if not (colon and name and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", tail)):
        return text, 1.0
    weight = float(tail)
    if not 0 <= weight < float("inf"):
        raise StyleError(f"The weight in '{text}' is {tail}.\n  Use a number from 0 up.")
    return name, weight


def network_files() -> dict[str, Path]:
    """The file of every network that can be asked for by name.

    ``NAME.int8.onnx`` and ``NAME.binary.onnx`` are not networks of their own there but
    versions of ``NAME``, asked for by the precision; ``NAME.predictor.onnx`` is none at all.
    """
    return {file.stem: file for file in sorted(MODELS.glob("*.onnx")) if "." not in file.stem}


def find_network(network: str | Path) -> NetworkFile:
    """A network by its shipped name, or by the path of its ONNX file.

    Raises:
        NetworkError: there is none, or its file is damaged.
    """
    if not isinstance(network, (str, PathLike)):
        raise NetworkError(
            f"A network is a name or an .onnx file, not {type(network).__name__}.\n"
            f"  The one to start with: fast"
        )
    shipped = network_files()
    if str(network) in shipped:
        return load_network_file(shipped[str(network)])
    path = Path(network)
    if path.suffix.lower() == ".onnx":
        return load_network_file(path)
    raise NetworkError(
        f"'{network}' is not a network here.{did_you_mean(str(network), shipped)}\n"
        f"  Networks: {', '.join(shipped)}; or give an .onnx file."
    )


def binary_network(network: NetworkFile) -> NetworkFile:
    """The binary network that goes by another's name: ``NAME.binary.onnx`` beside ``NAME.onnx``.

    Raises:
        NetworkError: there is none, or its file is damaged.
    """
    if network.binary:
        return network
    file = network.path.with_suffix(".binary.onnx")
    if not file.exists():
        raise NetworkError(
            f"There is no binary network '{file.name}' beside '{network.path.name}'.\n"
            f"  Leave out --precision binary, or name a binary network's file."
        )
    return load_network_file(file)
