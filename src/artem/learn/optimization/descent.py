"""Downhill over the pixels of one image: L-BFGS or Adam, stopped and resumed anywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from artem.core.errors import LossError, TrainingError, did_you_mean

HISTORY = 20
HISTORY_BYTES = 512 << 20
LINE_SEARCH = 25


class Objective(Protocol):
    """What is to be made small.

    Attributes:
        learns: whether it changes from one evaluation to the next.
    """

    learns: bool

    def __call__(self, image: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        """The objective at ``image``, a scalar with its graph, and its terms for people."""

    def state(self) -> dict[str, Any]:
        """What it has learned, apart from what goes on learning."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what :meth:`state` gave."""


class Descent:
    """One image on its way down an objective; keeps the best one met.

    L-BFGS is PyTorch's with a strong Wolfe line search, taken one iteration at a
    time, so that it can be saved between any two; what an iteration begins with
    is what the last one ended with and is not evaluated again. Its memory holds
    20 steps, fewer for large pictures (:func:`history_size`). Where it finds no
    way down, or the objective stops being a number, it starts afresh from the
    best image met.

    Args:
        objective: may be one that learns for Adam alone.
        start: image of any shape; stays as it is.
        evaluations: forward and backward passes, line searches included.
        optimizer: ``l-bfgs`` or ``adam``.
        learning_rate: Adam's at the start; it falls to a tenth along half a cosine.

    Attributes:
        best_image: the image with the lowest objective so far; the last one when
            the objective learns, as values are not comparable then.
        curve: the lowest objective so far after each evaluation.
        terms: of the last evaluation.
        value: the objective at the last evaluation.

    Raises:
        TrainingError: there is no such optimizer.
        LossError: L-BFGS was asked for, and the objective learns.
    """

    def __init__(
        self,
        objective: Objective,
        start: Tensor,
        *,
        evaluations: int,
        optimizer: str = "l-bfgs",
        learning_rate: float = 0.03,
    ) -> None:
        self.objective = objective
        self.evaluations = evaluations
        self.learning_rate = learning_rate
        self.image = start.detach().clone(memory_format=torch.contiguous_format).requires_grad_()
        if optimizer not in OPTIMIZERS:
            raise TrainingError(
                f"'{optimizer}' is not an optimizer here.{did_you_mean(optimizer, OPTIMIZERS)}\n"
                f"  Use one of: {', '.join(OPTIMIZERS)}"
            )
        if objective.learns:
            refuse_learning(optimizer)
        self.optimizer = OPTIMIZERS[optimizer](self.image)
        self.best_image = self.image.detach().clone()
        self.curve: list[float] = []
        self.terms: Mapping[str, float] = {}
        self.value = math.inf
        self._seen: tuple[Tensor, Tensor, float] | None = None
        self._on_evaluation: Callable[[Descent], None] = lambda descent: None
        self._saved = self._snapshot()

    def run(self, on_evaluation: Callable[[Descent], None] = lambda descent: None) -> None:
        """Go down until all evaluations are used up or nothing is left to gain.

        Args:
            on_evaluation: called after each; what it raises stops the descent.
                Its :meth:`state` is good at any time, amid an evaluation too.
        """
        self._on_evaluation = on_evaluation
        if not torch.equal(self.image, self._saved["image"]):
            self.resume(self._saved)  # it was stopped amid a line search
        stuck = False
        try:
            while len(self.curve) < self.evaluations:
                self._schedule()
                self.optimizer.step(self._evaluate)
                lost = not (math.isfinite(self.value) and bool(torch.isfinite(self.image).all()))
                idle = torch.equal(self.image, self._saved["image"])
                if (lost or idle) and stuck:
                    break
                stuck = lost or idle
                if stuck:
                    self.optimizer.state.clear()
                    with torch.no_grad():
                        self.image.copy_(self.best_image)
                self._saved = self._snapshot()
        except _EnoughError:
            pass
        best = self.curve[-1] if self.curve else math.inf
        self.curve += [best] * (self.evaluations - len(self.curve))

    def _evaluate(self) -> float:
        """The objective and its gradient at the image; of one just seen, without computing."""
        if self._seen is not None and torch.equal(self._seen[0], self.image):
            self.image.grad = self._seen[1].clone()
            return self._seen[2]
        if len(self.curve) >= self.evaluations:
            raise _EnoughError
        self.image.grad = None
        objective, self.terms = self.objective(self.image)
        objective.backward()  # type: ignore[no-untyped-call]
        self.value = float(objective.detach())
        lowest = self.curve[-1] if self.curve else math.inf
        if self.objective.learns or self.value < lowest:
            self.best_image = self.image.detach().clone()
        self.curve.append(self.value if self.value < lowest else lowest)
        assert self.image.grad is not None
        self._seen = self.image.detach().clone(), self.image.grad.clone(), self.value
        self._on_evaluation(self)
        return self.value

    def _schedule(self) -> None:
        if isinstance(self.optimizer, torch.optim.Adam):
            cosine = (1 + math.cos(math.pi * len(self.curve) / self.evaluations)) / 2
            self.optimizer.param_groups[0]["lr"] = self.learning_rate * (0.1 + 0.9 * cosine)

    def _snapshot(self) -> dict[str, Any]:
        """All that the next step depends on; nothing that it changes in place."""
        seen = self._seen
        if seen is not None and not torch.equal(seen[0], self.image):
            seen = None
        image = self.image.detach().clone() if seen is None else seen[0]
        return {
            "image": image, "best_image": self.best_image, "curve": list(self.curve),
            "optimizer": _copied(self.optimizer.state.get(self.image, {})),
            "gradient": None if seen is None else seen[1], "value": self.value,
            "objective": self.objective.state(),
        }  # fmt: skip

    def state(self) -> dict[str, Any]:
        """What :meth:`resume` goes on from, to the same image: as of the last finished step."""
        return self._saved

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state` gave, with the same objective and settings."""
        with torch.no_grad():
            self.image.copy_(state["image"])
        self.best_image = state["best_image"]
        self.curve = list(state["curve"])
        self.value = state["value"]
        self.objective.restore(state["objective"])
        self.optimizer.state.clear()
        if state["optimizer"]:
            self.optimizer.state[self.image] = _copied(state["optimizer"])
        gradient = state["gradient"]
        self._seen = (
            None if gradient is None else (self.image.detach().clone(), gradient, self.value)
        )
        self._saved = self._snapshot()


def refuse_learning(optimizer: str) -> None:
    """Raise a LossError unless the optimizer bears an objective that learns."""
    if optimizer != "adam":
        raise LossError(
            "L-BFGS needs an objective that stays what it is, and the adversarial loss learns."
            "\n  Use --optimizer adam."
        )


def _copied(state: Mapping[str, Any]) -> dict[str, Any]:
    """An optimizer's state, apart from what the next step changes in place."""
    in_place = {"prev_flat_grad", "exp_avg", "exp_avg_sq", "step"}
    return {
        name: value.clone() if name in in_place else list(value) if isinstance(value, list)
        else value
        for name, value in state.items()
        if name != "al"  # scratch space
    }  # fmt: skip


def history_size(image: Tensor) -> int:
    """How many steps L-BFGS remembers, each two images: 20, or as many as fit in 512 MB."""
    bytes_a_step = 2 * image.numel() * image.element_size()
    return max(3, min(HISTORY, HISTORY_BYTES // max(bytes_a_step, 1)))


def _lbfgs(image: Tensor) -> torch.optim.Optimizer:
    return torch.optim.LBFGS(
        [image], max_iter=1, max_eval=1 + LINE_SEARCH, history_size=history_size(image),
        tolerance_grad=0, tolerance_change=0, line_search_fn="strong_wolfe",
    )  # fmt: skip


def _adam(image: Tensor) -> torch.optim.Optimizer:
    return torch.optim.Adam([image], betas=(0.9, 0.99))


OPTIMIZERS: dict[str, Callable[[Tensor], torch.optim.Optimizer]] = {
    "l-bfgs": _lbfgs,
    "adam": _adam,
}


class _EnoughError(Exception):
    """The evaluations are used up in the middle of a line search."""
