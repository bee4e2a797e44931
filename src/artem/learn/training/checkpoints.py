"""Checkpoints that a killed training resumes from, to the same result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from artem.core.errors import TrainingError
from artem.core.files import replacing


def save_checkpoint(file: Path, state: dict[str, Any]) -> None:
    """Write ``state`` (tensors, numbers, text, lists, dicts) beside ``file``, then rename."""
    # Opened here, a place that cannot be written raises what other files raise there.
    with replacing(file) as partial, partial.open("wb") as stream:
        torch.save(state, stream)


def load_checkpoint(file: Path) -> dict[str, Any]:
    """What :func:`save_checkpoint` wrote, on the CPU. Nothing in the file is executed.

    Raises:
        TrainingError: the file is not a checkpoint.
    """
    try:
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged archive raises whatever its reader stumbles over
        raise TrainingError(
            f"The checkpoint '{file}' cannot be read.\n  Delete it to start over."
        ) from error
    if not isinstance(state, dict):
        raise TrainingError(f"'{file}' is not a checkpoint.\n  Delete it to start over.")
    return state
