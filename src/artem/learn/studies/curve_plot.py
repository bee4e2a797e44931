"""Losses over steps as a picture, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from artem.core.picture import Frame

PAPER, INK, GRID = (250, 249, 246), (40, 40, 40), (214, 212, 206)

COLORS = (
    (40, 40, 40), (204, 121, 30), (0, 114, 178), (0, 158, 115), (190, 90, 160), (200, 40, 40),
    (120, 110, 20),
)  # fmt: skip
"""Told apart by most eyes; after Okabe and Ito, darkened for a light ground."""

LEFT, RIGHT, TOP, BOTTOM = 0.13, 0.03, 0.12, 0.12
"""Margins of a plot, in parts of its width or height."""

MOST_POINTS = 90


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        label: in the legend; empty for a line that the legend leaves out.
        color: RGB, 0 to 255.
        steps, values: of the same length; what is not finite and above 0 is left out.
    """

    label: str
    color: tuple[int, int, int]
    steps: Sequence[float]
    values: Sequence[float]


def curve_plot(title: str, lines: Iterable[Line], *, width_px: int, height_px: int) -> Frame:
    """A plot of lines, each a geometric mean over steps that lie close on the axis.

    Args:
        title: above the plot.
        lines: each in its color, the first below the others.
        width_px, height_px: of the picture.

    Returns:
        uint8 ``(height_px, width_px, 3)``.
    """
    scale = 3  # drawn larger and reduced, so that lines are smooth
    width, height = width_px * scale, height_px * scale
    picture = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(max(9 * scale, height // 22))
    box = (LEFT * width, TOP * height, (1 - RIGHT) * width, (1 - BOTTOM) * height)
    drawn = [(line, *_thinned(line.steps, line.values)) for line in lines]
    drawn = [(line, steps, values) for line, steps, values in drawn if len(steps)]
    draw.text((width / 2, TOP * height / 2), title, INK, font, anchor="mm")
    if drawn:
        across = _Axis([steps for _, steps, _ in drawn], box[0], box[2])
        up = _Axis([values for _, _, values in drawn], box[3], box[1])
        for value in across.ticks():
            draw.line([(across(value), box[1]), (across(value), box[3])], GRID, scale)
            at = (across(value), box[3] + BOTTOM * height * 0.4)
            draw.text(at, f"{value:g}", INK, font, anchor="mm")
        for value in up.ticks():
            draw.line([(box[0], up(value)), (box[2], up(value))], GRID, scale)
            draw.text((box[0] - 3 * scale, up(value)), f"{value:g}", INK, font, anchor="rm")
        for line, steps, values in drawn:
            points = [(across(x), up(y)) for x, y in zip(steps, values, strict=True)]
            draw.line(points, line.color, round(1.6 * scale), joint="curve")
    labels = [line for line, _, _ in drawn if line.label]
    row_px = 1.25 * max(9 * scale, height // 22)
    for number, line in enumerate(labels):
        top = box[1] + row_px * (number + 0.7)
        draw.text((box[2] - 4 * scale, top), line.label, line.color, font, anchor="rm")
    return np.array(picture.resize((width_px, height_px), Image.Resampling.LANCZOS))


class _Axis:
    """From values to pixels, logarithmic."""

    def __init__(self, values: Sequence[NDArray[np.float64]], start: float, end: float) -> None:
        every = np.concatenate(values)
        self.low, self.high = float(every.min()), float(every.max())
        self.high = max(self.high, self.low * 1.1)
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values inside, few where the axis is long."""
        decades = math.log10(self.high / self.low)
        factors = (1,) if decades > 2.5 else (1, 3) if decades > 1.2 else (1, 2, 3, 5, 7)
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        values = [factor * 10.0**power for power in powers for factor in factors]
        return [value for value in values if self.low <= value * 1.001 <= self.high * 1.002]


def _thinned(
    steps: Sequence[float], values: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Geometric means over equal pieces of a logarithmic axis, where there is something."""
    x, y = np.asarray(steps, np.float64), np.asarray(values, np.float64)
    good = np.isfinite(y) & (y > 0) & (x > 0)
    x, y = np.log(x[good]), np.log(y[good])
    if not len(x):
        return x, y
    pieces = np.floor((x - x.min()) / max(float(np.ptp(x)), 1e-9) * (MOST_POINTS - 1)).astype(int)
    known = np.unique(pieces)
    return (
        np.exp([x[pieces == piece].mean() for piece in known]),
        np.exp([y[pieces == piece].mean() for piece in known]),
    )
