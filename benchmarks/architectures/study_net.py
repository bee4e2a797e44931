"""The slim network with other parts, one of which changes at a time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from artem.learn.networks.conditional import (
    ConvNorm,
    Grain,
    StyledNetwork,
    residual_blocks,
    through,
)
from artem.learn.networks.slim import level_shuffle, smooth_shuffle

STEMS = ("overlapping", "cells", "steps")
OUTPUTS = ("shuffle", "nearest", "shuffle4", "affine")
NORMS = ("all", "trunk", "alternate")
ENLARGINGS = ("none", "learned", "bilinear")


class StudyNet(StyledNetwork):
    """:class:`~artem.learn.networks.slim.SlimNet` whose parts can be exchanged.

    With the defaults it is that network, weight by weight and name by name.

    Args:
        stem, trunk, half, blocks, refine, grain: as in ``SlimNet``; ``trunk`` channels
            stand at ``1 / trunk_at``. At a quarter they are the stem's.
        entry: ``overlapping``, a convolution 8x8 at stride 4; ``cells``, one 4x4 at
            stride 4, which is a matrix product over space-to-depth; ``steps``, two
            4x4 at stride 2, with ``half`` channels between them.
        trunk_at: 4, 8 or 16. At 4 a 3x3 takes the grain in and nothing goes down or up;
            at 16 there is a step more on either side, ``eighth`` channels between them.
        eighth: channels at an eighth where the trunk is at a sixteenth.
        output: ``shuffle``, nearest x2, 3x3, then 3x3 and pixel shuffle x2; ``nearest``,
            twice nearest x2 and 3x3; ``shuffle4``, one 3x3 and pixel shuffle x4;
            ``affine``, a 3x3 at half the size gives 12 coefficients for each place, which
            are enlarged bilinearly and make each pixel's color from its own in the frame
            (the slicing of Gharbi et al., arXiv:1707.02880, without its third axis).
        norms: which convolutions are normalized: ``all`` but the head's; ``trunk``, not
            those of the refining blocks; ``alternate``, of the trunk's blocks the second
            of the two only.
        enlarging: where this is not ``none``, the network works on the frame at half its
            size, four pixels averaged, and its picture is enlarged: ``learned``, by two 3x3
            and a pixel shuffle that see the frame itself, as cells of 2x2 pixels, beside
            ``half / 2`` channels of the network's; ``bilinear``, by interpolation alone.
    """

    minimum = 32
    margin = 16

    def __init__(
        self,
        *,
        stem: int = 32,
        trunk: int = 64,
        half: int = 16,
        blocks: int = 3,
        refine: int = 2,
        grain: int = 2,
        entry: str = "overlapping",
        trunk_at: int = 8,
        eighth: int = 64,
        output: str = "shuffle",
        norms: str = "all",
        enlarging: str = "none",
    ) -> None:
        super().__init__()
        assert entry in STEMS and output in OUTPUTS and norms in NORMS and enlarging in ENLARGINGS
        assert trunk_at in (8, 16) or (trunk_at == 4 and trunk == stem)
        self.architecture = {
            "name": "study", "stem": stem, "trunk": trunk, "half": half, "blocks": blocks,
            "refine": refine, "grain": grain, "entry": entry, "trunk_at": trunk_at,
            "eighth": eighth, "output": output, "norms": norms, "enlarging": enlarging,
        }  # fmt: skip
        self.trunk_at, self.output, self.enlarging = trunk_at, output, enlarging
        self.multiple = max(8, trunk_at) * (1 if enlarging == "none" else 2)
        assert self.multiple <= self.margin
        if entry == "steps":
            self.first = ConvNorm(3, half, 4, stride=2)
        self.stem = {
            "overlapping": lambda: ConvNorm(3, stem, 8, stride=4),
            "cells": lambda: ConvNorm(3, stem, 4, stride=4),
            "steps": lambda: ConvNorm(half, stem, 4, stride=2),
        }[entry]()
        self.grain = Grain(grain) if grain else None
        if trunk_at == 4:
            self.enter = ConvNorm(stem + grain, stem, 3)
        else:
            above = trunk if trunk_at == 8 else eighth
            self.down = ConvNorm(stem + grain, above, 4, stride=2)
        if trunk_at == 16:
            self.deeper = ConvNorm(eighth, trunk, 4, stride=2)
        always, none = "conditional", "none"
        self.trunk = residual_blocks(
            trunk, blocks, (none if norms == "alternate" else always, always)
        )
        if trunk_at == 16:
            self.higher = ConvNorm(trunk, eighth, 3, upsample=2)
        if trunk_at != 4:
            self.up = ConvNorm(above, stem, 3, upsample=2)
        refining = none if norms == "trunk" else always
        self.refine = residual_blocks(stem, refine, (refining, refining))
        self._set_up_output(stem, half)
        self.measure()

    def _set_up_output(self, stem: int, half: int) -> None:
        self.shuffles: tuple[tuple[nn.Conv2d, int], ...] = ()
        if self.output == "shuffle4":
            self.to_full = ConvNorm(stem, 16 * 3, 3, norm="none", relu=False)
            self.shuffles = ((self.to_full.conv, 4),)
        else:
            self.to_half = ConvNorm(stem, half, 3, upsample=2, norm="none")
        if self.output == "nearest":
            self.to_full = ConvNorm(half, 3, 3, upsample=2, norm="none", relu=False)
        elif self.output == "affine":
            self.to_full = ConvNorm(half, 12, 3, norm="none", relu=False)
        elif self.output == "shuffle":
            channels = half // 2 if self.enlarging == "learned" else 3
            self.to_full = ConvNorm(half, 4 * channels, 3, norm="none", relu=False)
            self.shuffles = ((self.to_full.conv, 2),)
        if self.enlarging == "learned":
            assert self.output == "shuffle"
            self.beside = ConvNorm(half // 2 + 12, half, 3, norm="none")
            self.enlarge = ConvNorm(half, 12, 3, norm="none", relu=False)
            self.shuffles += ((self.enlarge.conv, 2),)
        for convolution, factor in self.shuffles:
            smooth_shuffle(convolution, factor)

    def residual(self, image: Tensor, style: Iterator[Tensor]) -> Tensor:
        if self.enlarging == "none":
            return self._painted(image, style)
        painted = self._painted(F.avg_pool2d(image, 2), style)
        if self.enlarging == "bilinear":
            return F.interpolate(painted, scale_factor=2, mode="bilinear", align_corners=False)
        cells = F.pixel_unshuffle(image, 2).to(painted.dtype)
        maps = self.beside(torch.cat([painted, cells], dim=1), style)
        return F.pixel_shuffle(self.enlarge(maps, style), 2)

    def _painted(self, image: Tensor, style: Iterator[Tensor]) -> Tensor:
        maps = self.first(image, style) if hasattr(self, "first") else image
        quarter = self.stem(maps, style)
        maps = self.grain(quarter, style) if self.grain else quarter
        maps = self.enter(maps, style) if self.trunk_at == 4 else self.down(maps, style)
        eighth = maps
        if self.trunk_at == 16:
            maps = self.deeper(maps, style)
        maps = through(self.trunk, maps, style)
        if self.trunk_at == 16:
            maps = self.higher(maps, style) + eighth
        if self.trunk_at != 4:
            maps = self.up(maps, style) + quarter
        maps = through(self.refine, maps, style)
        if self.output == "shuffle4":
            return F.pixel_shuffle(self.to_full(maps, style), 4)
        maps = self.to_full(self.to_half(maps, style), style)
        if self.output == "affine":
            return _transformed(maps, image)
        return F.pixel_shuffle(maps, 2) if self.output == "shuffle" else maps

    def constrain(self) -> None:
        for convolution, factor in self.shuffles:
            level_shuffle(convolution, factor)


def _transformed(coefficients: Tensor, image: Tensor) -> Tensor:
    """Each pixel's color through the affine map of its place.

    Args:
        coefficients: ``(N, 12, H/2, W/2)``: for red, green and blue three factors and
            a constant each.
        image: ``(N, 3, H, W)``.
    """
    enlarged = F.interpolate(coefficients, scale_factor=2, mode="bilinear", align_corners=False)
    red, green, blue = (image[:, index : index + 1].to(enlarged.dtype) for index in range(3))
    # Factors of one color stand together, so that the sum is three products of three channels.
    by_red, by_green, by_blue, constant = torch.split(enlarged, 3, dim=1)
    return by_red * red + by_green * green + by_blue * blue + constant
