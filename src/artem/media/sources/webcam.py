"""A camera, by OpenCV."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from artem.media.opencv import load_opencv, why_no_opencv
from artem.media.protocols import MediaError, SourceLostError, TimedFrame
from artem.media.ticks import Timer

BLANKS_BEFORE_LOST = 5
"""Cameras leave out a frame now and then; so many in a row mean that it is gone."""


class Webcam:
    """A camera's frames as they come.

    Args:
        number: 0 for the first camera.
        width_px, height_px, fps: to ask it for; it may give something near.
        open_capture: opens the device; another in tests.
    """

    live = True

    def __init__(
        self,
        number: int = 0,
        *,
        width_px: int | None = None,
        height_px: int | None = None,
        fps: Fraction | None = None,
        open_capture: Callable[[int], Any] | None = None,
        timer: Timer | None = None,
    ) -> None:
        self.name = "webcam" if number == 0 else f"webcam:{number}"
        self.fps = fps
        self._number = number
        self._wanted = (width_px, height_px)
        self._open_capture = open_capture
        self._timer = timer or Timer()
        self._capture: Any = None

    def why_not(self) -> str | None:
        """OpenCV or the device is missing."""
        if self._open_capture is not None:
            return None
        reason = why_no_opencv()
        if reason is None and sys.platform == "linux":
            device = Path(f"/dev/video{self._number}")
            if not device.exists():
                return f"there is no {device}; plug a camera in, or choose one with webcam:NUMBER"
        return reason

    def __enter__(self) -> Self:
        reason = self.why_not()
        if reason is not None:
            raise MediaError(f"No camera: {reason}.")
        cv2 = load_opencv("A camera")
        open_capture: Callable[[int], Any] = self._open_capture or cv2.VideoCapture
        self._capture = open_capture(self._number)
        if not self._capture.isOpened():
            self._capture = None
            raise MediaError(
                f"The camera {self._number} does not open.\n"
                f"  See that no other program uses it, and that you may."
            )
        width_px, height_px = self._wanted
        for key, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, width_px), (cv2.CAP_PROP_FRAME_HEIGHT, height_px),
            (cv2.CAP_PROP_FPS, self.fps and float(self.fps)),
            (cv2.CAP_PROP_BUFFERSIZE, 1),  # frames that lie in a driver are old ones
        ):  # fmt: skip
            if value:
                self._capture.set(key, value)
        if self.fps is None:
            claimed = self._capture.get(cv2.CAP_PROP_FPS)
            self.fps = Fraction(round(claimed)) if 1 <= claimed <= 1000 else None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def __iter__(self) -> Iterator[TimedFrame | None]:
        blanks, seen = 0, False
        while blanks < BLANKS_BEFORE_LOST:
            there, picture = self._capture.read()
            if not there or picture is None:
                blanks += 1
                yield None
                continue
            blanks, seen = 0, True
            frame = np.ascontiguousarray(picture[..., ::-1])
            yield TimedFrame(frame, Fraction(round(self._timer.now_s() * 1e6), 10**6))
        if not seen:
            raise SourceLostError(
                f"The camera {self._number} gives no pictures.\n"
                f"  See that no other program uses it, and that you may."
            )
        raise SourceLostError(f"The camera {self._number} gives no more pictures.")
