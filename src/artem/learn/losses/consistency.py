"""The consistency loss: a picture moved a little must be painted the same, moved a little."""

from __future__ import annotations

import torch
from torch import Tensor


def consistency_loss(
    stylized: Tensor, stylized_shifted: Tensor, shift: Tensor | tuple[int, int]
) -> Tensor:
    """How far a network is from commuting with a shift of its input.

    A network with strides paints a scene that moved by less than its stride
    anew; in a film this flickers and in stereo it mismatches. Normalization
    statistics are not the cause, so the loss is taken between outputs, and up to
    their borders: a network soon finds whatever place is left out and puts its
    texture there.

    Args:
        stylized: the network's output for a picture, ``(N, 3, H, W)`` in [0, 1].
        stylized_shifted: its output for the picture whose pixel (y, x) shows
            what the first shows at (y + down, x + right).
        shift: (down, right) in pixels, numbers or a tensor ``(2,)``.

    Returns:
        ``(N,)``: mean squared difference where both outputs show the same scene.
    """
    height, width = stylized.shape[-2:]
    rows = torch.arange(height, device=stylized.device) + shift[0]
    columns = torch.arange(width, device=stylized.device) + shift[1]
    first = stylized.index_select(2, rows.clamp_max(height - 1))
    first = first.index_select(3, columns.clamp_max(width - 1))
    both = (rows < height)[:, None] & (columns < width)
    distance = torch.square(first - stylized_shifted).mean(dim=1) * both
    return distance.sum(dim=(1, 2)) / both.sum()
