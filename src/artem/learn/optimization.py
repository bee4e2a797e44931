"""A picture by gradient descent, as Gatys et al. made it (arXiv:1508.06576)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from artem.learn.losses import PerceptualLoss
from artem.learn.losses.perceptual import StyleTarget


def optimize_picture(
    loss: PerceptualLoss,
    content: Tensor,
    style: StyleTarget,
    *,
    start: Tensor | None = None,
    evaluations: int = 300,
    on_evaluation: Callable[[int, float], None] | None = None,
) -> tuple[Tensor, list[float]]:
    """Minimize the perceptual loss over the pixels with L-BFGS.

    Args:
        loss: the objective.
        content: picture, ``(1, 3, H, W)`` in [0, 1].
        style: what ``loss.style_target`` gave.
        start: picture to start from; the content by default.
        evaluations: forward and backward passes, line searches included.
        on_evaluation: called with the number of evaluations so far and the
            objective.

    Returns:
        The best picture met, ``(1, 3, H, W)`` clipped to [0, 1], and the lowest
        objective so far after each evaluation.
    """
    target = loss.content_target(content)
    image = (content if start is None else start).clone(memory_format=torch.contiguous_format)
    image.requires_grad_()
    best, best_image, curve = float("inf"), image.detach().clone(), list[float]()

    def evaluate() -> Tensor:
        nonlocal best, best_image
        if len(curve) >= evaluations:
            raise _EnoughError
        optimizer.zero_grad()
        objective = loss.total(loss.terms(image, target, style)).sum()
        objective.backward()  # type: ignore[no-untyped-call]
        value = float(objective.detach())
        if value < best:
            best, best_image = value, image.detach().clone()
        curve.append(best)
        if on_evaluation:
            on_evaluation(len(curve), value)
        return objective

    optimizer = torch.optim.LBFGS(
        [image], max_iter=evaluations, max_eval=evaluations, history_size=20,
        tolerance_grad=0, tolerance_change=0, line_search_fn="strong_wolfe",
    )  # fmt: skip
    try:
        while len(curve) < evaluations:
            optimizer.step(evaluate)  # type: ignore[no-untyped-call]
    except _EnoughError:
        pass
    return best_image.clamp(0, 1), curve


class _EnoughError(Exception):
    """The evaluations are used up in the middle of a line search."""
