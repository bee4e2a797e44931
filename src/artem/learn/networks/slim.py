"""The slim family: a strided stem, a narrow trunk at an eighth of the size, a two-step head."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from artem.learn.networks.binary_trunk import TrunkNetwork
from artem.learn.networks.conditional import (
    ConvNorm,
    Grain,
    residual_blocks,
    through,
)


class SlimNet(TrunkNetwork):
    """A style transfer network of about 9 kMAC a pixel (154 in the HPI network).

    ========  ==========================================  =========  ===========
    stage     layer                                       channels   size
    ========  ==========================================  =========  ===========
    stem      8x8 convolution, stride 4, norm             3 -> 32    1/4
    grain     fixed noise beside the maps                 + 2        1/4
    down      4x4 convolution, stride 2, norm             34 -> 64   1/8
    trunk     residual blocks of two 3x3, norm            64         1/8
    up        nearest x2, 3x3, norm, plus the stem's      64 -> 32   1/4
    refine    residual blocks of two 3x3                  32         1/4
    head      nearest x2, 3x3; 3x3, pixel shuffle         32 -> 16   1/2, 1
    ========  ==========================================  =========  ===========

    Large kernels at small strides were measured to cost the same as small
    ones in a stem this wide; they overlap, which softens the stride's grid. The
    head has no normalization, so nothing at half and full size is read twice.

    Args:
        stem: channels at a quarter of the size.
        trunk: channels at an eighth.
        half: channels at half the size, in the head.
        blocks: residual blocks in the trunk.
        refine: residual blocks after it, at a quarter of the size: an eighth is too
            coarse for the ends of strokes.
        grain: channels of fixed noise, from which the trunk paints flat areas.
        binary: channels of a trunk of binary convolutions, two for each block, between
            1x1 convolutions from and to ``trunk`` channels; 0 for a float trunk.
    """

    multiple = 8
    minimum = 32
    margin = 16
    grain_px = 4
    """So many pixels are one position of the grain, behind the stem's stride."""

    def __init__(
        self,
        *,
        stem: int = 32,
        trunk: int = 64,
        half: int = 16,
        blocks: int = 3,
        refine: int = 2,
        grain: int = 2,
        binary: int = 0,
    ) -> None:
        super().__init__()
        self.architecture = {
            "name": "slim", "stem": stem, "trunk": trunk, "half": half, "blocks": blocks,
            "refine": refine, "grain": grain, "binary": binary,
        }  # fmt: skip
        self.stem = ConvNorm(3, stem, 8, stride=4)
        self.grain = Grain(grain) if grain else None
        self.down = ConvNorm(stem + grain, trunk, 4, stride=2)
        self.set_up_trunk(trunk, blocks, binary)
        self.up = ConvNorm(trunk, stem, 3, upsample=2)
        self.refine = residual_blocks(stem, refine)
        self.to_half = ConvNorm(stem, half, 3, upsample=2, norm="none")
        self.to_full = ConvNorm(half, 4 * 3, 3, norm="none", relu=False)
        smooth_shuffle(self.to_full.conv, 2)
        self.measure()

    def residual(self, image: Tensor, style: Iterator[Tensor]) -> Tensor:
        maps = self.maps(self.stem(image, style), style)
        return F.pixel_shuffle(self.to_full(self.to_half(maps, style), style), 2)

    def maps(
        self, quarter: Tensor, style: Iterator[Tensor], offset: Tensor | None = None
    ) -> Tensor:
        """From the stem's maps to those that the head takes, both ``(N, stem, H/4, W/4)``.

        ``offset`` is that of the grain, where it is not the grain's own.
        """
        maps = self.grain(quarter, style, offset) if self.grain else quarter
        maps = self.down(maps, style)
        maps = self.through_trunk(maps, style)
        maps = self.up(maps, style) + quarter
        return through(self.refine, maps, style)

    def constrain(self) -> None:
        super().constrain()
        level_shuffle(self.to_full.conv, 2)


def smooth_shuffle(convolution: nn.Conv2d, factor: int) -> None:
    """Start all sub-pixels of a pixel shuffle alike, so that none draws a grid.

    (ICNR, Aitken et al., arXiv:1707.02937.)
    """
    weight = convolution.weight.data
    weight.copy_(weight[:: factor**2].repeat_interleave(factor**2, dim=0))
    if convolution.bias is not None:
        bias = convolution.bias.data
        bias.copy_(bias[:: factor**2].repeat_interleave(factor**2))


@torch.no_grad()
def level_shuffle(convolution: nn.Conv2d, factor: int) -> None:
    """Let all sub-pixels of a pixel shuffle answer a flat area alike, so that none draws a grid.

    For each output and input channel, the kernels of the sub-pixels get the same
    sum. (The condition of Sugawara et al., arXiv:1806.02658, imposed on the
    weights instead of by a filter behind them.)
    """
    weight = torch.unflatten(convolution.weight, 0, (-1, factor**2))
    sums = weight.sum(dim=(-2, -1), keepdim=True)
    weight += (sums.mean(dim=1, keepdim=True) - sums) / weight[0, 0, 0].numel()
    if convolution.bias is not None:
        bias = torch.unflatten(convolution.bias, 0, (-1, factor**2))
        bias.copy_(bias.mean(dim=1, keepdim=True).expand_as(bias))
