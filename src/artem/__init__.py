"""Art'Em: artistic style transfer in real time, on ordinary hardware.

>>> import artem
>>> painted = artem.stylize(photo, style="great-wave")  # NumPy array or Pillow image
>>> paint = artem.Stylizer(style="starry-night")  # for loops: keeps its compiled network
>>> frame = paint(frame)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artem.core.errors import ArtemError
    from artem.core.style_file import Style
    from artem.runtime.library import styles
    from artem.runtime.stylizer import Stylizer, stylize

__all__ = ["ArtemError", "Style", "Stylizer", "__version__", "styles", "stylize"]

__version__ = "0.1.0"

_HOMES = {
    "ArtemError": "artem.core.errors",
    "Style": "artem.core.style_file",
    "Stylizer": "artem.runtime.stylizer",
    "stylize": "artem.runtime.stylizer",
    "styles": "artem.runtime.library",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that importing artem costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'artem' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
