"""The study's figures as the table of ``docs/architectures.md``, between its markers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from artem.app.bench_results import write_between

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "architectures.md"
BEGIN, END = "<!-- begin: make bench-architectures -->", "<!-- end -->"

Row = Mapping[str, Any]


def relative(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of one recipe with their objective over that of the float base as ``relative``."""
    base = next(row for row in rows if row["name"] == "base")["float"]["objective"]
    return [
        {**row, **{
            precision: {**row[precision], "relative": round(row[precision]["objective"] / base, 4)}
            for precision in ("float", "int8")
        }}
        for row in rows
    ]  # fmt: skip


def added(former: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """A result with the rows of another one behind its own, their times converted to its machine.

    Both have the base: what took twice the base's time there takes it here.
    """
    first = len(former["rounds"])
    there, here = (
        next(row for row in result["rows"] if row["name"] == "base") for result in (now, former)
    )
    rows = []
    for row in now["rows"]:
        converted = {**row, "round": first + row["round"]}
        for precision in ("float", "int8"):
            times = {
                size: round(ms * here[precision]["median_ms"][size]
                            / there[precision]["median_ms"][size], 2)
                for size, ms in row[precision]["median_ms"].items()
            }  # fmt: skip
            converted[precision] = {**row[precision], "median_ms": times}
        rows.append(converted)
    rounds = [{**recipe, "timed_on": now["machine"]["cpu"]} for recipe in now["rounds"]]
    return {
        **former,
        "rounds": [*former["rounds"], *rounds],
        "rows": [*former["rows"], *rows],
    }


def on_front(rows: Sequence[Row], precision: str, size: str) -> set[str]:
    """The names of those that no other one beats in both relative objective and milliseconds."""
    front, best = set(), float("inf")
    for row in sorted(rows, key=lambda row: (row[precision]["median_ms"][size],
                                             row[precision]["relative"])):  # fmt: skip
        if row[precision]["relative"] < best:
            best = row[precision]["relative"]
            front.add(row["name"])
    return front


def sizes_of(result: Mapping[str, Any]) -> list[str]:
    """What was timed, as the rows call it."""
    return list(result["rows"][0]["float"]["median_ms"])


def write_table(result: Mapping[str, Any]) -> None:
    """Replace what stands between the markers by a table for each recipe of this result."""
    rows, sizes = result["rows"], sizes_of(result)
    parts = [
        f"{' and '.join(result['styles'])} on {result['photos']} photos at {result['side_px']} "
        f"pixels; {result['machine']['cpu']}, OpenVINO {result['machine']['openvino']}; "
        f"{result['date']}, commit `{result['commit']}`. Objectives are divided by the base's of "
        f"the same training, {_bases(rows)}. **Bold**: on the front of that column's milliseconds "
        f"and this quotient in the same precision."
    ]
    fronts = {
        (size, precision): on_front(rows, precision, size)
        for size in sizes
        for precision in ("float", "int8")
    }
    for number, recipe in enumerate(result["rounds"]):
        lines = [
            ["", "differs in", "kMAC", "weights", "loss", "objective", "in int8", "ratio", "grid",
             *(f"{size}, {precision}" for size, precision in fronts)],
            ["---", "---", *["---:"] * (7 + len(fronts))],
        ]  # fmt: skip
        lines += [_cells(row, fronts) for row in rows if row["round"] == number]
        timed = recipe.get("timed_on")
        said = f"; times converted by the base's from {timed}" if timed else ""
        parts += [
            f"{recipe['steps']} steps of {recipe['batch']} crops of {recipe['crop_px']} pixels, "
            f"learning rate {recipe['learning_rate']}{said}:",
            "\n".join(f"| {' | '.join(line)} |" for line in lines),
        ]
    write_between(DOCUMENT, BEGIN, END, parts)


def _bases(rows: Sequence[Row]) -> str:
    bases = [row["float"]["objective"] for row in rows if row["name"] == "base"]
    return ", ".join(f"{objective:.3f}" for objective in bases)


def _cells(row: Row, fronts: Mapping[tuple[str, str], set[str]]) -> list[str]:
    loss = "" if row["smooth_loss"] is None else f"{row['smooth_loss']:.3f}"
    cells = [
        f"`{row['name']}`", row["says"], f"{row['kmac_a_pixel']:.1f}",
        f"{row['parameters'] / 1000:.0f} k", loss, f"{row['float']['relative']:.3f}",
        f"{row['int8']['relative']:.3f}", f"{row['float']['ratio']:.2f}",
        f"{row['float']['grid']:.2f}",
    ]  # fmt: skip
    for (size, precision), front in fronts.items():
        taken = f"{row[precision]['median_ms'][size]:.1f}"
        cells.append(f"**{taken}**" if row["name"] in front else taken)
    return cells
