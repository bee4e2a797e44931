"""What may be changed while frames run: by keys, by the page, by any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from artem.media.protocols import MediaError
from artem.runtime.library import StyleChoice

UNIT_RANGES = ("strength", "steady", "even", "split")


@dataclass(frozen=True)
class Settings:
    """How frames are painted from now on.

    Attributes:
        style: a name, a file, a style, or weights by name to blend.
        strength: 0 gives the frame back, 1 the full style.
        keep_color: paint the luminance only.
        precision: as of :class:`~artem.Stylizer`.
        steady: 0 to 1, how much of the last frame, moved along, goes into the next.
        follow: let strokes move with the scene where the camera moves; where OpenCV is missing,
            they keep to the frame.
        even: 0 to 1, how slowly the light of frames may change before they are painted.
        split: 0 to 1, which part of the picture, from the left, stays as it was.
        overlay: show the figures on the picture.
        recording: write what is shown to a file as well.
    """

    style: StyleChoice
    strength: float = 1.0
    keep_color: bool = False
    precision: str = "auto"
    steady: float = 0.0
    follow: bool = True
    even: float = 0.0
    split: float = 0.0
    overlay: bool = False
    recording: bool = False


class Controls:
    """The settings in force. Any thread may read and change them.

    Args:
        settings: to start with.
        check: raises an :class:`~artem.ArtemError` when settings cannot be followed;
            a :class:`~artem.media.painter.Painter` sets it to its own.
    """

    def __init__(
        self, settings: Settings, *, check: Callable[[Settings], None] | None = None
    ) -> None:
        self._lock = threading.Lock()
        self._settings = settings
        self.check = check

    @property
    def settings(self) -> Settings:
        """Those in force now; they hold together, and never change in place."""
        return self._settings

    def change(self, **changes: Any) -> Settings:
        """Change some of them; the others stay.

        Returns:
            The settings now in force, from the next frame on.

        Raises:
            ArtemError: they make no sense, or cannot be followed; all stays as it was.
        """
        with self._lock:
            settings = replace(self._settings, **changes)
            check_settings(settings)
            if self.check is not None:
                self.check(settings)
            self._settings = settings
        return settings


def check_settings(settings: Settings) -> None:
    """Raise a :class:`MediaError` for a number outside its range."""
    for name in UNIT_RANGES:
        value = getattr(settings, name)
        if not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise MediaError(f"{name.capitalize()} is {value}.\n  Use a number from 0 to 1.")


def blend_of(style: StyleChoice) -> dict[str, float]:
    """Weights by name, for whoever shows or changes them one by one."""
    if isinstance(style, Mapping):
        return {str(name): float(weight) for name, weight in style.items()}
    return {str(getattr(style, "name", style)): 1.0}
