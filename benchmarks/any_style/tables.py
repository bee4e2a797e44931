"""The figures as the tables of ``docs/any-style.md``, between its markers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ways import ADAIN, NAMED, WAYS
from works import WORKS

from artem.app.bench_results import write_between

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "any-style.md"
BEGIN, END = "<!-- begin: make bench-any-style -->", "<!-- end -->"


def write_tables(result: Mapping[str, Any]) -> None:
    """Replace what stands between the markers by this result."""
    write_between(DOCUMENT, BEGIN, END, _parts(result))


def _parts(result: Mapping[str, Any]) -> Iterator[str]:
    everything, complete = result["all"], result["complete"]
    networks = "; ".join(
        f"{way}: `{one['name']}` ({one['identity'][:12]}) in {one['precision']}, "
        f"predictor {one['predictor'][:12]}"
        for way, one in result["networks"].items()
    )
    yield (
        f"{result['held_out']} artworks that were held out, {result['left_out']} left out as named "
        f"styles; photos: {', '.join(result['photos'])}, at {result['size_px']} pixels; "
        f"encoder `{result['encoder']}`. {networks}. {result['date']}, commit `{result['commit']}`."
    )
    if ADAIN not in result["networks"]:
        yield f"{ADAIN} is left out: there was no such network to judge."
    yield _table(everything)
    fewest = min(figures["artworks"] for figures in everything.values())
    most = max(figures["artworks"] for figures in everything.values())
    if complete and fewest < most:
        count = next(iter(complete.values()))["artworks"]
        yield f"The same over the {count} artworks for which there are all of them:"
        yield _table(complete)
    if "frame_ms" in result:
        yield (
            f"Milliseconds (medians) on {result['machine']['cpu']}, "
            f"{_versions(result['machine'])}; a style is timed from the file to the vector, over "
            f"{result['timed_artworks']} artworks, nothing remembered:"
        )
        yield _times(result)
    credits: list[str] = []
    for sheet in result["sheets"]:
        link = os.path.relpath(DOCUMENT.parents[1] / sheet["file"], DOCUMENT.parent)
        yield f"![Paintings in the style of artworks that were held out]({link})"
        shown = [f"1. {WORKS[stem].credit}" for stem in sheet["shown"] if stem in WORKS]
        if shown == credits:
            yield "The same artworks."
            continue
        credits = shown
        yield (
            "The artworks, from top to bottom; below each painting stands its objective. "
            "All of them are in the public domain."
        )
        yield "\n".join(credits)


def _table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        ["", "artworks", "objective", "median", "content", "style", f"better than the {NAMED}"],
        ["---", *["---:"] * 6],
    ]
    for way in WAYS:
        if way in figures:
            one = figures[way]
            lines.append([
                way, str(one["artworks"]), f"{one['mean']:.2f}", f"{one['median']:.2f}",
                f"{one['content']:.3f}", f"{one['style']:.4f}",
                str(one["better"]) if "better" in one else "",
            ])  # fmt: skip
    return _lines(lines)


def _times(result: Mapping[str, Any]) -> str:
    width, height = result["frame_px"]
    threads = list(next(iter(result["frame_ms"].values())))
    lines = [
        ["", *(f"{n} thread{'s' if n != '1' else ''}" for n in threads)],
        ["---", *["---:"] * len(threads)],
    ]
    for way, one in result["networks"].items():
        times = result["style_ms"][way]
        lines.append([f"a style, {way}", *(f"{times[n]:.0f}" for n in threads)])
        times = result["frame_ms"][way]
        lines.append([
            f"a frame of {width}x{height}, `{one['name']}` in {one['precision']}",
            *(f"{times[n]:.1f}" for n in threads),
        ])  # fmt: skip
    return _lines(lines)


def _lines(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _versions(machine: Mapping[str, Any]) -> str:
    return f"OpenVINO {machine['openvino']}" if "openvino" in machine else "without OpenVINO"
