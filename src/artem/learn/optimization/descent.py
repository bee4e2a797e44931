"""Downhill over the pixels of one image: L-BFGS or Adam, stopped and resumed anywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from artem.core.errors import TrainingError, did_you_mean

HISTORY = 20
HISTORY_BYTES = 512 << 20
LINE_SEARCH = 25


class Objective(Protocol):
    """What is to be made small."""

    def __call__(self, image: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        """The objective at ``image``, a scalar with its graph, and its terms for people."""


class Descent:
    """One image on its way down an objective; keeps the best one met.

    L-BFGS is PyTorch's with a strong Wolfe line search, taken one iteration at a
    time, so that it can be saved between any two; what an iteration begins with
    is what the last one ended with and is not evaluated again. Its memory holds
    20 steps, fewer for large pictures (:func:`history_size`). Where it finds no
    way down, or the objective stops being a number, it starts afresh from the
    best image met.

    Args:
        objective: has one minimum to find for L-BFGS; may change between steps
            for Adam.
        start: image of any shape; stays as it is.
        evaluations: forward and backward passes, line searches included.
        optimizer: ``l-bfgs`` or ``adam``.
        learning_rate: Adam's at the start; it falls to a tenth along half a cosine.

    Attributes:
        best_image: the image with the lowest objective so far.
        curve: the lowest objective so far after each evaluation.
        terms: of the last evaluation.
        value: the objective at the last evaluation.

    Raises:
        TrainingError: there is no such optimizer.
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
            on_evaluation: called after each; what it raises stops the descent,
                which may then be saved or run on.
        """
        self._on_evaluation = on_evaluation
        stuck = False
        try:
            while len(self.curve) < self.evaluations:
                before = len(self.curve)
                self._schedule()
                self.optimizer.step(self._evaluate)
                lost = not (math.isfinite(self.value) and bool(torch.isfinite(self.image).all()))
                idle = len(self.curve) == before
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

    def _evaluate(self) -> Tensor:
        """The objective and its gradient at the image; of one just seen, without computing."""
        if self._seen is not None and torch.equal(self._seen[0], self.image):
            self.image.grad = self._seen[1].clone()
            return torch.tensor(self._seen[2])
        if len(self.curve) >= self.evaluations:
            raise _EnoughError
        self.image.grad = None
        objective, self.terms = self.objective(self.image)
        objective.backward()  # type: ignore[no-untyped-call]
        self.value = float(objective.detach())
        if self.value < min(self.curve[-1:], default=math.inf):
            self.best_image = self.image.detach().clone()
            self.curve.append(self.value)
        else:
            self.curve.append(self.curve[-1] if self.curve else math.inf)
        assert self.image.grad is not None
        self._seen = self.image.detach().clone(), self.image.grad.clone(), self.value
        self._on_evaluation(self)
        return objective.detach()

    def _schedule(self) -> None:
        if isinstance(self.optimizer, torch.optim.Adam):
            cosine = (1 + math.cos(math.pi * len(self.curve) / self.evaluations)) / 2
            self.optimizer.param_groups[0]["lr"] = self.learning_rate * (0.1 + 0.9 * cosine)

    def _snapshot(self) -> dict[str, Any]:
        """All that the next step depends on; nothing that it changes in place."""
        state = {
            name: value.clone() if name in _IN_PLACE else list(value) if isinstance(value, list)
            else value
            for name, value in self.optimizer.state.get(self.image, {}).items()
            if name != "al"  # scratch space
        }  # fmt: skip
        seen = self._seen
        if seen is not None and not torch.equal(seen[0], self.image):
            seen = None
        image = self.image.detach().clone() if seen is None else seen[0]
        return {
            "image": image, "best_image": self.best_image, "curve": list(self.curve),
            "optimizer": state, "gradient": None if seen is None else seen[1],
            "value": self.value,
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
        if state["optimizer"]:
            self.optimizer.state[self.image] = dict(state["optimizer"])
        gradient = state["gradient"]
        self._seen = (
            None if gradient is None else (self.image.detach().clone(), gradient, self.value)
        )
        self._saved = self._snapshot()


_IN_PLACE = frozenset({"prev_flat_grad", "exp_avg", "exp_avg_sq", "step"})


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
