"""Those who only watch: a page of their own, or a browser source in a studio program."""

from __future__ import annotations

import asyncio
import json

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from artem.app.web.socket import TRY_AGAIN_LATER
from artem.app.web.source import LATEST_TOLD, STREAM_NAME, ServerSource
from artem.app.web.streams import Streams, Viewer

MOST_VIEWERS = 16
NEXT = "next"


async def serve_viewer(
    socket: WebSocket, streams: Streams, name: str | None, source: ServerSource | None
) -> None:
    """Send the newest frame each time that the page asks for one with ``next``.

    A frame is a binary message, a JPEG. ``{"type": "ended"}`` says that there is nothing
    to see at the moment; frames may come again. Who watches the server's own source may send
    it messages, and from the first one on gets its own as well; a plain viewer gets none.

    Args:
        socket: not accepted yet.
        streams: what can be watched.
        name: of the stream; ``None`` for whichever was opened last.
        source: the server's own, if it has one.
    """
    await socket.accept()
    if streams.viewers >= MOST_VIEWERS:
        error = f"{MOST_VIEWERS} pages watch already, which is the most. Try again later."
        await socket.send_json({"type": "error", "error": error})
        await socket.close(TRY_AGAIN_LATER)
        return
    viewer = Viewer(streams, name)
    wanted = asyncio.Event()
    wanted.set()
    told: asyncio.Queue[str] = asyncio.Queue(LATEST_TOLD)
    controlled = source if name == STREAM_NAME else None
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_hear, socket, wanted, controlled, told)
            tasks.start_soon(_show, socket, viewer, wanted)
            tasks.start_soon(_tell, socket, told)
    except* WebSocketDisconnect:
        pass
    finally:
        viewer.leave()
        if controlled is not None:
            controlled.listeners.discard(told)


async def _hear(
    socket: WebSocket,
    wanted: asyncio.Event,
    source: ServerSource | None,
    told: asyncio.Queue[str],
) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text == NEXT:
            wanted.set()
        elif source is not None and text is not None:
            source.listeners.add(told)
            await source.hear(text)


async def _tell(socket: WebSocket, told: asyncio.Queue[str]) -> None:
    while True:
        await socket.send_text(await told.get())


async def _show(socket: WebSocket, viewer: Viewer, wanted: asyncio.Event) -> None:
    while True:
        await wanted.wait()
        jpeg = await viewer.next()
        if jpeg is None:
            await socket.send_text(json.dumps({"type": "ended"}))
        else:
            wanted.clear()
            await socket.send_bytes(jpeg)
