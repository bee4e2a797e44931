"""What norms, upsampling, photos, layer weights and clipping do to a network of one style."""

from __future__ import annotations

import csv
import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from artem.core.errors import PictureError
from artem.core.files import replacing
from artem.core.picture import Frame, save_picture
from artem.learn.encoders import Encoder
from artem.learn.judge.border import border_ratio
from artem.learn.judge.checkerboard import WINDOW_PX, checkerboard
from artem.learn.judge.luminance import luminance
from artem.learn.optimization.images import frame_of
from artem.learn.studies.bench import STEP_COLUMNS
from artem.learn.studies.curve_plot import COLORS, PAPER, Line, curve_plot
from artem.learn.studies.panel import OnProgress, Panel, nobody
from artem.learn.studies.variant_training import MULTIPLE_PX, train_variants, trained_variants
from artem.learn.studies.variants import VARIANTS, Trained
from artem.learn.training.photos import load_style_picture

__all__ = ["study_networks", "train_variants"]

CLOSE_PX, CLOSE_ZOOM = 48, 4

PERIODS = ("1/2", "1/4")
"""The frequencies of this network's strides, of those that the judge tells."""

LAST = 5
"""Held-out measurements at the end of a training that its figures are the mean of: at a rate
that does not fall, the last alone says little."""

FIRST_ROW = "the painting, and the objective on held-out photos"


def study_networks(
    encoder: Encoder,
    painting: Path,
    out: Path,
    *,
    pictures: Mapping[str, Tensor],
    photos: Path | None = None,
    held_out: Path | None = None,
    names: Sequence[str] | None = None,
    on_progress: OnProgress = nobody,
    **settings: Any,
) -> Iterator[Panel]:
    """Networks of one style, each trained with one thing changed.

    What the HPI report compares: few photos against all; norms and upsampling; layer
    weights; clipping of gradients. Networks that were trained before, here or on another
    machine, are taken from ``out``. Beside the panels, ``out`` gets ``networks-curves.png``
    and ``networks-curves.csv``, up to date after each network.

    Args:
        encoder, painting, photos, held_out, out, names: see
            :func:`~artem.learn.studies.variant_training.train_variants`.
        pictures: photos to paint by name, ``(1, 3, H, W)`` in [0, 1], 64 px or more a side.
        on_progress: called after each step of a training with the objective.
        settings: the others of ``train_variants``.

    Yields:
        For each network its objective over steps, with the figures of its training, and
        each photo as it paints it with checkerboard and border
        (:mod:`artem.learn.judge`): the whole, and close by the upper left corner and the
        place where the photo is flattest.

    Raises:
        PictureError: a photo is too small.
        TrainingError: see ``train_variants``.
    """
    shown = {name: _fitting(name, image) for name, image in pictures.items()}
    places = {name: flattest(frame_of(image), CLOSE_PX) for name, image in shown.items()}
    known = {
        name: parameter.default
        for name, parameter in inspect.signature(train_variants).parameters.items()
        if parameter.default is not parameter.empty
    }
    known |= {"on_line": lambda line: None} | settings
    known |= {"names": names, "encoder": encoder, "on_progress": on_progress}
    made: dict[str, Trained] = {}
    for name, trained in trained_variants(painting, photos, held_out, out, **known):
        if not made:
            yield from _given(painting, shown, places)
        made[name] = trained
        _write_curves(out, made)
        label = VARIANTS[name].told
        panels, grids = [], []
        for photo, image in shown.items():
            with torch.no_grad():
                frame = frame_of(trained.network(image))
            grid = checkerboard(frame)
            figures: dict[str, float | str] = {
                f"checkerboard {period}": grid[period] for period in PERIODS
            }
            figures["border"] = border_ratio(frame)["gradient"]
            grids.append(figures)
            panels.append(Panel(photo, label, frame, figures))
            panels.append(Panel(_close_row(photo), label, close_by(frame, places[photo])))
        told = _figures(trained) | {
            key: float(np.mean([float(figures[key]) for figures in grids]))
            for key in (grids[0] if grids else ())
        }
        yield Panel(FIRST_ROW, label, _own_plot(name, made), told)
        yield from panels


