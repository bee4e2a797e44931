"""Raw video to another program: ``artem live ... --sink pipe | ffmpeg -i - ...``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from PIL import Image

from artem.core.picture import Frame
from artem.media.opencv import resize
from artem.media.protocols import MediaError, SinkClosedError, TimedFrame

FORMATS = ("y4m", "rgb24")


class PipeSink:
    """Writes to standard output at an even rate: a late frame's place is taken by the last one.

    Args:
        fps: that rate.
        format: ``y4m`` says size and rate itself (YUV 4:4:4, full range, BT.601);
            ``rgb24`` is nothing but pixels, three bytes each.
        stream: to write to instead.
    """

    def __init__(
        self, *, fps: Fraction | None = None, format: str = "y4m", stream: BinaryIO | None = None
    ) -> None:
        if format not in FORMATS:
            raise MediaError(f"'{format}' is no format for a pipe.\n  Use {' or '.join(FORMATS)}.")
        self.name = "pipe"
        self._fps = fps or Fraction(30)
        self._format = format
        self._stream = stream
        self._last: Frame | None = None
        self._ticks = 0

    def why_not(self) -> str | None:
        """Standard output is a terminal."""
        if self._stream is None and sys.stdout.isatty():
            return (
                "standard output is a terminal; pipe it into a program, such as"
                " | ffmpeg -i - out.mp4"
            )
        return None

    def __enter__(self) -> Self:
        reason = self.why_not()
        if reason is not None:
            raise MediaError(f"{reason[0].upper()}{reason[1:]}.")
        self._out = self._stream or sys.stdout.buffer
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._last is not None and not isinstance(error, SinkClosedError):
            self._write([self._encoded(self._last)])

    def put(self, timed: TimedFrame) -> None:
        """Fill the ticks up to this frame's time with the frame before."""
        frame = timed.frame
        if self._last is None:
            self._write(self._header(frame))
        else:
            frame = resize(frame, *self._last.shape[1::-1])
            due = int(timed.time_s * self._fps) - self._ticks
            encoded = self._encoded(self._last)
            self._write(encoded for _ in range(due))
            self._ticks += max(due, 0)
        self._last = frame

    def idle(self) -> None:
        """Nothing to do."""

    def _header(self, frame: Frame) -> Iterator[bytes]:
        if self._format == "y4m":
            height, width = frame.shape[:2]
            rate = f"{self._fps.numerator}:{self._fps.denominator}"
            text = f"YUV4MPEG2 W{width} H{height} F{rate} Ip A1:1 C444 XCOLORRANGE=FULL\n"
            yield text.encode()

    def _encoded(self, frame: Frame) -> bytes:
        if self._format == "rgb24":
            return frame.tobytes()
        planes = np.asarray(Image.fromarray(frame).convert("YCbCr")).transpose(2, 0, 1)
        return b"FRAME\n" + planes.tobytes()

    def _write(self, parts: Iterator[bytes] | list[bytes]) -> None:
        try:
            for part in parts:
                self._out.write(part)
            self._out.flush()
        except BrokenPipeError:
            raise SinkClosedError("The reader of the pipe has left.") from None
        except OSError as error:
            raise MediaError(f"The pipe cannot be written ({error.strerror or error}).") from None
