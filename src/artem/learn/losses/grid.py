"""The grid loss: what a picture repeats at its network's stride."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

CELLS = 8
"""A window has so many periods a side."""


def grid_loss(images: Tensor, period: int) -> Tensor:
    """The energy of patterns that repeat at every multiple of a period.

    A network whose layers stride by ``period`` pixels in all answers a flat area
    with one pattern again and again: dots in rows, or a comb of lines. Style
    losses do not mind, as they forget where things are.

    What is left of the picture without its mean over a period's square is cut into
    cells of one period. Dots: the cells of a window of 8x8 are averaged; what repeats
    stays, strokes that do not cancel. Lines along an axis are left out there, as
    horizons and walls have them. Combs: rows are averaged over the picture's whole
    width and columns over its height, and these profiles over the cells; a horizon is
    in one of them, a comb in all. Both squares are taken between different cells
    alone, so their expectation is 0 where nothing repeats, and a single picture may
    be a little below it.

    Args:
        images: ``(N, 3, H, W)`` in [0, 1], a period a side or more.
        period: in pixels, the network's ``multiple``.

    Returns:
        ``(N,)``: energy a pixel.
    """
    count, channels, height, width = images.shape
    before, after = period // 2, (period - 1) // 2
    means = F.avg_pool2d(F.pad(images, (before, after, before, after), mode="reflect"), period, 1)
    cells = min(CELLS, height // period, width // period)
    window = cells * period
    down, right = height // window, width // window
    detail = (images - means)[..., : down * window, : right * window]
    detail = detail.reshape(count, channels, down, cells, period, right, cells, period)
    dots = detail - detail.mean(dim=4, keepdim=True)
    dots = dots - dots.mean(dim=7, keepdim=True)
    energy = _between(dots, (3, 6)).mean(dim=(1, 2, 3, 4, 5))
    for across, along in (((5, 6, 7), (2, 3)), ((2, 3, 4), (5, 6))):
        profiles = detail.mean(dim=across, keepdim=True)
        energy = energy + _between(profiles, along).flatten(1).mean(dim=1)
    return energy


def _between(values: Tensor, dims: tuple[int, int]) -> Tensor:
    """The mean product of two different values along some dimensions."""
    count = values.shape[dims[0]] * values.shape[dims[1]]
    if count == 1:
        return 0 * values.sum(dim=dims)
    return (values.sum(dim=dims).square() - values.square().sum(dim=dims)) / (count * (count - 1))
