"""Packed products for training: one-bit gradients go back by the kernels that go forward."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from artem.learn.binary import BinaryConv2d
from artem.runtime.xnor import BinaryConvolution, sign_pack


def packed_product(gradient: Tensor, weights: Tensor) -> Tensor:
    """The full convolution of signs, ``conv_transpose2d``, by XNOR and population count.

    The kernels' border ``zero`` gives all of it but a frame as wide as half the kernel;
    there the taps beyond the gradient outnumber the others, and it is computed in float.
    Every number is whole and exact.

    Args:
        gradient: ``(N, out, H, W)``, +1 and -1, on the CPU; without a copy where channels
            come last in memory.
        weights: ``(out, C, k, k)``, +1 and -1; k odd.

    Returns:
        ``(N, C, H + k - 1, W + k - 1)``, channels last in memory.
    """
    images, _, height, width = gradient.shape
    kernel = weights.shape[2]
    edge = (kernel - 1) // 2
    if kernel % 2 == 0 or kernel != weights.shape[3] or gradient.device.type != "cpu":
        return F.conv_transpose2d(gradient, weights)
    turned = weights.transpose(0, 1).flip(2, 3)
    convolution = BinaryConvolution.from_weights(_array(turned), 1.0, border="zero")
    dots = convolution(_packed(gradient), threads=torch.get_num_threads())
    inside = torch.from_numpy(dots).permute(0, 3, 1, 2).to(gradient.dtype)
    if not edge:
        return inside
    full = gradient.new_empty(
        (images, weights.shape[1], height + 2 * edge, width + 2 * edge),
    ).to(memory_format=torch.channels_last)
    full[:, :, edge:-edge, edge:-edge] = inside
    first, last = slice(None, edge), slice(-edge, None)
    for side in (first, last):  # rows, then columns; each needs the kernel's outer taps only
        rows = F.conv_transpose2d(gradient[:, :, side], weights[:, :, side])
        full[:, :, side] = rows[:, :, side]
        columns = F.conv_transpose2d(gradient[..., side], weights[..., side])
        full[..., side] = columns[..., side]
    return full


def use_packed_gradients(network: nn.Module, bits: int | None = 1) -> int:
    """Let every binary convolution reduce its gradient, and multiply signs by our kernels.

    Args:
        bits: of the gradients; only one bit is multiplied by the kernels. ``None`` gives
            float gradients back.

    Returns:
        How many layers there were.
    """
    layers = [module for module in network.modules() if isinstance(module, BinaryConv2d)]
    for layer in layers:
        layer.gradient_bits = bits
        layer.product = packed_product
    return len(layers)


def _packed(signs: Tensor) -> NDArray[np.uint64]:
    return sign_pack(_array(signs.permute(0, 2, 3, 1)), threads=torch.get_num_threads())


def _array(tensor: Tensor) -> NDArray[np.float32]:
    """The tensor's own memory where it is contiguous."""
    array: NDArray[np.float32] = tensor.detach().float().contiguous().numpy()
    return array
