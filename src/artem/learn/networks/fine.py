"""The HPI network with conditional instance normalization: the best pictures, not in real time."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from artem.learn.networks.binary_trunk import TrunkNetwork
from artem.learn.networks.conditional import ConvNorm


class FineNet(TrunkNetwork):
    """Table 1 of the HPI report, layer by layer, for many styles: 154 kMAC a pixel.

    As :class:`~artem.learn.networks.transformer.TransformerNet`: 9x9 to 32 channels, 3x3
    stride 2 to 64 and 128, five residual blocks, nearest-neighbor upsampling and 3x3 to 64
    and 32, 9x9 to RGB; reflection padding everywhere. What differs: scales and shifts of the
    normalizations are the style's (with one style that is affine instance normalization, the
    same network); of the report's 1,676,035 weights in convolutions the 1,600 biases are
    missing that a normalization would remove; and the head is the one that all styled
    networks have.

    Args:
        width: channels at full size; 2 and 4 times as many at a half and a quarter.
        blocks: residual blocks.
        binary: channels of a trunk of binary convolutions, two for each block, between
            1x1 convolutions; 0 for a float trunk.
    """

    multiple = 4
    minimum = 32
    margin = 16

    def __init__(self, *, width: int = 32, blocks: int = 5, binary: int = 0) -> None:
        super().__init__()
        self.architecture = {"name": "fine", "width": width, "blocks": blocks, "binary": binary}
        deep = 4 * width
        self.stem = ConvNorm(3, width, 9)
        # Odd kernels at stride 2, as the report has them.
        self.to_half = ConvNorm(width, 2 * width, 3, stride=2)
        self.to_quarter = ConvNorm(2 * width, deep, 3, stride=2)
        self.set_up_trunk(deep, blocks, binary)
        self.up_to_half = ConvNorm(deep, 2 * width, 3, upsample=2)
        self.up_to_full = ConvNorm(2 * width, width, 3, upsample=2)
        self.head = ConvNorm(width, 3, 9, norm="none", relu=False)
        self.measure()

    def residual(self, image: Tensor, style: Iterator[Tensor]) -> Tensor:
        maps = self.to_quarter(self.to_half(self.stem(image, style), style), style)
        maps = self.through_trunk(maps, style)
        maps = self.up_to_full(self.up_to_half(maps, style), style)
        painted: Tensor = self.head(maps, style)
        return painted
