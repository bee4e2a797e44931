"""The packed product on a GPU, in Triton.

The same words as :mod:`artem.runtime.xnor.packing` has, taken as pairs of 32 bits. Bits
are counted by shifts and additions, which run in Triton's interpreter too
(``TRITON_INTERPRET=1``) and which a GPU's compiler may turn into its own instruction.
Checked in the interpreter against the NumPy reference, and on a GPU against float products.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from artem.core.errors import EngineError, NetworkError

try:
    import triton
    import triton.language as tl
except ImportError as error:
    raise EngineError(
        "Packed products on a GPU need Triton, which is not installed.\n"
        "  Install it with: pip install 'artem-style[triton]'"
    ) from error

PIXELS, OUTPUTS = 32, 32
"""What one program computes: so many output pixels by so many output channels."""


@triton.jit
def _count(bits):  # type: ignore[no-untyped-def]
    """Ones in each 32-bit word; a sign that a shift drags in falls to the masks."""
    bits = bits - ((bits >> 1) & 0x55555555)
    bits = (bits & 0x33333333) + ((bits >> 2) & 0x33333333)
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F
    bits = bits + (bits >> 8)
    bits = bits + (bits >> 16)
    return bits & 0x3F


@triton.jit  # type: ignore[untyped-decorator]
def _convolve(  # type: ignore[no-untyped-def]  # the compiler would take annotations for globals
    maps,
    weights,
    dots,
    pixels,
    height,
    width,
    out_height,
    out_width,
    channels,
    outputs,
    words: tl.constexpr,
    kernel_height: tl.constexpr,
    kernel_width: tl.constexpr,
    stride: tl.constexpr,
    reflect: tl.constexpr,
    block_pixels: tl.constexpr,
    block_outputs: tl.constexpr,
):
    pixel = tl.program_id(0) * block_pixels + tl.arange(0, block_pixels)
    output = tl.program_id(1) * block_outputs + tl.arange(0, block_outputs)
    image = pixel // (out_height * out_width)
    y = pixel // out_width % out_height
    x = pixel % out_width
    differing = tl.zeros((block_pixels, block_outputs), tl.int32)
    taps = tl.zeros((block_pixels,), tl.int32)
    for tap in range(kernel_height * kernel_width):
        row = y * stride + tap // kernel_width - (kernel_height - stride + 1) // 2
        column = x * stride + tap % kernel_width - (kernel_width - stride + 1) // 2
        if reflect:
            row = height - 1 - tl.abs(height - 1 - tl.abs(row))
            column = width - 1 - tl.abs(width - 1 - tl.abs(column))
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width) & (pixel < pixels)
        taps += inside.to(tl.int32)
        place = ((image * height + row) * width + column) * words
        filters = (output * kernel_height * kernel_width + tap) * words
        for word in range(words):
            theirs = tl.load(maps + place + word, mask=inside, other=0)
            ours = tl.load(weights + filters + word, mask=output < outputs, other=0)
            count = _count(theirs[:, None] ^ ours[None, :])
            differing += tl.where(inside[:, None], count, 0)
    result = taps[:, None] * channels - 2 * differing
    kept = (pixel < pixels)[:, None] & (output < outputs)[None, :]
    tl.store(dots + pixel[:, None] * outputs + output[None, :], result, mask=kept)


def words_tensor(words: NDArray[np.uint64], device: str | torch.device | None = None) -> Tensor:
    """Packed words ``(..., words)`` as int32 ``(..., 2 * words)``, as these kernels read them."""
    return torch.from_numpy(np.ascontiguousarray(words).view(np.int32)).to(device)


def packed_convolution(
    packed: Tensor, weights: Tensor, channels: int, *, stride: int = 1, border: str = "reflect"
) -> Tensor:
    """Dot products of signs under a kernel; what the reference's ``convolve`` computes.

    Args:
        packed: int32 ``(N, H, W, 2 * words)``, from :func:`words_tensor`; bits beyond
            the last channel are 0.
        weights: int32 ``(out, kh, kw, 2 * words)``.
        channels: of the input.
        stride: 1 or 2.
        border: ``reflect`` or ``zero``.

    Returns:
        int32 ``(N, H', W', out)``.

    Raises:
        NetworkError: shapes or types that do not fit together.
    """
    for tensor in (packed, weights):
        if tensor.ndim != 4 or tensor.dtype != torch.int32 or tensor.shape[3] != packed.shape[3]:
            raise NetworkError(
                f"Words of shape {tuple(tensor.shape)} ({tensor.dtype}) cannot be multiplied.\n"
                "  Hand in int32, (N, H, W, words) and (out, height, width, words)."
            )
    if stride not in (1, 2) or border not in ("reflect", "zero"):
        raise NetworkError(
            f"There is no packed convolution of stride {stride} and border '{border}'.\n"
            "  Use a stride of 1 or 2, and reflect or zero."
        )
    images, height, width, words = packed.shape
    outputs, kernel_height, kernel_width, _ = weights.shape
    out_height, out_width = (
        (side + 2 * ((kernel - stride + 1) // 2) - kernel) // stride + 1
        for side, kernel in ((height, kernel_height), (width, kernel_width))
    )
    pixels = images * out_height * out_width
    dots = torch.empty(
        (images, out_height, out_width, outputs), dtype=torch.int32, device=packed.device
    )
    grid = (triton.cdiv(pixels, PIXELS), triton.cdiv(outputs, OUTPUTS))
    _convolve[grid](
        packed.contiguous(), weights.contiguous(), dots, pixels, height, width, out_height,
        out_width, channels, outputs, words, kernel_height, kernel_width, stride,
        border == "reflect", PIXELS, OUTPUTS,
    )  # fmt: skip
    return dots


def packed_gemm(left: Tensor, right: Tensor, bits: int) -> Tensor:
    """Products of rows of signs: ``(M, 2 * words)`` and ``(N, 2 * words)`` to int32 ``(M, N)``.

    Args:
        bits: signs in a row.
    """
    product = packed_convolution(left[None, :, None], right[:, None, None], bits)
    return product.view(len(left), len(right))
