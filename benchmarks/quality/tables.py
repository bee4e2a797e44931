"""The judge's figures as tables: of ``docs/judge.md`` and ``README.md``, between their markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from artem.app.bench_results import write_between
from artem.learn.judge.report import TABLES
from artem.learn.judge.summary import ALL_STYLES, FIGURES, Mean
from artem.learn.judge.verdict import OPTIMIZED

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENT, README = PROJECT / "docs" / "judge.md", PROJECT / "README.md"
BEGIN, END = "<!-- begin: make bench-quality -->", "<!-- end -->"

OVERVIEW = {
    "objective": 2, "content": 2, "style": 3, "ratio": 1, "from_photo": 0, "from_noise": 0,
}  # fmt: skip
"""What README.md tells of the first network, with the digits after the point."""

OVERVIEW_SIZE_PX = 256
"""Of the overview and of cards."""

OVERVIEW_OTHERS = ("micro", "fine")
"""Networks of which it tells the objective alone."""

Result = dict[str, Any]


def write_tables(results: Sequence[Result]) -> None:
    """Replace what stands between the markers by the tables of these results, one a size."""
    parts = []
    for result in results:
        networks, rows = result["networks"], result["summary"]
        size_px = rows[0]["size_px"]
        identities = ", ".join(f"`{name}` ({digest[:12]})" for name, digest in networks.items())
        parts.append(
            f"{identities} at {size_px} pixels; photos: {', '.join(result['photos'])}; encoder "
            f"`{result['encoder']}`; {result['evaluations']} evaluations; {result['date']}, "
            f"commit `{result['commit']}`."
        )
        parts += [f"{heading}:\n\n{_table(names, rows, networks)}"
                  for heading, names in TABLES.items()]  # fmt: skip
    write_between(DOCUMENT, BEGIN, END, parts)
    for result in results:
        if result["summary"][0]["size_px"] == OVERVIEW_SIZE_PX:
            write_between(README, BEGIN, END, [_overview(result)])


def _overview(result: Result) -> str:
    """The first network in each style, what it comes to over all, and L-BFGS from the photo."""
    first = next(iter(result["networks"]))
    others = [name for name in OVERVIEW_OTHERS if name in result["networks"]]
    figures = {(row["style"], row["maker"]): row["figures"] for row in result["summary"]}
    lines = [
        ["style", f"`{first}`", *(FIGURES[name].heading for name in list(OVERVIEW)[1:]),
         *(f"`{name}`" for name in others)],
        ["---"] * (1 + len(OVERVIEW) + len(others)),
    ]  # fmt: skip
    for style, maker in [*figures]:
        row = figures[style, maker]
        cells = [f"{row[name]:.{digits}f}" for name, digits in OVERVIEW.items()]
        if maker == first:
            theirs = [f"{figures[style, other]['objective']:.2f}" for other in others]
            lines.append(["mean" if style == ALL_STYLES else style, *cells, *theirs])
        elif style == ALL_STYLES and maker == OPTIMIZED["photo"]:
            empty = [""] * (2 + len(others))  # so far it comes itself
            lines.append(["L-BFGS from the photo", *cells[:-2], *empty])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _table(names: Sequence[str], rows: Sequence[Result], networks: Result) -> str:
    """The networks in each style; below them, everything that was judged, over all styles."""
    shown = [name for name in names if any(name in row["figures"] for row in rows)]
    lines = [["", *(FIGURES[name].heading for name in shown)]]
    lines.append(["---", *["---:"] * len(shown)])
    for row in rows:
        total = row["style"] == ALL_STYLES
        if not total and row["maker"] not in networks:
            continue
        first = row["maker"] if total else row["style"]
        if len(networks) > 1 and not total:
            first += f", {row['maker']}"
        figures = row["figures"]
        lines.append([
            f"**{first}, {ALL_STYLES}**" if total else first,
            *(_cell(name, figures) if name in figures else "" for name in shown),
        ])  # fmt: skip
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(name: str, figures: Result) -> str:
    mean = Mean(figures[name], bool(figures.get(f"{name}_at_least")))
    return mean.text(FIGURES[name].digits)
