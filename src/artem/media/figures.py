"""How a run goes, in figures that take no more memory after two hours than after two seconds."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass
from itertools import accumulate

SHORTEST_S = 1e-4
BINS_PER_DOUBLING = 24
BINS = 24 * BINS_PER_DOUBLING
"""From 0.1 ms to half an hour, each bin 3 % wider than the one before."""

WINDOW_S = 2.0


class Histogram:
    """Times in bins of equal ratio: any percentile to within 3 %, whatever their number."""

    def __init__(self) -> None:
        self.count = 0
        self._bins = [0] * BINS

    def add(self, time_s: float) -> None:
        """Count one."""
        doublings = math.log2(max(time_s, SHORTEST_S) / SHORTEST_S)
        self._bins[min(int(doublings * BINS_PER_DOUBLING), BINS - 1)] += 1
        self.count += 1

    def percentile_s(self, percent: float) -> float:
        """The time below which so many percent lie; 0 when there are none."""
        if not self.count:
            return 0.0
        rank = max(1, math.ceil(self.count * percent / 100))
        counts = enumerate(accumulate(self._bins))
        index = next(index for index, passed in counts if passed >= rank)
        return float(SHORTEST_S * 2 ** ((index + 0.5) / BINS_PER_DOUBLING))


@dataclass(frozen=True)
class Figures:
    """A run so far.

    Attributes:
        shown: frames that reached the sink.
        dropped: frames thrown away because a newer one was there.
        seconds: from the first frame's arrival to now.
        fps: shown each second, lately.
        median_ms, p95_ms: latency of all frames, from the moment the source had one
            to the moment the sink had taken it.
    """

    shown: int
    dropped: int
    seconds: float
    fps: float
    median_ms: float
    p95_ms: float

    @property
    def mean_fps(self) -> float:
        """Shown each second, over the whole run."""
        return self.shown / self.seconds if self.seconds > 0 else 0.0


class Meter:
    """Counts frames as they pass. Any thread may read it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latencies = Histogram()
        self._lately: deque[float] = deque(maxlen=512)
        self._begun_s: float | None = None
        self._now_s = 0.0

    def begin(self, now_s: float) -> None:
        """The first frame is there; later calls change nothing."""
        with self._lock:
            if self._begun_s is None:
                self._begun_s = self._now_s = now_s

    def shown(self, captured_s: float, now_s: float) -> None:
        """A frame that came at ``captured_s`` has reached the sink."""
        with self._lock:
            self._latencies.add(now_s - captured_s)
            self._lately.append(now_s)
            while self._lately[0] < now_s - WINDOW_S:
                self._lately.popleft()
            self._now_s = now_s

    def figures(self, dropped: int) -> Figures:
        """All of it."""
        with self._lock:
            spent_s = self._lately[-1] - self._lately[0] if self._lately else 0.0
            return Figures(
                shown=self._latencies.count,
                dropped=dropped,
                seconds=self._now_s - (self._begun_s or 0.0),
                fps=(len(self._lately) - 1) / spent_s if spent_s > 0 else 0.0,
                median_ms=1000 * self._latencies.percentile_s(50),
                p95_ms=1000 * self._latencies.percentile_s(95),
            )
