"""Frames over WebRTC, between the server's end and one of the tests' own."""

import asyncio
import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from conftest import Library, draw_photo
from starlette.testclient import TestClient

from artem.app.web.look import Look
from artem.app.web.session import Seats, Session
from artem.app.web.streams import Streams
from artem.app.web.studio import Studio
from artem.runtime.stylizer import Stylizer

from .conftest import SAME

aiortc = pytest.importorskip("aiortc", reason="the extra 'webrtc' is not installed")
VideoFrame = pytest.importorskip("av").VideoFrame

from artem.app.web.rtc import RtcLink  # noqa: E402

PICTURE = np.asarray(draw_photo(320, 240))
PATIENCE_S = 120.0


class Camera(aiortc.VideoStreamTrack):  # type: ignore[misc]
    """Always sees the same."""

    number = 0

    async def recv(self) -> Any:
        await asyncio.sleep(0.02)
        frame = VideoFrame.from_ndarray(PICTURE, "rgb24")
        frame.pts, frame.time_base = self.number * 3000, Fraction(1, 90000)
        self.number += 1
        return frame


async def connected(link: RtcLink, session: Session) -> tuple[Any, Any, asyncio.Queue[Any]]:
    """A peer that has made its offer and taken the answer; its channel, and its paintings."""
    peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    channel = peer.createDataChannel("artem")
    peer.addTrack(Camera())
    paintings: asyncio.Queue[Any] = asyncio.Queue()

    @peer.on("track")
    def on_track(track: Any) -> None:
        async def take() -> None:
            while True:
                paintings.put_nowait(await track.recv())

        taking.append(asyncio.create_task(take()))

    taking: list[asyncio.Task[None]] = []
    peer.taking = taking
    await peer.setLocalDescription(await peer.createOffer())
    if "a=candidate" not in peer.localDescription.sdp:
        pytest.skip("this machine has no network but its own loop")
    answer = await link.answer({"sdp": peer.localDescription.sdp}, session)
    await peer.setRemoteDescription(aiortc.RTCSessionDescription(**answer))
    return peer, channel, paintings


def test_video_comes_back_painted_and_settings_act(tiny_library: Library) -> None:
    async def run() -> None:
        studio, seats = Studio(threads=1), Seats(1)
        link = RtcLink(studio)
        session = Session(studio, Streams(), Look("great-wave"), fps=20, tell=link.tell)
        seats.take(session)
        await session.greet()
        peer, channel, paintings = await connected(link, session)
        told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        channel.on("message", lambda text: told.put_nowait(json.loads(text)))
        running = asyncio.create_task(link.run(session, seats))
        async with asyncio.timeout(PATIENCE_S):
            painted = (await paintings.get()).to_ndarray(format="rgb24")
            expected = Stylizer("great-wave", threads=1)(PICTURE).astype(int)
            assert painted.shape == PICTURE.shape
            assert (await told.get())["type"] == "hello"
            # Two lossy codings lie between; another style is farther off than they are.
            assert np.abs(painted - expected).mean() < np.abs(PICTURE - expected).mean() / 2
            channel.send(json.dumps({"type": "look", "strength": 0}))
            while (await told.get())["type"] != "look":
                pass
            while not paintings.empty():
                paintings.get_nowait()
            for _ in range(10):
                plain = (await paintings.get()).to_ndarray(format="rgb24").astype(int)
            assert np.abs(plain - PICTURE).mean() < np.abs(plain - expected).mean() / 2
            channel.send("nonsense")
            while (message := await told.get())["type"] != "error":
                pass
            assert "must be JSON" in message["error"]
            for task in peer.taking:
                task.cancel()
            await peer.close()
            await running
        seats.take(session)  # its place is free again
        studio.close()

    asyncio.run(run())


def test_a_browser_that_never_connects_loses_its_place(
    tiny_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artem.app.web.rtc.CONNECT_S", 0.01)

    async def run() -> None:
        studio, seats = Studio(threads=1), Seats(1)
        link = RtcLink(studio)
        session = Session(studio, Streams(), Look("great-wave"), fps=20, tell=link.tell)
        seats.take(session)
        await link.run(session, seats)
        seats.take(session)
        studio.close()

    asyncio.run(run())


OFFERS = [
    b"", b"[]", b"{}", b'{"sdp": 5}', b'{"sdp": "v=0"}', b"[" * 999, b"x" * 200_000,
    json.dumps({"sdp": "v=0\r\n" * 9999}).encode(),
]  # fmt: skip


@pytest.mark.parametrize("offer", OFFERS, ids=range(len(OFFERS)))
def test_an_offer_that_is_none_is_refused_in_words(client: TestClient, offer: bytes) -> None:
    for _ in range(4):  # more often than there are places
        answer = client.post("/api/rtc", content=offer, headers=SAME)
        assert answer.status_code == 400
        assert "ffer" in answer.json()["error"]


def test_without_the_extra_the_page_does_without(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/api/about").json()["webrtc"] is True
    monkeypatch.setattr("artem.app.web.routes._webrtc_is_here", lambda: False)
    assert client.get("/api/about").json()["webrtc"] is False
    answer = client.post("/api/rtc", content=b"{}", headers=SAME)
    assert answer.status_code == 501
    assert "pip install 'artem-style[webrtc]'" in answer.json()["error"]
