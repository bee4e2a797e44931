"""Whether a training is quicker in bfloat16."""

from __future__ import annotations

import os
from functools import cache
from time import perf_counter

import torch
from torch import nn

TRIALS = 4
PAYS = 0.9
"""So much of float32's time or less, or the conversions between both eat up what is won."""


def fast_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 faster than float32.

    A GPU that has it does. Of CPUs with AMX or AVX512-BF16 some take half the time (Zen 5) and
    some twice (virtual Xeons without AMX), so a convolution is timed, once a process.
    ``ARTEM_BFLOAT16=0`` says no, ``1`` yes.
    """
    asked = os.environ.get("ARTEM_BFLOAT16")
    if asked in ("0", "1"):
        return asked == "1"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    known = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    supported = [getattr(torch.cpu, name, lambda: False) for name in known]
    return device.type == "cpu" and any(asks() for asks in supported) and _pays_here()


@cache
def _pays_here() -> bool:
    """Whether forward and backward passes of a convolution are quicker, at the best of some."""
    convolution = nn.Conv2d(64, 64, 3).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    maps = torch.ones(2, 64, 64, 64).to(memory_format=torch.channels_last).requires_grad_()
    best = {False: float("inf"), True: float("inf")}
    for _ in range(TRIALS):
        for half in best:
            begun_s = perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                answer = convolution(maps)
            answer.float().sum().backward()
            best[half] = min(best[half], perf_counter() - begun_s)
    return best[True] < PAYS * best[False]
