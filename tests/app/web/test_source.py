"""What the server itself sees, watched and controlled by pages."""

import json
from collections.abc import Iterator

import pytest
from conftest import Library
from starlette.testclient import TestClient, WebSocketTestSession

from artem.app.web.access import Access, names_of
from artem.app.web.look import Look
from artem.app.web.pictures import frame_from_jpeg, jpeg_from_frame
from artem.app.web.routes import Server
from artem.app.web.studio import Studio
from artem.core.errors import ArtemError

from .conftest import ORIGIN, SAME, photo, receive_told

SOURCE = "ws://127.0.0.1:8000/ws/view?stream=source"


@pytest.fixture
def client(tiny_library: Library) -> Iterator[TestClient]:
    server = Server(Studio(threads=1), Look("identity"), source="pattern")
    with TestClient(server.app(Access(names_of("::1"))), base_url=ORIGIN) as client:
        yield client


def next_frame(socket: WebSocketTestSession) -> bytes:
    while True:
        message = socket.receive()
        if message.get("bytes") is not None:
            socket.send_text("next")
            return bytes(message["bytes"])


def message_of(socket: WebSocketTestSession, kind: str) -> dict[str, object]:
    """The next message of a kind; frames on the way are asked for and passed over."""
    while True:
        message = socket.receive()
        if message.get("bytes") is not None:
            socket.send_text("next")
        elif json.loads(message["text"])["type"] == kind:
            return dict(json.loads(message["text"]))


def test_it_is_painted_for_all_who_watch(client: TestClient) -> None:
    assert client.get("/api/about").json()["source"]
    with (
        client.websocket_connect(SOURCE, headers=SAME) as one,
        client.websocket_connect("ws://127.0.0.1:8000/ws/view", headers=SAME) as other,
    ):
        frames = {next_frame(one) for _ in range(4)}
        assert len(frames) > 1  # it moves
        height, width = frame_from_jpeg(next_frame(other)).shape[:2]
        assert (width, height) == (480, 360)


def test_whoever_watches_it_moves_its_sliders_for_all(client: TestClient) -> None:
    with (
        client.websocket_connect(SOURCE, headers=SAME) as one,
        client.websocket_connect(SOURCE, headers=SAME) as other,
    ):
        other.send_json({"type": "look"})
        assert message_of(other, "look")["look"]["style"] == "identity"  # type: ignore[index]
        one.send_json({"type": "look", "style": "great-wave", "strength": 0.5})
        for socket in (one, other):
            told = message_of(socket, "look")
            assert (told["look"]["style"], told["look"]["strength"]) == ("great-wave", 0.5)
        one.send_json({"type": "share", "on": False})
        assert "means nothing here" in message_of(one, "error")["error"]
        assert next_frame(other)


def test_who_only_watches_gets_frames_and_nothing_else(client: TestClient) -> None:
    """A page without sliders, as in OBS, would take any message for the end."""
    with (
        client.websocket_connect(SOURCE, headers=SAME) as one,
        client.websocket_connect(SOURCE, headers=SAME) as viewer,
    ):
        for strength in (0.1, 0.2, 0.3):
            one.send_json({"type": "look", "strength": strength})
            message_of(one, "look")
            assert "bytes" in (message := viewer.receive()), message
            viewer.send_text("next")


def test_other_streams_have_no_sliders_for_those_who_watch(client: TestClient) -> None:
    with client.websocket_connect("ws://127.0.0.1:8000/ws/paint", headers=SAME) as painter:
        painter.send_json({"type": "share", "on": True})
        name = receive_told(painter, "shared")["stream"]
        address = f"ws://127.0.0.1:8000/ws/view?stream={name}"
        with client.websocket_connect(address, headers=SAME) as viewer:
            viewer.send_json({"type": "look", "style": "great-wave"})
            sent = jpeg_from_frame(photo())
            painter.send_bytes(b"\0\0\0\1" + sent)
            assert viewer.receive_bytes() == jpeg_from_frame(frame_from_jpeg(sent))


@pytest.mark.parametrize("source", ["no-such-file.mp4", "webcam:99"])
def test_what_is_not_there_is_said_before_anything_is_served(
    tiny_library: Library, source: str
) -> None:
    with pytest.raises(ArtemError, match=source):
        Server(Studio(threads=1), Look("identity"), source=source)
