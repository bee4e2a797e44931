"""What norms, upsampling, photos, layer weights and clipping do to a network of one style."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from artem.core.errors import TrainingError
from artem.learn.encoders import Encoder, load_encoder
from artem.learn.losses import gram_loss, gram_matrix
from artem.learn.losses.published import fit_layers
from artem.learn.networks.transformer import TransformerNet
from artem.learn.studies.variants import (
    Trained,
    Variant,
    find_variants,
    load_variant,
    save_variant,
)
from artem.learn.training.loop import clip_gradients, fast_bfloat16, find_device
from artem.learn.training.photos import PhotoFolder, load_style_picture
from artem.learn.training.recipe import (
    Recipe,
    fitted_recipe,
    perceptual_loss,
    published_recipe,
)

FEW_PHOTOS = 500
"""As many as the HPI report compares with all of its photos."""

SET_ASIDE = 64
"""Photos that no variant sees, where no folder of held-out ones is given."""

HELD_OUT_CROPS = 32
HELD_OUT_TIMES = 30
"""How often a training is measured on held-out photos."""

SHUFFLE_SEED = 500

STEP_COLUMNS = ("objective", "content", "style", "tv", "gradient", "clipped")
"""At each step: the objective that is minimized; its terms without their weights; the norm of
the whole gradient before clipping; the share of tensors whose gradient has a norm above 1."""

MULTIPLE_PX = 4
LEAST_CROP_PX = 32


def network_file(out: Path, name: str) -> Path:
    """Where a variant's trained network is kept below a study's folder."""
    return out / "networks" / f"{name}.safetensors"


def train_variants(
    painting: Path,
    photos: Path | None,
    held_out: Path | None,
    out: Path,
    *,
    names: Sequence[str] | None = None,
    steps: int = 1500,
    batch: int = 4,
    crop_px: int = 256,
    style_px: int = 480,
    style_weight: float = 100.0,
    learning_rate: float = 1e-3,
    few: int = FEW_PHOTOS,
    seed: int = 0,
    encoder: str | Path | None = "compact",
    device: str | torch.device | None = None,
    until_s: float | None = None,
    on_line: Callable[[str], object] = print,
    on_step: Callable[[str, int, float], object] = lambda name, step, objective: None,
) -> list[str]:
    """Train a network of each kind for one painting, and keep each when it is done.

    All have the same seed: first weights (as far as they have the same shapes), photos
    and crops. Adam, at one learning rate throughout, minimizes the losses of the HPI
    report with the layers that the encoder has. Those that are there already are left
    as they are.

    Args:
        painting: the style picture.
        photos: folder with training photos; not needed where all networks are there.
        held_out: folder with other photos to measure on; ``None`` sets 64 of ``photos``
            aside, a tenth where there are fewer than 640.
        out: each network becomes ``networks/NAME.safetensors`` in it.
        names: of :data:`~artem.learn.studies.variants.VARIANTS`; all by default.
        steps, batch, crop_px: of each training.
        style_px: shorter side to which the painting is reduced.
        style_weight: against a content weight of 25. The report's is 10, for features of
            a VGG of unknown scale: with ``compact``, total variation outweighs it then.
        learning_rate: Adam's (HPI report, section 3.5).
        few: how many photos the variant ``few-photos`` sees: the first ones of all,
            shuffled.
        seed: of everything drawn but this shuffle.
        encoder: see :func:`~artem.learn.encoders.load_encoder`.
        device: see :func:`~artem.learn.training.loop.find_device`.
        until_s: seconds from the call after which no step is made. A network that is
            not done then is dropped, and none is begun that would not be.
        on_line: told how it goes, a sentence at a time.
        on_step: called after each step with the variant, the steps done and the objective.

    Returns:
        The names of the networks that are there now.

    Raises:
        TrainingError: there is no such variant, folder or device; there are too few photos;
            or a network that is there was trained with other settings.
    """
    started_s = time.monotonic()
    wanted = find_variants(list(names) if names else None)
    if crop_px % MULTIPLE_PX or crop_px < LEAST_CROP_PX:
        raise TrainingError(
            f"The crop's side of {crop_px} px does not fit.\n"
            f"  Use a multiple of {MULTIPLE_PX} from {LEAST_CROP_PX} up."
        )
    loaded = load_encoder(encoder)
    recipe, _ = fitted_recipe(
        replace(
            published_recipe(
                Recipe(
                    steps=steps, batch=batch, crop_px=crop_px, style_px=style_px,
                    learning_rate=learning_rate, seed=seed,
                ),
                "hpi",
            ),
            style_weight=style_weight,
        ),
        loaded,
    )  # fmt: skip
    picture = load_style_picture(painting, style_px)
    settings: dict[str, Any] = {
        "painting": hashlib.sha256(picture.numpy().tobytes()).hexdigest()[:16],
        "encoder": loaded.name, "steps": steps, "batch": batch, "crop px": crop_px,
        "style px": style_px, "style weight": style_weight, "learning rate": learning_rate,
        "seed": seed,
    }  # fmt: skip
    there = [name for name in wanted if network_file(out, name).is_file()]
    for name in there:
        refuse_other_settings(network_file(out, name), name, settings)
        on_line(f"{name}: there already")
    missing = {name: variant for name, variant in wanted.items() if name not in there}
    if not missing:
        return there
    if photos is None:
        raise TrainingError(
            f"{', '.join(missing)}: not trained yet.\n  Name a folder of photos with --photos."
        )
    shown = _divided(photos, held_out, few, any(v.few for v in missing.values()))
    bench = _Bench(loaded, recipe, picture, shown["held out"], find_device(device))
    longest_s = 0.0
    for name, variant in missing.items():
        begun_s = time.monotonic()
        if until_s is not None and begun_s - started_s + longest_s > until_s:
            on_line(f"{name}: no time left")
            break
        few_or_all = shown["few" if variant.few else "all"]
        deadline_s = None if until_s is None else started_s + until_s
        result = bench.train(name, variant, few_or_all, deadline_s, on_line, on_step)
        if result is None:
            on_line(f"{name}: dropped, as the time is up")
            break
        network, curves = result
        took_s = time.monotonic() - begun_s
        longest_s = max(longest_s, took_s)
        told = settings | {
            "photos": len(few_or_all.files),
            "held-out photos": len(shown["held out"].files),
            "variant": variant.told, "clip": variant.clip, "norm": variant.norm,
            "transposed": variant.transposed,
        }  # fmt: skip
        trained = Trained(network, told, curves, device_name(bench.device), took_s)
        save_variant(network_file(out, name), name, trained)
        there.append(name)
        last = float(curves["held-out objective"][-1])
        on_line(f"{name}: done in {took_s:.0f} s, held-out objective {last:.4g}")
    return [name for name in wanted if name in there]


def refuse_other_settings(file: Path, name: str, settings: Mapping[str, Any]) -> None:
    """Networks can be compared where everything else is the same.

    Raises:
        TrainingError: the file's network was trained with other settings.
    """
    theirs = load_variant(file, name).settings
    other = {key: theirs.get(key) for key, value in settings.items() if theirs.get(key) != value}
    if other:
        told = ", ".join(
            "another painting" if key == "painting" else f"{key} {value}"
            for key, value in other.items()
        )
        raise TrainingError(
            f"'{file}' was trained with {told}.\n"
            f"  Give the same options to go on, or another folder with -o to start anew."
        )


def device_name(device: torch.device) -> str:
    """What a training ran on, in words."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _divided(
    photos: Path, held_out: Path | None, few: int, needs_few: bool
) -> dict[str, PhotoFolder]:
    """The photos as ``all``, ``few`` and ``held out``; nothing of the last is in the others."""
    every = PhotoFolder(photos)
    shuffled = [
        every.files[index]
        for index in np.random.default_rng(SHUFFLE_SEED).permutation(len(every.files))
    ]
    if held_out is None:
        aside = min(SET_ASIDE, max(1, len(shuffled) // 10))
        measured = PhotoFolder(photos)
        measured.files = shuffled[-aside:]
        shuffled = shuffled[:-aside]
    else:
        measured = PhotoFolder(held_out)
        names = {file.resolve() for file in measured.files}
        shuffled = [file for file in shuffled if file.resolve() not in names]
    if not shuffled or (needs_few and few >= len(shuffled)):
        raise TrainingError(
            f"The folder '{photos}' has {len(shuffled)} photos to train on, and the variant "
            f"'few-photos' should see {few} of them.\n"
            f"  Name a larger folder, lower --few, or leave that variant out with --variant."
        )
    every.files = sorted(shuffled)
    some = PhotoFolder(photos)
    some.files = sorted(shuffled[:few])
    return {"all": every, "few": some, "held out": measured}


class _Bench:
    """What all trainings have in common: the losses' targets and the held-out crops.

    Args:
        encoder: for the losses.
        recipe: as reported; a variant changes what sets it apart.
        painting: ``(1, 3, H, W)`` in [0, 1].
        held_out: photos to measure on.
        device: where everything runs.
    """

    def __init__(
        self,
        encoder: Encoder,
        recipe: Recipe,
        painting: Tensor,
        held_out: PhotoFolder,
        device: torch.device,
    ) -> None:
        self.encoder = encoder.to(device)
        self.recipe = recipe
        self.painting = painting.to(device)
        self.device = device
        self.low_precision = fast_bfloat16(device)
        if device.type == "cpu":
            torch.set_flush_denormal(True)
        self.loss = perceptual_loss(encoder, recipe)
        with torch.no_grad():
            self.target = self.loss.style_target(self.painting)
            features = encoder(self.painting, list(self.loss.style_layers))
            self.grams = {layer: gram_matrix(maps) for layer, maps in features.items()}
            count = -(-HELD_OUT_CROPS // recipe.batch)
            self.crops = [
                held_out.batch(recipe.batch, recipe.crop_px, seed=SHUFFLE_SEED, step=number)
                for number in range(count)
            ]

    def train(
        self,
        name: str,
        variant: Variant,
        photos: PhotoFolder,
        deadline_s: float | None,
        on_line: Callable[[str], object],
        on_step: Callable[[str, int, float], object],
    ) -> tuple[TransformerNet, dict[str, Tensor]] | None:
        """One network with its curves, or ``None`` where the clock reached the deadline."""
        recipe = self.recipe
        loss, target = self.loss, self.target
        if variant.style_layers:
            layers, _ = fit_layers(variant.style_layers, self.encoder)
            loss = perceptual_loss(self.encoder, replace(recipe, style_layers=layers))
            target = loss.style_target(self.painting)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            network = variant.network()
        network.to(self.device).train()
        parameters = list(network.parameters())
        adam = torch.optim.Adam(parameters, lr=recipe.learning_rate)
        told = max(1, recipe.steps // HELD_OUT_TIMES)
        steps: list[list[float]] = []
        measured: list[dict[str, float]] = []
        spoiled = 0
        batches = photos.batches(recipe.batch, recipe.crop_px, recipe.seed)
        with closing(batches):
            for content in batches:
                content = content.to(self.device)
                with self._autocast():
                    kept = loss.content_target(content)
                    terms = loss.terms(network(content), kept, target)
                objective = loss.total(terms).mean()
                adam.zero_grad()
                objective.backward()  # type: ignore[no-untyped-call]
                norms = torch.stack([p.grad.norm() for p in parameters if p.grad is not None])
                if clip_gradients(parameters, variant.clip, "parameter"):
                    adam.step()
                else:
                    spoiled += 1
                means = [terms[key].mean() for key in ("content", "style", "tv")]
                clipped = (norms > 1).float().mean()
                numbers = torch.stack([objective, *means, norms.norm(), clipped]).tolist()
                steps.append(numbers)
                done = len(steps)
                if done == 1 or done % told == 0 or done == recipe.steps:
                    measured.append({"step": float(done)} | self.measure(network))
                    on_line(
                        f"{name}: step {done}, objective {numbers[0]:.4g}, "
                        f"held out {measured[-1]['objective']:.4g}"
                    )
                on_step(name, done, numbers[0])
                if done == recipe.steps:
                    break
                if deadline_s is not None and time.monotonic() > deadline_s:
                    return None
        if spoiled:
            on_line(
                f"{name}: {spoiled} steps had gradients that were not finite, and were left out"
            )
        curves = {"step": torch.arange(1, len(steps) + 1).float()}
        curves |= dict(zip(STEP_COLUMNS, torch.tensor(steps).T, strict=True))
        curves |= {
            f"held-out {key}": torch.tensor([numbers[key] for numbers in measured])
            for key in measured[0]
        }
        return network.cpu().eval(), curves

    @torch.no_grad()
    def measure(self, network: TransformerNet) -> dict[str, float]:
        """Means over the held-out crops: the reported objective, its terms, and at each
        style layer the relative error of the Gram matrix."""
        network.eval()
        sums: dict[str, float] = {}
        for crops in self.crops:
            crops = crops.to(self.device)
            with self._autocast():
                painted = network(crops)
                terms = self.loss.terms(painted, self.loss.content_target(crops), self.target)
                features = self.encoder(painted, list(self.grams))
            numbers = {"objective": self.loss.total(terms), **terms}
            for layer, gram in self.grams.items():
                numbers[f"style {layer}"] = gram_loss(gram_matrix(features[layer]), gram)
            for key, value in numbers.items():
                sums[key] = sums.get(key, 0.0) + float(value.mean()) / len(self.crops)
        network.train()
        return sums

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.low_precision)
