"""One bit for each value: how signs lie in 64-bit words.

Channels come last and 64 of them share a word: bit ``i`` of word ``w`` is channel
``64 * w + i``, 1 where the value is >= 0 (so the sign of zero is +1, of -0.0 as well)
and 0 where it is below, or not a number. Bits beyond the last channel are 0; nothing
ever reads them.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from artem.core.errors import NetworkError

WORD = 64
"""Channels in a word."""

Words = NDArray[np.uint64]
Maps = NDArray[np.float32]


def words_for(channels: int) -> int:
    """How many words hold so many channels."""
    return -(-channels // WORD)


def pack_signs(values: NDArray[np.floating]) -> Words:
    """Signs of ``(..., C)`` as ``(..., words_for(C))``."""
    bits = np.packbits(values >= 0, axis=-1, bitorder="little")
    full = np.zeros((*values.shape[:-1], 8 * words_for(values.shape[-1])), np.uint8)
    full[..., : bits.shape[-1]] = bits
    words = full.view(np.uint64)
    return words if sys.byteorder == "little" else words.byteswap()


def unpack_signs(words: Words, channels: int) -> Maps:
    """+1 and -1, ``(..., channels)``, of ``(..., words_for(channels))``."""
    if sys.byteorder != "little":
        words = words.byteswap()
    bytes_ = np.ascontiguousarray(words).view(np.uint8)
    bits = np.unpackbits(bytes_, axis=-1, count=channels, bitorder="little")
    return bits.astype(np.float32) * 2 - 1


def pack_weights(weights: NDArray[np.floating]) -> Words:
    """A convolution's weights ``(out, channels, kh, kw)``, as ``(out, kh, kw, words)``.

    Raises:
        NetworkError: there are not four dimensions, or one of them is empty.
    """
    if weights.ndim != 4 or 0 in weights.shape:
        raise NetworkError(
            f"Weights of shape {weights.shape} are no convolution's.\n"
            "  Hand them in as (out, channels, height, width)."
        )
    return pack_signs(weights.transpose(0, 2, 3, 1))
