"""The preview sheet of a training: contents and styles at the edges, stylized pictures between."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from artem.core.picture import save_picture
from artem.learn.networks import StyledNetwork

TILE_PX = 192


@torch.no_grad()
def write_preview(
    file: Path,
    network: StyledNetwork,
    vectors: Tensor,
    contents: Tensor,
    style_pictures: Sequence[Tensor],
) -> None:
    """Draw a sheet with a column for each style and a row for each content.

    Args:
        file: a picture file; replaced.
        network: in use; its mode is left as it is.
        vectors: ``(S, P)``.
        contents: ``(N, 3, H, W)`` in [0, 1], on the network's device.
        style_pictures: S pictures ``(1, 3, H, W)`` in [0, 1].
    """
    corner = Image.new("RGB", (TILE_PX, TILE_PX), "white")
    rows = [[corner, *(_tile(picture[0]) for picture in style_pictures)]]
    for content in contents:
        row = [_tile(content)]
        for vector in vectors:
            row.append(_tile(network.paint(content[None], vector[None])[0]))
        rows.append(row)
    _save_sheet(file, rows)


@torch.no_grad()
def write_lesson(
    file: Path,
    student: StyledNetwork,
    vectors: Tensor,
    teacher: StyledNetwork,
    teacher_vectors: Tensor,
    contents: Tensor,
) -> None:
    """Draw a sheet with a column for each style, and for each content a row by the teacher
    and below it one by the student.

    Args:
        file: a picture file; replaced.
        student, teacher: in use; their modes are left as they are.
        vectors, teacher_vectors: ``(S, P)`` of each.
        contents: ``(N, 3, H, W)`` in [0, 1], on the networks' device.
    """
    rows = []
    for content in contents:
        first = _tile(content)
        for network, styles in ((teacher, teacher_vectors), (student, vectors)):
            painted = (_tile(network.paint(content[None], style[None])[0]) for style in styles)
            rows.append([first, *painted])
            first = Image.new("RGB", (TILE_PX, TILE_PX), "white")
    _save_sheet(file, rows)


def _save_sheet(file: Path, rows: Sequence[Sequence[Image.Image]]) -> None:
    sheet = Image.new("RGB", (TILE_PX * len(rows[0]), TILE_PX * len(rows)))
    for y, row in enumerate(rows):
        for x, tile in enumerate(row):
            sheet.paste(tile, (x * TILE_PX, y * TILE_PX))
    save_picture(file, np.asarray(sheet))


def _tile(picture: Tensor) -> Image.Image:
    """The middle square of ``(3, H, W)``, at the tile's size."""
    side = min(picture.shape[1:])
    top, left = (picture.shape[1] - side) // 2, (picture.shape[2] - side) // 2
    square = picture[None, :, top : top + side, left : left + side].float()
    if side != TILE_PX:
        square = F.interpolate(
            square, size=(TILE_PX, TILE_PX), mode="bilinear", antialias=True, align_corners=False
        )
    pixels = square[0].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(np.ascontiguousarray(pixels))
