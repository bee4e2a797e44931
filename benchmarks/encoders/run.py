"""How style transfer with one encoder compares with another's, judged by a third.

    python benchmarks/encoders/run.py --photos FOLDER --paintings FOLDER \
        --encoders compact TEACHER --judge squeezenet.safetensors [--evaluations 100]

Each encoder optimizes the pixels of every photo toward every painting with
L-BFGS and the default loss; SqueezeNet, which none of them was trained on, then
measures the result's content and style terms, and the photo's own beside them.
Prints a table, writes ``results/encoders.json`` and a sheet of the pictures
(``--sheet``).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import mean, median

import torch
from PIL import Image
from torch import Tensor

from artem.app.bench_results import provenance, run_script, write_result
from artem.core.files import replacing
from artem.core.picture import PICTURE_SUFFIXES, load_picture, middle_square
from artem.learn.encoders import load_encoder
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization import optimize_picture
from artem.learn.optimization.images import frame_of, image_of
from artem.learn.training.photos import load_style_picture

RESULTS = Path(__file__).resolve().parent.parent / "results"
STYLE_PX = 480


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--paintings", type=Path, required=True)
    parser.add_argument("--encoders", nargs="+", required=True)
    parser.add_argument("--judge", required=True)
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    torch.set_flush_denormal(True)

    judge = PerceptualLoss(load_encoder(arguments.judge))
    losses = [PerceptualLoss(load_encoder(name)) for name in arguments.encoders]
    photos = [
        middle_square(load_picture(file).frame, arguments.size)
        for file in pictures(arguments.photos)
    ]
    paintings = [load_style_picture(file, STYLE_PX) for file in pictures(arguments.paintings)]
    found: dict[str, dict[str, list[float]]] = {}
    rows: list[list[Tensor]] = []
    for painting in paintings:
        for photo in photos:
            content = image_of(photo)
            rows.append([content])
            measure(judge, content, painting, content, found.setdefault("the photo itself", {}))
            for loss in losses:
                terms = found.setdefault(loss.encoder.name, {})
                before_s = time.perf_counter()
                made, curve = optimize_picture(
                    loss, content, loss.style_target(painting), evaluations=arguments.evaluations
                )
                took_s = (time.perf_counter() - before_s) / len(curve)
                terms.setdefault("seconds an evaluation", []).append(took_s)
                measure(judge, content, painting, made, terms)
                rows[-1].append(made)
            print(f"{len(rows)} of {len(paintings) * len(photos)}", flush=True)
    report = {
        **provenance(__file__),
        "judge": judge.encoder.name,
        "evaluations": arguments.evaluations,
        "pairs": len(rows),
        "size": arguments.size,
        "encoders": {
            name: {
                term: round((median if "second" in term else mean)(values), 4)
                for term, values in terms.items()
            }
            for name, terms in found.items()
        },
    }
    for name, terms in report["encoders"].items():
        print(f"{name:32}", *(f"{term} {value:.3f}" for term, value in terms.items()))
    write_result(RESULTS / "encoders.json", report)
    if arguments.sheet:
        sheet = torch.cat([torch.cat(row, dim=3) for row in rows], dim=2)
        with replacing(arguments.sheet) as partial:
            Image.fromarray(frame_of(sheet)).save(partial)


def pictures(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)


@torch.no_grad()
def measure(
    judge: PerceptualLoss,
    content: Tensor,
    painting: Tensor,
    made: Tensor,
    found: dict[str, list[float]],
) -> None:
    terms = judge.terms(made, judge.content_target(content), judge.style_target(painting))
    for name in ("content", "style"):
        found.setdefault(name, []).append(float(terms[name].mean()))


if __name__ == "__main__":
    run_script(main)
