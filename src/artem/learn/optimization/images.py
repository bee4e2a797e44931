"""Frames, images and sizes: what passes between pictures and those who optimize or judge them."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from artem.core.picture import Frame


def image_of(frame: Frame) -> Tensor:
    """A frame as an image ``(1, 3, H, W)`` in [0, 1]."""
    return torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None].float().div(255)


def frame_of(image: Tensor) -> Frame:
    """An image ``(1, 3, H, W)`` as the frame that a file holds: clipped, rounded to 8 bits."""
    pixels = image[0].detach().clamp(0, 1).mul(255).round().to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())


def white_noise(height_px: int, width_px: int, seed: int) -> Tensor:
    """Independent values, uniform in [0, 1): ``(1, 3, H, W)``, the same for the same seed.

    They are NumPy's PCG64 stream, which stays the same from version to version.
    """
    draw = np.random.default_rng(seed)
    return torch.from_numpy(draw.random((1, 3, height_px, width_px), dtype=np.float32))


def resized_frame(frame: Frame, size: tuple[int, int]) -> Frame:
    """A frame ``(H, W, 3)``, or a mask ``(H, W)``, at ``size`` (height, width), by Lanczos."""
    if frame.shape[:2] == size:
        return frame
    picture = Image.fromarray(frame).resize(size[::-1], Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.array(picture)


def resized_image(image: Tensor, size: tuple[int, int]) -> Tensor:
    """An image at ``size`` (height, width), by cubic interpolation, clipped to [0, 1]."""
    if image.shape[-2:] == size:
        return image
    resized = F.interpolate(image, size, mode="bicubic", align_corners=False, antialias=True)
    return resized.clamp(0, 1)


def fitting(frame: Frame, long_px: int) -> tuple[int, int]:
    """Height and width that give a frame's longer side ``long_px``, its shape kept."""
    height, width = frame.shape[:2]
    scale = long_px / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))
