"""Binary convolutions in NumPy: the specification that every compiled kernel equals bit for bit.

It multiplies by +1 and -1 in floating point, tap by tap, and never counts a bit, so that
it shares no idea with what it specifies. It also runs binary networks where the kernels
could not be compiled: slowly.

Every float is a float32, rounded after each operation in the order written here; no
product and sum are fused. The instance norm's gains and biases alone are computed in
float64, from integers, and rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from artem.runtime.xnor.geometry import Geometry
from artem.runtime.xnor.packing import Maps, Words, pack_signs, unpack_signs, words_for

Dots = NDArray[np.int16]
Sums = NDArray[np.int64]

LANES = 16
"""A pixel's magnitudes are added up in this many lanes, then lane to lane."""


@dataclass(frozen=True)
class Finishing:
    """What follows: ``residual + (dots * gain * pixel_scales + bias)``, and its signs.

    Attributes:
        gain, bias: ``(N, C)``.
        pixel_scales: ``(N, H, W)``.
        residual: ``(N, H, W, C)``; may be ``out`` itself.
        out: to be filled, ``(N, H, W, C)``.
        words: to be filled with the signs of ``out * next_scale + next_shift``,
            ``(N, H, W, words)``.
        next_scale, next_shift: ``(N, C)``; with ``words``.
        magnitudes: to be filled with the means of ``|out * next_scale + next_shift|``,
            ``(N, H, W)``; with ``words``.
    """

    gain: Maps
    bias: Maps
    pixel_scales: Maps | None = None
    residual: Maps | None = None
    out: Maps | None = None
    next_scale: Maps | None = None
    next_shift: Maps | None = None
    words: Words | None = None
    magnitudes: Maps | None = None


class Reference:
    """Kernels that need no compiler."""

    name = "reference"

    def arrange(self, words: Words, geometry: Geometry) -> Maps:
        """Weights as :meth:`convolve` wants them: signs, ``(kh, kw, channels, out)``."""
        return np.ascontiguousarray(unpack_signs(words, geometry.channels).transpose(1, 2, 3, 0))

    def sign_pack(
        self,
        maps: Maps,
        scale: Maps,
        shift: Maps,
        words: Words,
        magnitudes: Maps | None,
        threads: int,
    ) -> None:
        """Bits of ``maps * scale + shift >= 0``, and each pixel's mean magnitude if asked.

        Args:
            maps: ``(N, H, W, C)``.
            scale, shift: ``(N, C)``.
            words: to be filled, ``(N, H, W, words)``.
            magnitudes: to be filled, ``(N, H, W)``.
            threads: taken by other kernels.
        """
        with np.errstate(all="ignore"):
            values = maps * scale[:, None, None, :]
            values += shift[:, None, None, :]
            words[...] = pack_signs(values)
            if magnitudes is not None:
                magnitudes[...] = mean_magnitudes(values)

    def convolve(
        self, weights: Maps, geometry: Geometry, packed: Words, dots: Dots, sums: Sums, threads: int
    ) -> None:
        """Dot products of signs, and per channel their sum and the sum of their squares.

        Args:
            weights: from :meth:`arrange`.
            packed: ``(N, H, W, words)``.
            dots: to be filled, ``(N, H', W', out)``.
            sums: to be filled, ``(N, 2, out)``.
            threads: taken by other kernels.
        """
        signs = unpack_signs(packed, geometry.channels)
        rows, columns = geometry.padding
        sides = ((0, 0), (rows, rows), (columns, columns), (0, 0))
        if geometry.border == "reflect":
            signs = np.pad(signs, sides, mode="reflect")
        else:
            signs = np.pad(signs, sides)
        _, height, width, _ = dots.shape
        stride = geometry.stride
        # Sums of at most LARGEST_DOT ones are exact in float32, in whatever order.
        total = np.zeros(dots.shape, np.float32)
        for y in range(geometry.kernel_height):
            for x in range(geometry.kernel_width):
                tap = signs[:, y : y + stride * height : stride, x : x + stride * width : stride]
                total += tap @ weights[y, x]
        dots[...] = total
        wide = dots.astype(np.int64)
        sums[:, 0] = wide.sum(axis=(1, 2))
        sums[:, 1] = np.square(wide).sum(axis=(1, 2))

    def finish(self, dots: Dots, finishing: Finishing, threads: int) -> None:
        """Do what :class:`Finishing` says with ``dots``, ``(N, H, W, C)``."""
        with np.errstate(all="ignore"):
            values = dots.astype(np.float32)
            values *= finishing.gain[:, None, None, :]
            if finishing.pixel_scales is not None:
                values *= finishing.pixel_scales[..., None]
            values += finishing.bias[:, None, None, :]
            if finishing.residual is not None:
                values += finishing.residual
        if finishing.out is not None:
            finishing.out[...] = values
        if finishing.words is not None:
            assert finishing.next_scale is not None and finishing.next_shift is not None
            self.sign_pack(
                values,
                finishing.next_scale,
                finishing.next_shift,
                finishing.words,
                finishing.magnitudes,
                threads,
            )

    def convolve_and_finish(
        self, weights: Maps, geometry: Geometry, packed: Words, finishing: Finishing, threads: int
    ) -> None:
        """:meth:`convolve` and :meth:`finish`, the dots and their sums forgotten."""
        size = geometry.output_size(*packed.shape[1:3])
        dots = np.empty((len(packed), *size, geometry.out_channels), np.int16)
        sums = np.empty((len(packed), 2, geometry.out_channels), np.int64)
        self.convolve(weights, geometry, packed, dots, sums, threads)
        self.finish(dots, finishing, threads)


