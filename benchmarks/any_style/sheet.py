"""The sheet: a row for each artwork, what each way made of two photos, and the objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from measure import Painted
from PIL import Image, ImageDraw, ImageFont
from ways import WAYS
from works import WORKS

from artem.app.sheet import INK, PAPER
from artem.core.files import replacing
from artem.core.picture import load_picture

SHOWN_ARTWORKS, SHOWN_PHOTOS = 12, 2

TILE_PX, GAP_PX, BETWEEN_PX = 176, 8, 24
"""Side of a tile; what lies between tiles, and between what was made of two photos."""

HEADING_PX, LABEL_PX, FONT_PX = 40, 36, 22

MOST_BYTES = 900_000
BEST_QUALITY, LEAST_QUALITY = 90, 40


def draw_sheet(
    rows: Sequence[Mapping[str, Any]], painted: Mapping[str, Painted], files: Mapping[str, Path]
) -> Image.Image:
    """Lay out the paintings of some artworks.

    Args:
        rows: of :func:`measure.judge_artworks`, in the order of the sheet; at least one.
        painted: the pictures, by the artwork's stem and the way.
        files: the artworks themselves, by stem.
    """
    ways = [way for way in WAYS if any(way in painted[row["artwork"]] for row in rows)]
    photos = min(SHOWN_PHOTOS, max(len(frames) for frames in painted[rows[0]["artwork"]].values()))
    step_y = TILE_PX + LABEL_PX
    group = len(ways) * (TILE_PX + GAP_PX)
    width = GAP_PX + TILE_PX + photos * (BETWEEN_PX + group - GAP_PX) + GAP_PX
    sheet = Image.new("RGB", (width, HEADING_PX + len(rows) * step_y), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(FONT_PX)

    def left(photo: int, column: int) -> int:
        before = GAP_PX + TILE_PX + BETWEEN_PX + photo * (group - GAP_PX + BETWEEN_PX)
        return before + column * (TILE_PX + GAP_PX)

    def write(x: int, y: int, text: str) -> None:
        fitting = font
        if font.getlength(text) > TILE_PX:
            fitting = ImageFont.load_default(FONT_PX * TILE_PX / font.getlength(text))
        draw.text((x + TILE_PX // 2, y), text, INK, fitting, anchor="mm")

    write(GAP_PX, HEADING_PX // 2, "the artwork")
    for photo in range(photos):
        for column, way in enumerate(ways):
            write(left(photo, column), HEADING_PX // 2, way)
    for number, row in enumerate(rows):
        stem, top = row["artwork"], HEADING_PX + number * step_y
        below = top + TILE_PX + LABEL_PX // 2 - 3
        _paste(sheet, Image.fromarray(load_picture(files[stem]).frame), GAP_PX, top)
        write(GAP_PX, below, WORKS[stem].short if stem in WORKS else stem)
        for photo in range(photos):
            for column, way in enumerate(ways):
                if way in painted[stem]:
                    x = left(photo, column)
                    _paste(sheet, Image.fromarray(painted[stem][way][photo]), x, top)
                    write(x, below, f"{row['ways'][way]['objective'][photo]:.2f}")
    return sheet


def save_sheet(sheet: Image.Image, file: Path) -> None:
    """Write a sheet as a JPEG, in the best quality and size that :data:`MOST_BYTES` allow."""
    while True:
        for quality in range(BEST_QUALITY, LEAST_QUALITY - 1, -5):
            content = BytesIO()
            sheet.save(content, "JPEG", quality=quality, optimize=True, progressive=True)
            if len(content.getvalue()) < MOST_BYTES:
                with replacing(file) as partial:
                    partial.write_bytes(content.getvalue())
                return
        size = round(sheet.width * 0.9), round(sheet.height * 0.9)
        sheet = sheet.resize(size, Image.Resampling.LANCZOS)


def _paste(sheet: Image.Image, picture: Image.Image, left: int, top: int) -> None:
    """In the middle of its tile."""
    scale = TILE_PX / max(picture.size)
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    tile = picture.resize(size, Image.Resampling.LANCZOS)
    sheet.paste(tile, (left + (TILE_PX - tile.width) // 2, top + (TILE_PX - tile.height) // 2))
