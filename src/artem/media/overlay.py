"""Figures on the picture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from artem.core.picture import Frame


def write_on(frame: Frame, text: str) -> Frame:
    """A copy with white text on a dark bar at the bottom; lines that are too long are cut off."""
    size_px = max(10, min(frame.shape[:2]) // 28)
    bar = _bar(text, frame.shape[1], size_px)[: frame.shape[0]]
    result = frame.copy()
    place = result[-len(bar) :]
    place[:] = np.where(bar > 0, bar, place // 3)
    return result


@lru_cache(maxsize=4)
def _bar(text: str, width_px: int, size_px: int) -> Frame:
    lines = text.splitlines() or [""]
    height_px = round(1.4 * size_px * len(lines) + 0.5 * size_px)
    image = Image.new("L", (width_px, height_px))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size_px)
    draw.multiline_text((size_px // 2, size_px // 4), text, fill=255, font=font, spacing=2)
    return np.asarray(image)[..., None]
