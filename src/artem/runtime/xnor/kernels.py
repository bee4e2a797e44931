"""Which kernels run here, and which are best."""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol

from artem.runtime.xnor.geometry import Geometry
from artem.runtime.xnor.packing import Maps, Words
from artem.runtime.xnor.reference import Dots, Reference, Sums


class Kernels(Protocol):
    """What :class:`~artem.runtime.xnor.reference.Reference` specifies.

    Attributes:
        name: ``reference``, or the instruction set that they were compiled for.
    """

    name: str

    def arrange(self, words: Words, geometry: Geometry) -> Any:
        """Weights in the order that suits these kernels; to be handed to :meth:`convolve`."""
        ...

    def sign_pack(
        self,
        maps: Maps,
        scale: Maps,
        shift: Maps,
        words: Words,
        magnitudes: Maps | None,
        threads: int,
    ) -> None:
        """See :meth:`Reference.sign_pack`."""
        ...

    def convolve(
        self, weights: Any, geometry: Geometry, packed: Words, dots: Dots, sums: Sums, threads: int
    ) -> None:
        """See :meth:`Reference.convolve`."""
        ...

    def finish(
        self,
        dots: Dots,
        gain: Maps,
        bias: Maps,
        pixel_scales: Maps | None,
        residual: Maps | None,
        out: Maps | None,
        next_scale: Maps | None,
        next_shift: Maps | None,
        words: Words | None,
        magnitudes: Maps | None,
        threads: int,
    ) -> None:
        """See :meth:`Reference.finish`."""
        ...


@cache
def kernels() -> dict[str, Kernels]:
    """All kernels that run on this CPU, the best first, the reference last."""
    return {"reference": Reference()}


@cache
def best_kernels() -> Kernels:
    """The first of :func:`kernels`."""
    return next(iter(kernels().values()))
