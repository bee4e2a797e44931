"""A picture as a style: how much of it is looked at, and at what size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from artem.core.errors import PictureError
from artem.core.picture import Picture, load_picture

LEAST_STYLE_PX = 32

LONGEST = 4
"""Of a picture longer than so many times its shorter side, the middle counts. Memory for a
scroll of a million pixels would not be there, and style is the same all along it."""


def load_style_frame(file: str | Path, short_px: int) -> Picture:
    """Read a picture, its shorter side reduced to ``short_px``; it is never enlarged.

    Raises:
        PictureError: it is too small to have a style, or cannot be read
            (:func:`~artem.core.picture.load_picture`).
    """
    picture = load_picture(file)
    image = Image.fromarray(picture.frame)
    short = min(image.size)
    if short < LEAST_STYLE_PX:
        raise PictureError(
            f"'{file}' is {image.width}x{image.height}; that is too small to show a style.\n"
            f"  Use a picture of at least {LEAST_STYLE_PX} pixels a side, better 500."
        )
    left, top = ((max(0, side - LONGEST * short)) // 2 for side in image.size)
    box = (left, top, image.width - left, image.height - top)
    scale = min(1.0, short_px / short)
    size = (round((box[2] - left) * scale), round((box[3] - top) * scale))
    reduced = image.resize(size, Image.Resampling.LANCZOS, box)
    return replace(picture, frame=np.asarray(reduced), alpha=None)
