"""An encoder that works tile by tile, so that a picture's size is not bounded by its graph."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from artem.learn.encoders import Encoder

GRID_PX = 32
"""Tiles begin at multiples of this, and so of every encoder's strides."""

PROBE_PX = 640


@dataclass(frozen=True)
class Span:
    """A tile along one side: it answers for ``[first, last)`` and reads ``[begin, end)``."""

    first: int
    last: int
    begin: int
    end: int
    is_last: bool

    def read(self, count: int, scale: int) -> slice:
        """Of the ``count`` features that this tile gives, those it answers for."""
        stop = count if self.is_last else min((self.last - self.begin) // scale, count)
        return slice(min((self.first - self.begin) // scale, stop), stop)


def spans(length: int, tile_px: int, halo_px: int) -> list[Span]:
    """Cut a side into tiles of about equal length, none above ``tile_px`` with its halo.

    ``tile_px`` holds for what a tile reads; it answers for at least ``GRID_PX``.
    """
    own = max(GRID_PX, (tile_px - 2 * halo_px) // GRID_PX * GRID_PX)
    if length <= tile_px:
        own = -(-length // GRID_PX) * GRID_PX
    count = max(1, -(-length // own))
    own = -(-length // (count * GRID_PX)) * GRID_PX
    starts = range(0, length, own)
    return [
        Span(
            first, min(first + own, length), max(0, first - halo_px),
            min(first + own + halo_px, length), first == starts[-1],
        )
        for first in starts
    ]  # fmt: skip


class TiledEncoder(Encoder):
    """Gives the features, and the gradient, that ``encoder`` gives, with a bounded graph.

    The picture passes through in overlapping tiles without a graph, and each
    leaves its part of the whole feature maps. In the backward pass each tile is
    encoded once more and handed its part of the maps' gradient. Losses see whole
    maps and so need not be sums over positions; the maps and their gradient are
    what memory is needed for, beside one tile's graph. Tiles overlap by as much
    as a feature sees (:func:`reach_px`), so the result is that of the whole
    picture but for the order in which float32 sums are taken.

    Args:
        encoder: frozen.
        tile_px: longest side that passes through at once.
    """

    def __init__(self, encoder: Encoder, tile_px: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.tile_px = tile_px
        self.name = encoder.name
        self.layers = encoder.layers
        self.content_layers = encoder.content_layers
        self.style_layers = encoder.style_layers
        self._halos: dict[tuple[str, ...], int] = {}

    def forward(self, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        if max(image.shape[-2:]) <= self.tile_px:
            return self.encoder(image, layers)
        names = tuple(layers)
        if names not in self._halos:
            self._halos[names] = reach_px(self.encoder, names)
        halo = self._halos[names]
        grid = [
            (down, right)
            for down in spans(image.shape[-2], self.tile_px, halo)
            for right in spans(image.shape[-1], self.tile_px, halo)
        ]
        maps = _Tiled.apply(image, self.encoder, names, grid)  # type: ignore[no-untyped-call]
        return dict(zip(names, maps, strict=True))


class _Tiled(torch.autograd.Function):
    """The features of a whole picture, tile by tile, forward and backward."""

    @staticmethod
    def forward(
        ctx: Any, image: Tensor, encoder: Encoder, layers: Sequence[str], grid: list[Tile]
    ) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(image)
        ctx.encoder, ctx.layers, ctx.grid = encoder, layers, grid
        whole: dict[str, Tensor] = {}
        for tile in reversed(grid):  # the last one knows how large the maps are
            features = encoder(_cut(image, tile), layers)
            for layer, maps, inner, outer in _parts(features, tile):
                if layer not in whole:
                    height, width = outer[-2].stop, outer[-1].stop
                    whole[layer] = maps.new_empty(*maps.shape[:2], height, width).contiguous(
                        memory_format=torch.channels_last
                    )
                whole[layer][outer] = maps[inner]
        return tuple(whole[layer] for layer in layers)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        (image,) = ctx.saved_tensors
        result = torch.zeros_like(image)
        wanted = dict(zip(ctx.layers, gradients, strict=True))
        layers = [layer for layer, gradient in wanted.items() if gradient is not None]
        for tile in ctx.grid if layers else ():
            part = _cut(image, tile).detach().requires_grad_()
            with torch.enable_grad():
                features = ctx.encoder(part, layers)
                cut = [
                    (maps[inner], wanted[layer][outer])
                    for layer, maps, inner, outer in _parts(features, tile)
                ]
            torch.autograd.backward([own for own, _ in cut], [share for _, share in cut])
            assert part.grad is not None
            _cut(result, tile).add_(part.grad)
        return result, None, None, None


Tile = tuple[Span, Span]
Cut = tuple[Any, slice, slice]


def _cut(image: Tensor, tile: Tile) -> Tensor:
    down, right = tile
    return image[..., down.begin : down.end, right.begin : right.end]


def _parts(features: dict[str, Tensor], tile: Tile) -> Iterator[tuple[str, Tensor, Cut, Cut]]:
    """Each layer's maps, what the tile answers for in them, and where that lies in the whole."""
    for layer, maps in features.items():
        inner, outer = [], []
        for span, count in zip(tile, maps.shape[-2:], strict=True):
            scale = scale_of(span.end - span.begin, count)
            read = span.read(count, scale)
            inner.append(read)
            shift = span.begin // scale
            outer.append(slice(read.start + shift, read.stop + shift))
        yield layer, maps, (..., inner[0], inner[1]), (..., outer[0], outer[1])


def scale_of(length_px: int, count: int) -> int:
    """How many pixels lie between two features, a power of two, of so many along a side."""
    return 1 << max(0, round(math.log2(length_px / count)))


def reach_px(encoder: Encoder, layers: Sequence[str]) -> int:
    """How far a feature sees at most, in pixels from its place, rounded up to ``GRID_PX``.

    Asked of the encoder itself: what a pixel that is no number makes no number
    has seen it. (Convolution, ReLU and pooling all pass it on.)
    """
    at = PROBE_PX // 2
    image = next(encoder.parameters()).new_zeros(1, 3, 2 * GRID_PX, PROBE_PX)
    image[..., at] = math.nan
    reach = 0
    with torch.no_grad():
        for maps in encoder(image, layers).values():
            scale = scale_of(PROBE_PX, maps.shape[-1])
            seen = maps[0].isnan().flatten(0, 1).any(dim=0).nonzero().flatten()
            if seen.numel():
                # The next feature on either side did not see it; in between lies the truth.
                left, right = (int(seen[0]) - 1) * scale, (int(seen[-1]) + 1) * scale
                reach = max(reach, right - at - 1, at - left - 1)
    return -(-reach // GRID_PX) * GRID_PX
