"""Gradients that are too long, or no numbers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def clip_gradients(parameters: Sequence[Tensor], most: float, by: str = "parameter") -> bool:
    """Shorten gradients to a norm of ``most`` at most: ``g <- min(1, most / |g|) g``.

    Args:
        parameters: tensors whose ``.grad`` is changed in place.
        most: largest norm; 0 leaves all as it is.
        by: ``parameter`` for each tensor by itself (HPI report, section 3.5), or
            ``global`` for all as one vector.

    Returns:
        Whether all gradients were finite. When not, none was changed.
    """
    norms = gradient_norms(parameters)
    if not bool(torch.isfinite(norms).all()):
        return False
    shorten_gradients(parameters, norms, most, by)
    return True


def gradient_norms(parameters: Sequence[Tensor]) -> Tensor:
    """The norm of each gradient that there is."""
    return torch.stack([p.grad.norm() for p in parameters if p.grad is not None])


def shorten_gradients(
    parameters: Sequence[Tensor], norms: Tensor, most: float, by: str = "parameter"
) -> None:
    """:func:`clip_gradients`, where their :func:`gradient_norms` are at hand and finite."""
    if most > 0:
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if by == "global":
            norms = norms.norm().expand(len(gradients))
        factors = (most / norms.clamp_min(1e-12)).clamp_max(1.0)
        for gradient, factor in zip(gradients, factors, strict=True):
            gradient.mul_(factor)
