"""Binary convolutions and the blocks made of them, whichever kernels run them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from artem.core.errors import NetworkError
from artem.runtime.xnor.dispatch import Kernels, best_kernels
from artem.runtime.xnor.geometry import Geometry
from artem.runtime.xnor.packing import Maps, Words, pack_weights, words_for
from artem.runtime.xnor.reference import Dots, Sums, empty_words, instance_norm


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
    maps = _maps(maps)
    words = empty_words(maps.shape[:3], maps.shape[3])
    scales, shifts = (_per_channel(values, maps) for values in (scale, shift))
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
    maps = _maps(maps)
    words = empty_words(maps.shape[:3], maps.shape[3])
    magnitudes = np.empty(maps.shape[:3], np.float32)
    scales, shifts = (_per_channel(values, maps) for values in (scale, shift))
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
        self.alpha = _fitting(alpha, (out,))
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

    def dots(self, packed: Words, *, threads: int = 1) -> tuple[Dots, Sums]:
        """The dot products of signs, without ``alpha``, and their statistics.

        Args:
            packed: ``(N, H, W, words)``, from :func:`sign_pack`.

        Returns:
            int16 ``(N, H', W', out)``, and int64 ``(N, 2, out)``: for each image and
            output the sum of the dots and the sum of their squares, both exact.
        """
        packed, shape = self._checked(packed)
        dots = np.empty(shape, np.int16)
        sums = np.empty((shape[0], 2, shape[3]), np.int64)
        self.kernels.convolve(self._weights, self.geometry, packed, dots, sums, threads)
        return dots, sums

    def __call__(
        self,
        packed: Words,
        *,
        pixel_scales: Maps | None = None,
        residual: Maps | None = None,
        threads: int = 1,
    ) -> Maps:
        """``residual + dots * alpha * pixel_scales``, float32 ``(N, H', W', out)``.

        Args:
            pixel_scales: XNOR-Net's K, ``(N, H', W')``, from :func:`scale_map`.
            residual: ``(N, H', W', out)``.
        """
        dots, _ = self.dots(packed, threads=threads)
        out = np.empty(dots.shape, np.float32)
        gain, bias = _per_channel(self.alpha, dots), _per_channel(0.0, dots)
        if pixel_scales is not None:
            pixel_scales = _fitting(pixel_scales, dots.shape[:3])
        if residual is not None:
            residual = _same(residual, dots.shape)
        self.kernels.finish(
            dots, gain, bias, pixel_scales, residual, out, None, None, None, None, threads
        )
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


@dataclass(frozen=True)
class BinaryLayer:
    """Signs in, a binary convolution, instance normalization, a style's scale and shift.

    Attributes:
        convolution: its ``alpha`` counts before the normalization.
        scale, shift: the style's, a number, ``(out,)`` or ``(N, out)``.
        input_scale, input_shift: the layer sees the signs of ``maps * input_scale +
            input_shift``; a number, ``(C,)`` or ``(N, C)``.
        eps: added to the variance.
    """

    convolution: BinaryConvolution
    scale: ArrayLike = 1.0
    shift: ArrayLike = 0.0
    input_scale: ArrayLike = 1.0
    input_shift: ArrayLike = 0.0
    eps: float = 1e-5


def binary_layer(
    layer: BinaryLayer,
    packed: Words,
    *,
    residual: Maps | None = None,
    out: Maps | None = None,
    following: BinaryLayer | None = None,
    threads: int = 1,
) -> tuple[Maps, Words | None]:
    """``residual + norm(alpha * convolution(packed)) * scale + shift``.

    Memory is passed over twice: the convolution leaves 16-bit dots and their sums, then
    one pass normalizes, adds and packs the signs that the following layer needs.

    Args:
        packed: the layer's input, ``(N, H, W, words)``.
        residual: ``(N, H', W', out)``, or none.
        out: where to write; may be ``residual`` itself.
        following: whose input signs are wanted as well.

    Returns:
        float32 ``(N, H', W', out)``, and the packed signs for ``following``.
    """
    convolution = layer.convolution
    dots, sums = convolution.dots(packed, threads=threads)
    gain, bias = instance_norm(
        sums,
        dots.shape[1] * dots.shape[2],
        convolution.alpha,
        _per_channel(layer.scale, dots),
        _per_channel(layer.shift, dots),
        layer.eps,
    )
    if residual is not None:
        residual = _same(residual, dots.shape)
    if out is None:
        out = np.empty(dots.shape, np.float32)
    elif out.shape != dots.shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise NetworkError(
            f"A layer's result of shape {dots.shape} cannot be written to {out.shape} "
            f"({out.dtype}).\n  Hand in contiguous float32 of the same shape, or nothing."
        )
    words, next_scale, next_shift = None, None, None
    if following is not None:
        words = empty_words(dots.shape[:3], dots.shape[3])
        next_scale = _per_channel(following.input_scale, dots)
        next_shift = _per_channel(following.input_shift, dots)
    convolution.kernels.finish(
        dots, gain, bias, None, residual, out, next_scale, next_shift, words, None, threads
    )
    return out, words


def binary_block(maps: Maps, layers: Sequence[BinaryLayer], *, threads: int = 1) -> Maps:
    """Binary layers in a row, each added to what came in (Bi-Real Net, arXiv:1808.00278).

    ``maps`` becomes ``maps + layer(sign(maps * input_scale + input_shift))``, layer after
    layer. Any number of them: a residual block, or a whole trunk.

    Args:
        maps: ``(N, H, W, C)``, float32; left as it is.
        layers: each keeps the shape.
    """
    if not layers:
        return maps
    first = layers[0]
    packed: Words | None = sign_pack(
        maps,
        first.input_scale,
        first.input_shift,
        kernels=first.convolution.kernels,
        threads=threads,
    )
    out: Maps | None = None
    for layer, following in zip(layers, [*layers[1:], None], strict=True):
        assert packed is not None
        residual = maps if out is None else out
        out, packed = binary_layer(
            layer, packed, residual=residual, out=out, following=following, threads=threads
        )
    assert out is not None
    return out


def _maps(maps: Maps) -> Maps:
    if maps.ndim != 4 or maps.dtype != np.float32 or 0 in maps.shape:
        raise NetworkError(
            f"Maps of shape {maps.shape} ({maps.dtype}) cannot be packed.\n"
            "  They are float32, (N, H, W, C)."
        )
    return np.ascontiguousarray(maps)


def _per_channel(values: ArrayLike, maps: NDArray[np.generic]) -> Maps:
    """A number, ``(C,)`` or ``(N, C)`` as ``(N, C)``."""
    return _fitting(values, (maps.shape[0], maps.shape[3]))


def _fitting(values: ArrayLike, shape: tuple[int, ...]) -> Maps:
    array = np.asarray(values, np.float32)
    try:
        return np.ascontiguousarray(np.broadcast_to(array, shape))
    except ValueError:
        raise NetworkError(
            f"Numbers of shape {array.shape} do not suit {shape}.\n"
            "  There is one for all, or one for each channel."
        ) from None


def _same(maps: Maps, shape: tuple[int, ...]) -> Maps:
    if maps.shape != shape or maps.dtype != np.float32:
        raise NetworkError(
            f"A residual of shape {maps.shape} ({maps.dtype}) cannot be added to {shape}.\n"
            "  It is float32 and of the same shape."
        )
    return np.ascontiguousarray(maps)
