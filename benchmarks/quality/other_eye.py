"""What optimization gains under one encoder, seen by another.

    python benchmarks/quality/other_eye.py --paintings DIR [--independent FILE]

L-BFGS lowers the objective under the encoder that it looks through, whatever that takes. Here
its pictures are taken out on the way and judged by SqueezeNet as well, which neither it nor any
network was trained with, beside what the networks paint: each style on one of the three sample
photos by turns, at 256 pixels. Writes ``results/other_eye.json`` after each style, and the table of
``docs/judge.md``. L-BFGS takes some minutes a style; what stands there of the same photo, painting,
losses and encoders is taken over, and only the networks are looked at.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from statistics import mean
from typing import Any

import torch

import artem
from artem.app.bench_results import provenance, run_script, write_between, write_result
from artem.core.allocation import keep_freed_memory
from artem.core.picture import Frame, load_picture, middle_square
from artem.export.exhibits import find_painting, find_photos, painting_px
from artem.learn.encoders import load_encoder
from artem.learn.judge import Exhibit, Judge, load_independent
from artem.learn.judge.verdict import PHOTO
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization.descent import Descent
from artem.learn.optimization.images import frame_of, image_of
from artem.learn.optimization.objective import Region, RegionalLoss
from artem.learn.training import YARDSTICK
from artem.learn.training.photos import load_style_picture
from artem.learn.training.recipe import perceptual_loss
from artem.runtime.library import SAMPLES, find_network, styles

HERE = Path(__file__).resolve().parent
RESULT = HERE.parent / "results" / "other_eye.json"
DOCUMENT = HERE.parents[1] / "docs" / "judge.md"
BEGIN, END = "<!-- begin: benchmarks/quality/other_eye.py -->", "<!-- end -->"

SIDE_PX = 256
EVALUATIONS = (3, 5, 10, 20, 40, 80, 150, 300)
OPTIMIZED = {count: f"L-BFGS, {count}" for count in EVALUATIONS}
"""How L-BFGS's pictures are called, by the evaluations."""

NETWORKS = ("fast", "micro", "fine")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paintings", help="folder of pictures named like the styles")
    parser.add_argument("--independent", default=None, metavar="FILE", help="SqueezeNet's weights")
    parser.add_argument("--draw", action="store_true", help="the table alone")
    arguments = parser.parse_args()
    if not arguments.draw:
        if not arguments.paintings:
            parser.error("--paintings is needed, or --draw")
        _look(arguments.paintings, arguments.independent)
    _write_table(json.loads(RESULT.read_text(encoding="utf-8")))


def _look(paintings: str, independent: str | None) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # denormals stall the encoder
    keep_freed_memory()
    loss = perceptual_loss(load_encoder("compact"), YARDSTICK)
    judge = Judge(
        loss, independent=load_independent(independent), starts=(), independent_curves=True
    )
    networks = {name: find_network(name) for name in NETWORKS}
    identities = {name: network.identity for name, network in networks.items()}
    exhibits = {
        _key(judge, exhibit): exhibit for exhibit in _exhibits(paintings, [*identities.values()])
    }
    rows = _former(exhibits)
    done = {row["exhibit"] for row in rows}
    for key, exhibit in exhibits.items():
        pictures = _painted(exhibit)
        if key not in done:
            pictures = _optimized(loss, exhibit) | pictures
        verdicts = judge.case(exhibit, pictures).verdicts
        for maker in pictures if key in done else (PHOTO, *pictures):
            verdict = verdicts[maker]
            assert verdict.independent is not None
            rows.append({
                "style": exhibit.style, "photo": exhibit.photo, "maker": maker,
                "own": round(verdict.standing.objective, 4),
                "other": round(verdict.independent.objective, 4),
            } | ({} if maker in NETWORKS else {"exhibit": key}))  # fmt: skip
            print(", ".join(str(value) for value in rows[-1].values()), flush=True)
        write_result(RESULT, provenance(__file__, "torch") | {
            "side_px": SIDE_PX, "networks": identities, "rows": rows,
        })  # fmt: skip


def _exhibits(paintings: str, identities: Sequence[str]) -> Iterator[Exhibit]:
    """Each style that all networks have and whose painting is there, on a photo by turns."""
    photos = cycle(find_photos([SAMPLES], 3).items())
    for style in styles():
        place = find_painting(style.name, [paintings])
        if place is None or any(identity not in style.vectors for identity in identities):
            continue
        photo, file = next(photos)
        frame = middle_square(load_picture(file).frame, SIDE_PX)
        yield Exhibit(style.name, photo, frame, load_style_picture(place, painting_px(style)))


def _key(judge: Judge, exhibit: Exhibit) -> str:
    """By which a photo's and L-BFGS's rows are known: pixels, and both losses with encoders."""
    assert judge.independent_curves is not None
    both = (judge.curves, judge.independent_curves)
    return "-".join(one.key(exhibit.frame, exhibit.painting, "photo") for one in both)


def _former(keys: Iterable[str]) -> list[dict[str, Any]]:
    """What stands in the result of the photo and of L-BFGS, for exhibits that have it whole."""
    known: dict[str, list[dict[str, Any]]] = {key: [] for key in keys}
    if RESULT.exists():
        for row in json.loads(RESULT.read_text(encoding="utf-8"))["rows"]:
            known.get(row.get("exhibit"), []).append(row)
    whole = {PHOTO, *OPTIMIZED.values()}
    return [
        row for rows in known.values() if {row["maker"] for row in rows} == whole for row in rows
    ]


def _painted(exhibit: Exhibit) -> dict[str, Frame]:
    return {
        network: artem.Stylizer(exhibit.style, network=network, precision="float")(exhibit.frame)
        for network in NETWORKS
    }


def _optimized(loss: PerceptualLoss, exhibit: Exhibit) -> dict[str, Frame]:
    """L-BFGS's best picture after so many evaluations."""
    content = image_of(exhibit.frame)
    target = loss.style_target(exhibit.painting)
    objective = RegionalLoss(loss, content, [Region([(1.0, target)])])
    descent = Descent(objective, content, evaluations=EVALUATIONS[-1])
    pictures: dict[str, Frame] = {}

    def take(descent: Descent) -> None:
        if (done := len(descent.curve)) in EVALUATIONS:
            pictures[OPTIMIZED[done]] = frame_of(objective.shown(descent.best_image))

    descent.run(take)
    return pictures


def _write_table(result: dict[str, Any]) -> None:
    rows = result["rows"]
    lines = ["|  | under the encoder that it looks through | under SqueezeNet |",
             "| --- | ---: | ---: |"]  # fmt: skip
    for maker in dict.fromkeys(row["maker"] for row in rows):
        own, other = (mean(r[key] for r in rows if r["maker"] == maker) for key in ("own", "other"))
        name = f"`{maker}`" if maker in NETWORKS else maker
        lines.append(f"| {name} | {own:.2f} | {other:.2f} |")
    count = len({row["style"] for row in rows})
    write_between(DOCUMENT, BEGIN, END, [
        f"Objective, means over {count} styles, each on one photo, at {result['side_px']} pixels; "
        f"{result['date']}, commit `{result['commit']}`.",
        "\n".join(lines),
    ])  # fmt: skip


if __name__ == "__main__":
    run_script(main)
