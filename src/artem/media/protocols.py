"""What a source and a sink of frames are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Protocol, Self

from artem.core.errors import ArtemError
from artem.core.picture import Frame


class MediaError(ArtemError):
    """A camera, a screen, a video or a stream cannot be read or written."""


class SourceLostError(MediaError):
    """A live source was there and is gone: a camera unplugged, a stream cut off."""


class SinkClosedError(MediaError):
    """Whoever watched has left: a window closed, a pipe's reader gone. No fault of ours."""


@dataclass(frozen=True)
class TimedFrame:
    """A frame and when it is to be shown.

    Attributes:
        frame: uint8 ``(H, W, 3)``, sRGB, upright.
        time_s: presentation time in seconds since the source's first frame. Exact,
            so that a file's timestamps survive the way through; it never goes back.
    """

    frame: Frame
    time_s: Fraction


class Source(Protocol):
    """Where frames come from. Entered, read and left by one and the same thread.

    Attributes:
        name: what to call it before people.
        live: frames come at their own pace, whether they are fetched or not; those
            that come too late are worth nothing. A file's wait.
        fps: the frame rate it means to have; ``None`` when it does not say.
    """

    name: str
    live: bool
    fps: Fraction | None

    def why_not(self) -> str | None:
        """Why it cannot be opened here, in words; ``None`` when nothing speaks against it."""
        ...

    def __enter__(self) -> Self:
        """Open it.

        Raises:
            MediaError: it cannot be opened.
        """
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        ...

    def __iter__(self) -> Iterator[TimedFrame | None]:
        """The frames, until there are no more.

        ``None`` means that there is none at the moment: a source that waits yields it
        now and then, so that whoever reads can stop in between.

        Raises:
            SourceLostError: a live source went away.
            MediaError: it cannot be read any further.
        """
        ...


class Sink(Protocol):
    """Where frames go. Entered, fed and left by one and the same thread.

    Attributes:
        name: what to call it before people.
    """

    name: str

    def why_not(self) -> str | None:
        """Why it cannot be opened here, in words; ``None`` when nothing speaks against it."""
        ...

    def __enter__(self) -> Self:
        """Open it; what depends on the frames' size waits for the first one.

        Raises:
            MediaError: it cannot be opened.
        """
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; what was put stays, even when an error is on its way."""
        ...

    def put(self, timed: TimedFrame) -> None:
        """Take a frame.

        Raises:
            SinkClosedError: nobody wants more.
            MediaError: it cannot be written.
        """
        ...

    def idle(self) -> None:
        """Called now and then while there is nothing to put: a window answers its keys here."""
        ...
