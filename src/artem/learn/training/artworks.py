"""Artworks to learn any style from, and those kept back to judge by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artem.core.errors import PictureError, TrainingError
from artem.core.picture import load_picture
from artem.learn.training.photos import PhotoFolder

EVERY = 10
"""One artwork in so many is kept back."""

HASH_PX = 8

NEAR = 14
"""Two pictures whose hashes differ in at most so many of 64 bits count as the same work.

Of 19 paintings among 909 artworks, 12 differed from themselves by 0 to 4 bits, another
photograph of one by 11, prints and cuts of three by 14. From 13 bits on different works meet,
too: one or two of a thousand are left out for nothing.
"""


@dataclass(frozen=True)
class Artworks:
    """A folder of artworks, divided.

    Attributes:
        learned: those to learn from.
        held_out: every tenth by digest, in the order of their names; never learned from.
        named: those that also stand in the folder of named styles; neither learned from
            nor judged by.
    """

    learned: PhotoFolder
    held_out: tuple[Path, ...]
    named: tuple[Path, ...]


def is_held_out(file: Path) -> bool:
    """Whether a file is one of the tenth that is kept back.

    The SHA-256 of its bytes, read as a number, is a multiple of :data:`EVERY`: the same
    answer on every machine, whatever the file's name and its company.
    """
    return int(hashlib.sha256(file.read_bytes()).hexdigest(), 16) % EVERY == 0


def divide_artworks(
    folder: str | Path, named: str | Path | None = None, exclude: frozenset[Path] = frozenset()
) -> Artworks:
    """Artworks to learn from, and those kept back.

    Args:
        folder: searched with its subfolders.
        named: a folder of pictures that have styles of their own; the same works
            are left out, whatever their size and file format, mirrored ones too.
        exclude: files (resolved) that are no artworks.

    Raises:
        TrainingError: a folder does not exist, or nothing is left to learn from.
    """
    everything = PhotoFolder(folder, exclude)
    known = [picture_hash(file) for file in PhotoFolder(named).files] if named else []
    left_out = tuple(file for file in everything.files if known and _is_among(file, known))
    others = [file for file in everything.files if file not in left_out]
    held_out = tuple(file for file in others if is_held_out(file))
    kept_back = frozenset(file.resolve() for file in (*left_out, *held_out))
    try:
        learned = PhotoFolder(folder, exclude | kept_back)
    except TrainingError:
        raise TrainingError(
            f"No artwork in '{folder}' is left to learn from.\n"
            f"  Of its {len(everything.files)}, {len(left_out)} have a style of their own and "
            f"{len(held_out)} are kept back to judge by. Add some hundred."
        ) from None
    return Artworks(learned, held_out, left_out)


def picture_hash(file: Path) -> NDArray[np.bool_]:
    """64 bits that a picture keeps in another size, compression or exposure: ``(8, 8)``.

    In each of 8 rows, whether it gets brighter from one of 9 places to the next ("dHash").

    Raises:
        PictureError: it cannot be read.
    """
    picture = Image.fromarray(load_picture(file).frame).convert("L")
    small = np.asarray(picture.resize((HASH_PX + 1, HASH_PX), Image.Resampling.BOX), np.int16)
    return np.asarray(small[:, 1:] > small[:, :-1])


def _is_among(file: Path, known: Sequence[NDArray[np.bool_]]) -> bool:
    try:
        bits = picture_hash(file)
    except PictureError:  # told of when it is drawn
        return False
    mirrored = ~bits[:, ::-1]
    return any(
        min(int((bits != other).sum()), int((mirrored != other).sum())) <= NEAR for other in known
    )
