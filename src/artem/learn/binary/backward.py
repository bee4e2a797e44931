"""XNOR in the backward pass: a gradient of one bit goes back through binary weights.

The gradient of a convolution's input is a convolution too, of the output's gradient
with the weights turned round. Where both are signs, times one number for each picture
and one for the layer, it is the same product that runs the network forward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.grad import conv2d_input, conv2d_weight

from artem.learn.binary.dorefa import check_bits, largest_magnitudes, quantize_gradient
from artem.learn.binary.signs import signs_of

Product = Callable[[Tensor, Tensor], Tensor]
"""Signs ``(N, out, H, W)`` and ``(out, C, kh, kw)``, +1 and -1, to their full convolution
``(N, C, H + kh - 1, W + kw - 1)``, what ``conv_transpose2d`` gives.

:func:`artem.export.packed_gradients.packed_product` counts bits for it.
"""


class _BinaryGradientConv(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        maps: Tensor,
        weights: Tensor,
        stride: int,
        bits: int,
        product: Product,
        generator: torch.Generator | None,
    ) -> Tensor:
        ctx.save_for_backward(maps, weights)
        ctx.stride, ctx.bits, ctx.product, ctx.generator = stride, bits, product, generator
        return F.conv2d(maps, weights, stride=stride)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        maps, weights = ctx.saved_tensors
        gradient = quantize_gradient(gradient, ctx.bits, ctx.generator)
        for_maps = for_weights = None
        if ctx.needs_input_grad[0]:
            for_maps = _input_gradient(
                gradient, weights, maps, ctx.stride, ctx.product if ctx.bits == 1 else None
            )
        if ctx.needs_input_grad[1]:
            for_weights = conv2d_weight(  # type: ignore[no-untyped-call]
                maps, weights.shape, gradient, stride=ctx.stride
            )
        return for_maps, for_weights, None, None, None, None


def binary_gradient_conv2d(
    maps: Tensor,
    weights: Tensor,
    *,
    stride: int = 1,
    bits: int = 1,
    product: Product = F.conv_transpose2d,
    generator: torch.Generator | None = None,
) -> Tensor:
    """A convolution whose output's gradient is reduced to a few bits before it goes on.

    Forward: ``conv2d(maps, weights)``, without padding.
    Gradient: that of the convolution at
    :func:`~artem.learn.binary.dorefa.quantize_gradient` of what arrives. With one bit
    and weights of one magnitude, the maps' part is ``m * a * product(signs, signs)``,
    ``m`` the picture's largest gradient and ``a`` the weights' magnitude; otherwise it
    is computed in float. The weights' part is always float: its sums run over all
    positions of a batch, more than the packed product's 16 bits count.

    (DoReFa-Net, arXiv:1606.06160, section 2.5.)

    Args:
        maps: ``(N, C, H, W)``, padded already.
        weights: ``(out, C, kh, kw)``.
        bits: of the gradient.
        product: what multiplies the signs.
        generator: of the gradient's noise; PyTorch's own when ``None``.
    """
    check_bits(bits)
    return _BinaryGradientConv.apply(  # type: ignore[no-any-return, no-untyped-call]
        maps, weights, stride, bits, product, generator
    )


def _input_gradient(
    gradient: Tensor, weights: Tensor, maps: Tensor, stride: int, product: Product | None
) -> Tensor:
    magnitude = weights.abs().amax()
    if product is None or stride != 1 or not bool((weights.abs() == magnitude).all()):
        return conv2d_input(  # type: ignore[no-any-return, no-untyped-call]
            maps.shape, weights, gradient, stride=stride
        )
    return product(signs_of(gradient), signs_of(weights)) * (
        largest_magnitudes(gradient) * magnitude
    )
