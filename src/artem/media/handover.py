"""From one thread to the next: the newest only, or every one in its turn."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class ClosedError(Exception):
    """Nothing more will be handed over. Caught by whoever is at the other end."""


class Handover(Generic[T]):
    """A short queue between two threads.

    Args:
        capacity: how many may wait.
        newest_wins: when it is full, throw the oldest away; otherwise make the giver
            wait. With a capacity of one, what is taken is never older than one frame.

    Attributes:
        dropped: how many were thrown away.
    """

    def __init__(self, capacity: int, *, newest_wins: bool) -> None:
        self.dropped = 0
        self._capacity = capacity
        self._newest_wins = newest_wins
        self._waiting: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._error: BaseException | None = None

    def put(self, item: T) -> None:
        """Hand one over.

        Raises:
            ClosedError: the other end wants no more.
        """
        with self._changed:
            if self._newest_wins:
                while len(self._waiting) >= self._capacity:
                    self._waiting.popleft()
                    self.dropped += 1
            else:
                self._changed.wait_for(lambda: self._closed or len(self._waiting) < self._capacity)
            if self._closed:
                raise ClosedError
            self._waiting.append(item)
            self._changed.notify_all()

    def get(self, timeout_s: float | None = None) -> T | None:
        """Take the next one; ``None`` when none came in time.

        Raises:
            ClosedError: all were taken, and no more will come.
            BaseException: what the giver failed with, after all that it gave.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting, timeout_s)
            if self._waiting:
                item = self._waiting.popleft()
                self._changed.notify_all()
                return item
            if self._error is not None:
                raise self._error
            if self._closed:
                raise ClosedError
            return None

    def close(self, error: BaseException | None = None) -> None:
        """Say that no more will come, or with what it failed; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._error = self._error or error
            self._changed.notify_all()

    def abandon(self) -> None:
        """Say that no more is wanted; what waits is thrown away."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
