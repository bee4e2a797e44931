"""Plays what is not live at its own pace, as if it were."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import Self

from artem.media.protocols import Source, TimedFrame
from artem.media.ticks import Timer


class Paced:
    """Another source's frames, each held back until its time has come.

    Args:
        source: of which frames come as fast as they are fetched.
    """

    live = True

    def __init__(self, source: Source, *, timer: Timer | None = None) -> None:
        self.name = source.name
        self.fps: Fraction | None = source.fps
        self._source = source
        self._timer = timer or Timer()

    def why_not(self) -> str | None:
        """What the other says."""
        return self._source.why_not()

    def __enter__(self) -> Self:
        self._source.__enter__()
        self.fps = self._source.fps
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._source.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[TimedFrame | None]:
        for timed in self._source:
            if timed is not None:
                yield from self._timer.until(float(timed.time_s))
            yield timed
