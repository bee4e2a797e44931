"""One picture toward one style, at one size: what experiments are made of."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from artem.learn.losses import PerceptualLoss
from artem.learn.losses.perceptual import StyleTarget
from artem.learn.optimization.descent import Descent
from artem.learn.optimization.objective import Region, RegionalLoss


def optimize_picture(
    loss: PerceptualLoss,
    content: Tensor,
    style: StyleTarget,
    *,
    start: Tensor | None = None,
    evaluations: int = 300,
    optimizer: str = "l-bfgs",
    learning_rate: float = 0.03,
    on_evaluation: Callable[[int, float], None] | None = None,
) -> tuple[Tensor, list[float]]:
    """Minimize the perceptual loss over the pixels.

    Args:
        loss: the objective.
        content: picture, ``(1, 3, H, W)`` in [0, 1].
        style: what ``loss.style_target`` gave.
        start: picture to start from; the content by default.
        evaluations: forward and backward passes, line searches included.
        optimizer, learning_rate: see :class:`Descent`.
        on_evaluation: called with the number of evaluations so far and the
            objective.

    Returns:
        The best picture met, ``(1, 3, H, W)`` in [0, 1], and the lowest objective
        so far after each evaluation.
    """
    objective = RegionalLoss(loss, content, [Region([(1.0, style)])])
    descent = Descent(
        objective,
        content if start is None else start,
        evaluations=evaluations,
        optimizer=optimizer,
        learning_rate=learning_rate,
    )
    if on_evaluation is None:
        descent.run()
    else:
        descent.run(lambda descent: on_evaluation(len(descent.curve), descent.value))
    return objective.shown(descent.best_image), descent.curve
