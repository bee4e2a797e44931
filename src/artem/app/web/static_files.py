"""The files of the page: these and no others can be asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

STATIC_PREFIX = "/static/"

_FOLDER = Path(__file__).resolve().parent / "static"

STATIC_FILES = {
    "page.css": "text/css",
    "view.css": "text/css",
    "page.js": "text/javascript",
    "drops.js": "text/javascript",
    "figures.js": "text/javascript",
    "frames.js": "text/javascript",
    "keeping.js": "text/javascript",
    "notices.js": "text/javascript",
    "panel.js": "text/javascript",
    "player.js": "text/javascript",
    "rtc.js": "text/javascript",
    "server_view.js": "text/javascript",
    "sharing.js": "text/javascript",
    "socket.js": "text/javascript",
    "sources.js": "text/javascript",
    "stage.js": "text/javascript",
    "ticker.js": "text/javascript",
    "view.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""Media type of each file below ``/static/``."""


@cache
def page(name: str) -> str:
    """The text of one of our own HTML pages; never a name from outside."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def static_file(name: str) -> tuple[str, str] | None:
    """Text and media type of a static file; ``None`` when there is none of that name."""
    kind = STATIC_FILES.get(name)
    return None if kind is None else (page(name), kind)
