"""A trunk of binary convolutions, each with a float shortcut around it, and who may have one."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from artem.learn.binary import BinaryConv2d, approx_sign, ste_sign
from artem.learn.networks.conditional import (
    ConvNorm,
    StyledLayer,
    StyledNetwork,
    residual_blocks,
    through,
)

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


class TrunkNetwork(StyledNetwork):
    """A network around a trunk that is float or binary."""

    trunk: nn.Module
    widen: ConvNorm
    narrow: ConvNorm

    def set_up_trunk(self, channels: int, blocks: int, binary: int) -> None:
        """Set up the trunk, where it stands among the layers.

        Args:
            channels: of the maps that come in and go out.
            blocks: residual blocks of two 3x3 convolutions.
            binary: channels of a trunk of binary convolutions, two for each block, between
                1x1 convolutions; 0 for a float trunk.
        """
        if not binary:
            self.trunk = residual_blocks(channels, blocks)
            return
        # No ReLU in front of the trunk: it would leave nothing below 0 for the signs.
        self.widen = ConvNorm(channels, binary, 1, relu=False)
        self.trunk = BinaryTrunk(binary, 2 * blocks)
        self.narrow = ConvNorm(binary, channels, 1)

    def through_trunk(self, maps: Tensor, style: Iterator[Tensor]) -> Tensor:
        """``(N, channels, H, W)`` to the same; ``style`` yields what is still to be used."""
        if isinstance(self.trunk, nn.ModuleList):
            return through(self.trunk, maps, style)
        narrowed: Tensor = self.narrow(self.trunk(self.widen(maps, style), style), style)
        return narrowed

    def constrain(self) -> None:
        if isinstance(self.trunk, BinaryTrunk):
            self.trunk.constrain()
