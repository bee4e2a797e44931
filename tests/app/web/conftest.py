"""A server on the tiny network, and browsers that behave, or do not."""

import asyncio
import io
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
from conftest import Library, draw_photo  # the one beside all tests
from PIL import Image
from starlette.testclient import TestClient, WebSocketTestSession

from artem.app.web.access import Access, names_of
from artem.app.web.look import Look
from artem.app.web.pictures import jpeg_from_frame
from artem.app.web.routes import Server
from artem.app.web.studio import Studio
from artem.core.picture import Frame

ORIGIN = "http://127.0.0.1:8000"
SAME = {"origin": ORIGIN}

Connect = Callable[..., AbstractContextManager[WebSocketTestSession]]


@pytest.fixture
def server(tiny_library: Library) -> Server:
    """With two places, so that it is soon full."""
    return Server(Studio(threads=1), Look("great-wave"), sessions=2)


@pytest.fixture
def client(server: Server) -> Iterator[TestClient]:
    """A browser on this machine; no token is needed."""
    with TestClient(server.app(Access(names_of("127.0.0.1"))), base_url=ORIGIN) as client:
        yield client


@pytest.fixture
def connect(client: TestClient) -> Connect:
    """Opens a WebSocket as a page of the server does."""

    def connect(path: str = "/ws/paint") -> AbstractContextManager[WebSocketTestSession]:
        return client.websocket_connect(f"ws://127.0.0.1:8000{path}", headers=SAME)

    return connect


def photo(width_px: int = 64, height_px: int = 48, seed: int = 0) -> Frame:
    return np.asarray(draw_photo(width_px, height_px, seed))


def jpeg(frame: Frame | None = None) -> bytes:
    return jpeg_from_frame(photo() if frame is None else frame)


def png(frame: Frame, alpha: Frame | None = None) -> bytes:
    image = Image.fromarray(frame)
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def send_frame(socket: WebSocketTestSession, number: int, data: bytes) -> None:
    socket.send_bytes(struct.pack(">I", number) + data)


def receive_frame(socket: WebSocketTestSession) -> tuple[int, bytes]:
    """The next painted frame; messages before it are passed over."""
    while True:
        message = socket.receive()
        if message.get("bytes") is not None:
            return struct.unpack_from(">I", message["bytes"])[0], message["bytes"][4:]
        assert message["type"] == "websocket.send", message


def receive_told(socket: WebSocketTestSession, kind: str) -> dict[str, Any]:
    """The next message of a kind; others before it are passed over."""
    while True:
        message = socket.receive_json()
        if message["type"] == kind:
            return dict(message)


class HeldStudio:
    """Makes a studio's painting wait until it is let go."""

    def __init__(self, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = asyncio.Event()
        paint = studio.paint

        async def held(*args: Any) -> Frame:
            await self.go.wait()
            return await paint(*args)

        monkeypatch.setattr(studio, "paint", held)
