"""Nowhere: to measure, and to test."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from artem.media.protocols import TimedFrame


class NullSink:
    """Takes frames and forgets them."""

    name = "null"

    def why_not(self) -> str | None:
        """Always there."""
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def put(self, timed: TimedFrame) -> None:
        """Forget it."""

    def idle(self) -> None:
        """Nothing to do."""
