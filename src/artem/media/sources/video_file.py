"""Frames of a video file, every one, with their own times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from artem.core.picture import Frame
from artem.media.packets import demux_unbroken, may_jump
from artem.media.protocols import MediaError, TimedFrame
from artem.media.pyav import Details, convertible, details_of, open_input, why_no_pyav

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

SHORT_BY_S = 0.3
"""A file that ends so much before its stated length was cut off."""


class VideoFile:
    """A video file's frames, upright. A damaged one is read as far as it goes.

    Where a recording follows another in one file, its frames follow in time as well.

    Args:
        path: the file.
        start_s: leave out what is before this time, in seconds since the first frame.
        and_shown: but give the frame that is on show at that time, when it began before.

    Attributes:
        details: of its picture track.
        origin_s: the first frame's time as the file counts; frames' times are counted from it.
        frames_read: so far.
        damaged: packets that could not be decoded.
        read_to_s: where the last frame read ends; by its own duration, where that is told.
    """

    live = False

    def __init__(
        self, path: str | Path, *, start_s: Fraction = Fraction(0), and_shown: bool = False
    ) -> None:
        self.name = str(path)
        self.fps: Fraction | None = None
        self.origin_s = Fraction(0)
        self.frames_read = 0
        self.damaged = 0
        self.read_to_s = Fraction(0)
        self._start_s = start_s
        self._and_shown = and_shown
        self._container: InputContainer | None = None

    def why_not(self) -> str | None:
        """PyAV or the file is missing."""
        return why_no_pyav() or (
            None if Path(self.name).is_file() else f"there is no file '{self.name}'"
        )

    def __enter__(self) -> Self:
        self._container = open_input(self.name)
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    @property
    def cut_off(self) -> bool:
        """Whether the file ended well before the length that it states; known at the end."""
        if self._may_jump:  # such formats state none: FFmpeg guesses it from the last times
            return False
        if self.details.seconds is not None:
            return self.details.seconds - float(self.read_to_s) > SHORT_BY_S
        missing = (self.details.frames or 0) - self.frames_read
        return self._start_s == 0 and missing > max(2, 0.02 * self.frames_read)

    def __iter__(self) -> Iterator[TimedFrame]:
        last_s: Fraction | None = None
        shown: tuple[VideoFrame, Fraction] | None = None
        step_s = 1 / (self.fps or Fraction(25))
        for decoded in self._decoded_from_start():
            time_s = self._time_of(decoded)
            if time_s is None:
                time_s = Fraction(0) if last_s is None else last_s + step_s
            if last_s is not None and time_s <= last_s:
                # Some cameras write a time twice; one tick later no player sees the difference.
                time_s = last_s + self.details.time_base_s
            last_s = time_s
            self.read_to_s = time_s + (decoded.duration * self.details.time_base_s or step_s)
            if time_s < self._start_s:
                shown = (decoded, time_s) if self._and_shown else None
                continue
            if shown is not None and time_s > self._start_s:
                yield TimedFrame(to_frame(shown[0]), shown[1])
            shown = None
            self.frames_read += 1
            yield TimedFrame(to_frame(decoded), time_s)
        if shown is not None:
            yield TimedFrame(to_frame(shown[0]), shown[1])

    def _begin(self) -> None:
        """Decode the first frame: only it tells rotation and colors."""
        self._frames = self._decoded()
        self._first = next(self._frames, None)
        if self._first is None:
            raise MediaError(
                f"'{self.name}' holds no frame that can be read.\n  Copy or record it again."
            )
        self.details: Details = details_of(self._opened, self._stream, self._first)
        self.fps = self.details.rate
        self._may_jump = may_jump(self._opened)
        if self._first.pts is not None:
            self.origin_s = self._first.pts * self.details.time_base_s

    @property
    def _opened(self) -> InputContainer:
        assert self._container is not None, "not entered"
        return self._container

    def _time_of(self, decoded: VideoFrame) -> Fraction | None:
        if decoded.pts is None:
            return None
        return decoded.pts * self.details.time_base_s - self.origin_s

    def _decoded_from_start(self) -> Iterator[VideoFrame]:
        """All frames from the start on, and some before it where the file cannot be sought."""
        from av.error import FFmpegError

        # Where the clock may jump, a time is no place in the file.
        if self._start_s > 0 and self._first is not None and not self._may_jump:
            target = int((self._start_s + self.origin_s) / self.details.time_base_s)
            found = None
            with suppress(FFmpegError):  # a bare stream knows no places
                self._opened.seek(target, stream=self._stream, backward=True)
                self._frames = self._decoded()
                found = next(self._frames, None)
            time_s = None if found is None else self._time_of(found)
            if found is not None and time_s is not None and time_s <= self._start_s:
                yield found
                yield from self._frames
                return
            self._opened.close()  # it went too far: from the beginning, then
            self._container = open_input(self.name)
            self._stream = self._container.streams.video[0]
            self._stream.thread_type = "AUTO"
            self._frames = self._decoded()
            self._first = next(self._frames, None)
        if self._first is not None:
            yield self._first
        yield from self._frames

    def _decoded(self) -> Iterator[VideoFrame]:
        from av.error import FFmpegError

        packets = demux_unbroken(self._opened)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:  # the file breaks off
                self.damaged += 1
                packet = None
            if packet is None:
                return
            try:
                yield from packet.decode()
            except FFmpegError:
                self.damaged += 1


def to_frame(decoded: VideoFrame) -> Frame:
    """A decoded frame as uint8 RGB, upright, by the matrix that it is tagged with."""
    rgb = decoded.to_ndarray(format="rgb24", src_colorspace=convertible(int(decoded.colorspace)))
    turned = np.rot90(rgb, round(decoded.rotation / 90))
    return np.ascontiguousarray(turned, dtype=np.uint8)
