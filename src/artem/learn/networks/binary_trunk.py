"""A trunk of binary convolutions, each with a float shortcut around it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from artem.learn.binary import BinaryConv2d, approx_sign, ste_sign
from artem.learn.networks.conditional import StyledLayer

EPS = 1e-5

BRANCH_START = 0.5
"""Scale of a new branch: smaller than its shortcut, so that maps do not outgrow the
reach of the sign's gradient."""


class BinaryTrunk(StyledLayer):
    """``maps + norm(binary convolution(sign(maps + threshold)))``, layer after layer.

    (Bi-Real Net, arXiv:1808.00278: a shortcut around each binary convolution, not around
    two, keeps the float values that a sign would lose.) Thresholds and scales belong to
    the style: which channels count as on is where styles differ most cheaply. A shift
    would only move the thresholds behind it, and a scale for each filter of the weights
    would be undone by the normalization; there is neither.

    All that is computed is what :func:`artem.runtime.xnor.binary_block` computes, in
    its order and precision, so that both agree to the last bit.

    Args:
        channels: best a multiple of 64.
        layers: binary convolutions, 3x3.
    """

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        self.channels = channels
        self.layers = nn.ModuleList(
            BinaryConv2d(channels, channels, weights=ste_sign, inputs=approx_sign)
            for _ in range(layers)
        )
        self.style_sizes = (channels, channels) * layers
        self.style_starts = (0.0, BRANCH_START) * layers

    def forward(self, maps: Tensor, style: Iterator[Tensor]) -> Tensor:
        """``style`` yields each layer's thresholds and scales, ``(N, C)``."""
        for layer in self.layers:
            threshold = next(style)[:, :, None, None]
            dots = layer(maps + threshold)
            maps = normalized_dots(dots, next(style)) + maps
        return maps

    def constrain(self) -> None:
        """After each optimizer step: see :meth:`BinaryConv2d.constrain`."""
        for layer in self.layers:
            assert isinstance(layer, BinaryConv2d)
            layer.constrain()


def normalized_dots(dots: Tensor, scale: Tensor, eps: float = EPS) -> Tensor:
    """Instance normalization of whole numbers, times a scale, as the kernels compute it.

    Sums of whole numbers are exact in float64, so gain and bias are the same whatever
    the order of summing; each is rounded to float32 once.

    Args:
        dots: ``(N, C, H, W)``.
        scale: ``(N, C)`` or ``(1, C)``.
    """
    # Apple's GPUs have no float64; what is trained there is rounded a little differently.
    precise = torch.float32 if dots.device.type == "mps" else torch.float64
    wide, pixels = dots.to(precise), dots.shape[2] * dots.shape[3]
    mean = wide.sum(dim=(2, 3)) / pixels
    variance = (wide.square().sum(dim=(2, 3)) / pixels - mean * mean).clamp_min(0)
    gain = scale.to(precise) / torch.sqrt(variance + eps)
    bias = (-gain * mean).float()
    return dots * gain.float()[:, :, None, None] + bias[:, :, None, None]
