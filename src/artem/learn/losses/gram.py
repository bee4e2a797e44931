"""Gram matrices, the classic description of a style."""

from __future__ import annotations

from torch import Tensor

from artem.learn.losses.normalization import NORMALIZATIONS
from artem.learn.losses.precision import in_float32


@in_float32
def gram_matrix(features: Tensor) -> Tensor:
    """Which channels fire together, wherever in the picture they do.

    Args:
        features: feature maps, ``(N, C, H, W)``.

    Returns:
        ``(N, C, C)``, float32, symmetric, divided by ``H * W`` so that one
        texture gives one matrix at any size. (Johnson et al.,
        arXiv:1603.08155, divide by ``C * H * W``; Gatys et al. divide in the
        loss instead.)
    """
    rows = features.flatten(2)
    # Both factors have the same gradient. Taking it from one, twice, saves a product as large
    # as this one and a copy of the features in the backward pass.
    product = rows @ rows.detach().transpose(1, 2) / rows.shape[2]
    product = (product + product.transpose(1, 2)) / 2
    return 2 * product - product.detach()


def gram_loss(gram: Tensor, target: Tensor, normalization: str = "relative") -> Tensor:
    """Squared Frobenius distance of Gram matrices, relative to the target's own norm.

    Args:
        gram: ``(N, C, C)``, of the picture being made.
        target: ``(N, C, C)`` or ``(1, C, C)``, of the style picture.
        normalization: another convention, of :data:`NORMALIZATIONS`.

    Returns:
        ``(N,)``: ``||G - S||^2 / ||S||^2``. 0 is the style's own texture, 1 is
        a picture without any features. (The HPI report divides by ``(2CHW)^2``;
        the quotient makes layers and styles comparable, whose norms differ by
        orders of magnitude.)
    """
    distance = (gram - target).square().sum(dim=(1, 2))
    return distance / NORMALIZATIONS[normalization].gram(target)
