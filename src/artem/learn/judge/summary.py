"""Verdicts as rows of figures: each style's means over its photos, and the means of those."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from artem.learn.judge.verdict import OPTIMIZED, PHOTO, Case, Verdict

ALL_STYLES = "all styles"


@dataclass(frozen=True)
class Figure:
    """One of a verdict's numbers, as tables show it.

    Attributes:
        heading: short, for a column.
        meaning: a line for people.
        of: the number; ``None`` where it was not measured, infinite where L-BFGS
            never comes as far.
        digits: after the point.
        best: ``low``, ``high``, or ``one`` for the nearest to 1; nothing when
            none of these is better.
    """

    heading: str
    meaning: str
    of: Callable[[Verdict], float | None]
    digits: int
    best: str = ""


def _evaluations(start: str) -> Callable[[Verdict], float | None]:
    def of(verdict: Verdict) -> float | None:
        reached = verdict.standing.evaluations
        if start not in reached:
            return None
        count = reached[start]
        return math.inf if count is None else float(count)

    return of


FIGURES: dict[str, Figure] = {
    "objective": Figure(
        "objective", "weighted sum of the three terms", lambda v: v.standing.objective, 3, "low"
    ),
    "content": Figure(
        "content", "content term", lambda v: v.standing.terms["content"], 3, "low"
    ),
    "style": Figure("style", "style term", lambda v: v.standing.terms["style"], 4, "low"),
    "tv": Figure("tv", "total variation", lambda v: v.standing.terms["tv"], 4, "low"),
    "ratio": Figure(
        "ratio", "objective by that of L-BFGS from the photo", lambda v: v.standing.ratio, 2, "low"
    ),
    "from_photo": Figure(
        "photo =", "L-BFGS evaluations from the photo that come as far",
        _evaluations("photo"), 0, "high",
    ),
    "from_noise": Figure(
        "noise =", "L-BFGS evaluations from noise that come as far",
        _evaluations("noise"), 0, "high",
    ),
    "independent": Figure(
        "indep.", "objective under the independent encoder",
        lambda v: v.independent.objective if v.independent else None, 3, "low",
    ),
    "independent_content": Figure(
        "content", "content term under the independent encoder",
        lambda v: v.independent.terms["content"] if v.independent else None, 3, "low",
    ),
    "independent_style": Figure(
        "style", "style term under the independent encoder",
        lambda v: v.independent.terms["style"] if v.independent else None, 4, "low",
    ),
    "independent_ratio": Figure(
        "ratio", "objective under the independent encoder by that of L-BFGS from the photo",
        lambda v: v.independent.ratio if v.independent else None, 2, "low",
    ),
    "distance": Figure(
        "dist.", "feature distance from the photo, 0 to 1", lambda v: v.feature_distance, 3
    ),
    "ssim": Figure("SSIM", "structure kept of the photo, 1 is all", lambda v: v.ssim, 3),
    "grid": Figure(
        "grid", "checkerboard energy, the largest of 1/2, 1/4, 1/8; 1 is none",
        lambda v: max(v.checkerboard.values()), 2, "low",
    ),
    "alternation": Figure(
        "altern.", "checkerboards of 4 or 8 pixels in windows, see the alternation loss; 0 is none",
        lambda v: v.alternation, 3, "low",
    ),
    "border": Figure(
        "border", "gradients in the border by those beside it; 1 is no border",
        lambda v: v.border["gradient"], 2, "one",
    ),
}  # fmt: skip
"""All figures, by the name they have in the JSON."""


@dataclass(frozen=True)
class Mean:
    """A mean; ``at_least`` when L-BFGS never came as far as some of what it is a mean of."""

    value: float
    at_least: bool = False

    def text(self, digits: int) -> str:
        """Such as ``1.43`` or ``>300``."""
        return f"{'>' * self.at_least}{self.value:.{digits}f}"


@dataclass(frozen=True)
class Row:
    """The means of one maker's pictures.

    Attributes:
        size_px: of the photos.
        style: its name, or :data:`ALL_STYLES`.
        maker: a network's name, ``L-BFGS from...`` or the photo itself.
        count: of photos; of styles in a row for all of them.
        means: by the names of :data:`FIGURES`, those that were measured.
    """

    size_px: int
    style: str
    maker: str
    count: int
    means: Mapping[str, Mean]


def summarize(cases: Sequence[Case], evaluations: int) -> list[Row]:
    """A row for each size, style and maker; then, where there are several styles, for all.

    A maker some of whose pictures are missing (those of L-BFGS need not be kept) has no row:
    its means would be of other photos than everyone else's.

    Args:
        cases: of any sizes and styles, in the order of the rows.
        evaluations: of the curves; counts for what they never reach.
    """
    groups: dict[tuple[int, str, str], list[Verdict]] = {}
    for case in cases:
        for maker, verdict in case.verdicts.items():
            key = case.exhibit.size_px, case.exhibit.style, maker
            groups.setdefault(key, []).append(verdict)
    asked = Counter((case.exhibit.size_px, case.exhibit.style) for case in cases)
    by_style = [
        Row(size_px, style, maker, len(verdicts), {
            name: mean
            for name, figure in FIGURES.items()
            if (mean := _mean_of([figure.of(verdict) for verdict in verdicts], evaluations))
        })
        for (size_px, style, maker), verdicts in groups.items()
        if len(verdicts) == asked[size_px, style]
    ]  # fmt: skip
    rows: list[Row] = []
    for size_px in sorted({row.size_px for row in by_style}):
        here = [row for row in by_style if row.size_px == size_px]
        here.sort(key=lambda row: _rank(row.maker))
        styles = list(dict.fromkeys(case.exhibit.style for case in cases))
        rows += [row for style in styles for row in here if row.style == style]
        count = len({style for size, style in asked if size == size_px})
        if count > 1:
            makers = dict.fromkeys(row.maker for row in here)
            own = [[row for row in here if row.maker == maker] for maker in makers]
            rows += [_over_styles(size_px, all_of) for all_of in own if len(all_of) == count]
    return rows


def _rank(maker: str) -> int:
    """Networks first, then what they are compared with."""
    references = [*OPTIMIZED.values(), PHOTO]
    return references.index(maker) + 1 if maker in references else 0


def _mean_of(values: Iterable[float | None], most: int) -> Mean | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    finite = [value if math.isfinite(value) else most for value in known]
    return Mean(math.fsum(finite) / len(finite), at_least=finite != known)


def _over_styles(size_px: int, rows: Sequence[Row]) -> Row:
    means = {}
    for name in FIGURES:
        known = [row.means[name] for row in rows if name in row.means]
        if known:
            value = math.fsum(mean.value for mean in known) / len(known)
            means[name] = Mean(value, any(mean.at_least for mean in known))
    return Row(size_px, ALL_STYLES, rows[0].maker, len(rows), means)


def best_maker(rows: Sequence[Row], name: str) -> str | None:
    """Which of these rows is the best by a figure; ``None`` when none is, or all are alike."""
    figure = FIGURES[name]
    known = {row.maker: row.means[name] for row in rows if name in row.means}
    if len({mean.text(figure.digits) for mean in known.values()}) < 2 or not figure.best:
        return None
    badness: dict[str, Callable[[float], float]] = {
        "low": lambda value: value,
        "high": lambda value: -value,
        "one": lambda value: abs(math.log(max(value, 1e-9))),
    }
    return min(known, key=lambda maker: badness[figure.best](known[maker].value))


def summary_as_dict(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows for JSON: numbers, and beside each that is a lower bound ``NAME_at_least``."""
    return [
        {
            "size_px": row.size_px,
            "style": row.style,
            "maker": row.maker,
            "count": row.count,
            "figures": {name: _rounded(mean.value) for name, mean in row.means.items()}
            | {f"{name}_at_least": True for name, mean in row.means.items() if mean.at_least},
        }
        for row in rows
    ]


def case_as_dict(case: Case, *, curves: bool = True) -> dict[str, Any]:
    """All figures of a case for JSON; the curves too, unless they are kept elsewhere."""
    exhibit = case.exhibit
    said: dict[str, Any] = {
        "style": exhibit.style, "photo": exhibit.photo, "size_px": exhibit.size_px,
        "verdicts": {maker: _rounded(asdict(one)) for maker, one in case.verdicts.items()},
    }  # fmt: skip
    if curves:
        said["curves"] = {start: one.objective for start, one in case.curves.items()}
        said["independent_curves"] = {
            start: one.objective for start, one in case.independent_curves.items()
        }
    return said


def _rounded(value: Any) -> Any:
    """Every float to 5 significant digits."""
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    return float(f"{value:.5g}") if isinstance(value, float) else value