def mean_magnitudes(values: Maps) -> Maps:
    """The mean of ``|values|`` over the channels, ``(..., C)`` to ``(...)``, in a fixed order."""
    channels = values.shape[-1]
    lanes = np.zeros((*values.shape[:-1], LANES), np.float32)
    for start in range(0, channels, LANES):
        part = np.abs(values[..., start : start + LANES])
        lanes[..., : part.shape[-1]] += part
    width = LANES
    while width > 1:
        width //= 2
        lanes = lanes[..., :width] + lanes[..., width:]
    means: Maps = np.divide(lanes[..., 0], np.float32(channels), dtype=np.float32)
    return means


def instance_norm(
    sums: Sums, pixels: int, alpha: Maps, scale: Maps, shift: Maps, eps: float
) -> tuple[Maps, Maps]:
    """Instance normalization of ``alpha * dots``, as one gain and bias for each channel.

    The statistics come from integers, so they are the same for any number of threads.
    In float64: ``variance = max(0, squares / pixels - mean * mean)``, ``gain = scale *
    alpha / sqrt(alpha * alpha * variance + eps)``, ``bias = shift - gain * mean``.

    Args:
        sums: of the dots and of their squares, ``(N, 2, C)``.
        pixels: that were summed, in each image.
        alpha: ``(C,)``.
        scale, shift: the style's, ``(N, C)``.
        eps: added to the variance of ``alpha * dots``.

    Returns:
        Gain and bias, ``(N, C)`` each.
    """
    mean = sums[:, 0] / np.float64(pixels)
    variance = np.maximum(sums[:, 1] / np.float64(pixels) - mean * mean, 0)
    wide = alpha.astype(np.float64)
    gain = scale.astype(np.float64) * wide / np.sqrt(wide * wide * variance + eps)
    bias = shift.astype(np.float64) - gain * mean
    return gain.astype(np.float32), bias.astype(np.float32)


def empty_words(shape: tuple[int, ...], channels: int) -> Words:
    """Room for the packed signs of ``shape``'s pixels."""
    return np.empty((*shape, words_for(channels)), np.uint64)
