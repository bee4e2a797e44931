"""Training photos from any folder."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from artem.core.errors import PictureError, TrainingError
from artem.core.picture import PICTURE_SUFFIXES, Frame, load_picture, middle_square
from artem.core.style_picture import load_style_frame

WORKERS = 4
AHEAD = 4

KEPT_BYTES = 4 * 2**30
"""So much of decoded photos is kept where cutting them on the CPU would hold up a GPU."""


class PhotoFolder:
    """Random crops of the photos below a folder, the same for the same seed and step.

    Files that cannot be read are skipped and counted, not fatal: large
    collections always hold some.

    Args:
        folder: searched with its subfolders.
        exclude: files (resolved) that must not be trained on.
        zoom: crops are squares of between ``1 / zoom`` and all of the shorter side.

    Attributes:
        files: the photos, sorted by name.
        broken: files found unreadable so far, with the reason.

    Raises:
        TrainingError: the folder does not exist or holds no picture.
    """

    def __init__(
        self, folder: str | Path, exclude: frozenset[Path] = frozenset(), zoom: float = 1.3
    ) -> None:
        folder = Path(folder)
        self.zoom = zoom
        if not folder.is_dir():
            raise TrainingError(f"There is no folder '{folder}'.\n  Name a folder with photos.")
        self.folder = folder
        self.files = sorted(
            file for file in folder.rglob("*")
            if file.suffix.lower() in PICTURE_SUFFIXES and file.resolve() not in exclude
        )  # fmt: skip
        if not self.files:
            raise TrainingError(
                f"The folder '{folder}' holds no pictures.\n"
                f"  Training needs some 50 photos or more (JPEG, PNG, WebP...)."
            )
        self.broken: dict[Path, str] = {}
        self._device: torch.device | None = None
        self._most_bytes = 0
        self._kept: dict[int, Tensor] = {}

    def keep_on(self, device: torch.device, most_bytes: int = KEPT_BYTES) -> None:
        """Let :meth:`batches` keep the photos on a device and cut its crops there.

        Of each photo the middle square is kept, a little larger than the crops. Where all
        of them together are more than ``most_bytes``, they are cut on the CPU as ever.
        """
        self._device, self._most_bytes = device, most_bytes

    def batches(
        self, batch: int, crop_px: int, seed: int, first_step: int = 0
    ) -> Generator[Tensor, None, None]:
        """Batches ``(batch, 3, crop_px, crop_px)`` in [0, 1] for one step after the other, forever.

        What a step gets depends on ``seed`` and its number alone, so that a
        training goes on as if it had never stopped.
        """
        if self._device is not None and self._kept_bytes(crop_px) <= self._most_bytes:
            for step in count(first_step):
                yield self._batch_on_device(batch, crop_px, seed, step)
        pool = ThreadPoolExecutor(WORKERS)
        ahead: deque[Future[Tensor]] = deque()
        try:
            for step in count(first_step):
                ahead.append(pool.submit(self.batch, batch, crop_px, seed, step))
                if len(ahead) > AHEAD:
                    yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def batch(self, batch: int, crop_px: int, seed: int, step: int) -> Tensor:
        """One batch of :meth:`batches`."""
        draw = np.random.default_rng((seed, step))
        crops: list[NDArray[np.uint8]] = []
        while len(crops) < batch:
            file = self.files[draw.integers(len(self.files))]
            try:
                crops.append(_crop(load_picture(file).frame, crop_px, self.zoom, draw))
            except PictureError as error:
                self._skip(file, error)
        stacked = torch.from_numpy(np.stack(crops))
        return stacked.permute(0, 3, 1, 2).float().div(255)

    def _skip(self, file: Path, error: PictureError) -> None:
        self.broken[file] = str(error)
        if len(self.broken) >= len(self.files):
            raise TrainingError(
                f"None of the {len(self.files)} pictures in '{self.folder}' can be read.\n"
                f"  The last one: {error}"
            ) from error

    def _kept_px(self, crop_px: int) -> int:
        """Between the size at which the largest crops would be kept and the smallest ones."""
        return math.ceil(crop_px * math.sqrt(self.zoom))

    def _kept_bytes(self, crop_px: int) -> int:
        return 3 * self._kept_px(crop_px) ** 2 * len(self.files)

    def _batch_on_device(self, batch: int, crop_px: int, seed: int, step: int) -> Tensor:
        """One batch of :meth:`batches`, cut by the device."""
        photos = self._photos_on_device(self._kept_px(crop_px))
        draw = np.random.default_rng((seed, step))
        chosen = draw.integers(len(photos), size=batch)
        size = 1 / draw.uniform(1.0, self.zoom, batch)
        down, right = draw.uniform(-1, 1, (2, batch)) * (1 - size)
        mirrored = np.where(draw.random(batch) < 0.5, -size, size)
        zero = np.zeros(batch)
        places = np.stack([mirrored, zero, right, zero, size, down]).T.reshape(batch, 2, 3)
        theta = torch.from_numpy(places).float().to(photos.device)
        squares = photos[torch.from_numpy(chosen).to(photos.device)].float().div(255)
        grid = F.affine_grid(theta, [batch, 3, crop_px, crop_px], align_corners=False)
        return F.grid_sample(squares, grid, padding_mode="reflection", align_corners=False)

    def _photos_on_device(self, side_px: int) -> Tensor:
        """The middle squares of all photos that can be read, ``(M, 3, side, side)``, bytes."""
        if side_px not in self._kept:
            squares = []
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                ahead = [(file, pool.submit(_middle, file, side_px)) for file in self.files]
                for file, square in ahead:
                    try:
                        squares.append(torch.from_numpy(square.result()))
                    except PictureError as error:
                        self._skip(file, error)
            kept = torch.stack(squares).permute(0, 3, 1, 2).contiguous()
            self._kept = {side_px: kept.to(self._device)}
        return self._kept[side_px]


def _middle(file: Path, side_px: int) -> Frame:
    return middle_square(load_picture(file).frame, side_px)


def _crop(frame: Frame, side_px: int, zoom: float, draw: np.random.Generator) -> NDArray[np.uint8]:
    """A random square of ``1 / zoom`` to all of the shorter side, scaled to ``side_px``."""
    picture = Image.fromarray(frame)
    side = min(picture.size) / draw.uniform(1.0, zoom)
    left, top = ((length - side) * draw.random() for length in picture.size)
    box = (left, top, left + side, top + side)
    crop = np.asarray(
        picture.resize((side_px, side_px), Image.Resampling.LANCZOS, box, reducing_gap=2.0)
    )
    return crop[:, ::-1] if draw.random() < 0.5 else crop


def load_style_picture(file: str | Path, short_px: int) -> Tensor:
    """A style picture ``(1, 3, H, W)`` in [0, 1], its shorter side reduced to ``short_px``.

    Raises:
        PictureError: it is too small to have a style, or cannot be read.
    """
    pixels = np.array(load_style_frame(file, short_px).frame)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div(255)
