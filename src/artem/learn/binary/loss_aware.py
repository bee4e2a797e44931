"""Loss-aware binarization: the signs and scales that raise the loss least, not the error."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class _ScaledSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weights: Tensor, scales: Tensor) -> Tensor:
        return torch.where(weights >= 0, scales, -scales)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def loss_aware_weights(weights: Tensor, curvature: Tensor, *, per_filter: bool = True) -> Tensor:
    """The proximal Newton step's answer among weights of one magnitude.

    With a diagonal Hessian ``d``, the binary weights ``alpha b`` that the loss's quadratic
    model likes best near ``w`` minimize ``sum_i d_i (alpha b_i - w_i)^2``.

    Forward: ``b = sign(w)``, ``alpha = |d * w|_1 / |d|_1``.
    Gradient: 1, unclipped; the weights that carry on in float get what the binary ones get.

    (Hou, Yao and Kwok, "Loss-aware binarization of deep networks", arXiv:1611.01600,
    proposition 3.1 and algorithm 1; there one ``alpha`` serves a layer. The sum falls
    apart into filters, so that the same holds for each of them, as the kernels allow.)

    Args:
        weights: ``(out, ...)``.
        curvature: ``d``, of the same shape, above 0; its scale does not matter.
        per_filter: one ``alpha`` for each filter instead of one for all.
    """
    with torch.no_grad():
        rows = (weights, curvature) if per_filter else (weights[None], curvature[None])
        magnitudes, importance = (tensor.flatten(1) for tensor in rows)
        alpha = (importance * magnitudes.abs()).sum(dim=1) / importance.sum(dim=1)
        alpha = alpha.view(-1, *[1] * (weights.ndim - 1)).expand_as(weights)
    return _ScaledSign.apply(weights, alpha)  # type: ignore[no-any-return, no-untyped-call]


class LossAware(nn.Module):
    """:func:`loss_aware_weights` with a curvature that it learns from gradients.

    The diagonal Hessian is Adam's: ``d = eps + sqrt(v)``, ``v`` the running mean of the
    squared gradients with its start corrected (the paper's algorithm 1; its factor
    ``1 / learning rate`` falls out of ``alpha``). It is kept here rather than taken
    from an optimizer, so that any optimizer may train the weights. Until a gradient was
    seen, ``alpha`` is XNOR-Net's mean magnitude.

    Args:
        shape: of the weights.
        beta: share of the running mean that is kept; Adam's second.
        eps: Adam's.
        per_filter: see :func:`loss_aware_weights`.
    """

    squares: Tensor
    steps: Tensor

    def __init__(
        self,
        shape: torch.Size | tuple[int, ...],
        *,
        beta: float = 0.999,
        eps: float = 1e-8,
        per_filter: bool = True,
    ) -> None:
        super().__init__()
        self.beta, self.eps, self.per_filter = beta, eps, per_filter
        self.register_buffer("squares", torch.zeros(shape))
        self.register_buffer("steps", torch.zeros(()))

    @torch.no_grad()
    def observe(self, gradient: Tensor) -> None:
        """Take in the gradient of a step, of the weights' shape."""
        self.squares.lerp_(gradient.square(), 1 - self.beta)
        self.steps += 1

    def curvature(self) -> Tensor:
        """``d``; ones before the first step."""
        if not self.steps:
            return torch.ones_like(self.squares)
        corrected: Tensor = self.squares / (1 - self.beta ** float(self.steps))
        return corrected.sqrt() + self.eps

    def forward(self, weights: Tensor) -> Tensor:
        return loss_aware_weights(weights, self.curvature(), per_filter=self.per_filter)
