"""Those who only watch: a page of their own, or a browser source in a studio program."""

from __future__ import annotations

import asyncio
import json

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from artem.app.web.socket import TRY_AGAIN_LATER
from artem.app.web.streams import Streams, Viewer

MOST_VIEWERS = 16


async def serve_viewer(socket: WebSocket, streams: Streams, name: str | None) -> None:
    """Send the newest frame each time that the page asks for one with any message.

    A frame is a binary message, a JPEG. A text message says that there is nothing to
    see at the moment; frames may come again.

    Args:
        socket: not accepted yet.
        streams: what can be watched.
        name: of the stream; ``None`` for whichever was opened last.
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
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_hear, socket, wanted)
            tasks.start_soon(_show, socket, viewer, wanted)
    except* WebSocketDisconnect:
        pass
    finally:
        viewer.leave()


async def _hear(socket: WebSocket, wanted: asyncio.Event) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        wanted.set()


async def _show(socket: WebSocket, viewer: Viewer, wanted: asyncio.Event) -> None:
    while True:
        await wanted.wait()
        jpeg = await viewer.next()
        if jpeg is None:
            await socket.send_text(json.dumps({"type": "ended"}))
        else:
            wanted.clear()
            await socket.send_bytes(jpeg)
