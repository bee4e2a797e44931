"""Frames over WebRTC: video both ways, which bends to weak networks where JPEG would wait.

The page sends its camera or screen as a video track, and settings over a data channel as
it does over a WebSocket; the paintings come back as a track. Of the frames that arrive only
the newest is painted. No server elsewhere is asked for a way through (no STUN, no TURN): the
browser must reach this machine's addresses directly.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any

import aiortc
import numpy as np
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from artem.app.web.look import MessageError
from artem.app.web.pictures import LARGEST_FRAME_PIXELS, jpeg_from_frame
from artem.app.web.session import Seats, Session
from artem.app.web.sizes import fitted
from artem.app.web.studio import Studio
from artem.core.errors import ArtemError
from artem.core.picture import Frame

LONGEST_OFFER = 64_000
CONNECT_S = 20.0
"""How long a browser may take to connect after its offer."""

CHANNEL = "artem"

log = logging.getLogger("artem.serve")


class PaintedTrack(aiortc.MediaStreamTrack):
    """The paintings as a track; a sender that is late skips to the newest."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._newest: VideoFrame | None = None
        self._arrived = asyncio.Event()

    def put(self, frame: VideoFrame) -> None:
        """Show this one next."""
        self._newest = frame
        self._arrived.set()

    async def recv(self) -> VideoFrame:
        """The newest painting, once there is one that was not sent yet."""
        await self._arrived.wait()
        self._arrived.clear()
        assert self._newest is not None
        return self._newest


class RtcLink:
    """One page's WebRTC connection.

    Args:
        studio: converts and encodes.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
        self._painted = PaintedTrack()
        self._channel: aiortc.RTCDataChannel | None = None
        self._untold: list[str] = []
        self._newest: asyncio.Queue[VideoFrame] = asyncio.Queue(1)
        self._connected = asyncio.Event()
        self._over = asyncio.Event()

    async def tell(self, message: dict[str, Any]) -> None:
        """Send a message to the page, as soon as its channel is open."""
        if self._channel is not None and self._channel.readyState == "open":
            self._channel.send(json.dumps(message))
        else:
            self._untold.append(json.dumps(message))

    async def answer(self, offer: object, session: Session) -> dict[str, str]:
        """The answer to a page's offer, after which :meth:`run` serves it.

        Raises:
            ArtemError: it is no offer, or one without video.
        """
        sdp = offer.get("sdp") if isinstance(offer, dict) else None
        if not isinstance(sdp, str) or len(sdp) > LONGEST_OFFER:
            raise MessageError("An offer is a JSON object with its description as 'sdp'.")
        self._listen(session)
        try:
            description = aiortc.RTCSessionDescription(sdp=sdp, type="offer")
            await self._connection.setRemoteDescription(description)
            video = [one for one in self._connection.getTransceivers() if one.kind == "video"]
            if len(video) != 1:
                raise MessageError("An offer has one video track.")
            self._connection.addTrack(self._painted)
            video[0].setCodecPreferences(_sharpest_first())
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except ArtemError:
            await self._connection.close()
            raise
        except Exception as error:  # on odd descriptions, aiortc raises nearly anything
            await self._connection.close()
            log.debug("An offer was refused: %s", error)
            raise MessageError("This browser's offer makes no sense to the server.") from None
        local = self._connection.localDescription
        return {"sdp": local.sdp, "type": local.type}

    async def run(self, session: Session, seats: Seats) -> None:
        """Serve the page until it leaves; the session has its seat already."""
        painting = asyncio.create_task(self._paint(session))
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._connected.wait()
            dismissed = asyncio.create_task(session.dismissed.wait())
            over = asyncio.create_task(self._over.wait())
            ends = {painting, dismissed, over}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            dismissed.cancel()
            over.cancel()
        except TimeoutError:
            log.debug("A browser made an offer and did not connect.")
        finally:
            painting.cancel()
            seats.leave(session)
            session.close()
            await self._connection.close()
            with contextlib.suppress(asyncio.CancelledError, ArtemError):
                await painting

    def _listen(self, session: Session) -> None:
        draining: set[asyncio.Task[None]] = set()

        def on_track(track: aiortc.MediaStreamTrack) -> None:
            if track.kind == "video":
                draining.add(asyncio.create_task(self._drain(track)))

        def on_channel(channel: aiortc.RTCDataChannel) -> None:
            async def hear(text: object) -> None:
                if isinstance(text, str):
                    await session.hear(text)

            self._channel = channel
            channel.on("message", hear)
            for text in self._untold:
                channel.send(text)
            self._untold.clear()

        def on_state() -> None:
            state = self._connection.connectionState
            if state == "connected":
                self._connected.set()
            elif state in ("closed", "failed"):
                self._connected.set()
                self._over.set()

        self._connection.on("track", on_track)
        self._connection.on("datachannel", on_channel)
        self._connection.on("connectionstatechange", on_state)

    async def _drain(self, track: aiortc.MediaStreamTrack) -> None:
        """Take every frame as it comes, and keep the newest."""
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    if self._newest.full():
                        self._newest.get_nowait()
                    self._newest.put_nowait(frame)
        self._over.set()

    async def _paint(self, session: Session) -> None:
        while True:
            incoming = await self._newest.get()
            if incoming.width * incoming.height > LARGEST_FRAME_PIXELS:
                raise MessageError("The video is larger than full HD.")
            frame = await self._studio.beside(_to_frame, incoming, session.long_side)
            try:
                painted = await session.paint(frame)
            except ArtemError as error:
                await self.tell({"type": "error", "error": str(error)})
                continue
            outgoing = await self._studio.beside(VideoFrame.from_ndarray, painted, "rgb24")
            outgoing.pts, outgoing.time_base = incoming.pts, incoming.time_base
            self._painted.put(outgoing)
            if session.stream is not None and session.stream.viewers:
                session.show(await self._studio.beside(jpeg_from_frame, painted))


def _to_frame(incoming: VideoFrame, long_side: int) -> Frame:
    pixels = incoming.to_ndarray(format="rgb24")
    return fitted(np.asarray(pixels, dtype=np.uint8), long_side)


def _sharpest_first() -> list[Any]:
    """H.264 before VP8: aiortc grants it twice the bits."""
    codecs = aiortc.RTCRtpSender.getCapabilities("video").codecs
    return sorted(codecs, key=lambda codec: codec.mimeType.lower() != "video/h264")
