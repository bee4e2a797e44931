"""A contact sheet: one photo in every style, with the names."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from artem.core.picture import Frame
from artem.core.style_file import Style
from artem.runtime.stylizer import Stylizer

TILE_PX = 480
"""Longer side of a tile; photos are painted at this size, so strokes are seen as they are."""

GAP_PX = 24
LABEL_PX = 48
FONT_PX = 22
SHEET_RATIO = 1.6
PAPER, INK = (250, 249, 246), (40, 40, 40)


def draw_sheet(photo: Frame, styles: Sequence[Style], stylizer: Stylizer) -> Frame:
    """Paint ``photo`` in each style and lay the results out in rows.

    Args:
        photo: uint8 ``(H, W, 3)``.
        styles: at least one, all made for the stylizer's network.
        stylizer: its style is changed.

    Returns:
        uint8 ``(H, W, 3)``, some 1500 to 3000 pixels wide.
    """
    tile = Image.fromarray(photo)
    scale = TILE_PX / max(tile.size)
    width, height = (max(1, round(side * scale)) for side in tile.size)
    tile = tile.resize((width, height), Image.Resampling.LANCZOS)
    columns = columns_for(len(styles), width + GAP_PX, height + LABEL_PX)
    rows = -(-len(styles) // columns)
    sheet = Image.new(
        "RGB",
        (columns * (width + GAP_PX) + GAP_PX, rows * (height + LABEL_PX) + GAP_PX),
        PAPER,
    )
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(FONT_PX)
    for index, style in enumerate(styles):
        row, column = divmod(index, columns)
        left = GAP_PX + column * (width + GAP_PX)
        top = GAP_PX + row * (height + LABEL_PX)
        stylizer.set_style(style)
        sheet.paste(Image.fromarray(stylizer(np.asarray(tile))), (left, top))
        label = (left + width // 2, top + height + (LABEL_PX - GAP_PX // 2) // 2)
        draw.text(label, style.name, fill=INK, font=font, anchor="mm")
    return np.asarray(sheet)


def columns_for(count: int, width: int, height: int) -> int:
    """How many cells of this size go in a row: few empty ones, and a sheet of pleasant shape."""

    def ugliness(columns: int) -> tuple[float, int]:
        rows = -(-count // columns)
        ratio = columns * width / (rows * height)
        empty = (columns * rows - count) / count
        return abs(math.log(ratio / SHEET_RATIO)) + 2 * empty, columns

    return min(range(1, count + 1), key=ugliness)
