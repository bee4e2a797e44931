"""Whether kernels compute here what they should: asked before they are first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from artem.runtime.xnor.geometry import Geometry
from artem.runtime.xnor.packing import words_for
from artem.runtime.xnor.reference import Finishing, Reference

if TYPE_CHECKING:
    from artem.runtime.xnor.dispatch import Kernels


def equals_reference(kernels: Kernels) -> bool:
    """Whether some small random layers come out as the reference has them; takes milliseconds.

    A CPU that says it has instructions which then compute something else was never seen, but
    some of these instruction sets were not at hand when the kernels were written.
    """
    draw = np.random.default_rng(0)
    for channels, outputs, kernel, stride, border in (
        (70, 150, 3, 1, "zero"),
        (200, 37, 3, 2, "reflect"),
        (520, 64, 1, 1, "zero"),
    ):
        geometry = Geometry(channels, outputs, kernel, kernel, stride, border)
        maps = draw.standard_normal((2, 6, 7, channels), np.float32)
        scale = draw.standard_normal((2, channels), np.float32)
        weights = draw.integers(
            0, 2**64, (outputs, kernel, kernel, words_for(channels)), dtype=np.uint64
        )
        shape = (2, *geometry.output_size(6, 7), outputs)
        per_output = draw.standard_normal((2, outputs), np.float32)
        results: list[list[NDArray[Any]]] = []
        for one in (kernels, Reference()):
            packed = np.zeros((2, 6, 7, words_for(channels)), np.uint64)
            magnitudes = np.zeros((2, 6, 7), np.float32)
            dots, sums = np.zeros(shape, np.int16), np.zeros((2, 2, outputs), np.int64)
            out = np.zeros(shape, np.float32)
            words = np.zeros((*shape[:3], words_for(outputs)), np.uint64)
            one.sign_pack(maps, scale, scale, packed, magnitudes, 1)
            arranged: Any = one.arrange(weights, geometry)
            one.convolve(arranged, geometry, packed, dots, sums, 1)
            finishing = Finishing(
                per_output, per_output, out=out, residual=out,
                next_scale=per_output, next_shift=per_output, words=words,
            )  # fmt: skip
            one.finish(dots, finishing, 1)
            one.convolve_and_finish(arranged, geometry, packed, finishing, 1)
            results.append([packed, magnitudes, dots, sums, out, words])
        if not all(np.array_equal(one, other) for one, other in zip(*results, strict=True)):
            return False
    return True
