"""Where which painting acts, and how large it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from artem.core.errors import TrainingError
from artem.core.picture import Frame
from artem.learn.optimization.images import resized_frame
from artem.learn.optimization.recipe import LEAST_PX


@dataclass(frozen=True)
class Area:
    """Where paintings act.

    Attributes:
        weights: one for each painting.
        mask: uint8 ``(H, W)`` of any size, 128 and above where the area is;
            ``None`` is the whole photo.
        rest: the area is what the masks of all others leave.
    """

    weights: Sequence[float]
    mask: Frame | None = None
    rest: bool = False


def masks_at(areas: Sequence[Area], size: tuple[int, int]) -> list[Tensor | None]:
    """Each area's mask ``(H, W)`` in [0, 1] at a height and width; ``None`` is everywhere."""
    masks = [
        None if area.mask is None
        else torch.from_numpy(resized_frame(area.mask, size)).float().div(255)
        for area in areas
    ]  # fmt: skip
    given = [mask for mask in masks if mask is not None]
    rest = 1 - torch.stack(given).amax(dim=0) if given else torch.ones(size)
    return [rest if area.rest else mask for area, mask in zip(areas, masks, strict=True)]


def refuse_no_rest(areas: Sequence[Area], size: tuple[int, int]) -> None:
    """Raise a TrainingError when an area is the rest and masks leave none."""
    for area, mask in zip(areas, masks_at(areas, size), strict=True):
        if area.rest and mask is not None and not bool((mask > 0.5).any()):
            raise TrainingError(
                "The masks cover the whole photo, so --mask-rest has no place.\n"
                "  Leave it out, or invert a mask that was meant the other way."
            )


def painting_size(painting: Frame, size: tuple[int, int], brush: float) -> tuple[int, int]:
    """Height and width a painting is described at, for a result of ``size``."""
    height, width = painting.shape[:2]
    scale = max(brush * min(size), LEAST_PX) / min(height, width)
    return round(height * scale), round(width * scale)
