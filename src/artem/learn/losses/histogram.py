"""Histogram losses: every channel's values, in whatever place, should be the style's values."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from artem.learn.losses.precision import in_float32

QUANTILES = 256
"""Into how many equal parts the sorted values of a channel are summed up."""


def quantile_means(rows: Tensor, count: int = QUANTILES) -> Tensor:
    """Sort values and take the means of equal parts: a histogram with equal counts.

    The quantile function of a sample is a staircase; this is its mean over each
    of ``count`` equal intervals, exact also where a stair crosses a border. So it
    says the same of a texture and of more of the same texture, and pictures of
    any two sizes can be compared.

    Args:
        rows: ``(N, C, M)``.

    Returns:
        ``(N, C, count)``, rising.
    """
    ordered = rows.sort(dim=2).values
    values = rows.shape[2]
    # Centered, so that sums over many positions keep their last digits.
    center = ordered.detach().mean(dim=2, keepdim=True)
    sums = F.pad((ordered - center).cumsum(dim=2), (1, 0))
    borders = torch.arange(count + 1, device=rows.device) * values
    stair = (borders // count).clamp_max(values - 1)
    rest = (borders - stair * count).to(rows.dtype) / count
    areas = sums[..., stair] + rest * (ordered - center)[..., stair]
    return areas.diff(dim=2) * (count / values) + center


@in_float32
def channel_histograms(features: Tensor) -> Tensor:
    """Each channel's values from the least to the greatest, ``(N, C, QUANTILES)``."""
    return quantile_means(features.flatten(2))


def histogram_loss(histograms: Tensor, target: Tensor) -> Tensor:
    """How far each value is from the style's value of the same rank.

    Risser et al., arXiv:1701.08893, section 3.2: the squared distance between
    features ``O`` and ``R(O)``, the same features remapped to the style's
    histogram channel by channel, with ``R`` constant in the gradient. Matching is
    by rank here: the values are sorted and compared part by part
    (:func:`quantile_means`), instead of through 256 bins of equal width. The
    paper adds it to the Gram loss; alone, nothing ties the channels together.

    Args:
        histograms, target: ``(N, C, QUANTILES)`` of :func:`channel_histograms`; the
            target may be one for all.

    Returns:
        ``(N,)``: mean squared difference, divided by the target's mean square.
    """
    distance = (histograms - target).square().mean(dim=(1, 2))
    return distance / target.square().mean(dim=(1, 2)).clamp_min(1e-12)
