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

    It must open the first time, and give a frame. Times go on where they were, with the
    pause in them.

    Args:
        source: entered and left for each try.
        say: told of the loss, and of its end once a frame has come.
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
        self._last_s = Fraction(-1)
        self._lost: MediaError | None = None
        self._lost_at_s = 0.0
        self._wait_s = FIRST_WAIT_S

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
        while True:
            try:
                if self._lost is not None:
                    self._open.enter_context(self._source)
                yield from self._frames()
                return
            except MediaError as error:
                self._note_loss(error)
            self._open.close()
            yield from self._timer.until(self._timer.now_s() + self._wait_s)

    def _frames(self) -> Iterator[TimedFrame | None]:
        """The source's frames, as long as it has any."""
        origin_s: Fraction | None = None
        for timed in self._source:
            if timed is None:
                yield None
                continue
            now_s = Fraction(round(self._timer.now_s() * 1e6), 10**6)  # runs from the first one on
            if origin_s is None:
                # A source that counts from its opening on starts behind its own past.
                past = self._last_s >= 0
                origin_s = max(now_s, self._last_s) - timed.time_s if past else Fraction(0)
            if self._lost is not None:
                self._lost = None
                self._say(f"{self.name} is there again.")
            self._last_s = max(timed.time_s + origin_s, self._last_s)
            yield TimedFrame(timed.frame, self._last_s)

    def _note_loss(self, error: MediaError) -> None:
        """Say that it is gone, or wait longer for it; raises when there is no hope."""
        now_s = self._timer.now_s()
        if self._lost is None:
            if self._last_s < 0 or not isinstance(error, SourceLostError):
                raise error
            self._lost, self._lost_at_s, self._wait_s = error, now_s, FIRST_WAIT_S
            self._say(f"{str(error).rstrip('.')}; trying to open it again.")
        elif now_s - self._lost_at_s > GIVE_UP_AFTER_S:
            raise MediaError(
                f"{str(self._lost).rstrip('.')}, and it did not come back in"
                f" {GIVE_UP_AFTER_S / 60:.0f} minutes."
            ) from None
        else:
            self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
