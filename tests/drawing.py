"""Pictures drawn by code, for tests."""

import numpy as np
import torch
from torch import Tensor


def draw_picture(side_px: int, seed: int) -> Tensor:
    """Waves of three colors, ``(1, 3, side, side)`` in [0, 1]."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:side_px, :side_px] / side_px
    waves = [
        np.sin(draw.uniform(4, 40) * x + draw.uniform(4, 40) * y + draw.uniform(0, 6))
        for _ in range(3)
    ]
    return torch.from_numpy(np.stack(waves)[None] / 2 + 0.5).float()
