"""A window on the screen, with keys, by pygame-ce (SDL)."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from artem.media.keys import HELP
from artem.media.opencv import resize
from artem.media.overlay import write_on
from artem.media.protocols import MediaError, SinkClosedError, TimedFrame

TITLE = "Art'Em"
ESCAPE = "\x1b"
UNSEEN_DRIVERS = ("dummy", "offscreen")
"""What SDL falls back to when no display answers; in tests it is asked for by name."""

ICON_PX = (64, 64)
MOST_OF_DESKTOP = 0.9
"""A window begins no larger than this; there are bars and frames around it."""


class WindowSink:
    """Shows frames; a key does what ``press`` makes of it. Closing the window ends the run.

    Frames are fitted into the window, whatever size it is given. They come and go in one
    thread, which on macOS must be the main one.

    Args:
        press: told of each key, as the character that it types.
    """

    def __init__(self, press: Callable[[str], bool] | None = None) -> None:
        self.name = "window"
        self._press = press
        self._pygame: Any = None
        self._window: Any = None
        self._shown: TimedFrame | None = None
        self._help = False
        self._full = False

    def why_not(self) -> str | None:
        """The package or a display is missing."""
        if importlib.util.find_spec("pygame") is None:
            return "the package pygame-ce is not installed (pip install 'artem-style[live]')"
        named = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
        if sys.platform == "linux" and not any(os.environ.get(name) for name in named):
            return "there is no display ($DISPLAY is not set); try --sink FILE.mp4, or artem serve"
        return None

    def __enter__(self) -> Self:
        reason = self.why_not()
        if reason is not None:
            raise MediaError(f"No window: {reason}.")
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # standard output may be a pipe
        pygame = importlib.import_module("pygame")
        if not hasattr(pygame, "Window"):
            raise MediaError(
                "No window: another package stands in the place of pygame-ce.\n"
                "  pip uninstall pygame, then pip install --force-reinstall pygame-ce"
            )
        try:
            pygame.display.init()
        except pygame.error as error:
            raise MediaError(f"No window: the display does not open ({error}).") from None
        if pygame.display.get_driver() in UNSEEN_DRIVERS and "SDL_VIDEODRIVER" not in os.environ:
            pygame.display.quit()
            raise MediaError(
                "No window: the display does not answer.\n"
                "  Look at $DISPLAY, or try --sink FILE.mp4, or artem serve."
            )
        self._pygame = pygame
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._window is not None:
            self._window.destroy()
            self._window = None
        self._pygame.display.quit()

    def put(self, timed: TimedFrame) -> None:
        """Show a frame, and answer the keys."""
        if self._window is None:
            size = self._first_size(*timed.frame.shape[1::-1])
            self._window = self._pygame.Window(TITLE, size, resizable=True)
            icon = resize(timed.frame, *ICON_PX)
            self._window.set_icon(self._pygame.image.frombuffer(icon, ICON_PX, "RGB"))
        self._shown = timed
        self._show()
        self.idle()

    def idle(self) -> None:
        """Answer the keys while no frame comes, and show the last one again where it is needed."""
        if self._window is None:
            return
        pygame = self._pygame
        for event in pygame.event.get():
            if event.type in (pygame.QUIT, pygame.WINDOWCLOSE):
                raise SinkClosedError("The window was closed.")
            if event.type == pygame.KEYDOWN:
                self._answer(event.unicode)
            elif event.type in (pygame.WINDOWSIZECHANGED, pygame.WINDOWEXPOSED):
                self._show()

    def _first_size(self, width_px: int, height_px: int) -> tuple[int, int]:
        """The frame's own size, or as much of it as the desktop has room for."""
        width, height = self._pygame.display.get_desktop_sizes()[0]
        room = round(MOST_OF_DESKTOP * width), round(MOST_OF_DESKTOP * height)
        if width_px <= room[0] and height_px <= room[1]:
            return width_px, height_px
        return fitted((width_px, height_px), room)

    def _show(self) -> None:
        assert self._shown is not None
        frame = self._shown.frame
        if self._help:
            frame = write_on(frame, "\n".join(f"{keys}  {text}" for keys, text in HELP.items()))
        surface = self._window.get_surface()
        room = surface.get_size()
        size = fitted((frame.shape[1], frame.shape[0]), room)
        picture = self._pygame.image.frombuffer(resize(frame, *size), size, "RGB")
        if size != room:
            surface.fill("black")
        surface.blit(picture, ((room[0] - size[0]) // 2, (room[1] - size[1]) // 2))
        self._window.flip()

    def _answer(self, key: str) -> None:
        if key in ("f", "F") or (key == ESCAPE and self._full):
            self._full = not self._full
            self._pygame.mouse.set_visible(not self._full)
            if self._full:
                self._window.set_fullscreen(desktop=True)
            else:
                self._window.set_windowed()
        elif key in ("q", "Q", ESCAPE):
            raise SinkClosedError("The window was closed.")
        elif key in ("h", "H"):
            self._help = not self._help
            self._show()
        elif key and self._press is not None:
            self._press(key)


def fitted(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """The largest width and height of the same shape for which there is room."""
    scale = min(room[0] / size[0], room[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
