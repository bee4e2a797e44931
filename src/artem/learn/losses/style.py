"""Style losses by name: what a style is described by, and how far a picture is from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import Tensor

from artem.core.errors import LossError, did_you_mean
from artem.learn.losses.gram import gram_loss, gram_matrix
from artem.learn.losses.histogram import channel_histograms, histogram_loss
from artem.learn.losses.mmd import (
    gaussian_mmd,
    gaussian_style,
    linear_mmd,
    mean_features,
    polynomial_mmd,
    polynomial_style,
)
from artem.learn.losses.moments import channel_moments, coral_loss, covariance, moments_loss
from artem.learn.losses.mrf import mrf_loss, style_patches
from artem.learn.losses.sliced_wasserstein import projected_histograms


@dataclass(frozen=True)
class StyleLoss:
    """One way to tell styles apart, on the feature maps of one layer.

    Both functions depend on nothing but their arguments: what is random in them
    comes from a fixed seed, so an optimizer with a memory (L-BFGS) meets the same
    function every time.

    Attributes:
        describe: from features ``(N, C, H, W)`` to a description ``(N, ...)``
            whose shape does not depend on ``H`` and ``W``.
        distance: from features ``(N, C, H, W)`` and a description of one style
            for all ``(1, ...)`` or of one for each ``(N, ...)`` to ``(N,)``,
            differentiable in the features. 0 is the style itself and about 1 a
            picture without any features, so that one weight serves all.
        needs_maps: whether neighbors count. Without it the positions may come
            in any order, so a region may be handed over as ``(N, C, M, 1)``.
    """

    describe: Callable[[Tensor], Tensor]
    distance: Callable[[Tensor, Tensor], Tensor]
    needs_maps: bool = False


def _comparing(
    describe: Callable[[Tensor], Tensor], compare: Callable[[Tensor, Tensor], Tensor]
) -> StyleLoss:
    """A loss that describes the picture as it does the style, and compares."""
    return StyleLoss(describe, lambda features, style: compare(describe(features), style))


STYLE_LOSSES: dict[str, StyleLoss] = {
    "gram": _comparing(gram_matrix, gram_loss),
    "moments": _comparing(channel_moments, moments_loss),
    "coral": _comparing(covariance, coral_loss),
    "mmd-linear": _comparing(mean_features, linear_mmd),
    "mmd-polynomial": StyleLoss(polynomial_style, polynomial_mmd),
    "mmd-gaussian": StyleLoss(gaussian_style, gaussian_mmd),
    "histogram": _comparing(channel_histograms, histogram_loss),
    "sliced-wasserstein": _comparing(projected_histograms, histogram_loss),
    "mrf": StyleLoss(style_patches, mrf_loss, needs_maps=True),
}

ADVERSARIAL = "adversarial"
"""The one style loss that learns while it judges: :class:`~artem.learn.losses.AdversarialLoss`."""


def refuse_unknown_losses(names: Iterable[str]) -> None:
    """Raise a LossError that names the first unknown style loss and all known ones."""
    known = (*STYLE_LOSSES, ADVERSARIAL)
    for name in names:
        if name not in known:
            raise LossError(
                f"'{name}' is no style loss.{did_you_mean(name, known)}\n"
                f"  Use one of: {', '.join(known)}"
            )
