"""How near to optimization a network can come: fitted to a single photo, and judged on it.

    python benchmarks/quality/limit.py --photos DIR --paintings DIR \
        [--networks fast micro fine] [--steps 200]

A shipped network paints all photos in sixteen styles, and its objective is some multiple of what
L-BFGS reaches on each of them. Here nothing is asked but the objective: first of a style vector
for all photos, trained as by ``artem polish`` but without the losses that the judge does not count
and with its weights; then of one for a single photo, the convolutions being as they are; then of
all weights for that photo. What is left above L-BFGS after that is not owed to other photos and
styles; what lies between is what the network gives for serving all. More steps come somewhat
nearer. Three photos at 256 pixels, each in a style of its own, beside the curves of
``benchmarks/quality``. Writes ``results/limit.json`` after each network and style, which takes
minutes, and passes over those that stand there already; then the table of ``docs/judge.md``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import Tensor, nn

from artem.app.bench_results import provenance, run_script, write_between, write_result
from artem.core.allocation import keep_freed_memory
from artem.core.network_file import NetworkFile
from artem.core.picture import Frame, load_picture, middle_square
from artem.export.exhibits import find_photos, painting_of, painting_px
from artem.learn.encoders import load_encoder
from artem.learn.judge.curves import Curves
from artem.learn.losses import PerceptualLoss
from artem.learn.networks.build import load_network
from artem.learn.optimization.images import image_of
from artem.learn.training import YARDSTICK, PhotoFolder, Trainer
from artem.learn.training.optimizers import half_cosine, make_optimizers
from artem.learn.training.photos import load_style_picture
from artem.learn.training.recipe import NO_NETWORK_LOSSES, perceptual_loss
from artem.runtime.library import SAMPLES, find_network, find_style

HERE = Path(__file__).resolve().parent
RESULT = HERE.parent / "results" / "limit.json"
DOCUMENT = HERE.parents[1] / "docs" / "judge.md"
BEGIN, END = "<!-- begin: benchmarks/quality/limit.py -->", "<!-- end -->"

STYLES = ("great-wave", "starry-night", "composition-vii")
"""One for each photo."""
SIDE_PX = 256
WARM_UP = 10
BATCH = 4
LEARNING_RATE, STYLE_LEARNING_RATE = 2e-3, 0.03


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paintings", help="folder of pictures named like the styles")
    parser.add_argument("--photos", type=Path, help="folder of photos to train vectors on")
    parser.add_argument("--networks", nargs="+", default=["fast", "micro", "fine"])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--draw", action="store_true", help="the table alone")
    arguments = parser.parse_args()
    if not arguments.draw:
        if not (arguments.photos and arguments.paintings):
            parser.error("--photos and --paintings are needed, or --draw")
        _fit(arguments.networks, arguments.photos, arguments.paintings, arguments.steps)
    _write_table(json.loads(RESULT.read_text(encoding="utf-8")))


def _fit(networks: Sequence[str], folder: Path, paintings: str, steps: int) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # denormals stall the encoder
    keep_freed_memory()
    loss = perceptual_loss(load_encoder("compact"), YARDSTICK)
    loss.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    curves = Curves(loss, HERE / "curves")
    settings = {
        "steps": steps, "learning_rate": LEARNING_RATE,
        "style_learning_rate": STYLE_LEARNING_RATE, "side_px": SIDE_PX,
    }  # fmt: skip
    described = [find_network(network) for network in networks]
    rows = _former(settings, {network.name: network.identity for network in described})
    everyone = PhotoFolder(folder)
    photos = find_photos([SAMPLES], len(STYLES)).items()
    for style, (photo, file) in zip(STYLES, photos, strict=True):
        frame = middle_square(load_picture(file).frame, SIDE_PX)
        picture = painting_of(style, [paintings])
        painting = load_style_picture(picture, painting_px(find_style(style)))
        for network in described:
            key = {"network": network.name, "identity": network.identity, "style": style}
            if any(row.items() >= key.items() for row in rows):
                continue
            optimized = curves.curve(frame, painting, "photo").objective[-1]
            row = {**key, "photo": photo, "optimized": optimized}
            kept = torch.from_numpy(find_style(style).vector_for(network.identity, network.name))
            for fitted, rate in (("vector", 0.0), ("weights", LEARNING_RATE)):
                objective = _objectives(loss, network, kept, frame, painting, steps, rate)
                row |= {"shipped": objective[0], fitted: min(objective)}
            alone = _trained(network, kept, painting, everyone, steps)
            (row["alone"],) = _objectives(loss, network, alone, frame, painting, 0, 0.0)
            rows.append(row)
            print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
            write_result(RESULT, provenance(__file__, "torch") | settings | {"rows": rows})


def _former(settings: dict[str, Any], identities: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows of the former result, but for those of networks that have other weights now."""
    if not RESULT.exists():
        return []
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    if not result.items() >= settings.items() or any("alone" not in r for r in result["rows"]):
        return []
    return [
        row
        for row in result["rows"]
        if identities.get(row["network"], row["identity"]) == row["identity"]
    ]


