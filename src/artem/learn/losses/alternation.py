"""The alternation loss: what changes from each cell of a network's stride to the next."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

WINDOW = 8
"""Windows of so many periods a side: larger than one such pattern reaches before it slips."""

FAINT = 3e-4
"""Added to the energy of a window, summed over colors: below, there is nothing to see."""


def alternation_loss(images: Tensor, period: int) -> Tensor:
    """How far a picture is a checkerboard with cells of one period.

    The shortest wave that the maps at a network's stride can hold goes up in one cell and
    down in the next. Where a photo is even nothing stands against it there: residual blocks
    paint it from whatever noise there is, and a sky gets scales or rows of dashes. Style losses
    forget where things are, and :func:`~artem.learn.losses.grid_loss` looks for what is the
    same in all cells.

    Of the picture without its mean over two periods, ``r(y, x)`` is the correlation with itself
    moved by so many periods. In windows that overlap by half,

        ``c = (r(1, 1) + r(1, -1)) / 2 - (r(0, 1) + r(1, 0)) / 2``

    is 2 for a checkerboard, and between -0.2 and 0 in photos and paintings at any period; it is
    squared where it is above 0. Each window counts alike, faint as it may be, as an eye that
    sees a sky does. Ours, not from a paper; a checkerboard of single pixels is what
    Odena et al. (Distill, 2016) describe.

    Args:
        images: ``(N, 3, H, W)`` in [0, 1]; sides of 4 periods or more, else the loss is 0.
        period: in pixels, the network's ``multiple``.

    Returns:
        ``(N,)``, from 0 to 4.
    """
    height, width = images.shape[2] - period, images.shape[3] - 2 * period
    if min(height, width) < 2 * period:
        return 0 * images.sum(dim=(1, 2, 3))
    padded = F.pad(images, (period,) * 4, mode="reflect")
    detail = images - F.avg_pool2d(padded, 2 * period + 1, 1)

    def moved(down: int, right: int) -> Tensor:
        return detail.narrow(2, down * period, height).narrow(3, (1 + right) * period, width)

    here = moved(0, 0)
    around = moved(1, 1) + moved(1, -1) - moved(0, 1) - moved(1, 0)
    window = min(WINDOW * period, height, width)
    alike, energy = (
        F.avg_pool2d(product.sum(dim=1), window, window // 2)
        for product in (here * around / 2, here.square())
    )
    return F.relu(alike / (energy + FAINT)).square().mean(dim=(1, 2))
