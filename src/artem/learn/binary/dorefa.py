"""DoReFa-Net: weights, activations and gradients of k bits.

(Zhou et al., arXiv:1606.06160.) All are built on ``quantize_k(r) = round((2^k - 1) r) /
(2^k - 1)`` on [0, 1], whose gradient is taken to be 1.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from artem.core.errors import NetworkError


class _Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, bits: int) -> Tensor:
        steps = 2.0**bits - 1
        return torch.round(values * steps) / steps

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class _MeanSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weights: Tensor) -> Tensor:
        scale = weights.abs().mean()
        return torch.where(weights >= 0, scale, -scale)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


class _QuantizedGradients(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, bits: int, generator: torch.Generator | None) -> Tensor:
        ctx.bits, ctx.generator = bits, generator
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return quantize_gradient(gradient, ctx.bits, ctx.generator), None, None


def check_bits(bits: int) -> None:
    """Raise a :class:`NetworkError` unless ``bits`` is a whole number from 1 to 16."""
    if isinstance(bits, bool) or not isinstance(bits, int) or not 1 <= bits <= 16:
        raise NetworkError(f"{bits!r} is no number of bits.\n  Use a whole one from 1 to 16.")


def dorefa_weights(weights: Tensor, bits: int = 1) -> Tensor:
    """Weights of k bits between -1 and 1, or one bit at the layer's mean magnitude.

    Forward, k = 1: ``E|w| sign(w)``, one scale for the whole layer.
    Forward, k > 1: ``2 quantize_k(tanh(w) / (2 max |tanh(w)|) + 1/2) - 1``.
    Gradient: 1 through the sign and its scale, and through ``quantize_k``; the true one
    through the rest. (Equations 9 to 11. The paper's maximum and ours have gradients.)
    """
    check_bits(bits)
    if bits == 1:
        return _MeanSign.apply(weights)  # type: ignore[no-any-return, no-untyped-call]
    bent = torch.tanh(weights)
    unit = bent / (2 * bent.abs().amax().clamp_min(torch.finfo(bent.dtype).tiny)) + 0.5
    quantized: Tensor = _Quantize.apply(unit, bits)  # type: ignore[no-untyped-call]
    return 2 * quantized - 1


def dorefa_activations(maps: Tensor, bits: int = 1) -> Tensor:
    """Activations of k bits between 0 and 1.

    Forward: ``quantize_k(clip(x, 0, 1))``.
    Gradient: 1 where x lies in [0, 1], else 0. (Section 2.4.)

    One bit gives 0 and 1, not -1 and +1; ``2 y - 1`` of it is a sign with its threshold
    at a half, which the kernels can run.
    """
    check_bits(bits)
    return _Quantize.apply(maps.clamp(0, 1), bits)  # type: ignore[no-any-return, no-untyped-call]


def dorefa_gradients(
    maps: Tensor, bits: int = 1, generator: torch.Generator | None = None
) -> Tensor:
    """The maps themselves, with a gradient of k bits.

    Forward: ``x``.
    Gradient: :func:`quantize_gradient` of what arrives.
    """
    check_bits(bits)
    return _QuantizedGradients.apply(maps, bits, generator)  # type: ignore[no-any-return, no-untyped-call]


def quantize_gradient(
    gradient: Tensor, bits: int = 1, generator: torch.Generator | None = None
) -> Tensor:
    """A gradient of k bits, whose expectation is the gradient.

    ``2 m (quantize_k(g / (2 m) + 1/2 + noise) - 1/2)`` with ``m = max |g|`` of each
    picture and noise uniform over one step, ``(u - 1/2) / (2^k - 1)`` (equation 12;
    without the noise training fails, the paper says). Sums beyond [0, 1] are clipped;
    since rounding happens at half steps, that changes no expectation.

    One bit gives ``m`` or ``-m``: a coin for each number.

    Args:
        gradient: ``(N, ...)``.
        generator: of the noise; PyTorch's own when ``None``.
    """
    largest = largest_magnitudes(gradient)
    if bits == 1:  # the same in fewer passes over memory
        noise = _uniform(gradient, generator).mul_(2).sub_(1).mul_(largest)
        return torch.where(noise.add_(gradient) >= 0, largest, -largest)
    steps = 2.0**bits - 1
    unit = gradient / (2 * largest) + 0.5
    unit = unit + (_uniform(gradient, generator) - 0.5) / steps
    rounded = torch.round(unit.clamp(0, 1) * steps) / steps
    coarse: Tensor = 2 * largest * (rounded - 0.5)
    return coarse


def largest_magnitudes(gradient: Tensor) -> Tensor:
    """The largest magnitude of each picture, ``(N, 1, ...)``, never quite 0."""
    largest = gradient.flatten(1).abs().amax(dim=1).clamp_min(torch.finfo(gradient.dtype).tiny)
    return largest.view(-1, *[1] * (gradient.ndim - 1))


def _uniform(like: Tensor, generator: torch.Generator | None) -> Tensor:
    noise = torch.empty_like(like)
    noise.uniform_(generator=generator)
    return noise
