"""A video at an address: a network camera, a broadcast, a file on a server."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from artem.media.protocols import MediaError, SourceLostError, TimedFrame
from artem.media.pyav import open_input, reason_of, why_no_pyav
from artem.media.sources.video_file import to_frame
from artem.media.ticks import Timer

if TYPE_CHECKING:
    from av.container import InputContainer

ANSWER_S = 10.0
"""How long an address may take to answer."""


class Stream:
    """Frames from an address that FFmpeg can open: ``rtsp:``, ``http:``, ``udp:``, ``srt:``.

    What has a length is played at its own pace, and ends; what has none is lost when it ends.
    A loss in the midst of the former is an end as well: to open it again would begin it anew.

    Args:
        address: of the video itself, not of a page that shows it.
    """

    live = True

    def __init__(self, address: str, *, timer: Timer | None = None) -> None:
        self.name = address
        self.fps: Fraction | None = None
        self._timer = timer or Timer()
        self._container: InputContainer | None = None

    def why_not(self) -> str | None:
        """PyAV is missing."""
        return why_no_pyav()

    def __enter__(self) -> Self:
        self._container = open_input(self.name, timeout_s=ANSWER_S)
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self.fps = self._stream.average_rate or None
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

    def __iter__(self) -> Iterator[TimedFrame | None]:
        assert self._container is not None, "not entered"
        from av.error import FFmpegError

        has_length = self._container.duration is not None
        packets: Any = self._container.demux(self._stream)
        origin_s: float | None = None
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError as error:
                if has_length:
                    raise MediaError(
                        f"'{self.name}' breaks off here ({reason_of(error)}).\n"
                        f"  Download it, and give the file."
                    ) from None
                raise SourceLostError(f"The stream '{self.name}' broke off.") from None
            if packet is None:
                break
            try:
                frames = packet.decode()
            except FFmpegError:  # a packet lost on the way; the next ones are fine again
                continue
            for decoded in frames:
                if has_length and decoded.time is not None:
                    origin_s = decoded.time if origin_s is None else origin_s
                    yield from self._timer.until(decoded.time - origin_s)
                now_s = Fraction(round(self._timer.now_s() * 1e6), 10**6)
                yield TimedFrame(to_frame(decoded), now_s)
        if not has_length:
            raise SourceLostError(f"The stream '{self.name}' ended.")
