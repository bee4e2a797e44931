"""The judge's report: one HTML page that needs nothing beside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from PIL import Image

from artem.core.picture import Frame
from artem.learn.judge.page import PAGE
from artem.learn.judge.plots import curve_plot, dot_plot
from artem.learn.judge.summary import ALL_STYLES, FIGURES, Row, best_maker
from artem.learn.judge.verdict import PHOTO, Case
from artem.learn.optimization.images import frame_of

THUMBNAIL_PX = 320
LARGE_PX = 360

TABLES = {
    "How close to optimization": (
        "objective", "content", "style", "tv", "ratio", "from_photo", "from_noise",
    ),
    "To another eye": (
        "independent", "independent_content", "independent_style", "independent_ratio",
        "distance", "ssim", "grid", "alternation", "border",
    ),
}  # fmt: skip
"""The figures of each table."""


@dataclass(frozen=True)
class Report:
    """All that a judging found.

    Attributes:
        networks: each one's identity, by name.
        settings: everything else that the figures depend on, for JSON.
        cases: each photo in each style and size; those without frames are not shown.
        rows: their means.
    """

    networks: Mapping[str, str]
    settings: Mapping[str, Any]
    cases: Sequence[Case]
    rows: Sequence[Row]

    @property
    def sizes_px(self) -> list[int]:
        """The sizes judged at."""
        return sorted({row.size_px for row in self.rows})

    def rows_at(self, size_px: int) -> dict[str, list[Row]]:
        """The rows of one size by style."""
        here = [row for row in self.rows if row.size_px == size_px]
        return {s: [r for r in here if r.style == s] for s in dict.fromkeys(r.style for r in here)}


def report_page(report: Report) -> str:
    """The page: overview, each style with its pictures and curves, what the figures are."""
    first, *others = report.networks
    names = f"{first} against {', '.join(others)}" if others else first
    styles = dict.fromkeys(case.exhibit.style for case in report.cases)
    body = [
        f"<header><h1>{escape(names)}</h1>{_introduction(report, len(styles))}</header>",
        *(_overview(report, size_px) for size_px in report.sizes_px),
        *(
            _style(report, [c for c in report.cases if c.exhibit.style == style])
            for style in styles
        ),
        _meanings(report),
    ]  # fmt: skip
    return PAGE.substitute(title=escape(f"{names}, judged"), body="\n".join(body))


def _introduction(report: Report, styles: int) -> str:
    said = report.settings
    photos = ", ".join(said["photos"])
    sizes = " and ".join(f"{size}" for size in report.sizes_px)
    text = (
        f"{styles} {'style' if styles == 1 else 'styles'} on photos at {sizes} pixels ({photos}). "
        f"The objective is taken under {said['encoder']} and compared with "
        f"{said['evaluations']} evaluations of L-BFGS on the same photo."
    )
    if said["independent"]:
        text += f" {said['independent']}, which no network was trained with, looks on."
    return f"<p>{escape(text)}</p>{_legend(report)}"


def _legend(report: Report) -> str:
    keys = [
        f'<li><svg viewBox="0 0 24 12" aria-hidden="true"><line class="network n{number}" x1="0" '
        f'x2="24" y1="6" y2="6"/><circle class="n{number}" cx="12" cy="6" r="4"/></svg>'
        f"{escape(name)}</li>"
        for number, name in enumerate(report.networks)
    ]
    keys += [
        f'<li><svg viewBox="0 0 24 12" aria-hidden="true"><line class="curve {start}" x1="0" '
        f'x2="24" y1="6" y2="6"/></svg>L-BFGS from {text}</li>'
        for start, text in (("photo", "the photo"), ("noise", "noise"))
        if start in report.settings["starts"]
    ]
    return f'<ul class="legend">{"".join(keys)}</ul>'


def _overview(report: Report, size_px: int) -> str:
    by_style = report.rows_at(size_px)
    total = by_style.get(ALL_STYLES) or next(iter(by_style.values()))
    parts = [f"<h2>At {size_px} pixels</h2>"]
    tiles = [_tile(number, row) for number, row in enumerate(_networks(report, total))]
    parts.append(f'<div class="tiles">{"".join(tiles)}</div>')
    if all("ratio" in row.means for row in _networks(report, total)):
        parts.append(_ratios(report, size_px))
    for heading, names in TABLES.items():
        parts.append(_table(report, by_style, heading, names, size_px))
    return f'<section class="overview">{"".join(parts)}</section>'


def _networks(report: Report, rows: Iterable[Row]) -> list[Row]:
    """The networks' own rows, in the order of their colors."""
    by_maker = {row.maker: row for row in rows}
    return [by_maker[name] for name in report.networks]


def _tile(number: int, row: Row) -> str:
    """A network in a few large figures."""
    facts = [
        (row.means[name].text(FIGURES[name].digits), meaning)
        for name, meaning in (
            ("ratio", "times the objective of L-BFGS from the photo"),
            ("from_noise", "evaluations from noise come as far"),
            ("from_photo", "evaluations from the photo come as far"),
            ("objective", "objective"),
        )
        if name in row.means
    ][:3]
    items = "".join(f"<div><dt>{escape(text)}</dt><dd>{value}</dd></div>" for value, text in facts)
    return f'<article class="tile n{number}"><h3>{escape(row.maker)}</h3><dl>{items}</dl></article>'


