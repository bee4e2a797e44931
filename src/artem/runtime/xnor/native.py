"""The compiled kernels: one library, loaded by ctypes, with code for several instruction sets."""

from __future__ import annotations

import ctypes
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artem.core.errors import EngineError
from artem.runtime.xnor.geometry import Geometry
from artem.runtime.xnor.packing import Maps, Words, words_for
from artem.runtime.xnor.reference import Dots, Reference, Sums

INTERFACE = 1
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
    _fields_ = [
        (name, _HERE)
        for name in (
            "dots", "gain", "bias", "pixel_scales", "residual", "out", "next_scale",
            "next_shift", "words", "magnitudes",
        )
    ]  # fmt: skip


_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "interface": (_COUNT, []),
    "name": (ctypes.c_char_p, [_COUNT]),
    "runs": (_COUNT, [_COUNT]),
    "arrange": (_HERE, [_COUNT, ctypes.POINTER(_Geometry), _HERE]),
    "release": (None, [_HERE]),
    "convolve": (_COUNT, [_HERE, _SIZE, _SIZE, _SIZE, _HERE, _HERE, _HERE, _COUNT]),
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
                _address(sums), threads,
            )
        )  # fmt: skip

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
        images, height, width, channels = dots.shape
        finishing = _Finishing(
            *(
                _address(array)
                for array in (
                    dots, gain, bias, pixel_scales, residual, out, next_scale, next_shift, words,
                    magnitudes,
                )
            )
        )  # fmt: skip
        _done(
            self._library.finish(
                self._number, images, height * width, channels, ctypes.byref(finishing), threads
            )
        )


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


def equals_reference(native: Native) -> bool:
    """Whether some small random layers come out as the reference has them; takes milliseconds.

    A CPU that says it has instructions which then compute something else was never seen, but
    some of these instruction sets were not at hand when the kernels were written.
    """
    draw = np.random.default_rng(0)
    reference = Reference()
    for channels, out, kernel, stride, border in (
        (70, 150, 3, 1, "zero"),
        (200, 37, 3, 2, "reflect"),
        (520, 64, 1, 1, "zero"),
    ):
        geometry = Geometry(channels, out, kernel, kernel, stride, border)
        maps = draw.standard_normal((2, 6, 7, channels), np.float32)
        scale = draw.standard_normal((2, channels), np.float32)
        weights = draw.integers(
            0, 2**64, (out, kernel, kernel, words_for(channels)), dtype=np.uint64
        )
        shape = (2, *geometry.output_size(6, 7), out)
        per_output = draw.standard_normal((2, out), np.float32)
        results: list[list[NDArray[Any]]] = []
        for kernels in (native, reference):
            packed = np.zeros((2, 6, 7, words_for(channels)), np.uint64)
            magnitudes = np.zeros((2, 6, 7), np.float32)
            dots, sums = np.zeros(shape, np.int16), np.zeros((2, 2, out), np.int64)
            ended, words = (
                np.zeros(shape, np.float32),
                np.zeros((*shape[:3], words_for(out)), np.uint64),
            )
            kernels.sign_pack(maps, scale, scale, packed, magnitudes, 1)
            arranged: Any = kernels.arrange(weights, geometry)
            kernels.convolve(arranged, geometry, packed, dots, sums, 1)
            kernels.finish(
                dots, per_output, per_output, None, None, ended, per_output, per_output, words,
                None, 1,
            )  # fmt: skip
            results.append([packed, magnitudes, dots, sums, ended, words])
        if not all(np.array_equal(one, other) for one, other in zip(*results, strict=True)):
            return False
    return True


def _address(array: NDArray[Any] | None) -> int | None:
    if array is None:
        return None
    assert array.flags.c_contiguous
    return array.ctypes.data


def _done(status: int) -> None:
    if status != 0:
        raise MemoryError("A binary convolution found no room for its intermediate results.")
