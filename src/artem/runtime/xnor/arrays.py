"""What callers hand in, checked, and in the form that kernels take.

Raises:
    NetworkError: by each function, for what does not suit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from artem.core.errors import NetworkError
from artem.runtime.xnor.packing import Maps


class Room:
    """Arrays that a block's layers share, kept for the next call.

    A system hands out fresh memory page by page, each zeroed when it is first touched:
    for the large maps of a frame that takes longer than what is computed in them. Not
    for two calls at once.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: type) -> NDArray[Any]:
        """An array with any content: the last one of this name where its shape is the same."""
        kept = self._arrays.get(name)
        if kept is None or kept.shape != shape:
            kept = self._arrays[name] = np.empty(shape, dtype)
        return kept


def checked_maps(maps: Maps) -> Maps:
    """``maps``, if they are float32 ``(N, H, W, C)``."""
    if maps.ndim != 4 or maps.dtype != np.float32 or 0 in maps.shape:
        raise NetworkError(
            f"Maps of shape {maps.shape} ({maps.dtype}) cannot be packed.\n"
            "  They are float32, (N, H, W, C)."
        )
    return np.ascontiguousarray(maps)


def per_channel(values: ArrayLike, maps: NDArray[np.generic]) -> Maps:
    """A number, ``(C,)`` or ``(N, C)`` as ``(N, C)`` for ``maps``, ``(N, H, W, C)``."""
    return fitting(values, (maps.shape[0], maps.shape[3]))


def fitting(values: ArrayLike, shape: tuple[int, ...]) -> Maps:
    """``values`` in float32, broadcast to ``shape``."""
    array = np.asarray(values, np.float32)
    # np.broadcast_to takes longer than packing a small map; it is for the rarer cases.
    if array.ndim == 0:
        return np.full(shape, array)
    if array.size == math.prod(shape) and array.shape == shape[-array.ndim :]:
        return np.ascontiguousarray(array).reshape(shape)
    try:
        return np.ascontiguousarray(np.broadcast_to(array, shape))
    except ValueError:
        raise NetworkError(
            f"Numbers of shape {array.shape} do not suit {shape}.\n"
            "  There is one for all, or one for each channel."
        ) from None


def checked_residual(maps: Maps, shape: tuple[int, ...]) -> Maps:
    """``maps``, if they are float32 and of this shape."""
    if maps.shape != shape or maps.dtype != np.float32:
        raise NetworkError(
            f"A residual of shape {maps.shape} ({maps.dtype}) cannot be added to {shape}.\n"
            "  It is float32 and of the same shape."
        )
    return np.ascontiguousarray(maps)


def checked_out(out: Maps, shape: tuple[int, ...]) -> Maps:
    """``out``, if kernels can write a result of this shape to it."""
    if out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise NetworkError(
            f"A result of shape {shape} cannot be written to {out.shape} ({out.dtype}).\n"
            "  Hand in contiguous float32 of the same shape, or nothing."
        )
    return out
