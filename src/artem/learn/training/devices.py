"""Where a training runs, and what lets it go at that device's pace."""

from __future__ import annotations

import torch

from artem.core.allocation import keep_freed_memory
from artem.core.errors import TrainingError
from artem.learn.training.photos import PhotoFolder

DEVICES = ("cpu", "cuda", "mps")


def find_device(device: str | torch.device | None) -> torch.device:
    """The device asked for; without one, CUDA where there is some, else the CPU.

    Raises:
        TrainingError: it is not here.
    """
    try:
        found = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if found.type not in DEVICES:
            raise RuntimeError(f"no training on {found.type}")
        torch.empty(1, device=found)
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        raise TrainingError(
            f"There is no device '{device}' here that PyTorch can use.\n  Try --device cpu."
        ) from error
    return found


def suit_device(device: torch.device, *folders: PhotoFolder) -> None:
    """Set up what lets a training go at the device's pace.

    A CPU is not held up by denormals, nor by memory that comes and goes; a GPU not by
    photos that a CPU decodes and crops.
    """
    if device.type == "cpu":
        torch.set_flush_denormal(True)  # they stall the early steps
        keep_freed_memory()
    else:
        for folder in folders:
            folder.keep_on(device)
