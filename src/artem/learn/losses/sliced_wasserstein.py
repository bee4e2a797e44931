"""The sliced Wasserstein loss: histograms along random directions."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from artem.learn.losses.histogram import quantile_means
from artem.learn.losses.precision import in_float32


@in_float32
def projected_histograms(features: Tensor) -> Tensor:
    """The features' values along ``C`` random directions, each from the least to the greatest.

    Heitz et al., arXiv:2006.07229, section 3: project the cloud of features on
    random unit directions, sort, and compare values of the same rank, as
    :func:`~artem.learn.losses.histogram_loss` does. Unlike the channels' own
    histograms, these tell which channels fire together. The paper draws new
    directions at each step. Ours are the rows of one random rotation for each
    number of channels, from a fixed seed, as an optimizer with a memory needs;
    being orthogonal, they leave no direction out.

    Args:
        features: feature maps, ``(N, C, H, W)``.

    Returns:
        ``(N, C, QUANTILES)``, see :func:`~artem.learn.losses.histogram.quantile_means`.
    """
    directions = _rotation(features.shape[1]).to(features.device)
    return quantile_means(directions @ features.flatten(2))


@lru_cache(maxsize=16)
@torch.inference_mode(False)
def _rotation(channels: int) -> Tensor:
    """A random orthogonal matrix ``(C, C)``, the same at every call."""
    generator = torch.Generator().manual_seed(channels)
    rotation: Tensor = torch.linalg.qr(torch.randn(channels, channels, generator=generator)).Q
    return rotation
