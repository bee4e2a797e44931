"""Frames over a WebSocket: credit, order, settings, and messages that make no sense."""

from collections.abc import Callable

import numpy as np
import pytest
from conftest import Library
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from artem.app.web.pictures import LARGEST_FRAME_BYTES, frame_from_jpeg, jpeg_from_frame
from artem.app.web.routes import Server
from artem.app.web.session import IDLE_S, LONGEST_MESSAGE
from artem.app.web.socket import CREDITS, GAVE_WAY, POLICY_VIOLATION, TRY_AGAIN_LATER
from artem.runtime.stylizer import Stylizer

from .conftest import (
    Connect,
    HeldStudio,
    jpeg,
    photo,
    receive_frame,
    receive_told,
    send_frame,
)

Paint = Callable[..., bytes]


@pytest.fixture
def painted(tiny_library: Library) -> Callable[..., bytes]:
    """What the server must answer, by the library itself."""
    stylizer = Stylizer("great-wave", threads=1)

    def painted(data: bytes, style: str = "great-wave", strength: float = 1.0) -> bytes:
        stylizer.set_style(style, strength=strength)
        return jpeg_from_frame(stylizer(frame_from_jpeg(data), place=(0, 0)))

    return painted


def test_a_page_is_greeted_and_its_frames_are_painted(connect: Connect, painted: Paint) -> None:
    with connect() as socket:
        hello = receive_told(socket, "hello")
        assert hello["look"]["style"] == "great-wave"
        assert (hello["engine"], hello["network"]) == ("openvino", "fast")
        send_frame(socket, 7, jpeg())
        assert receive_frame(socket) == (7, painted(jpeg()))


def test_answers_come_in_the_frames_order_with_their_numbers(
    connect: Connect, painted: Paint
) -> None:
    with connect() as socket:
        receive_told(socket, "hello")
        socket.send_json({"type": "source", "live": False})  # they show nothing in common
        frames = [jpeg(photo(seed=seed)) for seed in range(6)]
        for number in range(CREDITS):
            send_frame(socket, number, frames[number])
        for number in range(6):
            assert receive_frame(socket) == (number, painted(frames[number]))
            if number + CREDITS < 6:
                send_frame(socket, number + CREDITS, frames[number + CREDITS])


def test_settings_act_from_the_next_frame_on(connect: Connect, painted: Paint) -> None:
    with connect() as socket:
        socket.send_json({"type": "look", "style": "starry-night", "strength": 0.5})
        look = receive_told(socket, "look")["look"]
        assert (look["style"], look["strength"], look["keep_color"]) == ("starry-night", 0.5, False)
        send_frame(socket, 1, jpeg())
        assert receive_frame(socket)[1] == painted(jpeg(), "starry-night", strength=0.5)
        socket.send_json({"type": "look", "strength": 0})
        receive_told(socket, "look")
        send_frame(socket, 2, jpeg())
        assert receive_frame(socket)[1] == jpeg_from_frame(frame_from_jpeg(jpeg()))


def test_settings_are_each_pages_own(connect: Connect, painted: Paint) -> None:
    with connect() as one, connect() as other:
        one.send_json({"type": "look", "style": "starry-night"})
        receive_told(one, "look")
        for number in range(3):
            for socket in (one, other):
                send_frame(socket, number, jpeg())
            assert receive_frame(one)[1] == painted(jpeg(), "starry-night")
            assert receive_frame(other)[1] == painted(jpeg())


def test_steady_keeps_much_of_the_last_painting(connect: Connect) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    with connect() as socket:
        send_look(socket, steady=1)
        send_frame(socket, 1, jpeg())
        first = frame_from_jpeg(receive_frame(socket)[1]).astype(float)
        send_look(socket, strength=0)
        send_frame(socket, 2, jpeg())
        second = frame_from_jpeg(receive_frame(socket)[1])
        # Nothing has moved, so nine tenths of each pixel come from the first painting.
        plain = frame_from_jpeg(jpeg()).astype(float)
        assert np.abs(second - (0.9 * first + 0.1 * plain)).mean() < 4
        assert np.abs(second - plain).mean() > 8


def test_without_opencv_steady_is_refused_in_words(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artem.app.web.session.why_no_opencv", lambda: "it is not installed")
    with connect() as socket:
        socket.send_json({"type": "look", "steady": 0.5})
        said = receive_told(socket, "error")["error"]
        assert said == "Steady cannot be used here: it is not installed."


def send_look(socket: WebSocketTestSession, **look: float) -> None:
    socket.send_json({"type": "look", **look})
    receive_told(socket, "look")


def test_a_frame_without_credit_ends_the_connection(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect() as socket:
        HeldStudio(server.studio, monkeypatch)
        receive_told(socket, "hello")
        for number in range(CREDITS + 1):
            send_frame(socket, number, jpeg())
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == POLICY_VIOLATION


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"not a jpeg", "not a JPEG"),
        (jpeg()[:200], "damaged"),
        (bytes(LARGEST_FRAME_BYTES + 1), "bytes"),
    ],
)
def test_a_bad_frame_is_refused_in_words_and_gives_its_credit_back(
    connect: Connect, data: bytes, said: str
) -> None:
    with connect() as socket:
        for number in range(2 * CREDITS):
            send_frame(socket, number, data)
            error = receive_told(socket, "error")
            assert error["frame"] == number
            assert said in error["error"]
        send_frame(socket, 99, jpeg())
        assert receive_frame(socket)[0] == 99


