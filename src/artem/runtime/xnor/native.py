"""The compiled kernels: one library, loaded by ctypes, with code for several instruction sets."""

from __future__ import annotations

import ctypes
import sys
import weakref
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from artem.core.errors import EngineError
from artem.runtime.xnor.geometry import Geometry
from artem.runtime.xnor.packing import Maps, Words
from artem.runtime.xnor.reference import Dots, Finishing, Sums

INTERFACE = 2
"""As ``ARTEM_XNOR_INTERFACE`` in ``native/artem_xnor.h``."""

LIBRARY = Path(__file__).with_name(
    {"win32": "artem_xnor.dll", "darwin": "libartem_xnor.dylib"}.get(
        sys.platform, "libartem_xnor.so"
    )
)
"""Where the package's build leaves it."""

_SIZE, _COUNT, _HERE = ctypes.c_int64, ctypes.c_int32, ctypes.c_void_p


class _Geometry(ctypes.Structure):
    _fields_ = [
        (name, _COUNT)
        for name in (
            "channels", "out_channels", "kernel_height", "kernel_width", "stride", "reflect",
        )
    ]  # fmt: skip


class _Finishing(ctypes.Structure):
    _fields_ = [(name, _HERE) for name in ("dots", *(field.name for field in fields(Finishing)))]


_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "interface": (_COUNT, []),
    "name": (ctypes.c_char_p, [_COUNT]),
    "runs": (_COUNT, [_COUNT]),
    "arrange": (_HERE, [_COUNT, ctypes.POINTER(_Geometry), _HERE]),
    "release": (None, [_HERE]),
    "convolve": (
        _COUNT,
        [
            _HERE,
            _SIZE,
            _SIZE,
            _SIZE,
            _HERE,
            _HERE,
            _HERE,
            ctypes.POINTER(_Finishing),
            _COUNT,
        ],
    ),
    "sign_pack": (
        _COUNT,
        [_COUNT, _SIZE, _SIZE, _SIZE, _HERE, _HERE, _HERE, _HERE, _HERE, _COUNT],
    ),
    "finish": (_COUNT, [_COUNT, _SIZE, _SIZE, _SIZE, ctypes.POINTER(_Finishing), _COUNT]),
}


class Library:
    """The shared library's functions, with their types.

    Raises:
        OSError: the file cannot be loaded.
        EngineError: it belongs to another version of this package.
    """

    def __init__(self, path: Path = LIBRARY) -> None:
        loaded = ctypes.CDLL(str(path))
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(loaded, f"artem_xnor_{name}", None)
            if function is None:
                raise EngineError(_other_version(path))
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
            if name == "interface" and function() != INTERFACE:
                raise EngineError(_other_version(path))

    interface: Any
    name: Any
    runs: Any
    arrange: Any
    release: Any
    convolve: Any
    sign_pack: Any
    finish: Any


def _other_version(path: Path) -> str:
    return f"'{path}' belongs to another version of Art'Em.\n  Install the package anew."


class NativeWeights:
    """Weights in the library's own order; given back when nobody needs them."""

    def __init__(self, library: Library, address: int) -> None:
        self.address = address
        weakref.finalize(self, library.release, address).atexit = False


class Native:
    """Kernels for one instruction set; what they do stands in the reference."""

    def __init__(self, library: Library, number: int) -> None:
        self.name: str = library.name(number).decode()
        self._library = library
        self._number = number

    def arrange(self, words: Words, geometry: Geometry) -> NativeWeights:
        """See :meth:`Reference.arrange`."""
        shape = _Geometry(
            geometry.channels,
            geometry.out_channels,
            geometry.kernel_height,
            geometry.kernel_width,
            geometry.stride,
            geometry.border == "reflect",
        )
        address = self._library.arrange(self._number, ctypes.byref(shape), _address(words))
        if not address:
            raise MemoryError
        return NativeWeights(self._library, address)

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
        images, height, width, channels = maps.shape
        _done(
            self._library.sign_pack(
                self._number, images, height * width, channels, _address(maps), _address(scale),
                _address(shift), _address(words), _address(magnitudes), threads,
            )
        )  # fmt: skip

    def convolve(
        self,
        weights: NativeWeights,
        geometry: Geometry,
        packed: Words,
        dots: Dots,
        sums: Sums,
        threads: int,
    ) -> None:
        """See :meth:`Reference.convolve`."""
        images, height, width, _ = packed.shape
        _done(
            self._library.convolve(
                weights.address, images, height, width, _address(packed), _address(dots),
                _address(sums), None, threads,
            )
        )  # fmt: skip

    def finish(self, dots: Dots, finishing: Finishing, threads: int) -> None:
        """See :meth:`Reference.finish`."""
        images, height, width, channels = dots.shape
        pointers = _pointers(finishing, dots)
        _done(
            self._library.finish(
                self._number, images, height * width, channels, ctypes.byref(pointers), threads
            )
        )

    def convolve_and_finish(
        self,
        weights: NativeWeights,
        geometry: Geometry,
        packed: Words,
        finishing: Finishing,
        threads: int,
    ) -> None:
        """See :meth:`Reference.convolve_and_finish`; the dots never leave the first cache."""
        images, height, width, _ = packed.shape
        pointers = _pointers(finishing, None)
        _done(
            self._library.convolve(
                weights.address, images, height, width, _address(packed), None, None,
                ctypes.byref(pointers), threads,
            )
        )  # fmt: skip


def load_native(path: Path = LIBRARY) -> Iterator[Native]:
    """The library's kernels that this CPU has the instructions for, the best first.

    Raises:
        OSError, EngineError: see :class:`Library`.
    """
    library, number = Library(path), 0
    while library.name(number) is not None:
        if library.runs(number):
            yield Native(library, number)
        number += 1


def _pointers(finishing: Finishing, dots: Dots | None) -> _Finishing:
    return _Finishing(
        _address(dots),
        *(_address(getattr(finishing, field.name)) for field in fields(Finishing)),
    )


def _address(array: NDArray[Any] | None) -> int | None:
    if array is None:
        return None
    assert array.flags.c_contiguous
    return array.ctypes.data


def _done(status: int) -> None:
    if status != 0:
        raise MemoryError("A binary convolution found no room for its intermediate results.")
