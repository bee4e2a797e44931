"""Signs: +1 where a value is >= 0, else -1, with different gradients in their place."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def signs_of(values: Tensor) -> Tensor:
    """+1 where ``values >= 0`` (zero of either sign too), else -1, for NaN as well.

    As the kernels pack them; ``torch.sign`` would give three values.
    """
    return torch.where(values >= 0, 1.0, -1.0).to(values.dtype)


class _SteSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.save_for_backward(values)
        return signs_of(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (values,) = ctx.saved_tensors
        passed: Tensor = gradient * (values.abs() <= 1)
        return passed


class _ApproxSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.save_for_backward(values)
        return signs_of(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (values,) = ctx.saved_tensors
        passed: Tensor = gradient * (2 - 2 * values.abs()).clamp_min(0)
        return passed


class _SwishSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, beta: float) -> Tensor:
        ctx.save_for_backward(values)
        ctx.beta = beta
        return signs_of(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (values,) = ctx.saved_tensors
        scaled = (ctx.beta * values).clamp(-80, 80)  # beyond, cosh overflows; the slope is 0
        slope = ctx.beta * (2 - scaled * torch.tanh(scaled / 2)) / (1 + torch.cosh(scaled))
        return gradient * slope, None


def ste_sign(values: Tensor) -> Tensor:
    """The sign with the clipped straight-through estimator.

    Forward: ``q(x) = -1 if x < 0 else +1``.
    Gradient: ``dq/dx = 1 if |x| <= 1 else 0``, the slope of ``clip(x, -1, 1)``.

    (Courbariaux et al., "Binarized neural networks", arXiv:1602.02830.)
    """
    return _SteSign.apply(values)  # type: ignore[no-any-return, no-untyped-call]


def approx_sign(values: Tensor) -> Tensor:
    """The sign with the slope of two parabolas, which is steepest where a sign may flip.

    Forward: as :func:`ste_sign`.
    Gradient: ``dq/dx = 2 - 2 |x| if |x| <= 1 else 0``, the slope of ``2x + x^2`` on
    [-1, 0) and of ``2x - x^2`` on [0, 1).

    (Liu et al., "Bi-Real Net", arXiv:1808.00278, section 3.2, for activations.)
    """
    return _ApproxSign.apply(values)  # type: ignore[no-any-return, no-untyped-call]


def swish_sign(values: Tensor, beta: float = 5.0) -> Tensor:
    """The sign with a smooth slope that is never quite zero, and negative far out.

    Forward: as :func:`ste_sign`.
    Gradient: ``dq/dx = b (2 - b x tanh(b x / 2)) / (1 + cosh(b x))``, the slope of
    ``2 s(b x) (1 + b x (1 - s(b x))) - 1`` with the logistic function ``s``.

    (Darabi et al., "BNN+", arXiv:1812.11800.)
    """
    return _SwishSign.apply(values, beta)  # type: ignore[no-any-return, no-untyped-call]


def magnitude_aware_sign(weights: Tensor) -> Tensor:
    """Signs of a convolution's weights, each filter at its mean magnitude.

    Forward: ``a_o sign(w)`` with ``a_o = mean |w_o|`` over filter ``o``.
    Gradient: ``a_o if |w| <= 1 else 0``: the magnitude counts as a constant, so large
    weights, which seldom flip, are not moved faster than small ones.

    (Liu et al., "Bi-Real Net", arXiv:1808.00278, section 3.3.)

    Args:
        weights: ``(out, ...)``.
    """
    scales = weights.detach().flatten(1).abs().mean(dim=1)
    return scales.view(-1, *[1] * (weights.ndim - 1)) * ste_sign(weights)