def _ratios(report: Report, size_px: int) -> str:
    rows = {}
    for style, group in report.rows_at(size_px).items():
        if style == ALL_STYLES:
            continue
        rows[style] = [
            (
                row.means["ratio"],
                [
                    ratio for case in report.cases
                    if case.exhibit.style == style and case.exhibit.size_px == size_px
                    and (ratio := case.verdicts[row.maker].standing.ratio) is not None
                ],
            )
            for row in _networks(report, group)
        ]  # fmt: skip
    label = "ratio (dots: means, ticks: photos)"
    plot = dot_plot(rows, label=label, title=f"Ratio of each style at {size_px} pixels; see table")
    return f'<figure class="plot">{plot}</figure>'


def _table(
    report: Report,
    by_style: Mapping[str, Sequence[Row]],
    heading: str,
    names: Iterable[str],
    size_px: int,
) -> str:
    shown = [n for n in names if any(n in row.means for rows in by_style.values() for row in rows)]
    head = "".join(
        f'<th scope="col" title="{escape(FIGURES[n].meaning)}">{escape(FIGURES[n].heading)}</th>'
        for n in shown
    )
    bodies = []
    for style, rows in by_style.items():
        best = {name: best_maker(_networks(report, rows), name) for name in shown}
        lines = [f'<tr><th scope="rowgroup" colspan="{len(shown) + 1}">{escape(style)}</th></tr>']
        for row in rows:
            cells = "".join(_cell(row, name, best[name] == row.maker) for name in shown)
            kind = "" if row.maker in report.networks else ' class="reference"'
            lines.append(f'<tr{kind}><th scope="row">{escape(row.maker)}</th>{cells}</tr>')
        kind = ' class="all"' if style == ALL_STYLES else ""
        bodies.append(f"<tbody{kind}>{''.join(lines)}</tbody>")
    caption = f"{heading}, {size_px} pixels"
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr><td></td>{head}</tr></thead>"
        f"{''.join(bodies)}</table></div>"
    )


def _cell(row: Row, name: str, best: bool) -> str:
    if name not in row.means:
        return "<td>-</td>"
    text = escape(row.means[name].text(FIGURES[name].digits))
    return f"<td>{f'<strong>{text}</strong>' if best else text}</td>"


def _style(report: Report, cases: Sequence[Case]) -> str:
    style = cases[0].exhibit.style
    shown = [case for case in cases if case.frames]
    painting = _picture(frame_of(cases[0].exhibit.painting), f"The painting of {style}", thumb=True)
    left = len(cases) - len(shown)
    more = f"<p>{left} more judged without pictures.</p>" if left else ""
    return (
        f"<section><h2>{escape(style)}</h2>"
        f'<figure class="painting">{painting}<figcaption>the painting</figcaption></figure>'
        f"{''.join(_case(report, case) for case in shown)}{more}</section>"
    )


def _case(report: Report, case: Case) -> str:
    exhibit = case.exhibit
    where = f"{exhibit.photo}, {exhibit.size_px} pixels"
    order = [PHOTO, *(maker for maker in case.frames if maker != PHOTO)]
    pictures = []
    for maker in order:
        standing = case.verdicts[maker].standing
        alt = (
            f"{exhibit.photo}" if maker == PHOTO
            else f"{exhibit.photo} in the style {exhibit.style}: {maker}"
        )  # fmt: skip
        pictures.append(
            f"<figure>{_picture(case.frames[maker], alt)}<figcaption>{escape(maker)}"
            f"<small>objective {standing.objective:.3f}</small></figcaption></figure>"
        )
    plots = [(case.curves, "standing", report.settings["encoder"])]
    if case.independent_curves:
        plots.append((case.independent_curves, "independent", report.settings["independent"]))
    for curves, which, encoder in plots:
        objectives = {n: getattr(case.verdicts[n], which).objective for n in report.networks}
        title = f"{where}, {exhibit.style}, under {encoder}"
        pictures.append(
            f'<figure class="plot">{curve_plot(curves, objectives, title=title)}'
            f"<figcaption>under {escape(encoder)}</figcaption></figure>"
        )
    kind = "pictures large" if exhibit.size_px > LARGE_PX else "pictures"
    return f'<h3>{escape(where)}</h3><div class="{kind}">{"".join(pictures)}</div>'


def _picture(frame: Frame, alt: str, *, thumb: bool = False) -> str:
    """A picture inside the page: JPEG, without color subsampling."""
    image = Image.fromarray(frame)
    if thumb:
        image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
    memory = io.BytesIO()
    image.save(memory, "JPEG", quality=92, subsampling=0)
    data = base64.b64encode(memory.getvalue()).decode()
    return (
        f'<img src="data:image/jpeg;base64,{data}" alt="{escape(alt)}" '
        f'width="{image.width}" height="{image.height}" loading="lazy">'
    )


def _meanings(report: Report) -> str:
    items = "".join(
        f"<dt>{escape(figure.heading)}</dt><dd>{escape(figure.meaning)}</dd>"
        for name, figure in FIGURES.items()
        if any(name in row.means for row in report.rows)
    )
    facts = {**{f"network {n}": i for n, i in report.networks.items()}, **_flat(report.settings)}
    settings = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(str(value))}</td></tr>'
        for name, value in facts.items()
    )
    return (
        f'<section><h2>What the figures are</h2><dl class="meanings">{items}</dl>'
        "<p>A number with &gt; is a lower bound: on some photos L-BFGS never came as far. "
        "Bold is the better network.</p>"
        f'<details><summary>Settings</summary><div class="scroll" role="region" tabindex="0" '
        f'aria-label="Settings"><table><tbody>{settings}</tbody></table></div></details></section>'
    )


def _flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{before}{name} ")
        else:
            flat[before + name] = ", ".join(map(str, value)) if isinstance(value, list) else value
    return flat
