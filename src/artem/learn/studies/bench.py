"""Where networks of one style are trained and measured, one like the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import torch
from torch import Tensor

from artem.learn.encoders import Encoder
from artem.learn.losses import gram_loss, gram_matrix
from artem.learn.losses.published import fit_layers
from artem.learn.networks.transformer import TransformerNet
from artem.learn.studies.panel import Meter
from artem.learn.studies.variants import Variant
from artem.learn.training.devices import suit_device
from artem.learn.training.gradients import clip_gradients
from artem.learn.training.half_precision import fast_bfloat16
from artem.learn.training.photos import PhotoFolder
from artem.learn.training.recipe import Recipe, perceptual_loss

HELD_OUT_CROPS = 32
HELD_OUT_TIMES = 30
"""How often a training is measured on held-out photos."""

HELD_OUT_SEED = 500

STEP_COLUMNS = ("objective", "content", "style", "tv", "gradient", "clipped")
"""At each step: the objective that is minimized; its terms without their weights; the norm of
the whole gradient before clipping; the share of tensors whose gradient has a norm above 1."""


class Bench:
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
        suit_device(device, held_out)
        self.loss = perceptual_loss(encoder, recipe)
        with torch.no_grad():
            self.target = self.loss.style_target(self.painting)
            features = encoder(self.painting, list(self.loss.style_layers))
            self.grams = {layer: gram_matrix(maps) for layer, maps in features.items()}
            count = -(-HELD_OUT_CROPS // recipe.batch)
            self.crops = [
                held_out.batch(recipe.batch, recipe.crop_px, seed=HELD_OUT_SEED, step=number)
                for number in range(count)
            ]

    def train(
        self,
        name: str,
        variant: Variant,
        photos: PhotoFolder,
        deadline_s: float | None,
        on_line: Callable[[str], object],
        meter: Meter,
    ) -> tuple[TransformerNet, dict[str, Tensor]] | None:
        """One network with its curves, or ``None`` where the clock reached the deadline."""
        suit_device(self.device, photos)
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
                meter(done, numbers[0])
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
