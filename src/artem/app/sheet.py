"""Sheets of labelled pictures: one photo in every style, and whatever else is to be compared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from artem.core.picture import Frame
from artem.core.style_file import Style
from artem.runtime.stylizer import Stylizer

TILE_PX = 480
"""Longer side of a tile; photos are painted at this size, so strokes are seen as they are."""

GAP_PX = 24
LABEL_PX = 48
HEADING_PX = 44
FONT_PX = 22
SHEET_RATIO = 1.6
MOST_PIXELS = 40_000_000
"""Of all pictures on a sheet together."""

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
    tiles = []
    for style in styles:
        stylizer.set_style(style)
        tiles.append((style.name, stylizer(np.asarray(tile))))
    return lay_out({"": tiles})


def lay_out(rows: Mapping[str, Sequence[tuple[str, Frame]]]) -> Frame:
    """Labelled pictures in rows, each set of them under its heading.

    Args:
        rows: pictures ``(H, W, 3)`` with their labels, by heading; an empty heading
            takes no space. At least one picture. Sets too long for a row go on in the
            next; pictures of different sizes stand in the middle of their cells. They
            are shown as they are, or reduced where the sheet would become too large.

    Returns:
        uint8 ``(H, W, 3)``.
    """
    font = ImageFont.load_default(FONT_PX)
    pictures = [frame for tiles in rows.values() for _, frame in tiles]
    scale = min(1.0, math.sqrt(MOST_PIXELS / sum(f.shape[0] * f.shape[1] for f in pictures)))
    width = max(round(frame.shape[1] * scale) for frame in pictures)
    height = max(round(frame.shape[0] * scale) for frame in pictures)
    labels = [label for tiles in rows.values() for label, _ in tiles]
    width = max(width, *(math.ceil(font.getlength(label)) for label in labels))
    step_x, step_y = width + GAP_PX, height + LABEL_PX
    counts = [len(tiles) for tiles in rows.values()]
    columns = columns_for(counts, step_x, step_y)
    lines = sum(-(-count // columns) for count in counts)
    headings = sum(1 for heading in rows if heading)
    wide = max(columns * step_x, *(math.ceil(font.getlength(heading)) for heading in rows))
    sheet = Image.new(
        "RGB", (wide + GAP_PX, lines * step_y + headings * HEADING_PX + GAP_PX), PAPER
    )
    draw = ImageDraw.Draw(sheet)
    top = GAP_PX
    for heading, tiles in rows.items():
        if heading:
            draw.text((GAP_PX, top + HEADING_PX // 2 - 4), heading, INK, font, anchor="lm")
            top += HEADING_PX
        for index, (label, frame) in enumerate(tiles):
            row, column = divmod(index, columns)
            left, y = GAP_PX + column * step_x, top + row * step_y
            tile = _reduced(frame, scale)
            inset = (width - tile.width) // 2, (height - tile.height) // 2
            sheet.paste(tile, (left + inset[0], y + inset[1]))
            middle = (left + width // 2, y + height + (LABEL_PX - GAP_PX // 2) // 2)
            draw.text(middle, label, fill=INK, font=font, anchor="mm")
        top += -(-len(tiles) // columns) * step_y
    return np.asarray(sheet)


def _reduced(frame: Frame, scale: float) -> Image.Image:
    tile = Image.fromarray(frame)
    if scale == 1:
        return tile
    size = max(1, round(tile.width * scale)), max(1, round(tile.height * scale))
    return tile.resize(size, Image.Resampling.LANCZOS)


def columns_for(counts: Sequence[int], width: int, height: int) -> int:
    """How many cells of this size go in a row: few empty ones, and a sheet of pleasant shape.

    Args:
        counts: cells in each set; a set begins in a new row.
        width, height: of a cell.
    """

    def ugliness(columns: int) -> tuple[float, int]:
        rows = sum(-(-count // columns) for count in counts)
        ratio = columns * width / (rows * height)
        empty = (columns * rows - sum(counts)) / sum(counts)
        return abs(math.log(ratio / SHEET_RATIO)) + 2 * empty, columns

    return min(range(1, max(counts) + 1), key=ugliness)
