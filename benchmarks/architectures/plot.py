"""Objective over milliseconds, as ``docs/architectures.svg``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from tables import Row, on_front, sizes_of

from artem.core.files import replacing

PLOT = Path(__file__).resolve().parents[2] / "docs" / "architectures.svg"

WIDTH, HEIGHT = 620, 520
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 34, 46
TICK_PX = 34
LETTER, LINE = 6.6, 11.0
"""Size of a label's letters at 11 px, about."""

COLORS = {
    "base": "#000000", "preset": "#7f7f7f", "trunk": "#1f77b4", "blocks": "#17a2b8",
    "refine": "#2ca02c", "stem": "#8c564b", "entry": "#b8860b", "place": "#d62728",
    "output": "#9467bd", "norms": "#e377c2", "pruning": "#5254a3", "half size": "#ff7f0e",
    "fine": "#505050",
}  # fmt: skip
"""By axis of the study."""

FAR = 1.3
"""What has so many times the median's objective is named at the edge and not drawn: it would
press all others together."""

Box = tuple[float, float, float, float]


class _Axis:
    """A logarithmic axis from values to pixels, with round ticks."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        span = max(values) / min(values)
        self.low, self.high = min(values) / span**0.05, max(values) * span**0.08
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Multiples of a round step, or where the axis is long 1, 2, 3, 5 and 7 of each power."""
        if self.high / self.low > 3:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            values = [step * 10.0**power for power in powers for step in (1, 2, 3, 5, 7)]
        else:
            steps = (round_ * 10.0**power for power in range(-4, 5) for round_ in (1, 2, 5))
            step = next(
                step for step in steps if abs(self(self.high) - self(self.high - step)) > TICK_PX
            )
            first, last = math.ceil(self.low / step), math.floor(self.high / step)
            values = [step * number for number in range(first, last + 1)]
        kept: list[float] = []
        for value in values:
            apart = not kept or abs(self(value) - self(kept[-1])) > TICK_PX
            if self.low <= value <= self.high and apart:
                kept.append(value)
        return kept


def draw_plot(result: Mapping[str, Any]) -> None:
    """A panel for each precision, of the first size that was timed."""
    size = sizes_of(result)[0]
    rows = list({row["name"]: row for row in reversed(result["rows"])}.values())[::-1]
    panels = "".join(
        f'<g transform="translate({WIDTH * index} 0)">{"".join(_panel(rows, precision, size))}</g>'
        for index, precision in enumerate(("float", "int8"))
    )
    with replacing(PLOT) as partial:
        partial.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT}" '
            f'font-family="sans-serif" font-size="11">'
            f'<rect width="{2 * WIDTH}" height="{HEIGHT}" fill="white"/>{panels}</svg>\n',
            encoding="utf-8",
        )


def _panel(rows: Sequence[Row], precision: str, size: str) -> Iterator[str]:
    usual = median(row[precision]["relative"] for row in rows)
    far = [row for row in rows if row[precision]["relative"] > FAR * usual]
    rows = [row for row in rows if row not in far]
    places = {row["name"]: (row[precision]["median_ms"][size], row[precision]["relative"])
              for row in rows}  # fmt: skip
    for number, row in enumerate(far):
        ms, objective = row[precision]["median_ms"][size], row[precision]["relative"]
        said = f"above: {row['name']}, {objective:.2f} at {ms:.1f} ms"
        yield _text(WIDTH - RIGHT, TOP + 12 + 14 * number, said, "end", COLORS[row["axis"]])
    across = _Axis([ms for ms, _ in places.values()], LEFT, WIDTH - RIGHT)
    up = _Axis([objective for _, objective in places.values()], HEIGHT - BOTTOM, TOP)
    for value in across.ticks():
        x = across(value)
        yield _line(x, TOP, x, HEIGHT - BOTTOM, "#e4e4e4")
        yield _text(x, HEIGHT - BOTTOM + 16, f"{value:g}", "middle")
    for value in up.ticks():
        y = up(value)
        yield _line(LEFT, y, WIDTH - RIGHT, y, "#e4e4e4")
        yield _text(LEFT - 6, y + 4, f"{value:.4g}", "end")
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield _text(middle, 18, f"{precision}, {size}", "middle", "#000", bold=True)
    yield _text(middle, HEIGHT - 10, "milliseconds a frame", "middle")
    turned = f'transform="rotate(-90 14 {HEIGHT / 2})"'
    yield _text(14, HEIGHT / 2, "objective by the base's, less is better", "middle", more=turned)
    points = {name: (across(ms), up(objective)) for name, (ms, objective) in places.items()}
    front = on_front(rows, precision, size)
    ordered = sorted(points[name] for name in front)
    # Between two of the front one gets the slower one's objective for its milliseconds only.
    steps = ordered[:1]
    for before, after in pairwise(ordered):
        steps += [(after[0], before[1]), after]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in steps)
    yield f'<polyline points="{path}" fill="none" stroke="#c8c8c8" stroke-width="2"/>'
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in points.values()]
    for row in sorted(rows, key=lambda row: row["name"] not in front):
        name = row["name"]
        color, (x, y) = COLORS[row["axis"]], points[name]
        fill = color if name in front else "white"
        yield (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" stroke="{color}" '
               f'stroke-width="1.8"/>')  # fmt: skip
        yield _label(name, x, y, color, taken, bold=name in front)


def _label(name: str, x: float, y: float, color: str, taken: list[Box], *, bold: bool) -> str:
    """The name beside its point, where it covers the least of what is there already."""
    width = LETTER * len(name) + (2 if bold else 0)
    candidates: list[tuple[float, Box]] = []
    for distance in (8.0, 15.0, 24.0):
        for order, (right, down) in enumerate(
            ((1, 0), (-1, 0), (1, -1), (1, 1), (-1, -1), (-1, 1), (0, -1), (0, 1))
        ):
            left = x + right * distance - width * (0.5 - right / 2)
            top = y + down * distance - LINE / 2
            box = (left, top, left + width, top + LINE)
            outside = left < LEFT or left + width > WIDTH - 2 or top < TOP
            cost = sum(_overlap(box, other) for other in taken)
            candidates.append((cost + 1000 * outside + distance + 0.1 * order, box))
    _, box = min(candidates)
    taken.append(box)
    return _text(box[0], box[3] - 2, name, "start", color, bold=bold)


def _overlap(one: Box, other: Box) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(across, 0.0) * max(down, 0.0)


def _line(x1: float, y1: float, x2: float, y2: float, color: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"/>'


def _text(
    x: float, y: float, text: str, anchor: str, color: str = "#444", *,
    bold: bool = False, more: str = "",
) -> str:  # fmt: skip
    weight = ' font-weight="bold"' if bold else ""
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}"{weight} {more}>'
            f"{escape(text)}</text>")  # fmt: skip
