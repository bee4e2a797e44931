"""The figures as the tables of ``docs/binary.md``, between its markers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from artem.app.bench_results import write_between

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "binary.md"
BEGIN, END = "<!-- begin: make bench-binary -->", "<!-- end -->"

Row = dict[str, Any]
Column = tuple[str, Callable[[Row], str]]


SAID = {
    "cpu": "all that this CPU has",
    "avx2": "AVX2 and no more",
    "avx512": "AVX-512 without VNNI",
    "vnni": "AVX-512 with VNNI",
}


def write_tables(machines: dict[str, Any]) -> None:
    """Replace what stands between the markers by the tables of these results, by CPU."""
    parts = [part for result in machines.values() for part in _tables(result)]
    write_between(DOCUMENT, BEGIN, END, parts)


def _tables(result: dict[str, Any]) -> list[str]:
    machine = result["machine"]
    head = (
        f"{machine['cpu']}, OpenVINO {machine['openvino']}, PyTorch {machine['torch']}, "
        f"{result['date']}, commit `{result['commit']}`."
    )
    busy = result["load_before"] >= 0.5
    if busy:
        head += (
            f" Other work went on at the same time (load {result['load_before']} on "
            f"{machine['cores']} cores): with one thread, the processor's own time is given; with "
            "more, the best of all rounds, and even that is rough."
        )
    parts = [head]
    for like, run in result["runs"].items():
        threads_known = sorted({row["threads"] for row in run["convolutions"] + run["products"]})
        for threads in threads_known:
            best = busy and threads > 1
            said = f"{'one thread' if threads == 1 else f'{threads} threads'}, {SAID[like]}"
            said += f" (kernels `{run['kernels']}`, whose limit is {2 * run['limit_gmac_s']} GOP/s"
            said += " a thread):" if threads > 1 else "):"
            for kind, columns in (("convolutions", _convolutions), ("products", _products)):
                if rows := _of(run[kind], threads):
                    named = "3x3 convolutions" if kind == "convolutions" else "Square products"
                    parts += [f"{named}, {said}", _table(columns(best), rows)]
    return parts + _generators(result["runs"], busy)


def _generators(runs: dict[str, Any], busy: bool) -> list[str]:
    """Whole frames: milliseconds for each size and, of the larger part, where they go."""
    lines = []
    for like, run in runs.items():
        for threads in sorted({row["threads"] for row in run["generators"]}):
            rows = _of(run["generators"], threads)
            key = "best_ms" if busy and threads > 1 else "median_ms"
            sizes = sorted({(row["width_px"], row["height_px"]) for row in rows})
            for name in dict.fromkeys((row["network"], row["precision"]) for row in rows):
                own = {
                    row["width_px"]: row
                    for row in rows
                    if (row["network"], row["precision"]) == name
                }
                small = own[sizes[0][0]]
                parts = ", ".join(
                    f"{part} {ms:.1f}" for part, ms in small["parts_ms"].items() if ms
                )
                lines.append([
                    SAID[like], str(threads), *name, small["weights"],
                    *(f"{own[width][key]:.1f}" for width, _ in sizes), parts,
                ])  # fmt: skip
    if not lines:
        return []
    heads = [
        "instructions",
        "threads",
        "network",
        "precision",
        "weights",
        *(f"{w}x{h}" for w, h in sizes),
    ]
    head = [*heads, f"where it goes at {sizes[0][0]}x{sizes[0][1]}"]
    marks = ["---"] * len(head)
    table = "\n".join(f"| {' | '.join(line)} |" for line in [head, marks, *lines])
    return ["Whole frames, milliseconds:", table]


def _of(rows: Sequence[Row], threads: int) -> list[Row]:
    return [row for row in rows if row["threads"] == threads]


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    lines = [[name for name, _ in columns], ["---:"] * len(columns)]
    lines += [[cell(row) for _, cell in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _columns(best: bool, *others: str, layer: bool = False) -> list[Column]:
    ms, times, rate, share = (
        ("best_ms", "times_at_best", "gop_s_at_best", "share_at_best")
        if best
        else ("median_ms", "times", "gop_s", "share_of_limit")
    )

    def milliseconds(name: str) -> Callable[[Row], str]:
        return lambda row: f"{row[ms][name]:.{2 if row[ms][name] < 10 else 0}f}"

    def ratio(name: str) -> Callable[[Row], str]:
        return lambda row: f"{row[times][name]:.1f}"

    def naive(row: Row) -> str:
        if "naive_ms" not in row:
            return ""
        sign = "" if row["naive_measured"] else "~"
        return f"{sign}{row['naive_ms'] / row[ms]['ours']:.0f}"

    return [
        ("ours ms", milliseconds("ours")),
        ("GOP/s", lambda row: str(row[rate])),
        ("of the limit", lambda row: f"{row[share]:.0%}"),
        *([("whole layer ms", milliseconds("our layer"))] if layer else []),
        *((name.replace("BLAS", "OpenBLAS"), ratio(name)) for name in others),
        ("plain loop", naive),
    ]


def _convolutions(best: bool) -> list[Column]:
    others = ("oneDNN f32", "OpenVINO f32", "OpenVINO int8", "OpenVINO binary")
    return [
        ("channels", lambda row: str(row["channels"])),
        ("size", lambda row: f"{row['side_px']}²"),
        *_columns(best, *others, layer=True),
    ]


def _products(best: bool) -> list[Column]:
    return [("size", lambda row: str(row["size"])), *_columns(best, "BLAS f32")]
