"""What the server itself sees: its camera, its screen, a video; painted for all who watch."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from artem.app.web.look import Look
from artem.app.web.pictures import jpeg_from_frame
from artem.app.web.session import Session
from artem.app.web.sizes import fitted
from artem.app.web.streams import Stream, Streams
from artem.app.web.studio import Studio
from artem.core.errors import ArtemError
from artem.core.picture import Frame
from artem.media.catalog import source_by_name
from artem.media.pipeline import Pipeline
from artem.media.protocols import MediaError, SinkClosedError, TimedFrame

STREAM_NAME = "source"
LATEST_TOLD = 8
LAST_WORDS_S = 5.0
UNWATCHED_S = 0.1

log = logging.getLogger("artem.serve")


class ServerSource:
    """A source of the media package, painted in the studio and shown as a stream.

    Its look belongs to all who watch: whoever moves a slider moves it for everyone.

    Args:
        text: what ``artem live`` would call the source.
        studio, streams, look, fps: as for a session.

    Attributes:
        name: what to call it before people.
        listeners: get every message of the session, each in a queue; who is slow misses some.

    Raises:
        MediaError: there is no such source, or it cannot be opened here.
    """

    def __init__(
        self, text: str, studio: Studio, streams: Streams, look: Look, *, fps: float
    ) -> None:
        source = source_by_name(text)
        if (reason := source.why_not()) is not None:
            raise MediaError(f"'{text}' cannot be painted here: {reason}.")
        path = Path(text)
        self.name = path.name if path.exists() else source.name
        self.listeners: set[asyncio.Queue[str]] = set()
        self._text = text
        self._streams = streams
        self._session = Session(studio, streams, look, fps=fps, tell=self._tell)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="artem-source", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pipeline: Pipeline | None = None

    @property
    def look(self) -> Look:
        """The one in force."""
        return self._session.look

    async def start(self) -> None:
        """Begin to paint, in threads of its own."""
        self._loop = asyncio.get_running_loop()
        self._session.stream = self._streams.open(STREAM_NAME)
        await self._session.greet()
        self._thread.start()

    async def stop(self) -> None:
        """Stop painting and close the camera."""
        self._stopped.set()
        if self._pipeline is not None:
            self._pipeline.stop()
        await asyncio.to_thread(self._thread.join, LAST_WORDS_S)
        self._session.close()

    async def hear(self, text: str) -> None:
        """Follow a message from someone who watches; only the look can be changed."""
        await self._session.hear(text, allowed=("look",))

    async def _tell(self, message: dict[str, Any]) -> None:
        text = json.dumps(message)
        for queue in self.listeners:
            if not queue.full():
                queue.put_nowait(text)

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                source = source_by_name(self._text, say=log.warning)
                sink = _StreamSink(self._streams, self._session.stream, self._loop)
                self._pipeline = Pipeline(source, self._paint, sink)
                # A video begins again at its end; one without frames would do so forever.
                if self._pipeline.run().shown == 0:
                    raise MediaError(f"'{self._text}' has no frames.")
        except ArtemError as error:
            if not self._stopped.is_set():
                log.error("%s", error)

    def _paint(self, timed: TimedFrame) -> Frame:
        assert self._loop is not None and self._session.stream is not None
        # For nobody nothing is painted; frames that come meanwhile are dropped as late.
        while not self._session.stream.viewers and not self._stopped.wait(UNWATCHED_S):
            pass
        painting = self._session.paint(fitted(timed.frame, self._session.long_side))
        return asyncio.run_coroutine_threadsafe(painting, self._loop).result()


class _StreamSink:
    """Shows frames to those who watch a stream. Fed from a thread."""

    name = "the page"

    def __init__(
        self, streams: Streams, stream: Stream | None, loop: asyncio.AbstractEventLoop | None
    ) -> None:
        assert stream is not None and loop is not None, "start comes first"
        self._streams = streams
        self._stream = stream
        self._loop = loop

    def why_not(self) -> str | None:
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
        jpeg = jpeg_from_frame(timed.frame)
        try:
            self._loop.call_soon_threadsafe(self._streams.put, self._stream, jpeg)
        except RuntimeError:  # the server has stopped
            raise SinkClosedError("The server has stopped.") from None

    def idle(self) -> None:
        pass
