"""Maximum mean discrepancy between two pictures' features, with three kernels.

A picture's features at all positions are a cloud of points with ``C``
coordinates. For a kernel ``k``, clouds ``x`` and ``y`` are apart by
``mean k(x, x') + mean k(y, y') - 2 mean k(x, y)``, means over all pairs. Li et al.,
arXiv:1701.01036, eq. 9, who take style for such a distance, show that the Gram
loss is the case of ``k(x, y) = (x . y)^2``. (They divide by constants of their
own; here each distance is divided by what a picture without features has.)
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from artem.learn.losses.gram import gram_matrix
from artem.learn.losses.precision import in_float32

FREQUENCIES = 256
"""Random waves that stand in for the Gaussian kernel; its error is about their root's inverse."""

POSITIONS_AT_ONCE = 1 << 14
"""How many positions' waves are held in memory."""


@in_float32
def mean_features(features: Tensor) -> Tensor:
    """Channel means ``(N, C)`` of feature maps ``(N, C, H, W)``."""
    return features.mean(dim=(2, 3))


def linear_mmd(means: Tensor, target: Tensor) -> Tensor:
    """MMD with ``k(x, y) = x . y``, which is the distance of the means.

    Args:
        means, target: ``(N, C)`` of :func:`mean_features`; the target may be one
            for all.

    Returns:
        ``(N,)``: ``|m - m_s|^2 / |m_s|^2``.
    """
    return (means - target).square().sum(dim=1) / target.square().sum(dim=1).clamp_min(1e-12)


@in_float32
def polynomial_style(features: Tensor) -> Tensor:
    """What :func:`polynomial_mmd` needs of a style.

    Args:
        features: feature maps, ``(N, C, H, W)``.

    Returns:
        ``(N, C + 1, C + 1)``: the Gram matrix of the features with one more
        channel, the constant ``sqrt(c)``; ``c``, in the last corner, is the mean
        of ``x . x``, so that both orders of the kernel have a like say.
    """
    constant = features.square().sum(dim=1).mean(dim=(1, 2))
    return _gram_with(features, constant)


@in_float32
def polynomial_mmd(features: Tensor, style: Tensor) -> Tensor:
    """MMD with ``k(x, y) = (x . y + c)^2``: first and second moments together.

    Written out, it is ``||G - G_s||^2 + 2 c |m - m_s|^2`` with Gram matrices ``G``
    and means ``m``.

    Args:
        features: feature maps, ``(N, C, H, W)``.
        style: of :func:`polynomial_style`, one for all or one for each.

    Returns:
        ``(N,)``, divided by ``||G_s||^2 + 2 c |m_s|^2``.
    """
    constant = style[:, -1, -1]
    distance = (_gram_with(features, constant) - style).square().sum(dim=(1, 2))
    return distance / (style.square().sum(dim=(1, 2)) - constant.square()).clamp_min(1e-12)


def _gram_with(features: Tensor, constant: Tensor) -> Tensor:
    """The Gram matrix of features with one channel more, ``sqrt(constant)`` everywhere."""
    shape = (len(features), 1, *features.shape[2:])
    channel = constant.sqrt().view(-1, 1, 1, 1).expand(shape)
    return gram_matrix(torch.cat([features, channel], dim=1))


@in_float32
def gaussian_style(features: Tensor) -> Tensor:
    """What :func:`gaussian_mmd` needs of a style.

    Args:
        features: feature maps, ``(N, C, H, W)``.

    Returns:
        ``(N, 2 * FREQUENCIES + 1)``: mean cosines and sines of the random waves,
        and last the kernel's ``s^2``: the mean of ``|x - x'|^2`` over all pairs
        of positions.
    """
    rows = features.flatten(2)
    width = 2 * rows.var(dim=2, correction=0).sum(dim=1)
    width = width.clamp_min(1e-6 * rows.square().sum(dim=1).mean(dim=1)).clamp_min(1e-12)
    return torch.cat([_mean_waves(rows, width), width[:, None]], dim=1)


@in_float32
def gaussian_mmd(features: Tensor, style: Tensor) -> Tensor:
    """MMD with ``k(x, y) = exp(-|x - y|^2 / (2 s^2))``.

    All pairs of positions are too many, and a sample of them would leave most
    pixels without a gradient. So the kernel is written as a mean over random
    waves (Rahimi and Recht, "Random features for large-scale kernel machines",
    2007), ``k(x, y) = mean cos(w . (x - y))`` with ``w`` drawn from a normal
    distribution of width ``1 / s``. Their frequencies come from a fixed seed and
    depend on the number of channels alone.

    Args:
        features: feature maps, ``(N, C, H, W)``.
        style: of :func:`gaussian_style`, one for all or one for each.

    Returns:
        ``(N,)``, divided by the distance of a picture whose features are all 0.
    """
    waves, width = style[:, :-1], style[:, -1]
    distance = (_mean_waves(features.flatten(2), width) - waves).square().sum(dim=1)
    nothing = torch.zeros_like(waves)
    nothing[:, :FREQUENCIES] = 1 / math.sqrt(FREQUENCIES)
    return distance / (nothing - waves).square().sum(dim=1).clamp_min(1e-6)


def _mean_waves(rows: Tensor, width: Tensor) -> Tensor:
    """``(N, 2 * FREQUENCIES)``: means over positions; their dot products are mean kernels.

    Args:
        rows: ``(N, C, M)``.
        width: ``s^2`` of the kernel, ``(N,)`` or ``(1,)``.
    """
    frequencies = _frequencies(rows.shape[1]).to(rows.device)
    frequencies = frequencies / width.sqrt().view(-1, 1, 1)

    def sums(part: Tensor) -> Tensor:
        angles = frequencies @ part
        return torch.cat([angles.cos().sum(dim=2), angles.sin().sum(dim=2)], dim=1)

    # Waves are recomputed for the gradient: kept, they are several times the features.
    parts = [
        checkpoint(sums, part, use_reentrant=False, preserve_rng_state=False)
        for part in torch.split(rows, POSITIONS_AT_ONCE, dim=2)
    ]
    total: Tensor = torch.stack(parts).sum(dim=0)
    return total / (rows.shape[2] * math.sqrt(FREQUENCIES))


@lru_cache(maxsize=16)
@torch.inference_mode(False)
def _frequencies(channels: int) -> Tensor:
    """``(FREQUENCIES, C)``, standard normal, the same at every call."""
    generator = torch.Generator().manual_seed(channels)
    return torch.randn(FREQUENCIES, channels, generator=generator)
