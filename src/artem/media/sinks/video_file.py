"""A video file of what is shown, with the times at which it was shown."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

from artem.media.encoder import Encoder, codec_of
from artem.media.opencv import resize
from artem.media.protocols import MediaError, TimedFrame
from artem.media.pyav import require_pyav, why_no_pyav

TIME_BASE_S = Fraction(1, 90_000)


class VideoFileSink:
    """Writes frames with their times, as they come: a live run has no even rate.

    The file appears under its name when the run ends, however it ends; when the disk is
    full, with all that there was room for. Nothing but pictures is in it.

    Args:
        path: the file.
        fps: a hint for players.
        overwrite: one that exists is replaced at the end; otherwise it is refused.
    """

    def __init__(
        self, path: str | Path, *, fps: Fraction | None = None, overwrite: bool = False
    ) -> None:
        self.name = str(path)
        self.path = Path(path)
        codec_of(self.path)
        self._fps = fps or Fraction(30)
        self._overwrite = overwrite
        self._encoder: Encoder | None = None
        self._last = -1
        self._size = (0, 0)

    def why_not(self) -> str | None:
        """PyAV is missing, or there is such a file."""
        return why_no_pyav() or (
            f"there is a file '{self.path}' already; use --overwrite, or another name"
            if self._is_taken()
            else None
        )

    def __enter__(self) -> Self:
        require_pyav()
        reason = self.why_not()
        if reason is not None:
            raise MediaError(f"{reason[0].upper()}{reason[1:]}.")
        self._partial = self.path.with_name(f".{secrets.token_hex(6)}.part{self.path.suffix}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._partial.touch()
        except OSError as error:
            raise MediaError(_why(error, self.path)) from None
        return self

    def put(self, timed: TimedFrame) -> None:
        """Write a frame; all after the first in its size."""
        if self._encoder is None:
            height, width = timed.frame.shape[:2]
            self._size = (width, height)
            self._encoder = Encoder(
                self._partial, width_px=width, height_px=height, rate=self._fps,
                time_base_s=TIME_BASE_S, survives=True,
            )  # fmt: skip
        pts = max(round(timed.time_s / TIME_BASE_S), self._last + 1)
        try:
            self._encoder.put(resize(timed.frame, *self._size), pts)
        except OSError as error:
            raise MediaError(self._end_of(error, pts)) from None
        self._last = pts

    def idle(self) -> None:
        """Nothing to do."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._encoder is not None:
                self._encoder.close()
        except OSError as failure:
            if error is None:
                raise MediaError(self._end_of(failure, self._last)) from None
        finally:
            self._encoder = None
            if self._last >= 0:
                self._name()
            else:
                with suppress(OSError):
                    self._partial.unlink(missing_ok=True)

    def _is_taken(self) -> bool:
        return not self._overwrite and self.path.exists()

    def _name(self) -> None:
        try:
            if self._is_taken():  # since the run began
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            self._partial.replace(self.path)
        except OSError as error:
            raise MediaError(
                f"'{self.path}' cannot be written ({error.strerror or error}).\n"
                f"  What was shown is in '{self._partial}'."
            ) from None

    def _end_of(self, error: OSError, pts: int) -> str:
        seconds = float(max(pts, 0) * TIME_BASE_S)
        if error.errno == errno.ENOSPC:
            return f"The disk is full; '{self.path}' ends about {seconds:.0f} s in.\n  Make room."
        return f"'{self.path}' ends about {seconds:.0f} s in ({error.strerror or error})."


def _why(error: OSError, path: Path) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk is full; '{path}' cannot be written.\n  Make room first."
    return f"'{path}' cannot be written ({error.strerror or error}).\n  Choose another place."
