"""The training loop: many styles, one network."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from artem.core.errors import TrainingError
from artem.learn.encoders import Encoder
from artem.learn.losses import (
    ADVERSARIAL,
    AdversarialLoss,
    alternation_loss,
    consistency_loss,
    evenness_loss,
    grid_loss,
    halo_loss,
)
from artem.learn.networks import StyledNetwork
from artem.learn.networks.conditional import Grain, place_grain
from artem.learn.padding import reflected
from artem.learn.training.checkpoints import load_checkpoint, save_checkpoint
from artem.learn.training.devices import find_device, suit_device
from artem.learn.training.gradients import gradient_norms, shorten_gradients
from artem.learn.training.half_precision import fast_bfloat16
from artem.learn.training.optimizers import half_cosine, latent_names, make_optimizers
from artem.learn.training.photos import PhotoFolder
from artem.learn.training.recipe import NETWORK_LOSSES, Recipe, perceptual_loss
from artem.learn.training.recording import Recorded, settle_optimizer

SNAPSHOT_STEPS = 50
"""How often the weights are kept in memory, to go back to when a loss turns bad."""

DIVERGED = 4.0
"""A loss this many times its running mean is not a hard picture but a broken network."""

MOST_ROLLBACKS = 8

LATENT_RATE = 0.1
"""Factor of the learning rate for latent weights. A file holds their signs and one magnitude a
filter, some 0.08, which the full rate crosses within a hundred steps: all signs flip at once and
the network begins anew (a loss of 20 was seen where it had been 2)."""

SURROUNDINGS = 0.5
"""By so much of a crop's side the frames are wider that are painted, see :meth:`Trainer._terms`."""

MANY_STEPS = 1000
"""Of a training by the clock, before there is a step to tell by."""

LEAST_COARSE_PX = 64
"""Half of a smaller crop would leave nothing at an encoder's deepest layers."""

R = TypeVar("R")


@dataclass(frozen=True)
class Progress:
    """Where a training stands after a step.

    Attributes:
        step: steps done.
        terms: the unweighted loss terms of this step, means over the batch.
        loss: their weighted sum.
        smooth_loss: its running mean over about 100 steps.
        rollbacks: how often the weights went back to an earlier state.
    """

    step: int
    terms: Mapping[str, float]
    loss: float
    smooth_loss: float
    rollbacks: int


@dataclass(frozen=True)
class DrawnStyles:
    """The styles of one step, one for each picture of its batch.

    Attributes:
        vectors: ``(N, P)``, with gradients.
        targets: descriptions of the style pictures, ``(N, ...)`` each.
        coarse_targets: those of the pictures at half their size; empty where they do not count.
        chosen: the styles' numbers ``(N,)``, where they are numbered.
    """

    vectors: Tensor
    targets: Mapping[str, Tensor]
    coarse_targets: Mapping[str, Tensor]
    chosen: Tensor | None = None


@dataclass(frozen=True)
class Evaluation:
    """What a step came to before the weights moved; gradients are in the parameters.

    Attributes:
        terms: unweighted loss terms, means over the batch.
        loss: their weighted sum.
        norms: of the gradients, as :func:`gradient_norms` has them.
        stylized: what was painted, ``(N, 3, H, W)``, without gradients.
    """

    terms: Mapping[str, Tensor]
    loss: Tensor
    norms: Tensor
    stylized: Tensor


