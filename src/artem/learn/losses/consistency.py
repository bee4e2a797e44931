"""The consistency loss: a picture moved a little must be painted the same, moved a little."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def consistency_loss(stylized: Tensor, stylized_shifted: Tensor, shift: tuple[int, int]) -> Tensor:
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
        shift: (down, right) in pixels.

    Returns:
        ``(N,)``: mean squared difference where both outputs show the same scene.
    """
    down, right = shift
    height, width = stylized.shape[-2] - down, stylized.shape[-1] - right
    first = stylized[..., down:, right:]
    second = stylized_shifted[..., :height, :width]
    return torch.square(first - second).mean(dim=(1, 2, 3))


PATCH_PX = 16
"""Larger than a stroke is wide, smaller than a patch that an eye takes for a shape."""


def patch_loss(one: Tensor, other: Tensor) -> Tensor:
    """Mean squared difference of the colors of patches, ``(N,)``.

    Of two paintings ``(N, 3, H, W)`` in [0, 1] of the same photo over different noise: single
    strokes may hang on the noise, what is larger belongs to the photo.
    """
    patches = (F.avg_pool2d(image, PATCH_PX, ceil_mode=True) for image in (one, other))
    return torch.sub(*patches).square().mean(dim=(1, 2, 3))
