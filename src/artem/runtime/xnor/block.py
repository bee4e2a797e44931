"""Binary layers with instance normalization, and residual blocks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from artem.runtime.xnor.arrays import Room, checked_out, checked_residual, per_channel
from artem.runtime.xnor.convolution import BinaryConvolution, sign_pack
from artem.runtime.xnor.packing import Maps, Words, words_for
from artem.runtime.xnor.reference import Finishing, instance_norm


@dataclass(frozen=True)
class BinaryLayer:
    """Signs in, a binary convolution, instance normalization, a style's scale and shift.

    Attributes:
        convolution: its ``alpha`` counts before the normalization.
        scale, shift: the style's, a number, ``(out,)`` or ``(N, out)``.
        input_scale, input_shift: the layer sees the signs of ``maps * input_scale +
            input_shift``; a number, ``(C,)`` or ``(N, C)``.
        eps: added to the variance.
    """

    convolution: BinaryConvolution
    scale: ArrayLike = 1.0
    shift: ArrayLike = 0.0
    input_scale: ArrayLike = 1.0
    input_shift: ArrayLike = 0.0
    eps: float = 1e-5


def binary_layer(
    layer: BinaryLayer,
    packed: Words,
    *,
    residual: Maps | None = None,
    out: Maps | None = None,
    following: BinaryLayer | None = None,
    room: Room | None = None,
    threads: int = 1,
) -> tuple[Maps, Words | None]:
    """``residual + norm(alpha * convolution(packed)) * scale + shift``.

    Memory is passed over twice: the convolution leaves 16-bit dots and their sums, then
    one pass normalizes, adds and packs the signs that the following layer needs.

    Args:
        packed: the layer's input, ``(N, H, W, words)``.
        residual: ``(N, H', W', out)``, or none.
        out: where to write; may be ``residual`` itself.
        following: whose input signs are wanted as well.
        room: for what lies between, and the signs, until its next use.

    Returns:
        float32 ``(N, H', W', out)``, and the packed signs for ``following``.
    """
    convolution, room = layer.convolution, room or Room()
    dots, sums = convolution.dots(packed, room=room, threads=threads)
    gain, bias = instance_norm(
        sums,
        dots.shape[1] * dots.shape[2],
        convolution.alpha,
        per_channel(layer.scale, dots),
        per_channel(layer.shift, dots),
        layer.eps,
    )
    if out is None:
        out = np.empty(dots.shape, np.float32)
    words, next_scale, next_shift = None, None, None
    if following is not None:
        words = room.array("words", (*dots.shape[:3], words_for(dots.shape[3])), np.uint64)
        next_scale = per_channel(following.input_scale, dots)
        next_shift = per_channel(following.input_shift, dots)
    finishing = Finishing(
        gain,
        bias,
        residual=None if residual is None else checked_residual(residual, dots.shape),
        out=checked_out(out, dots.shape),
        next_scale=next_scale,
        next_shift=next_shift,
        words=words,
    )
    convolution.kernels.finish(dots, finishing, threads)
    return out, words


def binary_block(
    maps: Maps,
    layers: Sequence[BinaryLayer],
    *,
    out: Maps | None = None,
    room: Room | None = None,
    threads: int = 1,
) -> Maps:
    """Binary layers in a row, each added to what came in (Bi-Real Net, arXiv:1808.00278).

    ``maps`` becomes ``maps + layer(sign(maps * input_scale + input_shift))``, layer after
    layer. Any number of them: a residual block, or a whole trunk.

    Args:
        maps: ``(N, H, W, C)``, float32; left as it is.
        layers: each keeps the shape.
        out: where to write.
        room: for what lies between; handed in anew, it saves memory from being made.
    """
    if not layers:
        return maps
    first, room = layers[0], room or Room()
    residual = maps
    packed: Words | None = sign_pack(
        maps,
        first.input_scale,
        first.input_shift,
        kernels=first.convolution.kernels,
        threads=threads,
    )
    for layer, following in zip(layers, [*layers[1:], None], strict=True):
        assert packed is not None
        residual, packed = binary_layer(
            layer, packed, residual=residual, out=out, following=following,
            room=room, threads=threads,
        )  # fmt: skip
        out = residual
    return residual
