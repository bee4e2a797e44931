"""One key, one change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from artem.core.errors import ArtemError
from artem.media.controls import Controls, Settings, blend_of
from artem.runtime.engine import PRECISIONS

T = TypeVar("T")

HELP = {
    "n p": "next, previous style",
    "1-9": "style by number",
    "b": "blend with the next style, more each time",
    "+ -": "strength",
    "k": "keep colors",
    "s": "steady: off, half, full",
    "e": "even light: off, half, full",
    "v": "split view",
    "t": "precision",
    "i": "figures",
    "r": "record",
    "f": "full screen",
    "h": "this list",
    "q": "end",
}
"""What each key does; ``f``, ``h`` and ``q`` belong to the window."""

AMOUNTS = (0.0, 0.5, 1.0)
SPLIT_STEPS = (0.0, 0.5)
BLEND_STEP = 0.25


class Keys:
    """Turns keys into changes of the controls. What cannot be done is said, and nothing changes.

    Args:
        controls: to change.
        styles: names to walk through, in order.
        say: told what was changed.
    """

    def __init__(
        self, controls: Controls, styles: Sequence[str], *, say: Callable[[str], None]
    ) -> None:
        self._controls = controls
        self._styles = list(styles)
        self._say = say
        self._actions: dict[str, Callable[[Settings], dict[str, object]]] = {
            "n": lambda now: {"style": self._neighbor(now, 1)},
            "p": lambda now: {"style": self._neighbor(now, -1)},
            "b": lambda now: {"style": self._blended(now)},
            "+": lambda now: {"strength": min(1.0, round(now.strength + 0.1, 2))},
            "-": lambda now: {"strength": max(0.0, round(now.strength - 0.1, 2))},
            "k": lambda now: {"keep_color": not now.keep_color},
            "s": lambda now: {"steady": _next(AMOUNTS, now.steady)},
            "e": lambda now: {"even": _next(AMOUNTS, now.even)},
            "v": lambda now: {"split": _next(SPLIT_STEPS, now.split)},
            "i": lambda now: {"overlay": not now.overlay},
            "r": lambda now: {"recording": not now.recording},
        }
        self._actions["="] = self._actions["+"]  # the same key on many keyboards
        for number, name in enumerate(self._styles[:9], 1):
            self._actions[str(number)] = lambda now, name=name: {"style": name}  # type: ignore[misc]

    def press(self, key: str) -> bool:
        """Do what a key means; whether it means anything."""
        now = self._controls.settings
        if key.lower() == "t":
            self._turn_precision(now)
        elif (action := self._actions.get(key.lower())) is not None:
            self._change(**action(now))
        else:
            return False
        return True

    def _change(self, **changes: object) -> bool:
        """Change something and say so; whether that was possible."""
        try:
            self._controls.change(**changes)
        except ArtemError as error:
            self._say(str(error))
            return False
        for name, value in changes.items():
            self._say(f"{name.replace('_', ' ')}: {_words(value)}")
        return True

    def _turn_precision(self, now: Settings) -> None:
        """On to the next precision that works here; some are refused by some machines."""
        place = PRECISIONS.index(now.precision)
        others = (*PRECISIONS[place + 1 :], *PRECISIONS[:place])
        any(self._change(precision=precision) for precision in others)

    def _neighbor(self, now: Settings, step: int) -> str:
        blend = blend_of(now.style)
        heaviest = max(blend, key=lambda name: blend[name])
        if heaviest not in self._styles:
            return self._styles[0]
        return self._styles[(self._styles.index(heaviest) + step) % len(self._styles)]

    def _blended(self, now: Settings) -> dict[str, float] | str:
        """A quarter more of a second style with each press; past the whole, it is the style."""
        blend = blend_of(now.style)
        first, *others = blend
        second = others[0] if others else self._neighbor(now, 1)
        share = blend.get(second, 0.0) / sum(blend.values()) + BLEND_STEP
        return second if share > 0.99 else {first: 1 - share, second: share}


def _next(steps: Sequence[T], now: T) -> T:
    """The step after the one that is in force."""
    return steps[(steps.index(now) + 1) % len(steps)] if now in steps else steps[0]


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        return " + ".join(f"{name} {weight:g}" for name, weight in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
