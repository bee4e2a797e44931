"""A window on the screen, with keys, by OpenCV."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from artem.media.keys import HELP
from artem.media.opencv import load_opencv, why_no_opencv
from artem.media.overlay import write_on
from artem.media.protocols import MediaError, SinkClosedError, TimedFrame

TITLE = "Art'Em"
ESCAPE = "\x1b"


class WindowSink:
    """Shows frames; a key does what ``press`` makes of it. Closing the window ends the run.

    Args:
        press: told of each key.
    """

    def __init__(self, press: Callable[[str], bool] | None = None) -> None:
        self.name = "window"
        self._press = press
        self._cv2: Any = None
        self._shown: TimedFrame | None = None
        self._help = False

    def why_not(self) -> str | None:
        """OpenCV has no windows, or there is no display."""
        reason = why_no_opencv()
        if reason is not None:
            return reason
        import cv2

        if re.search(r"GUI:\s+NONE", cv2.getBuildInformation()):
            return (
                "this OpenCV was built without windows (pip uninstall opencv-python-headless,"
                " then pip install --force-reinstall opencv-python)"
            )
        named = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
        if sys.platform == "linux" and not named:
            return "there is no display ($DISPLAY is not set); try --sink FILE.mp4, or artem serve"
        return None

    def __enter__(self) -> Self:
        reason = self.why_not()
        if reason is not None:
            raise MediaError(f"No window: {reason}.")
        self._cv2 = load_opencv("A window")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown is not None:
            self._cv2.destroyAllWindows()
            self._cv2.pollKey()  # some systems close it only when asked for events

    def put(self, timed: TimedFrame) -> None:
        """Show a frame, and answer the keys."""
        if self._shown is None:
            flags = self._cv2.WINDOW_NORMAL | self._cv2.WINDOW_KEEPRATIO
            self._cv2.namedWindow(TITLE, flags | self._cv2.WINDOW_GUI_NORMAL)
            height, width = timed.frame.shape[:2]
            self._cv2.resizeWindow(TITLE, width, height)
        self._shown = timed
        self._show()
        self._answer(self._cv2.pollKey())

    def idle(self) -> None:
        """Answer the keys while no frame comes."""
        if self._shown is not None:
            self._answer(self._cv2.pollKey())

    def _show(self) -> None:
        assert self._shown is not None
        frame = self._shown.frame
        if self._help:
            frame = write_on(frame, "\n".join(f"{keys}  {text}" for keys, text in HELP.items()))
        self._cv2.imshow(TITLE, frame[..., ::-1])

    def _answer(self, code: int) -> None:
        if self._cv2.getWindowProperty(TITLE, self._cv2.WND_PROP_VISIBLE) < 1:
            raise SinkClosedError("The window was closed.")
        if code < 0:
            return
        key = chr(code & 0xFF)
        if key in ("q", "Q", ESCAPE):
            raise SinkClosedError("The window was closed.")
        if key in ("h", "H"):
            self._help = not self._help
            self._show()
        elif key in ("f", "F"):
            full = self._cv2.getWindowProperty(TITLE, self._cv2.WND_PROP_FULLSCREEN) > 0
            self._cv2.setWindowProperty(TITLE, self._cv2.WND_PROP_FULLSCREEN, float(not full))
        elif self._press is not None:
            self._press(key)