def flattest(frame: Frame, side_px: int) -> tuple[int, int]:
    """Top and left of the square with the smallest gradient of luminance, off the border."""
    light = luminance(frame)
    steps = np.zeros_like(light)
    steps[1:] += np.abs(np.diff(light, axis=0))
    steps[:, 1:] += np.abs(np.diff(light, axis=1))
    sums = np.pad(steps.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    squares = (
        sums[side_px:, side_px:] - sums[:-side_px, side_px:]
        - sums[side_px:, :-side_px] + sums[:-side_px, :-side_px]
    )  # fmt: skip
    edge_down, edge_right = (min(16, (length - 1) // 2) for length in squares.shape)
    inner = squares[
        edge_down : squares.shape[0] - edge_down, edge_right : squares.shape[1] - edge_right
    ]
    top, left = np.unravel_index(int(inner.argmin()), inner.shape)
    return int(top) + edge_down, int(left) + edge_right


def close_by(frame: Frame, place: tuple[int, int]) -> Frame:
    """The upper left corner of a frame and another place, enlarged, side by side."""
    tiles = []
    for top, left in ((0, 0), place):
        tile = frame[top : top + CLOSE_PX, left : left + CLOSE_PX]
        tiles.append(tile.repeat(CLOSE_ZOOM, axis=0).repeat(CLOSE_ZOOM, axis=1))
    gap = np.full((tiles[0].shape[0], 8, 3), PAPER, np.uint8)
    return np.hstack([tiles[0], gap, tiles[1]])


def _fitting(name: str, image: Tensor) -> Tensor:
    """An image without what is beyond a multiple of 4 at its right and lower edge."""
    height, width = (side // MULTIPLE_PX * MULTIPLE_PX for side in image.shape[-2:])
    if min(height, width) < WINDOW_PX:
        raise PictureError(
            f"The photo '{name}' would be {width}x{height}, too small to see a grid in.\n"
            f"  It takes {WINDOW_PX} pixels a side: use another photo, or a larger --size."
        )
    return image[..., :height, :width]


def _close_row(photo: str) -> str:
    return f"{photo}, close by: the upper left corner, and where the photo is flattest"


def _given(
    painting: Path, shown: Mapping[str, Tensor], places: Mapping[str, tuple[int, int]]
) -> Iterator[Panel]:
    sides = [max(image.shape[-2:]) for image in shown.values()]
    small = load_style_picture(painting, min(sides, default=256) * 3 // 4)
    yield Panel(FIRST_ROW, "the painting", frame_of(small))
    for name, image in shown.items():
        frame = frame_of(image)
        yield Panel(name, "the photo", frame)
        yield Panel(_close_row(name), "the photo", close_by(frame, places[name]))


def _figures(trained: Trained) -> dict[str, float | str]:
    """What a training came to: means of the last measurements on held-out photos."""
    columns = [key for key in _columns(trained) if key.startswith("held-out")]
    figures: dict[str, float | str] = {
        key: float(trained.curves[key][-LAST:].mean()) for key in columns
    }
    figures["clipped"] = float(trained.curves["clipped"].mean())
    figures["photos"] = str(trained.settings.get("photos", ""))
    figures["minutes"] = trained.time_s / 60
    figures["on"] = trained.device
    return figures


def _columns(trained: Trained) -> list[str]:
    """Names of curves: the steps' first, and the objective before its terms."""
    order = [*STEP_COLUMNS, *(f"held-out {column}" for column in STEP_COLUMNS)]
    known = [key for key in trained.curves if not key.endswith("step")]
    return sorted(known, key=lambda key: order.index(key) if key in order else len(order))


def _curve(trained: Trained, column: str) -> tuple[list[float], list[float]]:
    step = "held-out step" if column.startswith("held-out") else "step"
    return trained.curves[step].tolist(), trained.curves[column].tolist()


def _own_plot(name: str, made: Mapping[str, Trained]) -> Frame:
    """A variant's held-out objective over steps, before that of the first one."""
    first = next(iter(made))
    lines = []
    if first != name:
        lines.append(Line(VARIANTS[first].told, (170, 168, 162), *_held_out(made[first])))
    lines.append(Line(VARIANTS[name].told, _color(name), *_held_out(made[name])))
    return curve_plot("", lines, width_px=384, height_px=288)


def _held_out(trained: Trained) -> tuple[list[float], list[float]]:
    """Without the first step, which is far above all others."""
    steps, values = _curve(trained, "held-out objective")
    return steps[1:], values[1:]


def _color(name: str) -> tuple[int, int, int]:
    return COLORS[list(VARIANTS).index(name) % len(COLORS)]


def _write_curves(out: Path, made: Mapping[str, Trained]) -> None:
    """All curves as a plot and as a table, a line for each step."""
    plots = [
        curve_plot(
            title,
            [Line(VARIANTS[name].told, _color(name), *curve) for name, curve in curves.items()],
            width_px=700,
            height_px=525,
        )
        for title, curves in (
            (
                "each network's own objective, over steps",
                {name: _curve(trained, "objective") for name, trained in made.items()},
            ),
            (
                "the objective as reported, on held-out photos",
                {name: _held_out(trained) for name, trained in made.items()},
            ),
        )
    ]
    save_picture(out / "networks-curves.png", np.hstack(plots))
    file = out / "networks-curves.csv"
    with replacing(file) as partial, partial.open("w", encoding="utf-8", newline="") as lines:
        columns = _columns(next(iter(made.values())))
        writer = csv.writer(lines)
        writer.writerow(["variant", "step", *columns])
        for name, trained in made.items():
            values: dict[int, dict[str, float]] = {}
            for column in columns:
                for step, value in zip(*_curve(trained, column), strict=True):
                    values.setdefault(round(step), {})[column] = value
            for step in sorted(values):
                told = [values[step].get(column) for column in columns]
                writer.writerow([name, step, *("" if v is None else f"{v:.6g}" for v in told)])
