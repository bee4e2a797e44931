"""Binary networks: convolutions of signs, by XNOR and popcount on packed bits.

:mod:`packing` says how bits lie, :mod:`reference` what is computed, :mod:`convolution`
is what a network is made of, :mod:`dispatch` chooses the compiled code that runs it.
"""

from artem.runtime.xnor.convolution import (
    BinaryConvolution,
    BinaryLayer,
    binary_block,
    binary_layer,
    sign_pack,
    sign_pack_with_magnitudes,
)
from artem.runtime.xnor.dispatch import Kernels, best_kernels, kernels
from artem.runtime.xnor.packing import pack_signs, pack_weights, unpack_signs, words_for

__all__ = [
    "BinaryConvolution",
    "BinaryLayer",
    "Kernels",
    "best_kernels",
    "binary_block",
    "binary_layer",
    "kernels",
    "pack_signs",
    "pack_weights",
    "sign_pack",
    "sign_pack_with_magnitudes",
    "unpack_signs",
    "words_for",
]
