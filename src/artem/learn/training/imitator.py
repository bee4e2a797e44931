"""The loop in which a network learns from another."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from artem.core.errors import TrainingError, did_you_mean
from artem.learn.networks import StyledNetwork
from artem.learn.networks.conditional import Grain, place_grain
from artem.learn.training.checkpoints import load_checkpoint, save_checkpoint
from artem.learn.training.devices import find_device, suit_device
from artem.learn.training.gradients import clip_gradients
from artem.learn.training.half_precision import fast_bfloat16
from artem.learn.training.imitation import ImitationLoss, octaves_loss
from artem.learn.training.loop import Progress, subject_digest
from artem.learn.training.optimizers import OPTIMIZERS, half_cosine, make_optimizers
from artem.learn.training.photos import PhotoFolder


@dataclass(frozen=True)
class ImitationRecipe:
    """How a network learns from another.

    Attributes:
        steps: optimizer steps.
        batch: pictures a step, each in a style drawn for it.
        crop_px: side of the square crops.
        optimizer: of the convolutions' kernels, ``muon`` or ``adam``; all else, the
            latent weights of binary convolutions too, is Adam's.
        learning_rate: at the start; it falls to a twentieth along half a cosine.
        style_learning_rate: the same for the style vectors.
        inherited_rate: factor of the learning rate for what the teacher gave. At the full
            rate the layers without normalization, the head's, lose in hundreds of steps
            what they knew, and a style may be lost with them.
        feature_weight: of the encoder's features beside the pixels, where one is given.
        feature_layers: the encoder's layers; deeper ones cost more. Its first two
            when ``None``.
        clip: largest gradient norm of a tensor.
        seed: of everything drawn.
    """

    steps: int = 4000
    batch: int = 4
    crop_px: int = 256
    optimizer: str = "muon"
    learning_rate: float = 2e-3
    style_learning_rate: float = 1e-2
    inherited_rate: float = 0.1
    feature_weight: float = 0.3
    feature_layers: tuple[str, ...] | None = ("relu2_1",)
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what could not be trained.

        Raises:
            TrainingError: a choice is unknown or a number out of range.
        """
        if self.optimizer not in OPTIMIZERS:
            raise TrainingError(
                f"'{self.optimizer}' is no choice for optimizer."
                f"{did_you_mean(self.optimizer, OPTIMIZERS)}\n  Use one of: {', '.join(OPTIMIZERS)}"
            )
        for option, value in self.as_dict().items():
            least = 1 if option in ("steps", "batch", "crop_px") else 0
            if isinstance(value, int | float) and not least <= value < math.inf:
                raise TrainingError(f"{option} is {value}.\n  Use a number from {least} up.")

    def as_dict(self) -> dict[str, Any]:
        """The settings by name, for JSON."""
        return asdict(self)


