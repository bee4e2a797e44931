"""A folder of pictures, one for each frame."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from artem.core.picture import PICTURE_SUFFIXES, save_picture
from artem.media.protocols import MediaError, TimedFrame


class ImageFolderSink:
    """Writes ``000001.png``, ``000002.png`` and so on.

    Args:
        folder: made when it is missing; it must not hold pictures already.
        suffix: ending, and so the format.
    """

    def __init__(self, folder: str | Path, *, suffix: str = ".png") -> None:
        self.name = str(folder)
        self._folder = Path(folder)
        self._suffix = suffix
        self._count = 0

    def why_not(self) -> str | None:
        """There are pictures in it, or it is a file."""
        if self._folder.exists() and not self._folder.is_dir():
            return f"'{self._folder}' is a file where a folder is needed"
        if self._folder.is_dir() and any(
            file.suffix.lower() in PICTURE_SUFFIXES for file in self._folder.iterdir()
        ):
            return f"there are pictures in '{self._folder}' already; choose an empty folder"
        return None

    def __enter__(self) -> Self:
        reason = self.why_not()
        if reason is not None:
            raise MediaError(f"{reason[0].upper()}{reason[1:]}.")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def put(self, timed: TimedFrame) -> None:
        """Write one; whole or not at all."""
        self._count += 1
        save_picture(self._folder / f"{self._count:06d}{self._suffix}", timed.frame)

    def idle(self) -> None:
        """Nothing to do."""
