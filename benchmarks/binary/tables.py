"""The figures as the tables of ``docs/binary.md``, between its markers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from artem.core.files import replacing

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "binary.md"
BEGIN, END = "<!-- begin: make bench-binary -->", "<!-- end -->"

Row = dict[str, Any]
Column = tuple[str, Callable[[Row], str]]


def write_tables(result: dict[str, Any]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    machine = result["machine"]
    head = (
        f"{machine['cpu']}, kernels `{machine['kernels']}`, OpenVINO {machine['openvino']}, "
        f"PyTorch {machine['torch']}, {result['date']}, commit `{result['commit']}`."
    )
    parts = [BEGIN, head]
    for threads in sorted({row["threads"] for row in result["convolutions"]}):
        said = "one thread" if threads == 1 else f"{threads} threads"
        parts += [
            f"3x3 convolutions, {said}:",
            _table(_CONVOLUTIONS, _of(result["convolutions"], threads)),
            f"Square products, {said}:",
            _table(_PRODUCTS, _of(result["products"], threads)),
        ]
    with replacing(DOCUMENT) as partial:
        partial.write_text(before + "\n\n".join([*parts, END]) + after, encoding="utf-8")


def _of(rows: Sequence[Row], threads: int) -> list[Row]:
    return [row for row in rows if row["threads"] == threads]


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    lines = [[name for name, _ in columns], ["---:"] * len(columns)]
    lines += [[cell(row) for _, cell in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _milliseconds(name: str) -> Callable[[Row], str]:
    return lambda row: (
        f"{row['median_ms'][name]:.3g}"
        if row["median_ms"][name] < 100
        else (f"{row['median_ms'][name]:.0f}")
    )


def _times(name: str) -> Callable[[Row], str]:
    return lambda row: f"{row['times'][name]:.1f}"


def _naive(row: Row) -> str:
    if "times_naive" not in row:
        return ""
    return f"{'' if row['naive_measured'] else '~'}{row['times_naive']}"


_OURS: list[Column] = [
    ("ours ms", _milliseconds("ours")),
    ("GOP/s", lambda row: str(row["gop_s"])),
    ("of the limit", lambda row: f"{row['share_of_limit']:.0%}"),
]
_CONVOLUTIONS: list[Column] = [
    ("channels", lambda row: str(row["channels"])),
    ("size", lambda row: f"{row['side_px']}²"),
    *_OURS,
    ("whole layer ms", _milliseconds("our layer")),
    ("oneDNN f32", _times("oneDNN f32")),
    ("OpenVINO f32", _times("OpenVINO f32")),
    ("OpenVINO int8", _times("OpenVINO int8")),
    ("OpenVINO binary", _times("OpenVINO binary")),
    ("plain loop", _naive),
]
_PRODUCTS: list[Column] = [
    ("size", lambda row: str(row["size"])),
    *_OURS,
    ("OpenBLAS f32", _times("BLAS f32")),
    ("plain loop", _naive),
]
