"""Pictures as the judge needs them: images, noise, luminance."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from artem.core.picture import Frame

# ITU-R BT.601, the weights of JPEG's luminance
LUMINANCE = np.array([0.299, 0.587, 0.114])


def white_noise(height_px: int, width_px: int, seed: int) -> Tensor:
    """Independent values, uniform in [0, 1): ``(1, 3, H, W)``, the same for the same seed.

    They are NumPy's PCG64 stream, which stays the same from version to version.
    """
    draw = np.random.default_rng(seed)
    return torch.from_numpy(draw.random((1, 3, height_px, width_px), dtype=np.float32))


def image_of(frame: Frame) -> Tensor:
    """A frame as an image ``(1, 3, H, W)`` in [0, 1]."""
    return torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None].float().div(255)


def frame_of(image: Tensor) -> Frame:
    """An image ``(1, 3, H, W)`` as the frame that a file holds: clipped, rounded to 8 bits."""
    pixels = image[0].detach().clamp(0, 1).mul(255).round().to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())


def luminance(frame: Frame) -> NDArray[np.float64]:
    """BT.601 luminance ``(H, W)``, 0 to 255."""
    light: NDArray[np.float64] = frame.astype(np.float64) @ LUMINANCE
    return light
