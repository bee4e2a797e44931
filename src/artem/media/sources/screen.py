"""The screen, or a part of it, by mss."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import numpy as np

from artem.media.protocols import MediaError, SourceLostError, TimedFrame
from artem.media.ticks import Timer

Region = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


class Screen:
    """What the screen shows, at an even rate.

    Args:
        region: a part of it; all of the first screen when ``None``.
        fps: how often to look.
    """

    live = True

    def __init__(
        self,
        *,
        region: Region | None = None,
        fps: Fraction | None = None,
        timer: Timer | None = None,
    ) -> None:
        self.name = "screen"
        self.fps: Fraction | None = fps or Fraction(30)
        self._rate = fps or Fraction(30)
        self._region = region
        self._timer = timer or Timer()
        self._grabber: Any = None

    def why_not(self) -> str | None:
        """The package or a display is missing, or it is Wayland's."""
        if importlib.util.find_spec("mss") is None:
            return "the package mss is not installed (pip install 'artem-style[live]')"
        if sys.platform == "linux":
            if os.environ.get("WAYLAND_DISPLAY"):
                return (
                    "under Wayland no program may look at the screen by itself; share it in the"
                    " browser (artem serve), or log in to an X11 session"
                )
            if not os.environ.get("DISPLAY"):
                return "there is no display ($DISPLAY is not set)"
        return None

    def __enter__(self) -> Self:
        reason = self.why_not()
        if reason is not None:
            raise MediaError(f"No screen: {reason}.")
        import mss

        try:
            self._grabber = mss.MSS()
            whole = self._grabber.monitors[0]
            self._place = self._grabber.monitors[1 if len(self._grabber.monitors) > 1 else 0]
        except mss.ScreenShotError as error:
            raise MediaError(f"The screen cannot be seen ({error}).") from None
        if self._region is not None:
            left, top, width, height = self._region
            self._place = {"left": left, "top": top, "width": width, "height": height}
            inside = (
                left >= whole["left"] and left + width <= whole["left"] + whole["width"]
                and top >= whole["top"] and top + height <= whole["top"] + whole["height"]
                and width > 0 and height > 0
            )  # fmt: skip
            if not inside:
                self._grabber.close()
                raise MediaError(
                    f"The region {left},{top},{width},{height} does not lie on the screen, which is"
                    f" {whole['width']}x{whole['height']} from {whole['left']},{whole['top']}."
                )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._grabber is not None:
            self._grabber.close()
            self._grabber = None

    def __iter__(self) -> Iterator[TimedFrame | None]:
        import mss

        index = 0
        while True:
            yield from self._timer.until(float(index / self._rate))
            try:
                shot = self._grabber.grab(self._place)
            except mss.ScreenShotError as error:
                raise SourceLostError(f"The screen cannot be seen any more ({error}).") from None
            pixels = np.frombuffer(shot.bgra, np.uint8).reshape(shot.height, shot.width, 4)
            now_s = self._timer.now_s()
            yield TimedFrame(
                np.ascontiguousarray(pixels[..., 2::-1]), Fraction(round(now_s * 1e6), 10**6)
            )
            # Looks that were missed are not made up for.
            index = max(index + 1, int(now_s * self._rate) + 1)
