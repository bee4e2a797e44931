"""The Triton kernels, by the interpreter where there is no GPU, against the reference."""

import os

import numpy as np
import pytest
import torch

from artem.core.errors import NetworkError
from artem.runtime.xnor import pack_signs, pack_weights
from artem.runtime.xnor.geometry import Geometry
from artem.runtime.xnor.reference import Reference

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"
pytest.importorskip("triton", reason="Triton is not installed (pip install 'artem-style[triton]')")

from artem.learn.binary.triton import (
    packed_convolution,
    packed_gemm,
    words_tensor,
)

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.mark.parametrize("border", ["reflect", "zero"])
@pytest.mark.parametrize(
    ("channels", "outputs", "kernel", "stride"),
    [(1, 1, 1, 1), (64, 33, 3, 1), (70, 3, 4, 2)],
)
def test_dots_are_the_reference_s(
    channels: int, outputs: int, kernel: int, stride: int, border: str
) -> None:
    draw = np.random.default_rng(0)
    maps = draw.standard_normal((2, 6, 7, channels), np.float32)
    weights = draw.standard_normal((outputs, channels, kernel, kernel), np.float32)
    geometry = Geometry(channels, outputs, kernel, kernel, stride, border)
    expected = np.zeros((2, *geometry.output_size(6, 7), outputs), np.int16)
    reference, packed = Reference(), pack_signs(maps)
    sums = np.zeros((2, 2, outputs), np.int64)
    arranged = reference.arrange(pack_weights(weights), geometry)
    reference.convolve(arranged, geometry, packed, expected, sums, 1)
    found = packed_convolution(
        words_tensor(packed, DEVICE),
        words_tensor(pack_weights(weights), DEVICE),
        channels,
        stride=stride,
        border=border,
    )
    np.testing.assert_array_equal(found.cpu().numpy(), expected)


@pytest.mark.parametrize("bits", [63, 130])
def test_a_product_of_matrices(bits: int) -> None:
    draw = np.random.default_rng(bits)
    left, right = (draw.standard_normal((rows, bits), np.float32) for rows in (37, 5))
    found = packed_gemm(
        words_tensor(pack_signs(left), DEVICE), words_tensor(pack_signs(right), DEVICE), bits
    )
    signs = [np.where(matrix >= 0, 1, -1) for matrix in (left, right)]
    np.testing.assert_array_equal(found.cpu().numpy(), signs[0] @ signs[1].T)


def test_what_does_not_fit_is_refused() -> None:
    words = torch.zeros(1, 4, 4, 2, dtype=torch.int32)
    with pytest.raises(NetworkError, match="int32"):
        packed_convolution(words.long(), words, 64)
    with pytest.raises(NetworkError, match="stride of 1 or 2"):
        packed_convolution(words, words, 64, stride=3)
