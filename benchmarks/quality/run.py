"""The objective of each shipped style, as a ratio to what L-BFGS reaches on the same photos.

    python benchmarks/quality/run.py --photos DIR --paintings DIR [--encoder PATH]

``--paintings`` holds the style pictures; one belongs to a style when its file
name begins like the style's (``roman_mosaic_duck.jpg``, ``roman-mosaic``).
L-BFGS curves are kept in ``curves/`` beside this file and used again, since one
takes minutes. Prints a table, and writes ``results/quality.json`` and a sheet of
what was judged.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import artem
from artem.core.errors import ArtemError
from artem.core.files import replacing
from artem.core.picture import PICTURE_SUFFIXES, Frame, load_picture, save_picture
from artem.export.training import style_names
from artem.learn.encoders import load_encoder
from artem.learn.judge import judge_objective
from artem.learn.losses import PerceptualLoss
from artem.learn.training.photos import load_style_picture
from artem.learn.training.recipe import Recipe

HERE = Path(__file__).resolve().parent


def middle_square(file: Path, side_px: int) -> Frame:
    """The middle square of a photo, reduced to ``side_px``."""
    picture = Image.fromarray(load_picture(file).frame)
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    box = (left, top, left + side, top + side)
    return np.array(picture.resize((side_px, side_px), Image.Resampling.LANCZOS, box=box))


def pictures_in(folder: Path) -> list[Path]:
    """The picture files of a folder, sorted by name."""
    if not folder.is_dir():
        raise ArtemError(f"There is no folder '{folder}'.")
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in PICTURE_SUFFIXES)
    if not files:
        raise ArtemError(f"The folder '{folder}' holds no pictures.")
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--paintings", type=Path, required=True)
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--network", default="fast")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--most-photos", type=int, default=3)
    parser.add_argument("--evaluations", type=int, default=300)
    parser.add_argument("--curves-only", action="store_true", help="for the styles' paintings")
    parser.add_argument("--names", nargs="*", default=None)
    arguments = parser.parse_args()

    torch.set_flush_denormal(True)
    recipe = Recipe()
    encoder = load_encoder(arguments.encoder).to(memory_format=torch.channels_last)
    loss = PerceptualLoss(encoder)
    photos = pictures_in(arguments.photos)[: arguments.most_photos]
    paintings = pictures_in(arguments.paintings)
    by_name = dict(zip(style_names(paintings), paintings, strict=True))
    wanted = arguments.names or [s.name for s in artem.styles() if s.vectors]
    squares = [middle_square(photo, arguments.size) for photo in photos]
    rows, sheet = [], []
    for name in wanted:
        painting = next((p for key, p in by_name.items() if key.startswith(name)), None)
        if painting is None:
            print(f"{name}: no painting in {arguments.paintings}", file=sys.stderr)
            continue
        target = load_style_picture(painting, recipe.style_px)
        painter = None
        if not arguments.curves_only:
            painter = artem.Stylizer(name, network=arguments.network)
        verdicts = []
        for photo, square in zip(photos, squares, strict=True):
            painted = square if painter is None else painter(square)
            sheet.append(np.hstack([square, painted]))
            verdict = judge_objective(
                loss, square, target, painted,
                evaluations=arguments.evaluations, curves=HERE / "curves",
            )  # fmt: skip
            verdicts.append(verdict)
            print(f"  {name} {photo.stem}: {verdict}", file=sys.stderr, flush=True)
        rows.append({
            "style": name,
            "objective": statistics.mean(v.objective for v in verdicts),
            "lbfgs": statistics.mean(v.lbfgs for v in verdicts),
            "ratio": statistics.mean(v.ratio for v in verdicts),
            "evaluations": statistics.median(v.evaluations for v in verdicts),
        })  # fmt: skip
    if arguments.curves_only:
        return
    if not rows:
        raise ArtemError(f"No file in '{arguments.paintings}' is named like a style.")
    print(f"Objective at {arguments.size}x{arguments.size} on {len(photos)} photos "
          f"({', '.join(p.stem for p in photos)}), encoder {encoder.name}")  # fmt: skip
    print(f"{'style':<18}{'network':>9}{'L-BFGS':>9}{'ratio':>8}{'equals':>9}")
    for row in rows:
        print(f"{row['style']:<18}{row['objective']:>9.3f}{row['lbfgs']:>9.3f}"
              f"{row['ratio']:>8.2f}{row['evaluations']:>9.0f}")  # fmt: skip
    mean = statistics.mean(row["ratio"] for row in rows)
    print(f"{'mean':<18}{'':>18}{mean:>8.2f}")
    print(f"L-BFGS: after {arguments.evaluations} evaluations from the photo; equals: evaluations "
          f"after which it is as low as the network.")  # fmt: skip
    result = {
        "size": arguments.size, "photos": [p.stem for p in photos], "encoder": encoder.name,
        "evaluations": arguments.evaluations, "network": arguments.network, "rows": rows,
        "mean_ratio": mean,
    }  # fmt: skip
    with replacing(HERE.parent / "results" / "quality.json") as partial:
        partial.write_text(json.dumps(result, indent=1) + "\n")
    per_row = len(photos)
    lines = [np.hstack(sheet[i : i + per_row]) for i in range(0, len(sheet), per_row)]
    save_picture(HERE.parent / "results" / "quality.png", np.vstack(lines))


if __name__ == "__main__":
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    try:
        main()
    except ArtemError as error:
        raise SystemExit(f"error: {error}") from None
