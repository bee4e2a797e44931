"""Signs and convolutions of them, whichever kernels run them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from artem.core.errors import NetworkError
from artem.runtime.xnor.arrays import (
    Room,
    checked_maps,
    checked_out,
    checked_residual,
    fitting,
    per_channel,
)
from artem.runtime.xnor.dispatch import Kernels, best_kernels
from artem.runtime.xnor.geometry import Geometry
from artem.runtime.xnor.packing import Maps, Words, pack_weights, words_for
from artem.runtime.xnor.reference import Dots, Finishing, Sums, empty_words


def sign_pack(
    maps: Maps,
    scale: ArrayLike = 1.0,
    shift: ArrayLike = 0.0,
    *,
    kernels: Kernels | None = None,
    threads: int = 1,
) -> Words:
    """The signs of ``maps * scale + shift``, packed.

    The product is rounded to float32, then the sum; a negative scale turns the
    comparison round, as it should. What is not a number counts as negative.

    Args:
        maps: ``(N, H, W, C)``, float32.
        scale, shift: a number, ``(C,)`` or ``(N, C)``.

    Returns:
        ``(N, H, W, words)``; see :mod:`~artem.runtime.xnor.packing`.
    """
    maps = checked_maps(maps)
    words = empty_words(maps.shape[:3], maps.shape[3])
    scales, shifts = (per_channel(values, maps) for values in (scale, shift))
    (kernels or best_kernels()).sign_pack(maps, scales, shifts, words, None, threads)
    return words


def sign_pack_with_magnitudes(
    maps: Maps,
    scale: ArrayLike = 1.0,
    shift: ArrayLike = 0.0,
    *,
    kernels: Kernels | None = None,
    threads: int = 1,
) -> tuple[Words, Maps]:
    """:func:`sign_pack`, and each pixel's mean of ``|maps * scale + shift|``, ``(N, H, W)``."""
    maps = checked_maps(maps)
    words = empty_words(maps.shape[:3], maps.shape[3])
    magnitudes = np.empty(maps.shape[:3], np.float32)
    scales, shifts = (per_channel(values, maps) for values in (scale, shift))
    (kernels or best_kernels()).sign_pack(maps, scales, shifts, words, magnitudes, threads)
    return words, magnitudes