class Imitator:
    """Trains a student and its style vectors to paint as a teacher does.

    Args:
        student: trained in place; it learns faster from what
            :func:`~artem.learn.training.imitation.inherit` gives it.
        vectors: where the student's style vectors start, ``(S, P)``, as many as the
            loss has of the teacher's.
        loss: knows the teacher.
        photos: what to paint.
        recipe: all settings.
        inherited: names of the student's weights that are the teacher's.
        device: ``cuda`` where there is one, else ``cpu``, when ``None``.

    Attributes:
        step: steps done so far.
        vectors: the student's style vectors, ``(S, P)``.
        smooth_loss: running mean of the loss over about 100 steps.

    Raises:
        TrainingError: student, teacher and recipe do not fit together.
    """

    def __init__(
        self,
        student: StyledNetwork,
        vectors: Tensor,
        loss: ImitationLoss,
        photos: PhotoFolder,
        recipe: ImitationRecipe,
        *,
        inherited: Collection[str] = (),
        device: str | torch.device | None = None,
    ) -> None:
        if vectors.shape != (len(loss.vectors), student.style_size):
            raise TrainingError(
                f"Style vectors of shape {tuple(vectors.shape)} do not suit a student of "
                f"{student.style_size} numbers a style and a teacher of {len(loss.vectors)} styles."
            )
        multiple = math.lcm(student.multiple, loss.teacher.multiple)
        smallest = max(student.minimum, loss.teacher.minimum)
        if recipe.crop_px % multiple or recipe.crop_px < smallest:
            raise TrainingError(
                f"The crop's side of {recipe.crop_px} px does not suit student and teacher.\n"
                f"  Use a multiple of {multiple} from {smallest} up."
            )
        self.device = find_device(device)
        self.low_precision = fast_bfloat16(self.device)
        suit_device(self.device, photos)
        self.student = student.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.student.requires_grad_(True).train()
        self.vectors = nn.Parameter(vectors.detach().clone().to(self.device))
        self.loss, self.photos, self.recipe = loss.to(self.device), photos, recipe
        self.optimizers = make_optimizers(
            self.student, self.vectors, optimizer=recipe.optimizer,
            learning_rate=recipe.learning_rate, style_learning_rate=recipe.style_learning_rate,
            inherited=inherited, inherited_rate=recipe.inherited_rate,
        )  # fmt: skip
        self.step = 0
        self.smooth_loss = 0.0
        self._subject = subject_digest(loss.tensors(), loss.encoder, photos)

    @property
    def share(self) -> float:
        """How much of the training is done, 1 at its end."""
        return min(1.0, self.step / self.recipe.steps)

    @property
    def expected_steps(self) -> int:
        """How many steps the whole training has."""
        return self.recipe.steps

    def run(self, on_step: Callable[[Progress], bool | None] = lambda progress: None) -> None:
        """Train until the recipe's last step, or until ``on_step`` returns ``True``.

        Raises:
            TrainingError: the loss is no longer a number.
        """
        recipe = self.recipe
        batches = self.photos.batches(recipe.batch, recipe.crop_px, recipe.seed, self.step)
        with closing(batches):
            while self.step < recipe.steps:
                if on_step(self._train_step(next(batches))):
                    break

    def _train_step(self, batch: Tensor) -> Progress:
        recipe = self.recipe
        draw = np.random.default_rng((recipe.seed, self.step, 1))
        styles = len(self.vectors)
        order = [draw.permutation(styles) for _ in range(-(-recipe.batch // styles))]
        chosen = torch.from_numpy(np.concatenate(order)[: recipe.batch]).to(self.device)
        at = torch.from_numpy(draw.integers(0, Grain.PERIOD, 2))
        for network in (self.student, self.loss.teacher):
            place_grain(network, at)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["first_lr"] * self._schedule()
        content = batch.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.low_precision):
            told = self.loss.told(content, chosen)
            painted = self.student(content, self.vectors[chosen])
            terms = self.loss(painted.float(), told)
        loss = terms["pixels"].mean()
        if "features" in terms:
            loss = loss + recipe.feature_weight * terms["features"].mean()
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        value = float(loss.detach())
        parameters = [self.vectors, *self.student.parameters()]
        if not math.isfinite(value) or not clip_gradients(parameters, recipe.clip):
            raise TrainingError(
                f"The loss turned bad at step {self.step}.\n  Lower the learning rate."
            )
        for optimizer in self.optimizers:
            optimizer.step()
        self.student.constrain()
        self.step += 1
        keep = min(0.99, 1 - 1 / self.step)
        self.smooth_loss = keep * self.smooth_loss + (1 - keep) * value
        means = {name: float(term.detach().mean()) for name, term in terms.items()}
        return Progress(self.step, means, value, self.smooth_loss, 0)

    def _schedule(self) -> float:
        """Factor of the learning rates: 50 steps of warm-up, then half a cosine to a twentieth."""
        return min(1.0, (self.step + 1) / 50) * half_cosine(self.step / self.recipe.steps)

    @torch.no_grad()
    def judge(self, contents: Tensor) -> Tensor:
        """The loss's pixel term for each style, ``(S,)``, mean over pictures ``(N, 3, H, W)``."""
        contents = contents.to(self.device)
        for network in (self.student, self.loss.teacher):
            place_grain(network, torch.zeros(2))
        rows = []
        for index in range(len(self.vectors)):
            chosen = torch.full((len(contents),), index, device=self.device)
            painted = self.student(contents, self.vectors[chosen])
            rows.append(octaves_loss(painted, self.loss.told(contents, chosen)).mean())
        return torch.stack(rows)

    def save(self, file: Path) -> None:
        """Write a checkpoint that :meth:`resume` goes on from."""
        save_checkpoint(file, {
            "student": self.student.state_dict(), "vectors": self.vectors.detach(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step, "smooth_loss": self.smooth_loss,
            "recipe": self.recipe.as_dict(), "subject": self._subject,
        })  # fmt: skip

    def resume(self, file: Path) -> None:
        """Go on from a checkpoint of the same recipe, teacher, styles, photos and student.

        Raises:
            TrainingError: the file is broken, or of another training.
        """
        state: Mapping[str, Any] = load_checkpoint(file)
        if state.get("recipe") != self.recipe.as_dict():
            raise TrainingError(
                f"'{file}' was trained with other settings.\n"
                f"  Give the same options to go on, or another folder to start anew."
            )
        if state.get("subject") != self._subject:
            raise TrainingError(
                f"'{file}' is of another teacher or encoder, other styles or other photos.\n"
                f"  Give the same ones to go on, or another folder to start anew."
            )
        try:
            self.student.load_state_dict(state["student"])
            with torch.no_grad():
                self.vectors.copy_(state["vectors"])
            for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(kept)
            self.step, self.smooth_loss = state["step"], state["smooth_loss"]
        except (RuntimeError, ValueError, KeyError) as error:
            raise TrainingError(
                f"'{file}' is of another network.\n  Choose another folder to start anew."
            ) from error
