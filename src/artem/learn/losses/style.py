"""Style losses by name: what a style is described by, and how far a picture is from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from artem.learn.losses.gram import gram_loss, gram_matrix


@dataclass(frozen=True)
class StyleLoss:
    """One way to tell styles apart, on the feature maps of one layer.

    Both functions depend on nothing but their arguments: what is random in them
    is drawn anew from a fixed seed at each call, so an optimizer with a memory
    (L-BFGS) meets the same function every time.

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
}
