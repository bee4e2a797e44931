"""Who may talk to the server: hosts, origins and the token; and what every answer carries."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artem.app.web.static_files import STATIC_PREFIX, page

PAGES = ("/", "/view")
"""What people open; all else is asked for by these."""

SHORTEST_TOKEN = 12
WEEK_S = 7 * 24 * 3600

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "permissions-policy": "camera=(self), display-capture=(self), fullscreen=(self), "
    "microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@dataclass(frozen=True)
class Access:
    """What is asked of whoever talks to the server.

    Attributes:
        names: by which it may be called, in small letters, without a port. Any other
            may be a stranger's name that points here (DNS rebinding).
        addresses: whether numeric addresses may be used too; no name lies behind them.
        token: what one must know; ``None`` where nobody else can reach the server.
        cookie: the name of the cookie that stands for it.
        secure: the server speaks TLS.
    """

    names: frozenset[str]
    addresses: bool = False
    token: str | None = None
    cookie: str = "artem"
    secure: bool = False


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on ``host``."""
    if host.lower() == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def names_of(host: str, more: Iterable[str] = ()) -> frozenset[str]:
    """The names by which a server that listens on ``host`` may be called."""
    names = {"localhost", "127.0.0.1", "::1", host.lower()} | {name.lower() for name in more}
    if not is_loopback(host):
        own = socket.gethostname().lower()
        names |= {own, f"{own}.local"}
    return frozenset(names)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


class Gate:
    """Stands before the whole server and lets through whoever may pass.

    - The ``Host`` header must name this server.
    - A POST or a WebSocket must come from a page of this server (``Origin``), or carry
      the token in ``Authorization: Bearer``, which no foreign page can do.
    - Where there is a token, it comes once in the URL of a page, which answers with a
      cookie; everything but the fixed files then needs that cookie.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse, or hand on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.encode(), value.encode())
                        for name, value in HEADERS.items()
                        if name.encode() not in present
                    ),
                ]
            await send(message)

        answer = self._answer(HTTPConnection(scope))
        if answer is None:
            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "http":
            await answer(scope, receive, send_with_headers)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "refused"})

    def _answer(self, asked: HTTPConnection[Any]) -> Response | None:
        """A refusal, or the answer to a right token; ``None`` to let the request through."""
        host = self._known_host(asked)
        if host is None:
            return refusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                "This server is not known by the name it was called. "
                "Start it with --allow-host NAME.",
            )
        bearer = self._is_token(_bearer(asked))
        writes = asked.scope["type"] == "websocket" or asked.scope["method"] not in ("GET", "HEAD")
        if writes and not bearer and not _same_origin(asked, host):
            return refusal(
                HTTPStatus.FORBIDDEN, "This was asked from another site. Open the server's page."
            )
        path = asked.scope["path"]
        if self._access.token is None or bearer or path.startswith(STATIC_PREFIX):
            return None
        if path in PAGES and "token" in asked.query_params:
            if self._is_token(asked.query_params["token"]):
                return self._welcome(path, asked)
            return _locked(wrong=True)
        if hmac.compare_digest(
            asked.cookies.get(self._access.cookie, "").encode(), self._pass().encode()
        ):
            return None
        if path in PAGES:
            return _locked(wrong=False)
        return refusal(HTTPStatus.UNAUTHORIZED, "The token is missing. Open the page with it once.")

    def _known_host(self, asked: HTTPConnection[Any]) -> str | None:
        """The ``Host`` header, when it is there once and names this server."""
        hosts = asked.headers.getlist("host")
        if len(hosts) != 1:
            return None
        try:
            split = urlsplit(f"//{hosts[0]}")
            name = (split.hostname or "").rstrip(".")
        except ValueError:
            return None
        if split.netloc != hosts[0] or split.username is not None:
            return None
        if name in self._access.names or (self._access.addresses and _address(name) is not None):
            return hosts[0].lower()
        return None

    def _is_token(self, text: str | None) -> bool:
        token = self._access.token
        if token is None or text is None:
            return False
        # Digests, so that not even the token's length shows in the time that it takes.
        return hmac.compare_digest(*(hashlib.sha256(t.encode()).digest() for t in (text, token)))

    def _pass(self) -> str:
        """What the cookie holds: proof of the token, but not the token."""
        key = (self._access.token or "").encode()
        return hmac.new(key, b"artem serve", hashlib.sha256).hexdigest()

    def _welcome(self, path: str, asked: HTTPConnection[Any]) -> Response:
        """The cookie, and the same page again without the token in its address.

        A redirect would not do: to whoever came by a link from another site, browsers
        do not hand a strict cookie on the way, but they do when our own page moves on.
        """
        rest = [
            (name, value)
            for name, value in parse_qsl(asked.scope["query_string"].decode("latin-1"))
            if name != "token"
        ]
        target = f"{path}?{urlencode(rest)}" if rest else path
        response = HTMLResponse("", headers={"refresh": f"0; url={target}"} | _UNSTORED)
        response.set_cookie(
            self._access.cookie, self._pass(), max_age=WEEK_S, httponly=True,
            samesite="strict", secure=self._access.secure,
        )  # fmt: skip
        return response


_UNSTORED = {"cache-control": "no-store"}


def refusal(status: int, text: str) -> JSONResponse:
    """A sentence for people, as JSON."""
    return JSONResponse({"error": text}, status_code=int(status), headers=_UNSTORED)


def _locked(*, wrong: bool) -> Response:
    name = "wrong-token.html" if wrong else "locked.html"
    return HTMLResponse(page(name), status_code=401, headers=_UNSTORED)


def _bearer(asked: HTTPConnection[Any]) -> str | None:
    scheme, _, token = asked.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _same_origin(asked: HTTPConnection[Any], host: str) -> bool:
    origins = asked.headers.getlist("origin")
    if len(origins) != 1:
        return False
    try:
        origin = urlsplit(origins[0].lower())
    except ValueError:
        return False
    return origin.scheme in ("http", "https") and origin.netloc == host
