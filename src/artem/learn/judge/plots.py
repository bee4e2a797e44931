"""Plots for the report: inline SVG that takes its colors and fonts from the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from artem.learn.judge.curves import Curve
from artem.learn.judge.summary import Mean

WIDTH, HEIGHT = 400, 260
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 36


class _Axis:
    """A logarithmic axis from values to pixels."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high = low, max(high, low * 1.01)
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Round values inside, at most about six: by 1, 3, by 1, 2, 5, or by 1 to 9."""
        decades = math.log10(self.high / self.low)
        steps = (1, 3) if decades > 2 else (1, 2, 5) if decades > 0.8 else (1, 1.5, 2, 3, 4, 6, 8)
        first = math.floor(math.log10(self.low))
        candidates = [
            step * 10.0**power
            for power in range(first, math.ceil(math.log10(self.high)) + 1)
            for step in steps
        ]
        inside = [value for value in candidates if self.low <= value * 1.0001 <= self.high * 1.0002]
        return inside[:: -(-len(inside) // 7) or 1]


def curve_plot(curves: Mapping[str, Curve], objectives: Mapping[str, float], *, title: str) -> str:
    """L-BFGS's way down, and how far each network comes in one pass.

    Args:
        curves: by where they start.
        objectives: of the networks, by name, in the order of their colors.
        title: read out in place of the picture, with the crossings behind it.
    """
    values = [value for curve in curves.values() for value in curve.objective]
    values += list(objectives.values())
    longest = max((len(curve.objective) for curve in curves.values()), default=1)
    across = _Axis(1, longest, LEFT, WIDTH - RIGHT)
    up = _Axis(min(values) * 0.9, max(values) * 1.1, HEIGHT - BOTTOM, TOP)
    parts = [_grid(across, up, "evaluations of L-BFGS", "objective")]
    for start, curve in curves.items():
        points = " ".join(f"{across(n)},{up(v)}" for n, v in enumerate(curve.objective, 1))
        parts.append(f'<polyline class="curve {escape(start)}" points="{points}"/>')
    said = []
    for number, (name, objective) in enumerate(objectives.items()):
        y = up(objective)
        parts.append(
            f'<line class="network n{number}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        )
        for start, curve in curves.items():
            reached = curve.evaluations_to(objective)
            if reached is not None:
                parts.append(f'<circle class="n{number}" cx="{across(reached)}" cy="{y}" r="4"/>')
            count = f"{reached}" if reached is not None else f"more than {len(curve.objective)}"
            said.append(f"{name} equals {count} evaluations from {start}")
    return _svg(f"{title}. {'; '.join(said)}.", "".join(parts), HEIGHT)


def dot_plot(
    rows: Mapping[str, Sequence[tuple[Mean, Sequence[float]]]], *, label: str, title: str
) -> str:
    """A line for each style, on it each network's mean as a dot and its photos as ticks.

    Args:
        rows: by the style's name; for each network, in the order of their colors,
            the mean and the single values. All above 0.
        label: of the axis.
        title: read out in place of the picture.
    """
    step = max(26, 12 + 7 * max(len(makers) for makers in rows.values()))
    height = TOP + step * len(rows) + BOTTOM
    singles = [value for row in rows.values() for _, values in row for value in values]
    left = 20 + 6.6 * max(len(name) for name in rows)
    across = _Axis(min(1.0, *singles) * 0.98, max(*singles, 1.2) * 1.05, left, WIDTH - RIGHT - 6)
    parts = []
    for value in across.ticks():
        parts.append(_tick_across(across(value), value, TOP, height - BOTTOM))
    one = across(1)
    parts.append(f'<line class="one" x1="{one}" x2="{one}" y1="{TOP}" y2="{height - BOTTOM}"/>')
    parts.append(_text((left + WIDTH - RIGHT) / 2, height - 4, label, "middle"))
    for index, (style, makers) in enumerate(rows.items()):
        y = TOP + step * (index + 0.5)
        parts.append(_text(left - 10, y + 4, style, "end"))
        for number, (mean, values) in enumerate(makers):
            shifted = round(y + 7 * (number - (len(makers) - 1) / 2), 1)
            parts += [
                f'<line class="tick n{number}" x1="{across(value)}" x2="{across(value)}"'
                f' y1="{shifted - 4}" y2="{shifted + 4}"/>'
                for value in values
            ]
            parts.append(
                f'<circle class="n{number}" cx="{across(mean.value)}" cy="{shifted}" r="4.5"/>'
            )
    return _svg(title, "".join(parts), height)


def _grid(across: _Axis, up: _Axis, label_across: str, label_up: str) -> str:
    parts = [_tick_across(across(v), v, TOP, HEIGHT - BOTTOM) for v in across.ticks()]
    for value in up.ticks():
        y = up(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{value:g}", "end"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(_text(middle, HEIGHT - 4, label_across, "middle"))
    turned = f'transform="rotate(-90 10 {HEIGHT / 2})"'
    parts.append(_text(10, HEIGHT / 2, label_up, "middle", turned))
    return "".join(parts)


def _tick_across(x: float, value: float, top: float, bottom: float) -> str:
    line = f'<line class="grid" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>'
    return line + _text(x, bottom + 15, f"{value:g}", "middle")


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" {more}>{escape(text)}</text>'


def _svg(title: str, content: str, height: float) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH} {height:g}" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{content}</svg>"
    )
