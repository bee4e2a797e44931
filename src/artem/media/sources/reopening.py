"""Opens a live source again when it is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from types import TracebackType
from typing import Self

from artem.media.protocols import MediaError, Source, SourceLostError, TimedFrame
from artem.media.ticks import Timer

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 10.0
GIVE_UP_AFTER_S = 600.0


class Reopening:
    """A live source that is opened again after half a second, then one, two, up to ten.

    It must open the first time. Times go on where they were, with the pause in them.

    Args:
        source: entered and left for each try.
        say: told of the loss, and of its end.
    """

    live = True

    def __init__(
        self, source: Source, *, say: Callable[[str], None], timer: Timer | None = None
    ) -> None:
        self.name = source.name
        self.fps: Fraction | None = source.fps
        self._source = source
        self._say = say
        self._timer = timer or Timer()
        self._open = ExitStack()

    def why_not(self) -> str | None:
        """What the source itself says."""
        return self._source.why_not()

    def __enter__(self) -> Self:
        self._open.enter_context(self._source)
        self.fps = self._source.fps
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def __iter__(self) -> Iterator[TimedFrame | None]:
        origin_s, last_s = Fraction(0), Fraction(-1)
        while True:
            first = True
            try:
                for timed in self._source:
                    if timed is None:
                        yield None
                        continue
                    if first and last_s >= 0:
                        # A source that counts from its opening on starts behind its own past.
                        now_s = Fraction(round(self._timer.now_s() * 1e6), 10**6)
                        origin_s = max(now_s, last_s) - timed.time_s
                    first = False
                    last_s = max(timed.time_s + origin_s, last_s)
                    self._timer.now_s()  # runs from the first frame on
                    yield TimedFrame(timed.frame, last_s)
                return
            except SourceLostError as error:
                self._say(f"{str(error).rstrip('.')}; trying to open it again.")
                yield from self._again(error)
                self._say(f"{self.name} is there again.")

    def _again(self, lost: SourceLostError) -> Iterator[None]:
        begun_s, wait_s = self._timer.now_s(), FIRST_WAIT_S
        while True:
            self._open.close()
            yield from self._timer.until(self._timer.now_s() + wait_s)
            try:
                self._open.enter_context(self._source)
            except MediaError:
                if self._timer.now_s() - begun_s > GIVE_UP_AFTER_S:
                    raise MediaError(
                        f"{str(lost).rstrip('.')}, and it did not come back in"
                        f" {GIVE_UP_AFTER_S / 60:.0f} minutes."
                    ) from None
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            else:
                return
