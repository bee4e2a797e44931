"""The halo loss: beside an edge, an even area has the color that it has farther away."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

COARSE_PX = 2
"""Pictures are looked at with so many pixels a side made one, for speed."""

EDGE, FLAT = 0.25, 0.12
"""Where a photo's color spreads by more than so much of 1, is an edge; by less, an even area."""

SPREAD_PX = 6
"""Within squares of this side."""

NEAR_PX, FAR_PX = 12, 16
"""Beside an edge is what is so near to it; farther away is what is beyond."""

WINDOW_PX = 48
"""Means are compared over windows of this side, larger than strokes, so that these cancel."""

SHARE = 0.04
"""Of a window, what is beside edges and what is farther away must each be more than this."""

GAIN = 2.0
"""A painting may have so many times the photo's contrast."""

FREE = 0.03
"""And so much more, of 1."""


def halo_loss(painted: Tensor, content: Tensor) -> Tensor:
    """What a painting has of contrast between the rim and the rest of a photo's even areas.

    A network that meets a dark outline in a sky lightens the sky beside it, over ten pixels
    or so. The patches of :func:`~artem.learn.losses.evenness_loss` are too coarse for that,
    and smaller ones would forbid strokes. Here, in windows that overlap, the mean color of all
    that is even in the photo and beside an edge is compared with that of all that is even,
    farther away and of the same color in the photo: strokes cancel in it, a rim that follows the
    edge does not. The difference may be :data:`GAIN` times the photo's and :data:`FREE` more; what
    is beyond is squared. Ours, not from a paper.

    Args:
        painted, content: ``(N, 3, H, W)`` in [0, 1], a window a side or more, else the loss is 0.

    Returns:
        ``(N,)``: mean over all windows; those without both count as 0.
    """
    if min(content.shape[2:]) < WINDOW_PX:
        return 0 * painted.sum(dim=(1, 2, 3))
    painted, content = (F.avg_pool2d(image, COARSE_PX) for image in (painted, content))
    with torch.no_grad():
        areas = _rims_and_rests(content)
        shares = [_window_means(area) for area in areas]
        both = (torch.minimum(*shares)[:, 0] > SHARE).float()
        allowed = GAIN * _contrast(content, areas, shares) + FREE
    more = _contrast(painted, areas, shares) - allowed
    return (both * F.relu(more).square()).mean(dim=(1, 2))


def _rims_and_rests(content: Tensor) -> tuple[Tensor, Tensor]:
    """Where the photo is even beside edges, and where farther away; 1 or 0, ``(N, 1, H, W)``.

    In both it is of the color that what is even and farther away has around there.
    """
    side = SPREAD_PX // COARSE_PX
    spread = (_largest(content, side) + _largest(-content, side)).amax(dim=1, keepdim=True)
    edges, flat = (spread > EDGE).float(), (spread < FLAT).float()
    near, not_far = (_largest(edges, 2 * (px // COARSE_PX) + 1) for px in (NEAR_PX, FAR_PX))
    far = flat * (1 - not_far)
    share = _around(far)
    unlike = (content - _around(content * far) / share).abs().amax(dim=1, keepdim=True)
    alike = (unlike < FLAT).float()  # nor is anything alike where nothing is far: that is NaN
    return flat * near * alike, far * alike


def _contrast(image: Tensor, areas: tuple[Tensor, Tensor], shares: list[Tensor]) -> Tensor:
    """Root mean square over colors of the difference of the areas' means, of each window."""
    rim, rest = (
        _window_means(image * area) / share.clamp_min(SHARE)
        for area, share in zip(areas, shares, strict=True)
    )
    return ((rim - rest).square().mean(dim=1) + 1e-12).sqrt()


def _window_means(image: Tensor) -> Tensor:
    side = WINDOW_PX // COARSE_PX
    return F.avg_pool2d(image, side, side // 4)


def _around(image: Tensor) -> Tensor:
    """The mean of a window's square around each pixel, with zeros beyond the borders."""
    reach = WINDOW_PX // COARSE_PX // 2
    rows = F.avg_pool2d(image, (1, 2 * reach + 1), 1, (0, reach))
    return F.avg_pool2d(rows, (2 * reach + 1, 1), 1, (reach, 0))


def _largest(image: Tensor, side: int) -> Tensor:
    """The largest value in a square of odd side around each pixel."""
    rows = F.max_pool2d(image, (1, side), 1, (0, side // 2))
    return F.max_pool2d(rows, (side, 1), 1, (side // 2, 0))
