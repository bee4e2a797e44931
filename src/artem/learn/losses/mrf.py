"""The MRF loss: every patch of the picture should be a patch of the style."""

from __future__ import annotations

import torch
from torch import Tensor

from artem.core.errors import LossError
from artem.learn.losses.precision import in_float32

PATCH = 3
"""Rows and columns of a patch of features."""

PATCHES = 1024
"""How many patches are kept of a style."""

STRIDE = 2
"""Pixels from one patch of the picture to the next; they overlap by a row or column."""

VALUES_AT_ONCE = 1 << 23
"""How many values of the picture's patches are held in memory."""


@in_float32
def style_patches(features: Tensor) -> Tensor:
    """Patches of feature maps, a sample where there are many.

    Args:
        features: feature maps, ``(N, C, H, W)``.

    Returns:
        ``(N, PATCHES, C, 3, 3)``. The sample is drawn from a fixed seed and
        depends on ``H`` and ``W`` alone; where there are fewer patches, they
        come more than once.

    Raises:
        LossError: the maps are smaller than a patch.
    """
    _refuse_small(features)
    height, width = (side - PATCH + 1 for side in features.shape[2:])
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(height * width, generator=generator)
    chosen = order.repeat(-(-PATCHES // len(order)))[:PATCHES].to(features.device)
    top, left = chosen // width, chosen % width
    parts = [features[..., top + y, left + x] for y in range(PATCH) for x in range(PATCH)]
    patches = torch.stack(parts, dim=3).transpose(1, 2)
    return patches.reshape(*patches.shape[:3], PATCH, PATCH)


@in_float32
def mrf_loss(features: Tensor, patches: Tensor) -> Tensor:
    """Squared distance of each patch to the style patch most like it.

    Li and Wand, arXiv:1601.04589, eqs. 2 and 3: "most like" by normalized
    cross-correlation, the distance without normalization; the match is constant
    in the gradient. We depart from them in this: the style's patches are a sample
    of at most 1024, without turned and scaled copies, and the picture's are every
    second one. (Their layers are relu3_1 and relu4_1 alone.)

    Args:
        features: feature maps, ``(N, C, H, W)``.
        patches: of :func:`style_patches`, one style for all or one for each.

    Returns:
        ``(N,)``: mean squared distance, divided by the mean squared norm of the
        style's patches.

    Raises:
        LossError: the maps are smaller than a patch.
    """
    _refuse_small(features)
    each = [
        _mean_distance(maps, patches[n % len(patches)])  # one for all, or one for each
        / patches[n % len(patches)].square().sum(dim=(1, 2, 3)).mean().clamp_min(1e-12)
        for n, maps in enumerate(features)
    ]
    return torch.stack(each)


def _mean_distance(maps: Tensor, patches: Tensor) -> Tensor:
    """Mean over the patches of ``maps`` ``(C, H, W)`` of the squared distance to their match.

    A sum over patches of squared distances is a sum over positions of squared
    distances to the mean of what the overlapping matches want there, plus how far
    these disagree; so copies of the features need not be kept for the gradient.
    """
    with torch.no_grad():
        tops, lefts = (_starts(side, maps.device) for side in maps.shape[1:])
        match = _most_alike(maps, patches, tops, lefts)
        wanted, squares = torch.zeros_like(maps), torch.zeros_like(maps[0])
        count = torch.zeros_like(maps[0])
        for y in range(PATCH):
            for x in range(PATCH):
                here = (..., (tops + y)[:, None], lefts + x)
                values = patches[..., y, x][match].permute(2, 0, 1)
                wanted[here] += values
                squares[here] += values.square().sum(dim=0)
                count[here] += 1
        wanted /= count
        disagreement = (squares - count * wanted.square().sum(dim=0)).clamp_min(0).sum()
    distance = (count * (maps - wanted).square().sum(dim=0)).sum()
    return (distance + disagreement) / match.numel()


def _starts(side: int, device: torch.device) -> Tensor:
    """Where patches begin along a side: each second place, and the last one."""
    last = side - PATCH
    return torch.tensor([*range(0, last, STRIDE), last], device=device)


def _most_alike(maps: Tensor, patches: Tensor, tops: Tensor, lefts: Tensor) -> Tensor:
    """The number of the style patch most like the picture's at each start, ``(T, L)``."""
    rows = patches.flatten(1)
    rows = rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-12)
    at_once = max(1, VALUES_AT_ONCE // (rows.shape[1] * len(lefts)))
    inside = torch.arange(PATCH, device=maps.device)
    across = (lefts[:, None] + inside)[None, :, None]  # (1, L, 1, 3)
    matches = []
    for some in torch.split(tops, at_once):
        down = (some[:, None] + inside)[:, None, :, None]  # (T, 1, 3, 1)
        here = maps[:, down, across].permute(1, 2, 0, 3, 4)
        matches.append((here.flatten(2) @ rows.T).argmax(dim=2))
    return torch.cat(matches)


def _refuse_small(features: Tensor) -> None:
    height, width = features.shape[2:]
    if min(height, width) < PATCH:
        raise LossError(
            f"The loss 'mrf' compares patches of {PATCH}x{PATCH} features, and here are only "
            f"{height}x{width}.\n  Use a larger picture or shallower style layers."
        )
