"""How a photo is painted: the settings, and the sizes they amount to."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from artem.core.errors import TrainingError, did_you_mean
from artem.core.picture import Frame
from artem.learn.optimization.descent import OPTIMIZERS
from artem.learn.optimization.images import fitting

LEAST_PX = 32
"""Shortest side that an encoder's deepest layers can still see."""

COARSEST_PX = 96
KEEP_COLOR = ("luminance", "match")


@dataclass(frozen=True)
class PaintRecipe:
    """How a photo is painted.

    Attributes:
        size_px: longer side of the result; ``None`` is the photo's, 512 at most.
        scales: how many sizes, each half of the next; ``None`` halves as long as
            the longer side stays at 96 or above.
        evaluations: forward and backward passes at each size.
        optimizer: ``l-bfgs`` or ``adam``.
        learning_rate: Adam's, see :class:`Descent`.
        brush: size of the strokes; at 1 a painting's shorter side is as long as
            the result's, at 2 twice as long.
        keep_color: ``luminance`` paints the light alone; ``match`` gives the
            paintings the photo's colors first; ``None`` takes the paintings' own.
        memory_gb: the most memory to take; ``None`` is 6, or half of the machine's.
        seed: of noise to start from, and of an adversary.
    """

    size_px: int | None = None
    scales: int | None = None
    evaluations: int = 60
    optimizer: str = "l-bfgs"
    learning_rate: float = 0.03
    brush: float = 1.0
    keep_color: str | None = None
    memory_gb: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what could not be painted.

        Raises:
            TrainingError: a choice is unknown or a number out of range.
        """
        choices = {"optimizer": tuple(OPTIMIZERS), "keep_color": KEEP_COLOR}
        for name, known in choices.items():
            value = getattr(self, name)
            if value is not None and value not in known:
                raise TrainingError(
                    f"'{value}' is no choice for {name}.{did_you_mean(value, known)}\n"
                    f"  Use one of: {', '.join(known)}"
                )
        least = {"size_px": LEAST_PX, "scales": 1, "evaluations": 1, "seed": 0}
        for name, value in self.as_dict().items():
            if name in least and value is not None and value < least[name]:
                raise TrainingError(f"{name} is {value}.\n  Use a number from {least[name]} up.")
            if isinstance(value, float) and not 0 < value < math.inf:
                raise TrainingError(f"{name} is {value}.\n  Use a number above 0.")

    def as_dict(self) -> dict[str, Any]:
        """The settings by name, for JSON."""
        return asdict(self)


def pyramid(photo: Frame, recipe: PaintRecipe) -> list[tuple[int, int]]:
    """Height and width of each size a photo is painted at, the smallest first.

    Raises:
        TrainingError: the result would be too small to have a style.
    """
    long_px = recipe.size_px or min(max(photo.shape[:2]), 512)
    sizes = [fitting(photo, long_px)]
    if min(sizes[0]) < LEAST_PX:
        height, width = sizes[0]
        raise TrainingError(
            f"{width}x{height} is too small to be painted.\n"
            f"  Each side needs {LEAST_PX} pixels; use a larger --size, or another photo."
        )
    while len(sizes) < (recipe.scales or 99):
        half = fitting(photo, round(long_px / 2 ** len(sizes)))
        if min(half) < LEAST_PX or (recipe.scales is None and max(half) < COARSEST_PX):
            break
        sizes.insert(0, half)
    return sizes
