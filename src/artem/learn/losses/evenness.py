"""The evenness loss: where a photo is even, its painting is even, but for strokes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

PATCH_PX = 16
"""Larger than a stroke is wide, smaller than a patch that an eye takes for a shape."""

LAGS = (1, 2, 4)
"""Patches are compared with those so many patches away."""

GAIN = 2.0
"""A painting may have so many times the photo's contrast."""

FREE = 0.03
"""And so much more, of 1."""


def evenness_loss(painted: Tensor, content: Tensor) -> Tensor:
    """What a painting has of contrast between patches that its photo has not.

    A Gram matrix asks for the painting's large dark and light areas wherever they are. A
    network that paints all photos by one rule strews them over skies and walls as spots,
    and as halos around what stands before these; content does not hold against it, as there
    is little of it there. Colors of patches are compared with those of patches beside them:
    the difference may be :data:`GAIN` times the photo's and :data:`FREE` more; what is
    beyond is squared. Strokes, smaller than a patch, are left alone.

    Args:
        painted, content: ``(N, 3, H, W)`` in [0, 1], a patch a side or more.

    Returns:
        ``(N,)``: mean over neighbors along both axes, at several distances.
    """
    ours, theirs = (F.avg_pool2d(image, PATCH_PX) for image in (painted, content))
    excess = []
    for lag in LAGS:
        for axis in (2, 3):
            if ours.shape[axis] <= lag:
                continue
            more = _contrast(ours, axis, lag) - GAIN * _contrast(theirs, axis, lag) - FREE
            excess.append(F.relu(more).square().mean(dim=(1, 2)))
    return torch.stack(excess).mean(dim=0) if excess else 0 * ours.sum(dim=(1, 2, 3))


def _contrast(patches: Tensor, axis: int, lag: int) -> Tensor:
    """Root mean square over the colors of the difference of patches along an axis."""
    count = patches.shape[axis] - lag
    difference = patches.narrow(axis, lag, count) - patches.narrow(axis, 0, count)
    return (difference.square().mean(dim=1) + 1e-12).sqrt()
