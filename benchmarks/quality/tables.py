"""The judge's figures as the tables of ``docs/judge.md``, between its markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from artem.app.bench_results import write_between
from artem.learn.judge.report import TABLES
from artem.learn.judge.summary import ALL_STYLES, FIGURES, Mean

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "judge.md"
BEGIN, END = "<!-- begin: make bench-quality -->", "<!-- end -->"

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
