"""Where a study's pictures are made: one after the other, each with the same effort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from artem.learn.encoders import Encoder
from artem.learn.losses import (
    AdversarialLoss,
    PerceptualLoss,
    content_loss,
    gram_loss,
    gram_matrix,
)
from artem.learn.optimization import Descent, Region, RegionalLoss
from artem.learn.optimization.images import frame_of, white_noise
from artem.learn.studies.panel import Meter, OnProgress, Panel

PROBE_PX = 64


class Easel:
    """Optimizes pictures towards one painting and one photo, and measures what is left.

    Args:
        encoder: for the errors; each loss brings its own.
        layers: where the errors are measured.
        painting, photo: ``(1, 3, H, W)`` in [0, 1], as far as the study has them.
        pictures: that will be made, for the progress; one that takes several times the
            effort counts as several.
        evaluations: forward and backward passes for each.
        seed: of the noise, and of what is random in losses that learn.
        on_progress: called after each evaluation.
    """

    def __init__(
        self,
        encoder: Encoder,
        layers: Sequence[str],
        *,
        painting: Tensor | None = None,
        photo: Tensor | None = None,
        pictures: int,
        evaluations: int,
        seed: int,
        on_progress: OnProgress,
    ) -> None:
        self.encoder = encoder
        self.layers = list(layers)
        self.painting = painting
        self.photo = photo
        self.evaluations = evaluations
        self.seed = seed
        self.meter = Meter(pictures * evaluations, on_progress)
        with torch.no_grad():
            self.maps = {} if photo is None else encoder(photo, self.layers)
            seen = {} if painting is None else encoder(painting, self.layers)
            self.grams = {layer: gram_matrix(maps) for layer, maps in seen.items()}

    def noise(self, like: Tensor) -> Tensor:
        """White noise of the size of an image."""
        return white_noise(like.shape[-2], like.shape[-1], self.seed)

    def paint(
        self,
        row: str,
        label: str,
        loss: PerceptualLoss,
        *,
        start: Tensor,
        effort: int = 1,
        figures: Mapping[str, float | str] | None = None,
    ) -> Panel:
        """Minimize a loss over the pixels, and measure where it counts.

        Args:
            row, label: see :class:`Panel`; the label also names it in the progress.
            loss: its content is the photo, its style the painting. L-BFGS
                minimizes it; Adam where it learns (``adversarial``).
            start: ``(1, 3, H, W)`` in [0, 1], of the photo's size where the content counts.
            effort: times as many evaluations as usual.
            figures: what the table's line begins with.

        Returns:
            A panel whose figures end with the objective at the start and at the end,
            and the errors of the terms that count.
        """
        target = {} if self.painting is None else loss.style_target(self.painting)
        adversary = None
        if loss.adversarial_weight:
            assert self.painting is not None
            adversary = AdversarialLoss([self.painting], seed=self.seed)
        content = self.photo if loss.content_weight and self.photo is not None else start
        objective = RegionalLoss(loss, content, [Region([(1.0, target)])], adversary=adversary)
        evaluations = effort * self.evaluations
        descent = Descent(
            objective,
            start,
            evaluations=evaluations,
            optimizer="l-bfgs" if adversary is None else "adam",
        )
        self.meter.begin(label, evaluations)
        descent.run(lambda descent: self.meter(len(descent.curve), descent.value))
        image = objective.shown(descent.best_image)
        told = dict(figures or {}) | {
            "objective at first": descent.curve[0], "objective": descent.curve[-1]
        }  # fmt: skip
        told |= self.errors(image, style=loss.style_weight > 0, content=loss.content_weight > 0)
        return Panel(row, label, frame_of(image), told)

    @torch.no_grad()
    def errors(self, image: Tensor, *, style: bool, content: bool) -> dict[str, float]:
        """How far an image is from the photo's features and the painting's Gram matrices.

        Both relative to the target's own size (:func:`content_loss`,
        :func:`gram_loss`), by ``content LAYER`` and ``style LAYER``.
        """
        features = self.encoder(image, self.layers)
        errors = {}
        if content:
            for layer, maps in self.maps.items():
                errors[f"content {layer}"] = float(content_loss(features[layer], maps))
        if style:
            for layer, gram in self.grams.items():
                errors[f"style {layer}"] = float(gram_loss(gram_matrix(features[layer]), gram))
        return errors


@torch.no_grad()
def chosen_layers(encoder: Encoder, layers: Sequence[str] | None) -> list[str]:
    """The layers that were asked for, in the encoder's order and each once; all for ``None``.

    Raises:
        EncoderError: the encoder lacks one of them.
    """
    if not layers:
        return list(encoder.layers)
    encoder(torch.zeros(1, 3, PROBE_PX, PROBE_PX), layers)  # it refuses what it lacks
    return [layer for layer in encoder.layers if layer in set(layers)]