class Trainer:
    """Trains a network and its style vectors, or the vectors alone.

    Everything drawn depends on the seed and the step's number, so a training
    that was stopped and resumed gives the same weights as one that was not.
    A step whose loss is not finite, or far above its running mean, is undone:
    weights and optimizer go back to the last snapshot, the learning rate is
    halved, and other photos are drawn.

    On CUDA a step is recorded once and replayed (:class:`Recorded`): its thousands of small
    kernels would take far longer to be launched one by one than to be run.

    Args:
        network: trained in place.
        vectors: where the style vectors start, ``(S, P)``.
        style_pictures: S pictures ``(1, 3, H, W)`` in [0, 1].
        photos: what to stylize.
        encoder: gives the features that the losses compare.
        recipe: all settings, those of the losses too.
        train_network: ``False`` freezes the convolutions (``artem polish``).
        device: ``cuda`` where there is one, else ``cpu``, when ``None``. On both,
            bfloat16 is used where the hardware multiplies it fast.
        compile: translate network and encoder with ``torch.compile`` first, which
            takes a minute or two and then makes steps a third shorter.

    Attributes:
        step: steps done so far.
        seconds: the time that they took, checked against the recipe's minutes.
        vectors: the style vectors, ``(S, P)``.
        smooth_terms: running means of the unweighted loss terms over about 100 steps.
    """

    def __init__(
        self,
        network: StyledNetwork,
        vectors: Tensor,
        style_pictures: Sequence[Tensor],
        photos: PhotoFolder,
        encoder: Encoder,
        recipe: Recipe,
        *,
        train_network: bool = True,
        device: str | torch.device | None = None,
        compile: bool = False,
    ) -> None:
        if recipe.crop_px % network.multiple:
            nearest = max(1, round(recipe.crop_px / network.multiple)) * network.multiple
            raise TrainingError(
                f"The crop's side of {recipe.crop_px} px is not a multiple of {network.multiple}, "
                f"as this network needs.\n  Try {nearest}."
            )
        if recipe.crop_px < network.minimum:
            raise TrainingError(
                f"The crop's side of {recipe.crop_px} px is too small.\n"
                f"  It must be {network.minimum} or more."
            )
        self.recipe = recipe
        self.frame_px = recipe.crop_px
        if train_network:  # a vector alone cannot learn where it is
            self.frame_px = frame_side(recipe.crop_px, network.multiple)
        self.wide_px = self.frame_px + network.multiple
        self.device = find_device(device)
        self.low_precision = fast_bfloat16(self.device)
        suit_device(self.device, photos)
        self.network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network.requires_grad_(train_network).train()
        self.trains_network = train_network
        self.vectors = nn.Parameter(vectors.detach().clone().to(self.device))
        self.photos = photos
        self.loss = loss = perceptual_loss(encoder, recipe)
        self.records = self.device.type == "cuda" and not loss.adversarial_weight
        self._recorded: dict[str, Recorded[Any]] = {}
        encoder.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        with self._autocast():
            self.targets = self._style_targets(style_pictures)
            self.coarse_targets: dict[str, Tensor] = {}
            if self.sees_coarse:
                self.coarse_targets = self._style_targets([halved(p) for p in style_pictures])
        self.adversary = None
        if loss.adversarial_weight:
            self.adversary = AdversarialLoss(style_pictures, seed=recipe.seed, device=self.device)
        trained = [p for p in network.parameters() if p.requires_grad]
        self.parameters = [self.vectors, *trained]
        self.optimizers = make_optimizers(
            network, self.vectors, optimizer=recipe.optimizer,
            learning_rate=recipe.learning_rate, style_learning_rate=recipe.style_learning_rate,
            inherited=latent_names(network), inherited_rate=LATENT_RATE,
        )  # fmt: skip
        self.step = 0
        self.seconds = 0.0
        self.rollbacks = 0
        self.smooth_loss = 0.0
        self.smooth_terms: dict[str, float] = {}
        self._subject = subject_digest(style_pictures, encoder, photos)
        self._snapshot = self._state()
        self.compile = compile
        self._paint: Callable[[Tensor, Tensor], Tensor] = self.network

    @property
    def sees_coarse(self) -> bool:
        """Whether styles are compared at half the size as well."""
        return self.recipe.coarse_weight > 0 and self.recipe.crop_px >= LEAST_COARSE_PX

    @property
    def share(self) -> float:
        """How much of the training is done, 1 at its end."""
        minutes = self.recipe.minutes
        return min(1.0, self.seconds / (60 * minutes) if minutes else self.step / self.recipe.steps)

    @property
    def expected_steps(self) -> int:
        """How many steps the whole training has, or will have had as far as can be told."""
        if not self.recipe.minutes:
            return self.recipe.steps
        return round(self.step / self.share) if self.step else MANY_STEPS

    # What is drawn and done in one step

    def run(
        self,
        on_step: Callable[[Progress], bool | None] = lambda progress: None,
    ) -> None:
        """Train until the recipe's last step, or until ``on_step`` returns ``True``.

        Raises:
            TrainingError: the loss keeps turning bad.
        """
        if self.compile:
            self._translate()
        self._prepare_recording()
        last_s = perf_counter()
        while self.share < 1:
            seed = self.recipe.seed + 1_000_003 * self.rollbacks
            batches = self.photos.batches(
                self.recipe.batch, self.wide_px, seed, first_step=self.step
            )
            with closing(batches):
                for wide in batches:
                    progress = self._train_step(self._place(wide), seed)
                    if progress is None:
                        self._roll_back()
                        break
                    now_s = perf_counter()
                    self.seconds, last_s = self.seconds + now_s - last_s, now_s
                    if on_step(progress) or self.share >= 1:
                        return

    @torch.no_grad()
    def start_from(self, candidates: Tensor, contents: Tensor) -> None:
        """Start each style from the vector, out of ``(K, P)``, that serves it best already.

        Args:
            candidates: style vectors of this network.
            contents: ``(N, 3, H, W)`` in [0, 1] to compare them on.
        """
        contents = self._place(contents)
        with self._autocast():
            target = self.loss.content_target(contents)
            painted = [self.network.paint(contents, v[None].to(self.device)) for v in candidates]
            for index in range(len(self.vectors)):
                style = {key: target[index : index + 1] for key, target in self.targets.items()}
                losses = [
                    float(self.loss.total(self.loss.terms(image, target, style)).mean())
                    for image in painted
                ]
                self.vectors[index] = candidates[losses.index(min(losses))].to(self.device)
        self._snapshot = self._state()

    def _train_step(self, wide: Tensor, seed: int) -> Progress | None:
        """One step, or ``None`` when its loss or its gradients are no good."""
        draw = np.random.default_rng((seed, self.step, 1))
        drawn = self._draw_styles(draw)
        place = self._tensor(draw.integers(0, self.frame_px - self.recipe.crop_px + 1, 2))
        shift = self._tensor(draw.integers(0, self.network.multiple, 2))
        grain = self._tensor(draw.integers(0, Grain.PERIOD, 2))
        self._set_rates(self._schedule())
        evaluate = self._record("evaluate", self._evaluate)
        found = evaluate(wide, drawn, place, shift, grain)
        value, finite, *means = torch.stack(
            [found.loss, torch.isfinite(found.norms).all(), *found.terms.values()]
        ).tolist()
        settled = self.step > 100
        astray = settled and value > DIVERGED * self.smooth_loss
        if astray or not finite or not math.isfinite(value):
            return None
        if self.step % SNAPSHOT_STEPS == 0:  # only now are these weights known to be good
            self._snapshot = self._state()
        self._record("update", self._update, rehearsed=False)(found.norms)
        if self.adversary:
            self.adversary.learn(found.stylized, drawn)
        self.step += 1
        terms = dict(zip(found.terms, means, strict=True))
        keep = min(0.99, 1 - 1 / self.step)
        self.smooth_loss = keep * self.smooth_loss + (1 - keep) * value
        for name, mean in terms.items():  # not every step has every term
            self.smooth_terms[name] = keep * self.smooth_terms.get(name, mean) + (1 - keep) * mean
        return Progress(self.step, terms, value, self.smooth_loss, self.rollbacks)

    def _draw_styles(self, draw: np.random.Generator) -> Tensor:
        """The number of a style for each picture of the batch; all come equally often."""
        styles, batch = len(self.vectors), self.recipe.batch
        order = [draw.permutation(styles) for _ in range(-(-batch // styles))]
        return self._tensor(np.concatenate(order)[:batch])

    def _styles(self, chosen: Tensor) -> DrawnStyles:
        """The styles of what :meth:`_draw_styles` gave."""
        targets, coarse_targets = (
            {key: target[chosen] for key, target in targets.items()}
            for targets in (self.targets, self.coarse_targets)
        )
        return DrawnStyles(self.vectors[chosen], targets, coarse_targets, chosen)

    def _evaluate(
        self,
        wide: Tensor,
        drawn: Tensor,
        place: Tensor,
        shift: Tensor,
        grain: Tensor,
    ) -> Evaluation:
        """Loss and gradients. Depends on tensors alone, so that it can be recorded.

        Args:
            wide: photos with what surrounds the crops.
            drawn: what :meth:`_draw_styles` gave.
            place: (down, right) of the crops that are judged, in the frames that are painted.
            shift: (down, right) of the second look at the photos.
            grain: where the noise begins, ``(2,)``.
        """
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.grad.zero_()
        styles = self._styles(drawn)
        terms, stylized = self._terms(wide, styles, place, shift, grain)
        loss = self._weighted(terms)
        loss.backward()  # type: ignore[no-untyped-call]
        means = {name: term.detach().mean() for name, term in terms.items()}
        return Evaluation(means, loss.detach(), gradient_norms(self.parameters), stylized.detach())

    def _update(self, norms: Tensor) -> None:
        """Move the weights along the gradients, whose norms are these."""
        shorten_gradients(self.parameters, norms, self.recipe.clip, self.recipe.clip_by)
        for optimizer in self.optimizers:
            optimizer.step()
        if self.trains_network:
            self.network.constrain()

    def _terms(
        self,
        wide: Tensor,
        styles: DrawnStyles,
        place: Tensor,
        shift: Tensor,
        grain: Tensor,
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Unweighted loss terms, one number a picture, and the crops they are of.

        Painted are frames, with the margin that every frame gets, and judged are crops
        anywhere in them. A network that could tell where in its frame the crop is would
        paint for that place alone: with crops always in the middle, and 32 pixels around
        them that nobody judged, it kept these plain, and larger pictures with them.
        """
        recipe, side = self.recipe, self.recipe.crop_px
        place_grain(self.network, grain)
        frame = wide[..., : self.frame_px, : self.frame_px]
        content = _window(frame, place, side)
        with self._autocast():
            painted = self._painted(frame, styles.vectors)
            stylized = _window(painted, place, side)
            target = self.loss.content_target(content)
            terms = self.loss.terms(stylized, target, styles.targets)
            if recipe.consistency_weight:
                moved = self._painted(_window(wide, shift, self.frame_px), styles.vectors)
                terms["consistency"] = consistency_loss(painted.float(), moved.float(), shift)
            if styles.coarse_targets:
                features = self.loss.encoder(halved(stylized), list(self.loss.style_layers))
                terms["coarse"] = self.loss.style_term(features, styles.coarse_targets)
        if recipe.even_weight:
            terms["even"] = evenness_loss(painted.float(), frame)
        if recipe.halo_weight:
            terms["halo"] = halo_loss(painted.float(), frame)
        if recipe.grid_weight:
            terms["grid"] = grid_loss(painted.float(), self.network.multiple)
        if recipe.alternation_weight:
            terms["alternation"] = alternation_loss(painted.float(), self.network.multiple)
        if self.adversary and styles.chosen is not None:
            terms[ADVERSARIAL] = self.adversary(stylized, styles.chosen)
        outside = painted.float() - painted.detach().float().clamp(0, 1)
        terms["range"] = outside.abs().mean(dim=(1, 2, 3))
        return terms, stylized

    def _painted(self, frame: Tensor, vectors: Tensor) -> Tensor:
        """What the network makes of a frame, as :meth:`StyledNetwork.paint` does it."""
        margin = self.network.margin
        around = self._paint(reflected(frame, margin), vectors)
        return around[..., margin:-margin, margin:-margin]

    def _weighted(self, terms: Mapping[str, Tensor]) -> Tensor:
        total = self.loss.total(terms) + self.recipe.range_weight * terms["range"]
        if "coarse" in terms:
            total = total + self.recipe.style_weight * self.recipe.coarse_weight * terms["coarse"]
        for name in NETWORK_LOSSES:
            if name in terms:
                total = total + getattr(self.recipe, f"{name}_weight") * terms[name]
        return total.mean()

    def _schedule(self) -> float:
        """Factor of the learning rates.

        A tenth of all steps of warm-up, 50 at most, then half a cosine down to a twentieth;
        halved by each rollback.
        """
        warm_up = min(1.0, (self.step + 1) / min(50, max(1, self.expected_steps // 10)))
        return float(half_cosine(self.share) * warm_up * 0.5**self.rollbacks)

    def _style_targets(self, pictures: Sequence[Tensor]) -> dict[str, Tensor]:
        """Descriptions of style pictures of any sizes, those of the first one first."""
        targets = [self.loss.style_target(self._place(picture)) for picture in pictures]
        keys = targets[0] if targets else ()
        return {key: torch.cat([target[key] for target in targets]) for key in keys}

    def _set_rates(self, factor: float) -> None:
        """Set the learning rates, a factor times what they are at first."""
        for group in (group for one in self.optimizers for group in one.param_groups):
            rate = group["first_lr"] * factor
            if self.records:  # recorded is where it stands, not what it was
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def _record(
        self, name: str, function: Callable[..., R], *, rehearsed: bool = True
    ) -> Callable[..., R]:
        """A part of the step, recorded where that is done, once for each name."""
        if not self.records:
            return function
        if name not in self._recorded:
            self._recorded[name] = Recorded(function, rehearsed=rehearsed)
        return self._recorded[name]

    def _prepare_recording(self) -> None:
        """Let everything that is recorded stand in one place from now on."""
        self._recorded = {}
        if self.records:
            for parameter in self.parameters:
                parameter.grad = torch.zeros_like(parameter)
            for optimizer in self.optimizers:
                settle_optimizer(optimizer)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.low_precision,
            cache_enabled=not self.records,
        )  # fmt: skip

    def _tensor(self, numbers: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(numbers).to(self.device, non_blocking=True)

    def _place(self, pictures: Tensor) -> Tensor:
        return pictures.to(self.device, memory_format=torch.channels_last)

    # State: snapshots in memory, checkpoints on disk

    def _state(self) -> dict[str, Any]:
        return copy.deepcopy({
            "network": self.network.state_dict(),
            "vectors": self.vectors.detach(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
            "rollbacks": self.rollbacks,
            "smooth_loss": self.smooth_loss,
            "smooth_terms": self.smooth_terms,
            "adversary": self.adversary.state() if self.adversary else None,
        })  # fmt: skip

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        with torch.no_grad():
            self.vectors.copy_(state["vectors"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(copy.deepcopy(kept))
        self.step = state["step"]
        self.smooth_loss = state["smooth_loss"]
        self.smooth_terms = dict(state["smooth_terms"])
        if self.adversary:
            self.adversary.restore(state["adversary"])

    def _roll_back(self) -> None:
        self.rollbacks += 1
        if self.rollbacks > MOST_ROLLBACKS:
            raise TrainingError(
                f"The loss turned bad {self.rollbacks} times, the last time at step {self.step}.\n"
                f"  Lower the learning rate or the style weight."
            )
        self._restore(self._snapshot)
        self._prepare_recording()

    def save(self, file: Path) -> None:
        """Write a checkpoint that :meth:`resume` goes on from.

        It holds weights, vectors, the optimizers' moments, the step and what the
        adversarial loss has learned; the schedule and everything random follow
        from the recipe and the step.
        """
        save_checkpoint(
            file,
            {
                "now": self._state(),
                "snapshot": self._snapshot,
                "recipe": self.recipe.as_dict(),
                "subject": self._subject,
            },
        )

    def resume(self, file: Path) -> None:
        """Go on from a checkpoint of the same recipe, pictures, encoder and photos.

        Raises:
            TrainingError: the file is broken, or of another training.
        """
        state = load_checkpoint(file)
        theirs, ours = state.get("recipe", {}), self.recipe.as_dict()
        other = [name for name in ours if theirs.get(name) != ours[name]]
        if other:
            raise TrainingError(
                f"'{file}' was trained with another setting of {', '.join(other)}.\n"
                f"  Give the same options to go on, or another folder to start anew."
            )
        if state.get("subject") != self._subject:
            raise TrainingError(
                f"'{file}' is of another encoder, other style pictures or other photos.\n"
                f"  Give the same ones to go on, or another folder to start anew."
            )
        try:
            self._restore(state["now"])
            self.rollbacks = state["now"]["rollbacks"]
            self.seconds = state["now"]["seconds"]
            self._snapshot = state["snapshot"]
        except (RuntimeError, ValueError, KeyError) as error:
            raise TrainingError(
                f"'{file}' is of another network.\n  Choose another folder to start anew."
            ) from error

    def _translate(self) -> None:
        """Let ``torch.compile`` take over network and encoder, from the next step on."""
        if self.device.type == "cpu" and not (which("c++") or which("g++") or which("clang++")):
            raise TrainingError(
                "Compiling a training needs a C++ compiler, and there is none here.\n"
                "  Install one (on Debian: apt install g++), or leave out --compile."
            )
        self._paint = torch.compile(self.network)
        self.loss.encoder.compile()
        self.compile = False


def frame_side(crop_px: int, multiple: int) -> int:
    """Side of the frames that a network of this multiple paints while crops are judged."""
    return crop_px + multiple * round(SURROUNDINGS * crop_px / multiple)


def subject_digest(
    pictures: Sequence[Tensor], encoder: Encoder | None, *folders: PhotoFolder
) -> str:
    """SHA-256 of what is trained on, beside the recipe: a checkpoint goes on with nothing else."""
    digest = hashlib.sha256()
    weights = encoder.state_dict() if encoder else {}
    tensors = [*pictures, *(tensor for _, tensor in sorted(weights.items()))]
    for tensor in tensors:
        digest.update(str(tuple(tensor.shape)).encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    for folder in folders:
        for file in folder.files:
            digest.update(f"{file.relative_to(folder.folder)}\0{file.stat().st_size}\0".encode())
    return digest.hexdigest()


def halved(images: Tensor) -> Tensor:
    """Images at half their size, each pixel the mean of four."""
    return F.avg_pool2d(images, 2)


def _window(wide: Tensor, at: Tensor, side: int) -> Tensor:
    """The square of pictures ``(N, C, H, W)`` that begins at (down, right)."""
    rows, columns = (torch.arange(side, device=wide.device) + first for first in at)
    return wide.index_select(2, rows).index_select(3, columns)