@pytest.mark.parametrize("data", [b"", b"\0\0\0\1"])
def test_a_message_that_is_no_frame_ends_the_connection(connect: Connect, data: bytes) -> None:
    with connect() as socket:
        receive_told(socket, "hello")
        socket.send_bytes(data)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == POLICY_VIOLATION


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "must be JSON"),
        ("[" * 4000, "must be JSON"),
        ("[]", "JSON object with a type"),
        ('{"type": 5}', "JSON object with a type"),
        ('{"type": "explode"}', "means nothing here"),
        ('"' + "x" * LONGEST_MESSAGE + '"', "characters"),
        ('{"type": "look", "strength": 2}', "a number from 0 to 1"),
        ('{"type": "look", "strength": NaN}', "a number from 0 to 1"),
        ('{"type": "look", "strength": "1"}', "a number from 0 to 1"),
        ('{"type": "look", "style": "../great-wave"}', "is not a style here"),
        ('{"type": "look", "second": 3}', "is not a style here"),
    ],
)
def test_nonsense_is_answered_in_words_and_changes_nothing(
    connect: Connect, painted: Paint, text: str, said: str
) -> None:
    with connect() as socket:
        socket.send_text(text)
        assert said in receive_told(socket, "error")["error"]
        send_frame(socket, 1, jpeg())
        assert receive_frame(socket) == (1, painted(jpeg()))


def test_one_page_too_many_is_told_so(connect: Connect) -> None:
    with connect() as one, connect() as other:
        receive_told(one, "hello")
        receive_told(other, "hello")
        with connect() as late:
            assert (
                "All places for painting are taken here (2)."
                in receive_told(late, "error")["error"]
            )
            with pytest.raises(WebSocketDisconnect) as closed:
                late.receive_json()
            assert closed.value.code == TRY_AGAIN_LATER
        send_frame(one, 1, jpeg())
        assert receive_frame(one)[0] == 1


def test_a_page_that_left_makes_room(connect: Connect) -> None:
    for _ in range(5):
        with connect() as socket:
            receive_told(socket, "hello")


def test_an_idle_page_gives_way_to_a_newcomer(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect() as idle, connect() as busy:
        receive_told(idle, "hello")
        receive_told(busy, "hello")
        server._seats._taken[0].last_used_s -= IDLE_S + 1
        with connect() as newcomer:
            receive_told(newcomer, "hello")
            with pytest.raises(WebSocketDisconnect) as closed:
                idle.receive_json()
            assert closed.value.code == GAVE_WAY
            send_frame(busy, 1, jpeg())
            assert receive_frame(busy)[0] == 1


def test_what_is_shared_is_watched(connect: Connect) -> None:
    with connect() as painter:
        painter.send_json({"type": "share", "on": True})
        name = receive_told(painter, "shared")["stream"]
        with connect(f"/ws/view?stream={name}") as one, connect("/ws/view") as newest:
            for number in (1, 2):
                send_frame(painter, number, jpeg(photo(seed=number)))
                picture = receive_frame(painter)[1]
                for viewer in (one, newest):
                    assert viewer.receive_bytes() == picture
                    viewer.send_text("next")
            painter.send_json({"type": "share", "on": False})
            assert receive_told(painter, "shared")["stream"] is None
            for viewer in (one, newest):
                assert viewer.receive_json() == {"type": "ended"}


def test_who_is_slow_sees_the_newest_frame(connect: Connect) -> None:
    with connect() as painter:
        painter.send_json({"type": "share", "on": True})
        receive_told(painter, "shared")
        with connect("/ws/view") as viewer:
            pictures = []
            for number in range(4):
                send_frame(painter, number, jpeg(photo(seed=number)))
                pictures.append(receive_frame(painter)[1])
            assert viewer.receive_bytes() in pictures
            viewer.send_text("next")
            assert viewer.receive_bytes() == pictures[-1]


def test_nobody_watches_what_is_not_shared(connect: Connect) -> None:
    with connect() as painter, connect("/ws/view?stream=guess") as viewer:
        receive_told(painter, "hello")
        send_frame(painter, 1, jpeg())
        receive_frame(painter)
        painter.send_json({"type": "share", "on": True})
        receive_told(painter, "shared")
        send_frame(painter, 2, jpeg())
        picture = receive_frame(painter)[1]
        # The one that asked for another name still waits; who asks for none sees it.
        with connect("/ws/view") as other:
            assert other.receive_bytes() == picture
        viewer.send_text("next")


def test_only_so_many_watch(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artem.app.web.viewing.MOST_VIEWERS", 1)
    with connect("/ws/view"), connect("/ws/view") as late:
        assert "watch already" in late.receive_json()["error"]
        with pytest.raises(WebSocketDisconnect):
            late.receive_json()
    with connect("/ws/view") as again:
        again.send_text("next")


def test_the_header_is_big_endian(connect: Connect) -> None:
    with connect() as socket:
        socket.send_bytes(b"\x01\x02\x03\x04" + jpeg())
        receive_told(socket, "hello")
        assert receive_frame(socket)[0] == 0x01020304
