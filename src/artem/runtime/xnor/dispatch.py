"""Which kernels run here, and which are best."""

from __future__ import annotations

import os
import warnings
from functools import cache
from typing import Any, Protocol

from artem.core.errors import EngineError, did_you_mean
from artem.runtime.xnor.geometry import Geometry
from artem.runtime.xnor.native import LIBRARY, load_native
from artem.runtime.xnor.packing import Maps, Words
from artem.runtime.xnor.reference import Dots, Finishing, Reference, Sums
from artem.runtime.xnor.selftest import equals_reference


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

    def finish(self, dots: Dots, finishing: Finishing, threads: int) -> None:
        """See :meth:`Reference.finish`."""
        ...

    def convolve_and_finish(
        self, weights: Any, geometry: Geometry, packed: Words, finishing: Finishing, threads: int
    ) -> None:
        """See :meth:`Reference.convolve_and_finish`."""
        ...


@cache
def kernels() -> dict[str, Kernels]:
    """All kernels that run on this CPU, the best first, the reference last.

    Without a compiled library the reference is alone, and a warning says so, once.
    """
    found: dict[str, Kernels] = {}
    reason = why_only_reference()
    if reason is None:
        for native in load_native():
            if equals_reference(native):
                found[native.name] = native
            else:
                warnings.warn(
                    f"This CPU computes binary convolutions wrongly by {native.name}, "
                    "which is therefore left aside. Please report it.",
                    stacklevel=2,
                )
    else:
        warnings.warn(f"Binary networks run slowly: {reason}", stacklevel=2)
    reference = Reference()
    return found | {reference.name: reference}


@cache
def why_only_reference() -> str | None:
    """Why there are no compiled kernels, in words; ``None`` when there are."""
    if not LIBRARY.is_file():
        return "the kernels were not compiled when the package was installed"
    try:
        next(load_native())
    except (OSError, EngineError) as error:
        return " ".join(str(error).split())
    return None


def best_kernels() -> Kernels:
    """The first of :func:`kernels`, or those that the environment's ``ARTEM_KERNELS`` names.

    Raises:
        EngineError: see :func:`find_kernels`.
    """
    named = os.environ.get("ARTEM_KERNELS")
    return find_kernels(named) if named else next(iter(kernels().values()))


def find_kernels(name: str) -> Kernels:
    """Kernels by name.

    Raises:
        EngineError: there are none of that name, or this CPU lacks their instructions.
    """
    known = kernels()
    if name not in known:
        raise EngineError(
            f"'{name}' are not kernels that run here.{did_you_mean(name, known)}\n"
            f"  Use one of: {', '.join(known)}"
        )
    return known[name]