def _trained(
    described: NetworkFile, vector: Tensor, painting: Tensor, photos: PhotoFolder, steps: int
) -> Tensor:
    """The vector ``(P,)`` after so many steps on all photos by the objective alone."""
    recipe = replace(
        YARDSTICK, steps=steps, batch=BATCH, crop_px=SIDE_PX,
        style_learning_rate=STYLE_LEARNING_RATE, **NO_NETWORK_LOSSES,
    )  # fmt: skip
    trainer = Trainer(
        load_network(described.path), vector[None], [painting], photos, load_encoder("compact"),
        recipe, train_network=False,
    )  # fmt: skip
    trainer.run()
    return trainer.vectors.detach()[0]


def _objectives(
    loss: PerceptualLoss, described: NetworkFile, kept: Tensor, frame: Frame, painting: Tensor,
    steps: int, learning_rate: float,
) -> list[float]:  # fmt: skip
    """The objective with the style ``kept`` before each step on this frame alone, and after the
    last one.

    It is taken of the picture with values beyond black and white cut off, which a file
    cannot hold; they cost as in training. ``learning_rate`` 0 leaves the convolutions alone.
    """
    network = load_network(described.path).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.requires_grad_(learning_rate > 0)
    vector = nn.Parameter(kept[None].clone())
    optimizers = make_optimizers(
        network, vector, optimizer="muon", learning_rate=learning_rate,
        style_learning_rate=STYLE_LEARNING_RATE,
    )  # fmt: skip
    content = image_of(frame)
    content_target, style_target = loss.content_target(content), loss.style_target(painting)
    objectives = []
    for step in range(steps + 1):
        painted = network.paint(content, vector)
        shown = painted.detach().clamp(0, 1)
        with torch.no_grad():
            objectives.append(float(loss.total(loss.terms(shown, content_target, style_target))))
        if step == steps:
            break
        total = loss.total(loss.terms(painted, content_target, style_target)).mean()
        total = total + (painted - shown).abs().mean()
        factor = half_cosine(step / steps) * min(1.0, (step + 1) / WARM_UP)
        for optimizer in optimizers:
            optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["first_lr"] * factor
            optimizer.step()
    return [round(objective, 4) for objective in objectives]


def _write_table(result: dict[str, Any]) -> None:
    rows = result["rows"]
    networks = list(dict.fromkeys(row["network"] for row in rows))
    lines = ["|  | as shipped | a vector by the objective alone | one for the photo "
             "| all weights for the photo |", "| --- | ---: | ---: | ---: | ---: |"]  # fmt: skip
    for name in networks:
        own = [row for row in rows if row["network"] == name]
        ratios = (mean(row[key] / row["optimized"] for row in own)
                  for key in ("shipped", "alone", "vector", "weights"))  # fmt: skip
        lines.append(f"| `{name}` | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")
    exhibits = dict.fromkeys(f"`{row['style']}` on {row['photo']}" for row in rows)
    write_between(DOCUMENT, BEGIN, END, [
        f"{', '.join(exhibits)}, at {result['side_px']} pixels; {result['steps']} steps; "
        f"{result['date']}, commit `{result['commit']}`.",
        "\n".join(lines),
    ])  # fmt: skip


if __name__ == "__main__":
    run_script(main)
