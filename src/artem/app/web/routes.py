"""What can be asked of the server, and the answers."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from artem import __version__
from artem.app.web.access import Access, Gate, refusal
from artem.app.web.look import Look, changed_look
from artem.app.web.pictures import LARGEST_UPLOAD_BYTES
from artem.app.web.session import Seats, Session, Tell
from artem.app.web.sizes import BEGIN_PX, LONG_SIDES_PX
from artem.app.web.socket import CREDITS, FrameSocket
from artem.app.web.source import ServerSource
from artem.app.web.static_files import STATIC_PREFIX, page, static_file
from artem.app.web.streams import Streams
from artem.app.web.studio import Studio, sample_photos
from artem.app.web.viewing import serve_viewer
from artem.core.errors import ArtemError, PictureError
from artem.core.style_file import Style
from artem.media.opencv import why_no_opencv

UPLOAD_S = 120.0
"""How long an upload may take to arrive."""

UPLOADS_AT_ONCE = 2

log = logging.getLogger("artem.serve")


class Server:
    """Answers requests; what they share is kept here.

    Args:
        studio: paints.
        look: what each page begins with.
        fps: the frame rate that live frames' size is chosen for.
        sessions: how many pages may paint at a time.
        source: what the server itself shall paint, as ``artem live`` would call it.

    Raises:
        MediaError: the source cannot be opened here.
    """

    def __init__(
        self,
        studio: Studio,
        look: Look,
        *,
        fps: float = 20.0,
        sessions: int = 4,
        source: str | None = None,
    ) -> None:
        self.studio = studio
        self.streams = Streams()
        self._source: ServerSource | None = None
        if source is not None:
            self._source = ServerSource(source, studio, self.streams, look, fps=fps)
        self._look = look
        self._fps = fps
        self._seats = Seats(sessions)
        self._uploads = 0
        self._running: set[asyncio.Task[None]] = set()

    def app(self, access: Access) -> ASGIApp:
        """The whole server as an ASGI application."""
        inner = Starlette(
            routes=[
                Route("/", self._index),
                Route("/view", self._view),
                Route(STATIC_PREFIX + "{name}", self._static),
                Route("/api/about", self._about),
                Route("/api/thumbnail", self._thumbnail),
                Route("/api/sample", self._sample),
                Route("/api/paint", self._paint, methods=["POST"]),
                Route("/api/open", self._open, methods=["POST"]),
                Route("/api/rtc", self._offer, methods=["POST"]),
                WebSocketRoute("/ws/paint", self._frames),
                WebSocketRoute("/ws/view", self._watch),
            ],
            exception_handlers={HTTPException: _refused, Exception: _failed},
            lifespan=self._lifespan,
        )
        return Gate(inner, access)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        drawing = asyncio.create_task(self._draw_thumbnails())
        if self._source is not None:
            await self._source.start()
        try:
            yield
        finally:
            for task in (drawing, *self._running):
                task.cancel()
            if self._source is not None:
                await self._source.stop()
            self.studio.close()

    async def _draw_thumbnails(self) -> None:
        """Have them ready before anyone asks."""
        for name in list(self.studio.styles):
            try:
                await self.studio.thumbnail(name)
            except ArtemError as error:
                log.warning("No thumbnail of '%s': %s", name, error)

    async def _index(self, request: Request) -> Response:
        return HTMLResponse(page("index.html"), headers=_UNSTORED)

    async def _view(self, request: Request) -> Response:
        return HTMLResponse(page("view.html"), headers=_UNSTORED)

    async def _static(self, request: Request) -> Response:
        found = static_file(request.path_params["name"])
        if found is None:
            return refusal(HTTPStatus.NOT_FOUND, "There is no such file.")
        content, kind = found
        return Response(content, media_type=kind, headers={"cache-control": "no-cache"})

    async def _about(self, request: Request) -> Response:
        await self.studio.beside(self.studio.refresh)
        return JSONResponse(
            {
                "version": __version__,
                "credits": CREDITS,
                "long_side": BEGIN_PX,
                "long_sides": sorted(LONG_SIDES_PX),
                "largest_upload_bytes": LARGEST_UPLOAD_BYTES,
                "samples": [photo.stem for photo in sample_photos()],
                "styles": [_described(style) for style in self.studio.styles.values()],
                "look": self._look.as_dict(),
                "source": None if self._source is None else self._source.name,
                "why_not_steady": why_no_opencv(),
                "webrtc": _webrtc_is_here(),
                **self.studio.engine,
            },
            headers=_UNSTORED,
        )

    async def _thumbnail(self, request: Request) -> Response:
        jpeg = await self.studio.thumbnail(request.query_params.get("style", ""))
        if jpeg is None:
            return refusal(HTTPStatus.NOT_FOUND, "There is no such style.")
        return Response(jpeg, media_type="image/jpeg", headers={"cache-control": "no-cache"})

    async def _sample(self, request: Request) -> Response:
        for photo in sample_photos():
            if photo.stem == request.query_params.get("name"):
                content = await self.studio.beside(photo.read_bytes)
                return Response(content, media_type=mimetypes.guess_type(photo.name)[0])
        return refusal(HTTPStatus.NOT_FOUND, "There is no such photo.")

    async def _paint(self, request: Request) -> Response:
        try:
            wanted = json.loads(request.query_params.get("look", "{}"))
            if not isinstance(wanted, dict):
                raise ValueError("no object")
        except (ValueError, RecursionError):
            return refusal(HTTPStatus.BAD_REQUEST, "The look must be a JSON object.")

        async def paint(data: bytes) -> Response:
            look = changed_look(self._look, wanted, self.studio.styles)
            content, kind, notes = await self.studio.paint_photo(data, look)
            said = quote("; ".join(notes))
            return Response(content, media_type=kind, headers=_UNSTORED | {"artem-notes": said})

        return await self._with_upload(request, paint)

    async def _open(self, request: Request) -> Response:
        async def show(data: bytes) -> Response:
            content, kind = await self.studio.open_photo(data)
            return Response(content, media_type=kind, headers=_UNSTORED)

        return await self._with_upload(request, show)

    async def _offer(self, request: Request) -> Response:
        if not _webrtc_is_here():
            return refusal(
                HTTPStatus.NOT_IMPLEMENTED,
                "WebRTC needs one more package on the server: pip install 'artem-style[webrtc]'",
            )
        from artem.app.web.rtc import LONGEST_OFFER, RtcLink

        try:
            offer = json.loads(await _body(request, 2 * LONGEST_OFFER) or b"")
        except (ValueError, RecursionError):
            return refusal(HTTPStatus.BAD_REQUEST, "The offer must be JSON, and not a long one.")
        link = RtcLink(self.studio)
        session = self._session(link.tell)
        try:
            self._seats.take(session)
            await session.greet()
            answer = await link.answer(offer, session)
        except ArtemError as error:
            self._seats.leave(session)
            return refusal(HTTPStatus.BAD_REQUEST, str(error))
        running = asyncio.create_task(link.run(session, self._seats))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return JSONResponse(answer, headers=_UNSTORED)

    async def _with_upload(
        self, request: Request, work: Callable[[bytes], Awaitable[Response]]
    ) -> Response:
        """Read the body within its limits, and answer with what ``work`` makes of it."""
        if self._uploads >= UPLOADS_AT_ONCE:
            return refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "Other photos are being painted. Try again in a moment.",
            )
        self._uploads += 1
        try:
            async with asyncio.timeout(UPLOAD_S):
                data = await _body(request, LARGEST_UPLOAD_BYTES)
            if data is None:
                return refusal(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"The file is larger than {LARGEST_UPLOAD_BYTES // 1_000_000} MB. "
                    f"Make it smaller first.",
                )
            return await work(data)
        except TimeoutError:
            return refusal(HTTPStatus.REQUEST_TIMEOUT, "The file took too long to arrive.")
        except PictureError as error:
            return refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error))
        except ArtemError as error:
            return refusal(HTTPStatus.BAD_REQUEST, str(error))
        except MemoryError:
            return refusal(
                HTTPStatus.INSUFFICIENT_STORAGE,
                "The server has not enough memory for this picture. Make it smaller first.",
            )
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        finally:
            self._uploads -= 1

    async def _frames(self, socket: WebSocket) -> None:
        link = FrameSocket(socket, self.studio)
        session = self._session(link.tell)
        await link.run(session, self._seats)

    def _session(self, tell: Tell) -> Session:
        return Session(self.studio, self.streams, self._look, fps=self._fps, tell=tell)

    async def _watch(self, socket: WebSocket) -> None:
        name = socket.query_params.get("stream")
        await serve_viewer(socket, self.streams, name, self._source)


_UNSTORED = {"cache-control": "no-store"}


def _webrtc_is_here() -> bool:
    return importlib.util.find_spec("aiortc") is not None


async def _body(request: Request, most_bytes: int) -> bytes | None:
    """The request's body; ``None`` as soon as it is known to be too large."""
    try:
        if int(request.headers.get("content-length", "0")) > most_bytes:
            return None
    except ValueError:
        return None
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > most_bytes:
            return None
    return bytes(data)


def _described(style: Style) -> dict[str, Any]:
    return {
        "name": style.name,
        "title": style.title,
        "author": style.author,
        "year": style.year,
        "license": style.license,
    }


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = {404: "There is nothing here.", 405: "This cannot be asked in this way."}
    return refusal(HTTPStatus(error.status_code), text.get(error.status_code, error.detail))


async def _failed(request: Request, error: Exception) -> Response:
    return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "The server failed at this. Try again.")
