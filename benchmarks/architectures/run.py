"""Objective against milliseconds of the candidates that were trained.

    python benchmarks/architectures/run.py --trained DIR... --paintings DIR --photos DIR [--add]

``--trained`` are folders that ``train.py`` wrote, each by one recipe and with the base in it,
``--photos`` holds some to calibrate int8 with. All candidates are exported to ONNX and quantized
(into ``DIR/onnx``; what is there is used again), judged on the package's sample photos at 256
pixels in two styles, and timed in OpenVINO. Candidates of different recipes are compared by their
objective over that of the base by the same recipe. ``--add`` keeps what was measured before, on
whatever machine, and converts the new times by what the base takes here and took there. Curves
of L-BFGS are those of ``benchmarks/quality``. Writes ``results/architectures.json``,
``docs/architectures.svg`` and the table of ``docs/architectures.md``; ``--draw`` does the last two
again from the first.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from candidates import CANDIDATES, STYLES
from measure import PRECISIONS, SIZES, Measured, exported, milliseconds, painted
from plot import draw_plot
from tables import added, relative, write_table
from train import load_trained

from artem.app.bench_results import provenance, run_script, write_result
from artem.core.allocation import keep_freed_memory
from artem.core.errors import ArtemError
from artem.core.picture import load_picture, middle_square
from artem.export.exhibits import find_photos, painting_of
from artem.learn.encoders import load_encoder
from artem.learn.judge import Exhibit, Judge
from artem.learn.training import YARDSTICK, PhotoFolder
from artem.learn.training.photos import load_style_picture
from artem.learn.training.recipe import perceptual_loss
from artem.runtime.library import SAMPLES

BENCHMARKS = Path(__file__).resolve().parents[1]
RESULT = BENCHMARKS / "results" / "architectures.json"
CURVES = BENCHMARKS / "quality" / "curves"
SIDE_PX = 256
PHOTOS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trained", type=Path, nargs="+", metavar="DIR")
    parser.add_argument("--paintings")
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--seconds", type=float, default=100, help="of timing, at each size")
    parser.add_argument("--add", action="store_true", help="to the rows that are there")
    parser.add_argument("--draw", action="store_true", help="plot and table alone")
    arguments = parser.parse_args()
    if not arguments.draw:
        if not (arguments.trained and arguments.paintings and arguments.photos):
            parser.error("--trained, --paintings and --photos are needed, or --draw")
        now = _measure(arguments)
        former = json.loads(RESULT.read_text(encoding="utf-8")) if arguments.add else None
        write_result(RESULT, added(former, now) if former else now)
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    draw_plot(result)
    write_table(result)


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # denormals stall the encoder
    keep_freed_memory()
    photos = PhotoFolder(arguments.photos).files
    rows: list[dict[str, Any]] = []
    rounds = []
    everyone: dict[str, Measured] = {}
    for folder in arguments.trained:
        trained = [
            one
            for candidate in CANDIDATES.values()
            if candidate.name == "base" or candidate.name not in everyone
            if (one := exported(candidate, folder, photos)) is not None
        ]
        if not any(one.candidate.name == "base" for one in trained):
            raise ArtemError(f"The base is not trained in '{folder}'.")
        judged = _judged(trained, arguments.paintings)
        rows += [{"round": len(rounds), **row} for row in relative(judged)]
        rounds.append(load_trained(folder / "base.pt")[2]["recipe"])
        everyone = {one.candidate.name: one for one in trained} | everyone
    _time(list(everyone.values()), rows, arguments.seconds)
    return {
        **provenance(__file__, "torch"), "styles": STYLES, "photos": PHOTOS, "side_px": SIDE_PX,
        "rounds": rounds, "rows": rows,
    }  # fmt: skip


def _time(everyone: Sequence[Measured], rows: Sequence[dict[str, Any]], seconds: float) -> None:
    """Put the milliseconds of all candidates into their rows; weights make no difference."""
    for width, height, threads in SIZES:
        taken = milliseconds(everyone, width, height, threads, seconds)
        size = f"{width}x{height}, {threads} thread{'s' if threads > 1 else ''}"
        for row in rows:
            for precision in PRECISIONS:
                median_ms = taken[row["name"], precision]
                row[precision].setdefault("median_ms", {})[size] = median_ms
        print(size, taken, flush=True)


def _judged(everyone: Sequence[Measured], paintings: str) -> list[dict[str, Any]]:
    """A row for each candidate: its facts, and means over photos and styles of its pictures."""
    encoder = load_encoder("compact")
    judge = Judge(perceptual_loss(encoder, YARDSTICK), folder=CURVES, starts=("photo",))
    verdicts: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    for photo, file in find_photos([SAMPLES], PHOTOS).items():
        frame = middle_square(load_picture(file).frame, SIDE_PX)
        for style in STYLES:
            painting = load_style_picture(painting_of(style, [paintings]), YARDSTICK.style_px)
            exhibit = Exhibit(style, photo, frame, painting)
            makers = {
                f"{one.candidate.name}, {precision}": painted(one, precision, style, frame)
                for one in everyone
                for precision in PRECISIONS
            }
            case = judge.case(exhibit, makers)
            for one in everyone:
                for precision in PRECISIONS:
                    verdict = case.verdicts[f"{one.candidate.name}, {precision}"]
                    key = one.candidate.name, precision
                    verdicts.setdefault(key, []).append((style, verdict))
            print(f"judged {style}, {photo}", flush=True)
    rows = []
    for one in everyone:
        candidate = one.candidate
        row: dict[str, Any] = {
            "name": candidate.name, "axis": candidate.axis, "says": candidate.says, **one.facts,
        }  # fmt: skip
        for precision in PRECISIONS:
            row[precision] = _means(verdicts[candidate.name, precision])
        rows.append(row)
    return rows


def _means(judged: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    verdicts = [verdict for _, verdict in judged]
    return {
        "objective": round(mean(v.standing.objective for v in verdicts), 4),
        "content": round(mean(v.standing.terms["content"] for v in verdicts), 4),
        "style": round(mean(v.standing.terms["style"] for v in verdicts), 5),
        "ratio": round(mean(v.standing.ratio for v in verdicts), 3),
        "grid": round(mean(max(v.checkerboard.values()) for v in verdicts), 3),
        "objective_by_style": {
            style: round(mean(v.standing.objective for s, v in judged if s == style), 4)
            for style in STYLES
        },
    }


if __name__ == "__main__":
    run_script(main)
