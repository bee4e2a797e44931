"""Moments of the features: means, deviations and covariances, and nothing else of them."""

from __future__ import annotations

import torch
from torch import Tensor

from artem.learn.losses.gram import gram_matrix
from artem.learn.losses.precision import in_float32

FLAT = 1e-5
"""Added to a variance under a root, whose slope at 0 has no bound."""


@in_float32
def channel_moments(features: Tensor) -> Tensor:
    """How strongly each channel fires on the average, and how much that varies.

    Args:
        features: feature maps, ``(N, C, H, W)``.

    Returns:
        ``(N, 2, C)``: means, and standard deviations ``sqrt(variance + 1e-5)``.
    """
    rows = features.flatten(2)
    variance, mean = torch.var_mean(rows, dim=2, correction=0)
    return torch.stack([mean, (variance + FLAT).sqrt()], dim=1)


def moments_loss(moments: Tensor, target: Tensor) -> Tensor:
    """Distance of channel means and standard deviations, relative to the target's.

    Li et al., arXiv:1701.01036 ("BN statistics matching"), add the squared
    differences of means and of standard deviations; AdaIN (Huang and Belongie,
    arXiv:1703.06868, eq. 13) adds the norms of the same differences, not squared.
    Ours is the former, divided by what it is for a picture without features.

    Args:
        moments, target: ``(N, 2, C)`` of :func:`channel_moments`; the target may
            be one for all.

    Returns:
        ``(N,)``: ``(|m - m_s|^2 + |d - d_s|^2) / (|m_s|^2 + |d_s|^2)``.
    """
    distance = (moments - target).square().sum(dim=(1, 2))
    return distance / target.square().sum(dim=(1, 2)).clamp_min(1e-12)


@in_float32
def covariance(features: Tensor) -> Tensor:
    """How the channels vary together, wherever in the picture.

    Args:
        features: feature maps, ``(N, C, H, W)``.

    Returns:
        ``(N, C, C)``, divided by the number of positions.
    """
    mean = features.mean(dim=(2, 3))
    return gram_matrix(features) - mean[:, :, None] * mean[:, None, :]  # without a centered copy


def coral_loss(covariances: Tensor, target: Tensor) -> Tensor:
    """Deep CORAL: squared distance of covariances, relative to the target's norm.

    Sun and Saenko, arXiv:1607.01719, eq. 1, divide by ``4 C^2`` instead and the
    covariances by one position less. The means of the channels do not count,
    which is what tells it from the Gram loss: with it overall color and contrast
    are the content's own business.

    Args:
        covariances, target: ``(N, C, C)`` of :func:`covariance`; the target may
            be one for all.

    Returns:
        ``(N,)``: ``||K - K_s||^2 / ||K_s||^2``.
    """
    distance = (covariances - target).square().sum(dim=(1, 2))
    return distance / target.square().sum(dim=(1, 2)).clamp_min(1e-12)
