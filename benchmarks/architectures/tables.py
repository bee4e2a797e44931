"""The study's figures as the table of ``docs/architectures.md``, between its markers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from artem.app.bench_results import write_between

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "architectures.md"
BEGIN, END = "<!-- begin: make bench-architectures -->", "<!-- end -->"

Row = Mapping[str, Any]


def on_front(rows: Sequence[Row], precision: str, size: str) -> set[str]:
    """The names of those that no other one beats in both objective and milliseconds."""
    front, best = set(), float("inf")
    for row in sorted(rows, key=lambda row: (row[precision]["median_ms"][size],
                                             row[precision]["objective"])):  # fmt: skip
        if row[precision]["objective"] < best:
            best = row[precision]["objective"]
            front.add(row["name"])
    return front


def sizes_of(result: Mapping[str, Any]) -> list[str]:
    """What was timed, as the rows call it."""
    return list(result["rows"][0]["float"]["median_ms"])


def write_table(result: Mapping[str, Any]) -> None:
    """Replace what stands between the markers by the table of this result."""
    recipe, rows, sizes = result["recipe"], result["rows"], sizes_of(result)
    said = (
        f"{recipe['steps']} steps of {recipe['batch']} crops of {recipe['crop_px']} pixels; "
        f"{' and '.join(result['styles'])} on {result['photos']} photos at {result['side_px']} "
        f"pixels; {result['machine']['cpu']}, OpenVINO {result['machine']['openvino']}; "
        f"{result['date']}, commit `{result['commit']}`. **Bold**: on the front of that column's "
        f"milliseconds and the objective in the same precision."
    )
    lines = [
        ["", "differs in", "kMAC", "weights", "loss", "objective", "in int8", "ratio", "grid",
         *(f"{size}, {precision}" for size in sizes for precision in ("float", "int8"))],
        ["---", "---", *["---:"] * (7 + 2 * len(sizes))],
    ]  # fmt: skip
    fronts = {
        (size, precision): on_front(rows, precision, size)
        for size in sizes
        for precision in ("float", "int8")
    }
    for row in rows:
        loss = "" if row["smooth_loss"] is None else f"{row['smooth_loss']:.3f}"
        cells = [
            f"`{row['name']}`", row["says"], f"{row['kmac_a_pixel']:.1f}",
            f"{row['parameters'] / 1000:.0f} k", loss, f"{row['float']['objective']:.3f}",
            f"{row['int8']['objective']:.3f}", f"{row['float']['ratio']:.2f}",
            f"{row['float']['grid']:.2f}",
        ]  # fmt: skip
        for (size, precision), front in fronts.items():
            taken = f"{row[precision]['median_ms'][size]:.1f}"
            cells.append(f"**{taken}**" if row["name"] in front else taken)
        lines.append(cells)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    write_between(DOCUMENT, BEGIN, END, [said, table])
