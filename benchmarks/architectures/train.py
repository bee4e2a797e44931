"""Train all candidates equally long, on two styles.

    python benchmarks/architectures/train.py --photos DIR --paintings DIR --out DIR \
        [--steps 600 --batch 8 --crop-px 224 --rates 0.5 --device cuda] [--only NAME ...] \
        [--share I/N] [--until SECONDS]

``--paintings`` holds files named like the styles. Every candidate has the same recipe, seed,
photos and steps. ``--rates`` is a factor of both learning rates: at the defaults' not all
candidates learn. Writes ``NAME.pt`` for each and passes over those that are there. Several
processes divide the work with ``--share 0/2`` and ``--share 1/2``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from candidates import CANDIDATES, PRUNED_AT, STYLES, Candidate, build
from torch import Tensor

from artem.app.bench_results import run_script
from artem.core.errors import ArtemError, TrainingError
from artem.core.picture import PICTURE_SUFFIXES
from artem.learn.encoders import Encoder, load_encoder
from artem.learn.networks import StyledNetwork, style_vector
from artem.learn.networks.pruning import prune
from artem.learn.training import PhotoFolder, Recipe, Trainer
from artem.learn.training.checkpoints import load_checkpoint, save_checkpoint
from artem.learn.training.devices import find_device
from artem.learn.training.loop import Progress, frame_side
from artem.learn.training.photos import load_style_picture

CURVE_STEPS = 20


class KeptPhotos(PhotoFolder):
    """Photos of which each batch is read once, for all candidates, and kept on the device.

    All candidates see the same pixels at the same scale; those that need less beside the
    crop get the corner of what the others get.
    """

    def __init__(self, folder: Path, side_px: int, device: torch.device) -> None:
        super().__init__(folder)
        self.side_px, self.device = side_px, device
        self.kept: dict[tuple[int, int], Tensor] = {}

    def batches(
        self, batch: int, crop_px: int, seed: int, first_step: int = 0
    ) -> Generator[Tensor, None, None]:
        fresh: Generator[Tensor, None, None] | None = None
        step = first_step
        try:
            while True:
                if (seed, step) in self.kept:
                    if fresh is not None:
                        fresh.close()
                        fresh = None
                else:
                    fresh = fresh or super().batches(batch, self.side_px, seed, step)
                    pixels = next(fresh).mul(255).round().to(torch.uint8)
                    self.kept[seed, step] = pixels.to(self.device)
                yield self.kept[seed, step][..., :crop_px, :crop_px].float().div(255)
                step += 1
        finally:
            if fresh is not None:
                fresh.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--paintings", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop-px", type=int, default=224)
    parser.add_argument("--rates", type=float, default=1.0, metavar="FACTOR")
    parser.add_argument("--device", default=None)
    parser.add_argument("--only", nargs="+", choices=list(CANDIDATES), metavar="NAME")
    parser.add_argument("--share", default="0/1", metavar="I/N")
    parser.add_argument("--until", type=float, default=float("inf"), metavar="SECONDS")
    arguments = parser.parse_args()
    begun_s = time.monotonic()
    usual = Recipe(steps=arguments.steps, batch=arguments.batch, crop_px=arguments.crop_px)
    recipe = replace(
        usual,
        learning_rate=arguments.rates * usual.learning_rate,
        style_learning_rate=arguments.rates * usual.style_learning_rate,
    )
    device = find_device(arguments.device)
    photos = KeptPhotos(arguments.photos, widest_px(recipe.crop_px), device)
    pictures = [
        load_style_picture(_painting(arguments.paintings, style), recipe.style_px)
        for style in STYLES
    ]
    encoder = load_encoder("compact")
    share, shares = (int(number) for number in arguments.share.split("/"))
    trained = [one for one in CANDIDATES.values() if not one.weights]
    for candidate in trained[share::shares]:
        file = arguments.out / f"{candidate.name}.pt"
        if file.exists() or (arguments.only and candidate.name not in arguments.only):
            continue
        if time.monotonic() - begun_s > arguments.until:
            print(f"{candidate.name:12} not started", flush=True)
            continue
        try:
            state = trained_state(candidate, pictures, photos, encoder, recipe, device)
        except ArtemError as error:  # the others are still worth training
            print(f"{candidate.name:12} failed: {error}", flush=True)
            continue
        save_checkpoint(file, state)
        print(
            f"{candidate.name:12} loss {state['curve'][-1][1]:.3f} in {state['seconds']:.1f} s, "
            f"{file.stat().st_size / 1e6:.2f} MB",
            flush=True,
        )


def widest_px(crop_px: int) -> int:
    """Side of the photos that is enough for all candidates: their frames, moved by a stride."""
    multiples = {candidate.build().multiple for candidate in CANDIDATES.values()}
    return max(frame_side(crop_px, multiple) + multiple for multiple in multiples)


def trained_state(
    candidate: Candidate,
    pictures: list[Tensor],
    photos: PhotoFolder,
    encoder: Encoder,
    recipe: Recipe,
    device: torch.device,
) -> dict[str, Any]:
    """Train a candidate; what is kept of it, weights in float16.

    Returns:
        ``architecture``, ``state``, ``vectors`` (S, P), ``curve`` as pairs of a step and
        the smooth loss, ``rollbacks``, ``seconds`` and ``recipe``.
    """
    begun_s = time.monotonic()
    network = candidate.build()
    vectors = style_vector(network).repeat(len(pictures), 1)
    curve: list[tuple[int, float]] = []
    rollbacks = done = 0

    def on_step(progress: Progress) -> None:
        step = done + progress.step
        if step % CURVE_STEPS == 0 or step == recipe.steps:
            curve.append((step, round(progress.smooth_loss, 5)))

    before = round(PRUNED_AT * recipe.steps) if candidate.pruned_from else 0
    for part in (before, recipe.steps - before):
        if not part:
            continue
        if done:
            network, vectors = _pruned(network.cpu(), vectors, candidate)
        # Each part is a training of its own, with its own schedule and photos.
        own = replace(recipe, steps=part, seed=recipe.seed + bool(done))
        trainer = Trainer(network, vectors, pictures, photos, encoder, own, device=device)
        trainer.run(on_step)
        vectors = trainer.vectors.detach().cpu().float()
        rollbacks += trainer.rollbacks
        done += part
    return {
        "architecture": dict(network.architecture),
        "state": {
            name: weights.cpu().half() for name, weights in network.state_dict().items()
            if not name.endswith(".noise")  # always the same
        },
        "vectors": vectors,
        "curve": curve,
        "rollbacks": rollbacks,
        "seconds": round(time.monotonic() - begun_s, 2),
        "recipe": recipe.as_dict(),
    }  # fmt: skip


def _pruned(
    network: StyledNetwork, vectors: Tensor, candidate: Candidate
) -> tuple[StyledNetwork, Tensor]:
    """The candidate's own sizes, out of those that its training began with."""
    whole = build(candidate.architecture).architecture
    return prune(network, vectors, {n: int(str(whole[n])) for n in candidate.pruned_from})


def load_trained(file: Path) -> tuple[StyledNetwork, Tensor, dict[str, Any]]:
    """A trained network, its style vectors, and all that was kept.

    Raises:
        TrainingError: the file is broken.
    """
    kept = load_checkpoint(file)
    return with_weights(kept["architecture"], kept["state"]), kept["vectors"], kept


def with_weights(architecture: dict[str, Any], state: dict[str, Tensor]) -> StyledNetwork:
    """The network of an architecture with these weights, in float32."""
    network = build(architecture)
    weights = {name: values.float() for name, values in state.items()}
    network.load_state_dict(network.state_dict() | weights)
    return network.eval()


def _painting(folder: Path, style: str) -> Path:
    for suffix in PICTURE_SUFFIXES:
        if (file := folder / f"{style}{suffix}").is_file():
            return file
    raise TrainingError(f"There is no painting '{style}' in '{folder}'.")


if __name__ == "__main__":
    run_script(main)
