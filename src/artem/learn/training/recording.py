"""Parts of a training step, recorded as CUDA graphs and replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor

R = TypeVar("R")

REHEARSALS = 3
"""Libraries choose their algorithms and allocate what they need in the first calls."""


class Recorded(Generic[R]):
    """A function of tensors that is recorded by its first call and replayed by all others.

    The kernels of a recorded call are launched all at once, on the memory that they had
    then. So every input must keep its shape, nothing may depend on numbers that the host
    would have to read, and what is changed or used beside the inputs must stay in place.

    Args:
        function: what to record.
        rehearsed: call it a few times before it is recorded; not for what must happen once.
    """

    def __init__(self, function: Callable[..., R], *, rehearsed: bool = True) -> None:
        self.function = function
        self.rehearsed = rehearsed
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, ...] = ()
        self._result: R

    def __call__(self, *inputs: Tensor) -> R:
        """The function's result, in tensors that the next call overwrites."""
        if self._graph is None:
            self._graph = self._record(inputs)
        for kept, given in zip(self._inputs, inputs, strict=True):
            kept.copy_(given)
        self._graph.replay()
        return self._result

    def _record(self, inputs: tuple[Tensor, ...]) -> torch.cuda.CUDAGraph:
        self._inputs = tuple(given.clone() for given in inputs)
        if self.rehearsed:
            beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            beside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(beside):
                for _ in range(REHEARSALS):
                    self.function(*self._inputs)
            torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._result = self.function(*self._inputs)
        return graph


def settle_optimizer(optimizer: torch.optim.Optimizer) -> None:
    """Make an optimizer's step fit to be recorded: everything it keeps is there, in tensors.

    Gradients must be there, and are zero afterwards. Moments of an optimizer that has not
    begun are 0, as they would be; the others stay.
    """
    fresh = not optimizer.state
    for group in optimizer.param_groups:
        device = group["params"][0].device
        group["capturable"] = device.type == "cuda"
        group["lr"] = torch.tensor(0.0, device=device)
        for parameter in group["params"]:
            parameter.grad.zero_()
    for state in optimizer.state.values():
        if "step" in state:
            state["step"] = state["step"].to(next(iter(optimizer.state)).device)
    if fresh:
        optimizer.step()  # along zeros, at a rate of 0
        for state in optimizer.state.values():
            if "step" in state:
                state["step"].zero_()
