"""A folder of pictures as frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

from artem.core.picture import PICTURE_SUFFIXES, load_picture
from artem.media.protocols import MediaError, TimedFrame


class ImageFolder:
    """A folder's pictures in the order of their names, numbers by their value.

    Args:
        folder: not searched below.
        fps: how many make a second.
    """

    live = False

    def __init__(self, folder: str | Path, *, fps: Fraction | None = None) -> None:
        self.name = str(folder)
        self.fps: Fraction | None = fps or Fraction(25)
        self._rate = fps or Fraction(25)
        self._folder = Path(folder)

    def why_not(self) -> str | None:
        """There is no picture in it."""
        if not self._folder.is_dir():
            return f"there is no folder '{self._folder}'"
        return None if pictures_in(self._folder) else f"there is no picture in '{self._folder}'"

    def __enter__(self) -> Self:
        reason = self.why_not()
        if reason is not None:
            raise MediaError(f"{reason[0].upper()}{reason[1:]}.\n  Check the name.")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def __iter__(self) -> Iterator[TimedFrame]:
        for index, file in enumerate(pictures_in(self._folder)):
            yield TimedFrame(load_picture(file).frame, index / self._rate)


def pictures_in(folder: Path) -> list[Path]:
    """Its picture files; ``frame2`` comes before ``frame10``."""
    files = [
        file for file in folder.iterdir()
        if file.suffix.lower() in PICTURE_SUFFIXES and not file.name.startswith(".")
    ]  # fmt: skip
    return sorted(files, key=_natural)


def _natural(file: Path) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", file.name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
