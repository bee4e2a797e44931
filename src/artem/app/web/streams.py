"""Painted frames that others watch: only the newest is kept, whoever is slow misses some."""

from __future__ import annotations

import asyncio
import secrets


class Stream:
    """One picture that moves.

    Attributes:
        name: by which it is asked for; cannot be guessed.
        newest: the last frame, as JPEG.
        number: how many there were so far.
        viewers: how many watch.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.newest = b""
        self.number = 0
        self.viewers = 0

    def put(self, jpeg: bytes) -> None:
        """Show this frame from now on."""
        self.newest = jpeg
        self.number += 1


class Streams:
    """All that can be watched. Belongs to the event loop's thread.

    Attributes:
        viewers: how many watch, or wait for something to watch.
    """

    def __init__(self) -> None:
        self.viewers = 0
        self._streams: dict[str, Stream] = {}
        self._changed = asyncio.Event()

    def open(self, name: str | None = None) -> Stream:
        """A new stream, which those see who asked for none by name."""
        stream = Stream(name or secrets.token_urlsafe(6))
        self._streams[stream.name] = stream
        self._wake()
        return stream

    def close(self, stream: Stream) -> None:
        """Nobody can watch it any more."""
        self._streams.pop(stream.name, None)
        self._wake()

    def put(self, stream: Stream, jpeg: bytes) -> None:
        """Show a frame to all who watch this stream."""
        stream.put(jpeg)
        self._wake()

    def find(self, name: str | None) -> Stream | None:
        """The stream of this name; for ``None`` the one that was opened last."""
        if name is None:
            return next(reversed(self._streams.values()), None)
        return self._streams.get(name)

    async def change(self) -> None:
        """Return when a frame was put, or a stream opened or closed."""
        await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Viewer:
    """One who watches, and what was last seen.

    Args:
        streams: all of them.
        name: of the stream to watch; ``None`` for whichever was opened last.
    """

    def __init__(self, streams: Streams, name: str | None) -> None:
        self._streams = streams
        self._name = name
        self._stream: Stream | None = None
        self._seen = 0
        streams.viewers += 1

    async def next(self) -> bytes | None:
        """The newest frame that was not seen yet; ``None``, once, when the stream has ended."""
        while True:
            stream = self._streams.find(self._name)
            if stream is not self._stream:
                self._turn_to(stream)
                if stream is None:
                    return None
            if stream is not None and stream.number > self._seen:
                self._seen = stream.number
                return stream.newest
            await self._streams.change()

    def leave(self) -> None:
        """Watch no more."""
        self._turn_to(None)
        self._streams.viewers -= 1

    def _turn_to(self, stream: Stream | None) -> None:
        if self._stream is not None:
            self._stream.viewers -= 1
        if stream is not None:
            stream.viewers += 1
        self._stream, self._seen = stream, 0
