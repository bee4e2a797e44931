"""Training towards any style: every step draws artworks nobody has a vector for."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from artem.core.errors import TrainingError
from artem.learn.encoders import Encoder
from artem.learn.losses import ADVERSARIAL
from artem.learn.losses.perceptual import StyleTarget
from artem.learn.networks import StyledNetwork, StylePredictor
from artem.learn.training.devices import suit_device
from artem.learn.training.loop import DrawnStyles, Trainer, halved, subject_digest
from artem.learn.training.photos import PhotoFolder
from artem.learn.training.recipe import Recipe

ARTWORK_SEED = 500_000_003
"""Added to the recipe's seed, so that artworks are not drawn in step with photos."""


class AnyStyleTrainer(Trainer):
    """Trains what turns a picture into a style vector, or a network for any vector, or both.

    As :class:`Trainer`, but the styles of a step are crops of artworks: the predictor
    makes their vectors and the losses compare with what they look like themselves
    (Ghiasi et al., arXiv:1705.06830, section 3).

    Args:
        network: trained in place if ``train_network``, else fixed.
        predictor: pictures ``(N, 3, H, W)`` to vectors ``(N, P)``; those of its parameters
            that require gradients are trained in place, by Adam at the recipe's
            style learning rate.
        artworks: what to take styles from, in crops of the recipe's ``style_px``.
        photos, encoder, recipe, train_network, device, compile: as :class:`Trainer`.

    Raises:
        TrainingError: the recipe has an adversarial loss, which learns a fixed set of styles.
    """

    def __init__(
        self,
        network: StyledNetwork,
        predictor: nn.Module,
        artworks: PhotoFolder,
        photos: PhotoFolder,
        encoder: Encoder,
        recipe: Recipe,
        *,
        train_network: bool = False,
        device: str | torch.device | None = None,
        compile: bool = False,
    ) -> None:
        if recipe.style_losses.get(ADVERSARIAL):
            raise TrainingError(
                "The adversarial loss learns a fixed set of styles and cannot judge any style.\n"
                "  Leave it out."
            )
        super().__init__(
            network, torch.zeros(0, network.style_size), [], photos, encoder, recipe,
            train_network=train_network, device=device, compile=compile,
        )  # fmt: skip
        self.predictor = predictor.to(self.device)
        self.artworks = artworks
        self._drawn: Generator[Tensor, None, None] | None = None
        self._drawn_step = -1
        suit_device(self.device, artworks)
        learned = [p for p in predictor.parameters() if p.requires_grad]
        if learned:
            rate = recipe.style_learning_rate
            self.parameters += learned
            self.optimizers.append(
                torch.optim.Adam([{"params": learned, "lr": rate, "first_lr": rate}])
            )
        self._subject = subject_digest([], encoder, photos, artworks)
        self._snapshot = self._state()

    def keep(self) -> None:
        """Take network and predictor as they are now for what a bad step goes back to."""
        self._snapshot = self._state()

    @torch.no_grad()
    def judge(
        self, pictures: Sequence[Tensor], contents: Tensor, rivals: Tensor
    ) -> tuple[list[float], list[float]]:
        """The objective of each style, predicted and at the best of other vectors.

        The objective is the loss's weighted sum of content, style and total variation,
        a mean over the contents.

        Args:
            pictures: style pictures ``(1, 3, H, W)``, best none that was learned from.
            contents: ``(N, 3, H, W)``, photos to paint.
            rivals: style vectors ``(K, P)``; the second list is empty without any.
        """
        contents = self._place(contents)
        with self._autocast():
            content = self.loss.content_target(contents)
            painted = [self._described(contents, vector[None]) for vector in rivals]
            predicted, nearest = [], []
            for picture in pictures:
                style = self.loss.style_target(self._place(picture))
                ours = self._described(contents, self.predictor(self._place(picture)))
                predicted.append(self._objective(*ours, content, style))
                others = [self._objective(*one, content, style) for one in painted]
                nearest += [min(others)] if others else []
        return predicted, nearest

    def _described(self, contents: Tensor, vector: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Features and total variation of the contents, painted."""
        image = self.network.paint(contents, vector.to(self.device).float())
        layers = list({**self.loss.content_layers, **self.loss.style_layers})
        return self.loss.encoder(image, layers), self.loss.tv_term(image)

    def _objective(
        self,
        features: Mapping[str, Tensor],
        tv: Tensor,
        content: Mapping[str, Tensor],
        style: Mapping[str, Tensor],
    ) -> float:
        terms = {
            "content": self.loss.content_term(features, content),
            "style": self.loss.style_term(features, style),
            "tv": tv,
        }
        return float(self.loss.total(terms).mean())

    def _draw_styles(self, draw: np.random.Generator) -> Tensor:
        """Crops of artworks."""
        return self._place(self._next_pictures())

    def _styles(self, pictures: Tensor) -> DrawnStyles:
        """Crops of artworks, with the vectors that are predicted for them."""
        with self._autocast():
            vectors, targets = self._predicted(pictures)
            coarse = self.loss.style_target(halved(pictures)) if self.sees_coarse else {}
        return DrawnStyles(vectors.float(), targets, coarse)

    def _next_pictures(self) -> Tensor:
        """This step's crops of artworks, read while the steps before it are at work."""
        if self._drawn is None or self._drawn_step != self.step:  # begun, resumed, gone back
            recipe, seed = self.recipe, self.recipe.seed + ARTWORK_SEED + self.rollbacks
            self._drawn = self.artworks.batches(recipe.batch, recipe.style_px, seed, self.step)
        self._drawn_step = self.step + 1
        return next(self._drawn)

    def _predicted(self, pictures: Tensor) -> tuple[Tensor, StyleTarget]:
        """Vectors and descriptions; one look serves both where both have the same eyes."""
        predictor, encoder = self.predictor, self.loss.encoder
        if not isinstance(predictor, StylePredictor) or predictor.encoder is not encoder:
            return predictor(pictures), self.loss.style_target(pictures)
        with torch.no_grad():
            features = encoder(pictures, list({*predictor.layers, *self.loss.style_layers}))
        return predictor.from_features(features), self.loss.described(features)

    def _state(self) -> dict[str, Any]:
        state = super()._state()
        if hasattr(self, "predictor"):  # not yet while the base class sets up
            kept = self.predictor.state_dict()
            state["predictor"] = {name: tensor.clone() for name, tensor in kept.items()}
        return state

    def _restore(self, state: Mapping[str, Any]) -> None:
        super()._restore(state)
        self.predictor.load_state_dict(state["predictor"])