class BinaryConvolution:
    """A convolution whose weights and inputs are signs, times ``alpha`` for each output.

    Args:
        words: packed weights ``(out, kh, kw, words)``, see :meth:`from_weights`.
        channels: of the input.
        alpha: a number or ``(out,)``.
        stride: 1 or 2.
        border: what lies outside: ``reflect`` mirrors the input; at ``zero`` taps
            outside add nothing, as when a float convolution of signs is padded with zeros.
        kernels: the best ones that run here unless others are named.

    Raises:
        NetworkError: sizes that do not fit together, or not into the kernels.
    """

    def __init__(
        self,
        words: Words,
        channels: int,
        alpha: ArrayLike = 1.0,
        *,
        stride: int = 1,
        border: str = "reflect",
        kernels: Kernels | None = None,
    ) -> None:
        if words.ndim != 4 or words.dtype != np.uint64 or words.shape[3] != words_for(channels):
            raise NetworkError(
                f"Packed weights of shape {words.shape} ({words.dtype}) do not hold {channels} "
                f"channels.\n  They are uint64, (out, height, width, {words_for(channels)})."
            )
        out, height, width, _ = words.shape
        self.geometry = Geometry(channels, out, height, width, stride, border)
        self.kernels = kernels or best_kernels()
        self.alpha = fitting(alpha, (out,))
        self._weights = self.kernels.arrange(np.ascontiguousarray(words), self.geometry)

    @classmethod
    def from_weights(
        cls,
        weights: NDArray[np.floating],
        alpha: ArrayLike | None = None,
        *,
        stride: int = 1,
        border: str = "reflect",
        kernels: Kernels | None = None,
    ) -> BinaryConvolution:
        """From float weights ``(out, channels, kh, kw)``.

        ``alpha`` is the mean of their magnitudes for each output unless it is given
        (XNOR-Net, arXiv:1603.05279).
        """
        words = pack_weights(weights)
        if alpha is None:
            alpha = np.abs(weights).mean(axis=(1, 2, 3))
        return cls(words, weights.shape[1], alpha, stride=stride, border=border, kernels=kernels)

    def dots(
        self, packed: Words, *, room: Room | None = None, threads: int = 1
    ) -> tuple[Dots, Sums]:
        """The dot products of signs, without ``alpha``, and their statistics.

        Args:
            packed: ``(N, H, W, words)``, from :func:`sign_pack`.
            room: where the dots are to lie, until its next use.

        Returns:
            int16 ``(N, H', W', out)``, and int64 ``(N, 2, out)``: for each image and
            output the sum of the dots and the sum of their squares, both exact.
        """
        packed, shape = self._checked(packed)
        dots = (room or Room()).array("dots", shape, np.int16)
        sums = np.empty((shape[0], 2, shape[3]), np.int64)
        self.kernels.convolve(self._weights, self.geometry, packed, dots, sums, threads)
        return dots, sums

    def __call__(
        self,
        packed: Words,
        *,
        pixel_scales: Maps | None = None,
        residual: Maps | None = None,
        out: Maps | None = None,
        threads: int = 1,
    ) -> Maps:
        """``residual + dots * alpha * pixel_scales``, float32 ``(N, H', W', out)``.

        Args:
            pixel_scales: XNOR-Net's K, ``(N, H', W')``, from :func:`scale_map`.
            residual: ``(N, H', W', out)``.
            out: where to write; may be ``residual`` itself.
        """
        packed, shape = self._checked(packed)
        if out is None:
            out = np.empty(shape, np.float32)
        finishing = Finishing(
            fitting(self.alpha, shape[::3]),
            fitting(0.0, shape[::3]),
            pixel_scales=None if pixel_scales is None else fitting(pixel_scales, shape[:3]),
            residual=None if residual is None else checked_residual(residual, shape),
            out=checked_out(out, shape),
        )
        self.kernels.convolve_and_finish(self._weights, self.geometry, packed, finishing, threads)
        return out

    def scale_map(self, magnitudes: Maps) -> Maps:
        """XNOR-Net's K: mean magnitude of the input under the kernel, for each output pixel.

        Args:
            magnitudes: ``(N, H, W)``, from :func:`sign_pack_with_magnitudes`.

        Returns:
            ``(N, H', W')``: taps are added row by row and divided by their number. Beyond
            a ``zero`` border magnitudes are 0.
        """
        geometry = self.geometry
        height, width = geometry.output_size(*magnitudes.shape[1:])
        rows, columns = geometry.padding
        sides = ((0, 0), (rows, rows), (columns, columns))
        if geometry.border == "reflect":
            magnitudes = np.pad(magnitudes, sides, mode="reflect")
        else:
            magnitudes = np.pad(magnitudes, sides)
        stride, total = geometry.stride, np.zeros((len(magnitudes), height, width), np.float32)
        for y in range(geometry.kernel_height):
            for x in range(geometry.kernel_width):
                total += magnitudes[
                    :, y : y + stride * height : stride, x : x + stride * width : stride
                ]
        return total / np.float32(geometry.taps)

    def _checked(self, packed: Words) -> tuple[Words, tuple[int, int, int, int]]:
        words = words_for(self.geometry.channels)
        if packed.ndim != 4 or packed.dtype != np.uint64 or packed.shape[3] != words:
            raise NetworkError(
                f"Packed maps of shape {packed.shape} ({packed.dtype}) do not suit a convolution "
                f"of {self.geometry.channels} channels.\n  They are uint64, (N, H, W, {words})."
            )
        height, width = self.geometry.output_size(*packed.shape[1:3])
        shape = (packed.shape[0], height, width, self.geometry.out_channels)
        return np.ascontiguousarray(packed), shape
