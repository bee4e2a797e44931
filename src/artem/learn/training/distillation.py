"""Distillation: a small encoder learns to see as a large one does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from artem.core.errors import TrainingError
from artem.learn.encoders import VGG, Encoder, EncoderChain
from artem.learn.encoders.compact import RANKS, TOLD_LAYERS, Compact
from artem.learn.losses import content_loss, gram_loss, gram_matrix
from artem.learn.training.checkpoints import load_checkpoint, save_checkpoint
from artem.learn.training.devices import find_device, suit_device
from artem.learn.training.gradients import clip_gradients
from artem.learn.training.loop import subject_digest
from artem.learn.training.photos import PhotoFolder
from artem.learn.training.rank_regression import RankRegression

CALIBRATION_BATCHES = 8

FITTED_BATCHES = 40
POSITIONS = 1000
"""Of a picture, which take part in fitting a layer."""


@dataclass(frozen=True)
class DistillationRecipe:
    """How an encoder is distilled.

    Attributes:
        steps: optimizer steps.
        batch: pictures a step.
        crop_px: side of the square crops, a multiple of 16.
        guided: part of the steps at the start in which each layer gets the
            teacher's features of the one before instead of the student's.
        learning_rate: Adam's at the start; it falls to a fiftieth along half a cosine.
        gram_weight: of the Gram matrices' error beside the features'.
        clip: largest gradient norm of a tensor.
        seed: of everything drawn.
    """

    steps: int = 1500
    batch: int = 8
    crop_px: int = 128
    guided: float = 0.3
    learning_rate: float = 2e-3
    gram_weight: float = 1.0
    clip: float = 1.0
    seed: int = 0

    def as_dict(self) -> dict[str, int | float]:
        """The settings by name, for JSON."""
        return asdict(self)


class Distiller:
    """Trains a :class:`Compact` to give a teacher's features and Gram matrices.

    The objective is, over the layers both have, the mean of the features'
    relative squared error and ``gram_weight`` times the Gram matrices'. A
    teacher's layer is divided by its mean activation first, so that layers are
    told at one scale.

    Where the student's layer follows on the one before as the teacher's does
    (relu1_1 to relu3_1), the teacher's convolution is a linear map of what the
    student has, and the best one of few filters is found by regression
    (:class:`RankRegression`) on the student's own features; gradient descent came
    to three times its error. The deeper layers, with fewer convolutions than the
    teacher's, learn by gradient descent, each by itself: at first from the
    teacher's features, later from the student's own, whose errors it learns to
    live with. A third of the pictures is disturbed by noise, contrast and mixing, because a
    picture under optimization is not a photo.

    Args:
        teacher: frozen; must have some of :data:`TOLD_LAYERS`.
        pictures: photos and artworks.

    Attributes:
        student: the encoder being made.
        layers: those that are distilled.
        fitted: those of them that are fitted by regression; they stay as they are.
        learning: the others.
        step: steps done so far.
    """

    def __init__(
        self,
        teacher: Encoder,
        pictures: PhotoFolder,
        recipe: DistillationRecipe,
        *,
        device: str | None = None,
    ) -> None:
        self.device = find_device(device)
        suit_device(self.device, pictures)
        self.recipe = recipe
        self.pictures = pictures
        self.teacher = teacher.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.layers = [layer for layer in TOLD_LAYERS if layer in teacher.layers]
        if not self.layers:
            raise TrainingError(
                f"The encoder '{teacher.name}' cannot teach: it has none of "
                f"{', '.join(TOLD_LAYERS)}.\n  Use a VGG."
            )
        sample = self._place(pictures.batch(recipe.batch, recipe.crop_px, recipe.seed, 0))
        with torch.no_grad():
            told = self.teacher(sample, self.layers)
        self.student = Compact({layer: told[layer].shape[1] for layer in self.layers})
        self.student.initialize(recipe.seed)
        self.student.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.fitted = self._consecutive_layers()
        self.learning = [layer for layer in self.layers if layer not in self.fitted]
        still = (
            "conv0.",
            *(f"{kind}{layer[4]}{layer[6]}." for layer in self.fitted for kind in ("conv", "span")),
        )
        for name, parameter in self.student.named_parameters():
            parameter.requires_grad_(not name.startswith(still))
        self.parameters = [p for p in self.student.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(self.parameters, lr=recipe.learning_rate)
        self.scales = self._calibrate()
        self.step = 0
        self._subject = subject_digest([], teacher, pictures)

    @torch.no_grad()
    def _calibrate(self) -> dict[str, float]:
        """Mean activation of the teacher's layers over some pictures."""
        recipe = self.recipe
        sums = dict.fromkeys(self.layers, 0.0)
        for number in range(CALIBRATION_BATCHES):
            batch = self.pictures.batch(recipe.batch, recipe.crop_px, recipe.seed + 1, number)
            for layer, maps in self.teacher(self._place(batch), self.layers).items():
                sums[layer] += float(maps.mean()) / CALIBRATION_BATCHES
        return {layer: max(mean, 1e-6) for layer, mean in sums.items()}

    def _consecutive_layers(self) -> dict[str, nn.Module]:
        """The teacher's convolutions of those first layers that both have without a gap."""
        found = {}
        for layer in self.student.layers:
            source = self.teacher
            if isinstance(source, EncoderChain) and layer in source.source:
                source = source.encoders[source.source[layer]]
            if layer not in self.layers or not isinstance(source, VGG):
                break
            found[layer] = source.get_submodule(f"conv{layer[4]}{layer[6]}")
        return found

    @torch.no_grad()
    def fit(self, after_layer: Callable[[str], None] = lambda layer: None) -> None:
        """Fit the layers :attr:`fitted` one after the other; before the first step."""
        recipe = self.recipe
        answers: dict[str, Tensor] = {}
        for layer, convolution in self.fitted.items():
            hook = convolution.register_forward_hook(
                lambda module, inputs, output, layer=layer: answers.__setitem__(layer, output)
            )
            draw = torch.Generator().manual_seed(recipe.seed)
            regression = RankRegression()
            for number in range(FITTED_BATCHES):
                batch = self.pictures.batch(recipe.batch, recipe.crop_px, recipe.seed + 4, number)
                image = self._place(batch)
                self.teacher(image, [layer])
                surroundings = F.unfold(self.student.before(layer, image), 3)
                answer = answers[layer].flatten(2) / self.scales[layer]
                chosen = torch.randperm(answer.shape[2], generator=draw)[:POSITIONS]
                regression.add(*(
                    rows[:, :, chosen.to(rows.device)].transpose(1, 2).flatten(0, 1).cpu()
                    for rows in (surroundings, answer)
                ))  # fmt: skip
            hook.remove()
            self.student.set_layer(layer, *regression.solve(min(RANKS[layer], answer.shape[1])))
            after_layer(layer)

    def run(self, after_step: Callable[[int, float], bool] = lambda step, loss: False) -> None:
        """Train until all steps are done or ``after_step(step, loss)`` returns true."""
        recipe = self.recipe
        if self.step == 0:
            self.fit()
        if not self.learning:
            self.step = recipe.steps
        batches = self.pictures.batches(recipe.batch, recipe.crop_px, recipe.seed + 2, self.step)
        with closing(batches):
            while self.step < recipe.steps:
                if after_step(self.step + 1, self._train_step(next(batches))):
                    break

    def _train_step(self, batch: Tensor) -> float:
        draw = np.random.default_rng((self.recipe.seed + 3, self.step))
        image = self._place(disturb(batch, draw))
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * self._schedule()
        guided = self.step < self.recipe.guided * self.recipe.steps
        errors = self._errors(image, self.learning, guided)
        loss = torch.stack([
            row["features"] + self.recipe.gram_weight * row["gram"] for row in errors.values()
        ]).mean()  # fmt: skip
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if clip_gradients(self.parameters, self.recipe.clip):
            self.optimizer.step()
        self.step += 1
        return float(loss.detach())

    def _errors(
        self, image: Tensor, layers: Sequence[str], guided: bool = False
    ) -> dict[str, dict[str, Tensor]]:
        """Squared relative errors of features and Gram matrices by layer, means over the batch."""
        with torch.no_grad():
            told = self.teacher(image, self.layers)
            told = {layer: maps / self.scales[layer] for layer, maps in told.items()}
        given = self.student.forward(
            image, layers, lambda layer, maps: told[layer] if guided else maps.detach()
        )
        return {
            layer: {
                "features": content_loss(given[layer], told[layer]).mean(),
                "gram": gram_loss(gram_matrix(given[layer]), gram_matrix(told[layer])).mean(),
            }
            for layer in layers
        }

    @torch.no_grad()
    def judge(self, pictures: Sequence[Tensor]) -> dict[str, dict[str, float]]:
        """Relative errors (not squared) by layer on pictures ``(1, 3, H, W)``, means over them."""
        rows: dict[str, dict[str, float]] = {
            layer: {"features": 0.0, "gram": 0.0} for layer in self.layers
        }
        for picture in pictures:
            for layer, errors in self._errors(self._place(picture), self.layers).items():
                for name, error in errors.items():
                    rows[layer][name] += math.sqrt(float(error)) / len(pictures)
        return rows

    def _schedule(self) -> float:
        """Factor of the learning rate: 100 steps of warm-up, then half a cosine to a fiftieth."""
        cosine = (1 + math.cos(math.pi * self.step / self.recipe.steps)) / 2
        return min(1.0, (self.step + 1) / 100) * (0.02 + 0.98 * cosine)

    def _place(self, pictures: Tensor) -> Tensor:
        return pictures.to(self.device, memory_format=torch.channels_last)

    def save(self, file: Path) -> None:
        """Write a checkpoint that :meth:`resume` goes on from."""
        save_checkpoint(file, {
            "student": self.student.state_dict(), "optimizer": self.optimizer.state_dict(),
            "step": self.step, "recipe": self.recipe.as_dict(), "scales": self.scales,
            "subject": self._subject,
        })  # fmt: skip

    def resume(self, file: Path) -> None:
        """Go on from a checkpoint of the same recipe, teacher and pictures.

        Raises:
            TrainingError: the file is broken, or of another distillation.
        """
        state: Mapping[str, Any] = load_checkpoint(file)
        if state.get("recipe") != self.recipe.as_dict():
            raise TrainingError(
                f"'{file}' was distilled with other settings.\n"
                f"  Give the same options to go on, or another name to start anew."
            )
        if state.get("subject") != self._subject:
            raise TrainingError(
                f"'{file}' is of another teacher or other pictures.\n"
                f"  Give the same ones to go on, or another name to start anew."
            )
        try:
            self.student.load_state_dict(state["student"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.scales = state["step"], state["scales"]
        except (RuntimeError, ValueError, KeyError) as error:
            raise TrainingError(
                f"'{file}' is of another teacher.\n  Choose another name to start anew."
            ) from error


def disturb(batch: Tensor, draw: np.random.Generator) -> Tensor:
    """Pictures ``(N, 3, H, W)`` in [0, 1], about a third of them no longer natural.

    Noise of random strength, another contrast and tint, or a mixture with the
    next picture of the batch.
    """
    result = batch.clone()
    for index, image in enumerate(batch):
        kind = draw.integers(9)
        if kind == 0:
            noise = torch.from_numpy(draw.random(image.shape, dtype=np.float32))
            result[index] = torch.lerp(image, noise, float(draw.random()))
        elif kind == 1:
            gain = torch.from_numpy(draw.uniform(0.4, 2.2, (3, 1, 1))).float()
            result[index] = ((image - image.mean()) * gain + float(draw.random())).clamp(0, 1)
        elif kind == 2:
            other = batch[(index + 1) % len(batch)].flip(0)
            result[index] = torch.lerp(image, other, float(draw.random()))
    return result
