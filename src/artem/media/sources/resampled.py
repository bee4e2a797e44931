"""Another frame rate."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import Self

from artem.media.protocols import TimedFrame
from artem.media.sources.video_file import VideoFile


class Resampled:
    """At each even tick the newest frame of a film; some twice, some never.

    Args:
        source: with any times.
        fps: ticks a second.
        start_s: leave out the ticks before.
    """

    live = False

    def __init__(
        self, source: VideoFile, fps: Fraction, *, start_s: Fraction = Fraction(0)
    ) -> None:
        self.name = source.name
        self.fps: Fraction | None = fps
        self._rate = fps
        self._source = source
        self._start_s = start_s

    def why_not(self) -> str | None:
        """What the other says."""
        return self._source.why_not()

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._source.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[TimedFrame | None]:
        tick = -int(-self._start_s * self._rate // 1)
        newest: TimedFrame | None = None
        for timed in self._source:
            if timed is None:
                continue
            while newest is not None and tick / self._rate < timed.time_s:
                yield TimedFrame(newest.frame, tick / self._rate)
                tick += 1
            newest = timed
        if newest is None:
            return
        while tick / self._rate < self._source.read_to_s:  # it is shown for a while
            yield TimedFrame(newest.frame, tick / self._rate)
            tick += 1
