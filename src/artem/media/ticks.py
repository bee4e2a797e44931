"""Even time for sources that have none of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

LONGEST_SLEEP_S = 0.2
SHORTEST_SLEEP_S = 1e-6


class Timer:
    """A clock that can be waited on.

    Args:
        clock, sleep: what it goes by; others in tests.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._begun_s: float | None = None

    def now_s(self) -> float:
        """Seconds since it was first asked."""
        now = self._clock()
        if self._begun_s is None:
            self._begun_s = now
        return now - self._begun_s

    def until(self, time_s: float) -> Iterator[None]:
        """Wait for a time; yields now and then, so that whoever waits can stop."""
        while (left_s := time_s - self.now_s()) > SHORTEST_SLEEP_S:
            self._sleep(min(left_s, LONGEST_SLEEP_S))
            if left_s > LONGEST_SLEEP_S:
                yield None
