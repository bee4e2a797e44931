"""How a page wants its frames painted: what its sliders say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from artem.core.errors import ArtemError, StyleError, did_you_mean


class MessageError(ArtemError):
    """A message from a browser makes no sense."""


@dataclass(frozen=True)
class Look:
    """A style, or two blended, and how they are applied.

    Attributes:
        style: name of the style.
        second: name of the style to blend in; ``None`` for none.
        blend: 0 is all ``style``, 1 all ``second``.
        strength: 0 gives the frame back, 1 the full style.
        keep_color: paint the luminance only.
        steady: 0 to 1, how much of the last frame, moved along, goes into the next.
    """

    style: str
    second: str | None = None
    blend: float = 0.5
    strength: float = 1.0
    keep_color: bool = False
    steady: float = 0.0

    @property
    def weights(self) -> dict[str, float]:
        """Weights by style, as the stylizer takes them."""
        if self.second is None or self.second == self.style:
            return {self.style: 1.0}
        return {self.style: 1 - self.blend, self.second: self.blend}

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


FRACTIONS = ("blend", "strength", "steady")


def changed_look(look: Look, wanted: Mapping[str, Any], known: Collection[str]) -> Look:
    """``look`` with what ``wanted`` says; what it does not name stays.

    Args:
        look: the one in force.
        wanted: from outside, so anything may be in it; names that mean nothing are ignored.
        known: the styles that may be asked for. No other name is looked up anywhere.

    Raises:
        StyleError: a style is unknown.
        MessageError: a value is no number from 0 to 1, or not true or false.
    """
    changes: dict[str, Any] = {}
    for name in FRACTIONS:
        if name in wanted:
            value = wanted[name]
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                value = float("nan")
            if not 0 <= value <= 1:
                raise MessageError(f"The value of '{name}' must be a number from 0 to 1.")
            changes[name] = float(value)
    if "keep_color" in wanted:
        if not isinstance(wanted["keep_color"], bool):
            raise MessageError("The value of 'keep_color' must be true or false.")
        changes["keep_color"] = wanted["keep_color"]
    if "style" in wanted:
        changes["style"] = _known(wanted["style"], known)
    if "second" in wanted:
        second = wanted["second"]
        changes["second"] = None if second is None else _known(second, known)
    return replace(look, **changes)


def _known(name: Any, known: Collection[str]) -> str:
    if isinstance(name, str) and name in known:
        return name
    asked = str(name)[:80]
    raise StyleError(f"'{asked}' is not a style here.{did_you_mean(asked, known)}")
