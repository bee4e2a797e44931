"""A moving picture drawn by code: runs without a camera, the same for a seed."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import Self

import numpy as np
from PIL import Image

from artem.core.picture import Frame
from artem.media.protocols import TimedFrame
from artem.media.ticks import Timer

PAN_PX = (3, 1)
"""How far the background moves with each frame, to the left and up."""

CELLS = 12


class Pattern:
    """Soft colors panning by whole pixels, and a disk that crosses them.

    Args:
        width_px, height_px: of the frames.
        fps: of the frames' times.
        seed: of the colors.
        frames: how many; endless when ``None``.
        live: come at that rate, as a camera's do; otherwise as fast as they are fetched.
    """

    def __init__(
        self,
        *,
        width_px: int = 640,
        height_px: int = 480,
        fps: Fraction = Fraction(30),
        seed: int = 0,
        frames: int | None = None,
        live: bool = True,
        timer: Timer | None = None,
    ) -> None:
        self.name = "pattern"
        self.live = live
        self.fps: Fraction | None = fps
        self._rate = fps
        self._size = (width_px, height_px)
        self._frames = frames
        self._timer = timer or Timer()
        draw = np.random.default_rng(seed)
        cells = draw.integers(0, 256, (CELLS, CELLS, 3), dtype=np.uint8)
        wrapped = np.pad(cells, ((2, 2), (2, 2), (0, 0)), mode="wrap")
        step = max(8, -(-max(self._size) // CELLS))
        side = step * (CELLS + 4)
        large = Image.fromarray(wrapped).resize((side, side), Image.Resampling.BICUBIC)
        # Cut where the pattern meets itself again, so that it can be rolled for ever.
        self._ground = np.asarray(large)[2 * step : -2 * step, 2 * step : -2 * step]

    def why_not(self) -> str | None:
        """Always there."""
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def __iter__(self) -> Iterator[TimedFrame | None]:
        index = 0
        while self._frames is None or index < self._frames:
            time_s = index / self._rate
            if self.live:
                yield from self._timer.until(float(time_s))
            yield TimedFrame(self.frame(index), time_s)
            index += 1

    def frame(self, index: int) -> Frame:
        """The frame of that number."""
        width, height = self._size
        shift = (-PAN_PX[1] * index, -PAN_PX[0] * index)
        frame = np.ascontiguousarray(np.roll(self._ground, shift, axis=(0, 1))[:height, :width])
        radius = min(self._size) / 8
        x, y = (5 * index) % (width + 2 * radius) - radius, height / 2
        rows, columns = np.ogrid[:height, :width]
        frame[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = (250, 240, 90)
        return frame
