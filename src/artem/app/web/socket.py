"""Frames over a WebSocket, as JPEG, with credit: what is not wanted yet is never sent.

A page begins with :data:`CREDITS` credits. A frame costs one, and its answer gives it
back, so that there are never more frames under way, however slow the network or the
painting is: the delay cannot grow. With two, one is painted while the next one travels.

Binary messages are a frame: its number (32 bits, big-endian), then a JPEG; the answer
bears the same number. Text messages are JSON with a ``type``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import struct
from typing import Any

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from artem.app.web.pictures import frame_from_jpeg, jpeg_from_frame
from artem.app.web.session import Seats, Session
from artem.app.web.studio import Studio
from artem.core.errors import ArtemError
from artem.core.picture import Frame

CREDITS = 2
HEADER = struct.Struct(">I")

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
GAVE_WAY = 4000
"""Our own: closed for being idle while another waited; the page comes back when needed."""

OUTGOING = 16
"""Messages that wait to be sent; when a page does not read, nothing more is taken from it."""

log = logging.getLogger("artem.serve")


class _CloseError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason


class FrameSocket:
    """One page's WebSocket. Decoding, painting and encoding of its frames overlap, in order.

    Args:
        socket: not accepted yet.
        studio: decodes and encodes.
    """

    def __init__(self, socket: WebSocket, studio: Studio) -> None:
        self._socket = socket
        self._studio = studio
        self._credits = CREDITS
        # The credits bound what lies in it.
        self._decoding: asyncio.Queue[tuple[int, asyncio.Task[Frame]]] = asyncio.Queue()
        self._outgoing: asyncio.Queue[str | tuple[int, asyncio.Task[bytes]]]
        self._outgoing = asyncio.Queue(OUTGOING)

    async def tell(self, message: dict[str, Any]) -> None:
        """Send a message to the page, after what is under way."""
        await self._outgoing.put(json.dumps(message))

    async def run(self, session: Session, seats: Seats) -> None:
        """Serve the page until it leaves."""
        await self._socket.accept()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._begin, session, seats)
                tasks.start_soon(self._paint, session)
                tasks.start_soon(self._send, session)
                tasks.start_soon(self._until_dismissed, session)
        except* WebSocketDisconnect:
            pass
        except* _CloseError as group:
            closing = group.exceptions[0]
            assert isinstance(closing, _CloseError)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the page was faster
                await self._socket.close(closing.code, closing.reason)
        finally:
            seats.leave(session)
            session.close()
            self._drop()

    async def _begin(self, session: Session, seats: Seats) -> None:
        try:
            seats.take(session)
            await session.greet()
        except ArtemError as error:
            await self._socket.send_json({"type": "error", "error": str(error)})
            raise _CloseError(TRY_AGAIN_LATER, "refused") from None
        await self._receive(session)

    async def _receive(self, session: Session) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            if (text := message.get("text")) is not None:
                await session.hear(text)
                continue
            data = message["bytes"]
            if self._credits == 0:
                raise _CloseError(POLICY_VIOLATION, "A frame came without credit.")
            if len(data) <= HEADER.size:
                raise _CloseError(POLICY_VIOLATION, "A frame has a number and a JPEG.")
            self._credits -= 1
            (number,) = HEADER.unpack_from(data)
            work = self._studio.beside(frame_from_jpeg, data[HEADER.size :])
            self._decoding.put_nowait((number, asyncio.create_task(work)))

    async def _paint(self, session: Session) -> None:
        while True:
            number, decoding = await self._decoding.get()
            try:
                painted = await session.paint(await decoding)
            except ArtemError as error:
                await self._refuse(number, str(error))
            except (MemoryError, RuntimeError) as error:
                log.warning("A frame could not be painted: %s", error)
                await self._refuse(number, "The engine could not paint this frame.")
            else:
                encoding = asyncio.create_task(self._studio.beside(jpeg_from_frame, painted))
                await self._outgoing.put((number, encoding))

    async def _refuse(self, number: int, text: str) -> None:
        self._credits += 1
        await self.tell({"type": "error", "error": text, "frame": number})

    async def _send(self, session: Session) -> None:
        while True:
            item = await self._outgoing.get()
            if isinstance(item, str):
                await self._socket.send_text(item)
            else:
                number, encoding = item
                jpeg = await encoding
                session.show(jpeg)
                self._credits += 1
                await self._socket.send_bytes(HEADER.pack(number) + jpeg)

    async def _until_dismissed(self, session: Session) -> None:
        await session.dismissed.wait()
        raise _CloseError(GAVE_WAY, "Another page needed the place.")

    def _drop(self) -> None:
        """Leave nothing running for a page that has gone."""
        while not self._decoding.empty():
            self._decoding.get_nowait()[1].cancel()
        while not self._outgoing.empty():
            item = self._outgoing.get_nowait()
            if not isinstance(item, str):
                item[1].cancel()
