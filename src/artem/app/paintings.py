"""The paintings, masks and starting pictures that the options of ``artem optimize`` name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from artem.app.say import note, say
from artem.core.errors import PictureError, StyleError, did_you_mean

if TYPE_CHECKING:
    from artem.core.picture import Frame
    from artem.export.optimizing import Area

BUILT_IN_STARTS = ("content", "noise")


@dataclass(frozen=True)
class Painting:
    """A style picture.

    Attributes:
        file: where it was read.
        weight: in a blend.
        frame: uint8 ``(H, W, 3)``.
    """

    file: Path
    weight: float
    frame: Frame


def load_paintings(texts: Sequence[str]) -> list[Painting]:
    """The paintings that ``--style PICTURE[:WEIGHT]`` options name.

    Raises:
        StyleError: one is a style of the networks, of which there is no painting;
            or all weights are 0.
        PictureError: one cannot be read.
    """
    from artem.core.picture import load_picture
    from artem.runtime.library import parse_style

    paintings = []
    for text in texts:
        # A file may well be called 'night:2'.
        name, weight = (text, 1.0) if Path(text).is_file() else parse_style(text)
        if not Path(name).expanduser().is_file():
            _refuse_style_name(name)
        picture = load_picture(Path(name).expanduser())
        for remark in picture.notes:
            note(f"'{name}': {remark}.")
        paintings.append(Painting(Path(name), weight, picture.frame))
    if not any(painting.weight for painting in paintings):
        raise StyleError("All styles have weight 0.\n  Give at least one of them more.")
    return paintings


def _refuse_style_name(name: str) -> None:
    """Say what is wrong where a style of the networks is named in a painting's place."""
    from artem.runtime.library import IDENTITY, style_files

    if name == IDENTITY.name or name in style_files() or name.endswith(".safetensors"):
        raise StyleError(
            f"'{name}' is a network's style, and optimization needs the painting itself.\n"
            f"  Give a picture file with --style; --start '{name}' begins with what the network "
            f"makes of it."
        )


def load_areas(paintings: Sequence[Painting], masks: Sequence[str], rest: str | None) -> list[Area]:
    """Where which painting acts, by ``--mask FILE=STYLE`` and ``--mask-rest STYLE``.

    Each mask's share of the picture is said, as an inverted one shows by that.

    Raises:
        StyleError: a mask names no painting, a painting no mask, or there is
            nothing to mask.
        PictureError: a mask cannot be read, or selects nothing.
    """
    from artem.export.optimizing import Area

    if not masks:
        if rest is not None:
            raise StyleError(
                "--mask-rest has no --mask that it could be the rest of.\n"
                "  Give --mask FILE=STYLE as well."
            )
        return [Area([painting.weight for painting in paintings])]
    areas, used = [], set()
    for text in masks:
        file, equals, style = text.rpartition("=")
        if not (file and equals and style):
            raise StyleError(
                f"'{text}' does not say whose mask it is.\n  Write it as --mask {text}=STYLE."
            )
        which = _find_painting(style, paintings)
        mask = load_mask(Path(file))
        say(f"'{file}' gives {_percent((mask > 127).mean())} of the photo to '{style}'.")
        areas.append(Area(_only(which, paintings), mask))
        used.add(which)
    if rest is not None:
        which = _find_painting(rest, paintings)
        used.add(which)
        areas.append(Area(_only(which, paintings), rest=True))
    unused = [p.file for n, p in enumerate(paintings) if n not in used]
    if unused:
        raise StyleError(
            f"No mask gives a place to '{unused[0]}'.\n"
            f"  Add --mask FILE={unused[0].stem} or --mask-rest {unused[0].stem}, or leave it out."
        )
    return areas


def load_mask(file: Path) -> Frame:
    """A picture as a mask, uint8 ``(H, W)``: see :func:`artem.core.mask.mask_of`.

    Raises:
        PictureError: it cannot be read, or nothing in it is light.
    """
    from artem.core.mask import mask_of
    from artem.core.picture import load_picture

    mask = mask_of(load_picture(file.expanduser()))
    if not (mask > 127).any():
        raise PictureError(
            f"The mask '{file}' is dark all over and selects nothing.\n"
            f"  White is where its style goes; invert it if it was meant the other way."
        )
    return mask


def _only(which: int, paintings: Sequence[Painting]) -> list[float]:
    return [1.0 if number == which else 0.0 for number in range(len(paintings))]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "less than 1 %"


def _find_painting(style: str, paintings: Sequence[Painting]) -> int:
    """The number of a painting named by its position, its file's stem, or its file.

    Raises:
        StyleError: there is none, or more than one.
    """
    if style.isdecimal() and 1 <= int(style) <= len(paintings):
        return int(style) - 1
    known = [{str(painting.file), painting.file.name, painting.file.stem} for painting in paintings]
    found = [number for number, names in enumerate(known) if style in names]
    if len(found) == 1:
        return found[0]
    stems = [painting.file.stem for painting in paintings]
    if found:
        raise StyleError(
            f"Several paintings are called '{style}'.\n"
            f"  Say which by its position, 1 to {len(paintings)}."
        )
    raise StyleError(
        f"A mask asks for '{style}', which no --style gives.{did_you_mean(style, stems)}\n"
        f"  Give one of: {', '.join(stems)}; or its position, 1 to {len(paintings)}."
    )


def load_start(start: str, photo: Frame, size: tuple[int, int]) -> Frame | str:
    """What a painting starts from: ``content``, ``noise``, a picture, or a style by name.

    Args:
        start: as given with ``--start``.
        photo: uint8 ``(H, W, 3)``.
        size: height and width of the result, at which a network paints the photo.

    Raises:
        StyleError: there is no such style.
        PictureError: the picture cannot be read.
    """
    from artem.core.picture import PICTURE_SUFFIXES, load_picture

    if start in BUILT_IN_STARTS:
        return start
    path = Path(start).expanduser()
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return load_picture(path).frame
    from artem.export.optimizing import resized_frame
    from artem.runtime.stylizer import Stylizer

    return Stylizer(start)(resized_frame(photo, size))
