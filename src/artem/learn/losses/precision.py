"""Losses are computed in float32, whatever the network around them computes in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import torch
from torch import Tensor

P = ParamSpec("P")


def in_float32(loss: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """The same function with its tensors widened to float32 and autocast off.

    Squares of half precision overflow at 256, and sums over a picture's
    positions lose their last digits in bfloat16.
    """

    @wraps(loss)
    def widened(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        wide = [arg.float() if isinstance(arg, Tensor) else arg for arg in args]
        device = next(arg.device.type for arg in args if isinstance(arg, Tensor))
        with torch.autocast(device, enabled=False):
            return loss(*wide, **kwargs)  # type: ignore[arg-type]

    return widened
