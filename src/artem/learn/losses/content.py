"""The content loss: what the picture shows, wherever its pixels are."""

from __future__ import annotations

from torch import Tensor

from artem.learn.losses.normalization import NORMALIZATIONS


def content_loss(features: Tensor, target: Tensor, normalization: str = "relative") -> Tensor:
    """Squared distance between feature maps, relative to the target's own size.

    Args:
        features: feature maps of the picture being made, ``(N, C, H, W)``.
        target: feature maps of the content picture, same shape.
        normalization: another convention, of :data:`NORMALIZATIONS`.

    Returns:
        ``(N,)``: ``mean((features - target)^2) / mean(target^2)``. 0 is the
        content picture itself, 1 is a picture without any features.
        (Gatys et al., arXiv:1508.06576, eq. 1, and the HPI report divide by 2
        or ``2CHW`` instead of the target's size; the quotient makes one weight
        serve every layer and encoder.)
    """
    features, target = features.float(), target.float()
    distance = (features - target).square().mean(dim=(1, 2, 3))
    return distance / NORMALIZATIONS[normalization].content(target)
