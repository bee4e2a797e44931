"""Binary networks: convolutions of signs, by XNOR and popcount on packed bits.

:mod:`packing` says how bits lie and :mod:`reference` what is computed; networks are made of
:mod:`convolution` and :mod:`block`; :mod:`dispatch` chooses the compiled code that runs them.
"""

from artem.runtime.xnor.block import BinaryLayer, binary_block, binary_layer
from artem.runtime.xnor.convolution import (
    BinaryConvolution,
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
