"""The listening server: its address, its certificate, and how it stops."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import uvicorn
from starlette.types import ASGIApp

from artem.app.web.access import is_loopback
from artem.app.web.pictures import LARGEST_FRAME_BYTES
from artem.core.errors import ArtemError

CONNECTIONS = 128
LAST_WORDS_S = 2


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any that is free.

    Raises:
        ArtemError: the address is none of this machine's, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=CONNECTIONS)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ArtemError(
            f"The server cannot listen on {host}, port {port} ({reason}).\n"
            f"  Choose another --host or --port."
        ) from None


def check_certificate(certificate: Path, key: Path | None) -> None:
    """Raise an :class:`ArtemError` unless TLS can be spoken with these files."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "strerror", None) or error
        raise ArtemError(
            f"'{certificate}' cannot serve as a certificate ({reason}).\n"
            f"  Give PEM files with --certificate and --certificate-key."
        ) from None


def urls(listening: socket.socket, *, secure: bool, token: str | None) -> list[str]:
    """Where the page is: for this machine first, then for others where they can reach it."""
    host, port = listening.getsockname()[:2]
    everywhere = host in ("0.0.0.0", "::")
    hosts = ["127.0.0.1"] if everywhere else [host]
    if everywhere and (outside := _outside_address()) is not None:
        hosts.append(outside)
    scheme = "https" if secure else "http"
    query = "" if token is None else f"?{urlencode({'token': token})}"
    bracketed = [f"[{name}]" if ":" in name else name for name in hosts]
    return [f"{scheme}://{name}:{port}/{query}" for name in bracketed]


def _outside_address() -> str | None:
    """The address that others see; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation
            address = str(probe.getsockname()[0])
        except OSError:
            return None
    return None if is_loopback(address) else address


def serve_until_stopped(
    app: ASGIApp,
    listening: socket.socket,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until Ctrl-C, which then is raised as usual."""

    class _Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                on_ready()

    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,  # a token may stand in an address
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=LAST_WORDS_S,
        ws_max_size=LARGEST_FRAME_BYTES + 1024,
        ws_max_queue=4,
        ws_per_message_deflate=False,  # a small message could unpack to a huge one
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    _Server(config).run(sockets=[listening])
