"""``artem serve``: the live page."""

from __future__ import annotations

import importlib.util
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from artem.app.options import EngineOption, NetworkOption, PrecisionOption, ThreadsOption, given
from artem.app.say import note, say
from artem.core.errors import ArtemError, StyleError, did_you_mean

INSTALL = "pip install 'artem-style[serve]'"
DEFAULT_STYLE = "great-wave"


def serve(
    style: Annotated[
        str | None,
        typer.Option(
            "--style", "-s", metavar="NAME|FILE", help="What the page begins with; or any picture."
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="What the server itself paints for all: webcam, screen, FILE ... as artem live.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; 0.0.0.0 for other machines.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="ARTEM_TOKEN",
            metavar="TEXT",
            help="What visitors must know; made up where others can reach the server.",
        ),
    ] = None,
    fps: Annotated[
        float, typer.Option(min=1, max=60, help="The working size follows this frame rate.")
    ] = 20.0,
    sessions: Annotated[
        int, typer.Option(min=1, max=16, help="How many pages may paint at a time.")
    ] = 4,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name that this server has, as behind a proxy."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Serve over https with this (PEM).")
    ] = None,
    certificate_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its key, when not in the same file.")
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    network: NetworkOption = None,
    engine: EngineOption = None,
    precision: PrecisionOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Serve a page that paints camera, screen, photos and videos while you watch.

    Only this machine can open it, unless --host says otherwise; then a token is needed.
    """
    if missing := [p for p in ("starlette", "uvicorn", "websockets") if not _installed(p)]:
        raise ArtemError(f"The page needs more packages ({', '.join(missing)}).\n  {INSTALL}")
    from artem.app.web.access import SHORTEST_TOKEN, Access, is_loopback, names_of
    from artem.app.web.listening import check_certificate, listen, serve_until_stopped, urls
    from artem.app.web.look import Look
    from artem.app.web.routes import Server
    from artem.app.web.studio import Studio

    if certificate is not None:
        check_certificate(certificate, certificate_key)
    elif certificate_key is not None:
        raise ArtemError("A key was given without its certificate.\n  Add --certificate FILE.")
    reachable = not is_loopback(host) or bool(allow_host)
    if not token:
        token = secrets.token_urlsafe(18) if reachable else None
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise ArtemError(
            f"The token is too easy to guess.\n  Use {SHORTEST_TOKEN} characters or more, or "
            f"leave it out where one is made up."
        )
    options = given(network=network, engine=engine, precision=precision, threads=threads)
    with listen(host, port) as listening:
        studio = Studio(**options)
        look = Look(_begin_with(style, studio.styles, studio.add))
        bound_port = listening.getsockname()[1]
        access = Access(
            names_of(host, allow_host or ()),
            addresses=not is_loopback(host),
            token=token,
            cookie=f"artem-{bound_port}",
            secure=certificate is not None,
        )
        found = urls(listening, secure=access.secure, token=token)

        def ready() -> None:
            for url in found:
                typer.echo(url)
            if reachable and certificate is None:
                note(
                    "browsers hand their camera and screen only to this machine's own pages, or"
                    " over https: see --certificate."
                )
            say("Ctrl-C stops it.")
            if open_page:
                typer.launch(found[0])

        app = Server(studio, look, fps=fps, sessions=sessions, source=source).app(access)
        serve_until_stopped(
            app, listening, certificate=certificate, key=certificate_key, on_ready=ready
        )


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _begin_with(style: str | None, known: Mapping[str, object], add: Callable[[Path], str]) -> str:
    """The name, among the page's styles, of the one that was asked for."""
    from artem.core.picture import PICTURE_SUFFIXES
    from artem.core.style_file import STYLE_SUFFIX

    if style is None:
        painted = [name for name in known if name != "identity"]
        return DEFAULT_STYLE if DEFAULT_STYLE in known else (painted or ["identity"])[0]
    if style in known:
        return style
    if Path(style).suffix.lower() in (STYLE_SUFFIX, *PICTURE_SUFFIXES):
        return add(Path(style))
    raise StyleError(
        f"'{style}' is not a style here.{did_you_mean(style, known)}\n"
        f"  See all of them with: artem styles"
    )
