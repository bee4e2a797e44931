"""The weighted sum that networks and pictures are optimized for."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from artem.core.errors import LossError, did_you_mean
from artem.learn.encoders import Encoder
from artem.learn.losses.content import content_loss
from artem.learn.losses.gram import gram_loss, gram_matrix
from artem.learn.losses.normalization import NORMALIZATIONS
from artem.learn.losses.style import ADVERSARIAL, STYLE_LOSSES, refuse_unknown_losses
from artem.learn.losses.total_variation import TV_CONVENTIONS, total_variation

StyleTarget = dict[str, Tensor]
"""Descriptions of style pictures, keyed ``gram:relu1_1``, each ``(1, ...)`` or ``(N, ...)``."""


class PerceptualLoss:
    """``content_weight * content + style_weight * style + tv_weight * tv``.

    Content and style are weighted means over layers of terms that are already
    relative to their target (:func:`content_loss`, :data:`STYLE_LOSSES`), so the
    default weights serve any style, encoder and picture size. Several style
    losses add up, each with its own weight.

    Args:
        encoder: gives the features; its weights stay fixed.
        content_layers, style_layers: weight of each layer by name; ``None``
            takes the encoder's own recommendation.
        style_losses: weight of each style loss by name: of :data:`STYLE_LOSSES`,
            or ``adversarial``, whose term the caller adds (:meth:`total`).
        content_weight, style_weight, tv_weight: weights of the three terms.
        tv: name of the total variation's convention.
        normalization: how content, Gram matrices and total variation are
            counted, of :data:`NORMALIZATIONS`; for published weights.
        pixel_range: what white counts as in the total variation.
        feature_scale: factor on the encoder's features, where the normalization
            is not relative: published weights belong to features of some size.

    Raises:
        LossError: a style loss, the normalization or the total variation's
            convention is unknown, or a weight is no number from 0 up.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        content_layers: Mapping[str, float] | None = None,
        style_layers: Mapping[str, float] | None = None,
        style_losses: Mapping[str, float] | None = None,
        content_weight: float = 1.0,
        style_weight: float = 10.0,
        tv_weight: float = 0.3,
        tv: str = "anisotropic",
        normalization: str = "relative",
        pixel_range: float = 1.0,
        feature_scale: float = 1.0,
    ) -> None:
        self.encoder = encoder
        self.content_layers = dict(content_layers or dict.fromkeys(encoder.content_layers, 1.0))
        self.style_layers = dict(style_layers or dict.fromkeys(encoder.style_layers, 1.0))
        self.style_losses = dict(style_losses or {"gram": 1.0})
        self.content_weight = content_weight
        self.style_weight = style_weight
        self.tv_weight = tv_weight
        self.tv = tv
        self.normalization = normalization
        self.pixel_range = pixel_range
        self.feature_scale = feature_scale
        refuse_unknown_losses(self.style_losses)
        _refuse_unknown("normalization", normalization, NORMALIZATIONS)
        _refuse_unknown("convention of total variation", tv, TV_CONVENTIONS)
        for name in ("content_weight", "style_weight", "tv_weight"):
            if not 0 <= getattr(self, name) < math.inf:
                raise LossError(f"{name} is {getattr(self, name)}.\n  Use a number from 0 up.")

    @property
    def settings(self) -> dict[str, Any]:
        """Everything but the encoder that the loss depends on, for JSON and digests."""
        return {name: value for name, value in vars(self).items() if name != "encoder"}

    @property
    def adversarial_weight(self) -> float:
        """Weight of the adversarial loss among the style losses; 0 without one."""
        return self.style_losses.get(ADVERSARIAL, 0.0)

    @torch.no_grad()
    def style_target(self, picture: Tensor) -> StyleTarget:
        """The descriptions of style pictures ``(N, 3, H, W)``, to be reached by others."""
        described = self._described_losses()
        return self.described(self.encoder(picture, list(self.style_layers)) if described else {})

    @torch.no_grad()
    def described(self, features: Mapping[str, Tensor]) -> StyleTarget:
        """:meth:`style_target` of features by layer, where these are at hand."""
        return {
            f"{name}:{layer}": STYLE_LOSSES[name].describe(features[layer])
            for name in self._described_losses()
            for layer in self.style_layers
        }

    @torch.no_grad()
    def content_target(self, picture: Tensor) -> dict[str, Tensor]:
        """The feature maps of content pictures ``(N, 3, H, W)``, to be reached by others."""
        return self.encoder(picture, list(self.content_layers))

    def terms(
        self, image: Tensor, content: Mapping[str, Tensor], style: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """The unweighted terms of each image, ``(N,)`` each: content, style and tv.

        With several style losses, ``style`` is their weighted sum and each stands
        beside it as ``style:NAME``. The adversarial loss is not among them.

        Args:
            image: ``(N, 3, H, W)`` in [0, 1]; values outside are allowed.
            content: what :meth:`content_target` gave for pictures of the same size.
            style: what :meth:`style_target` gave, one style for all or one for each.
        """
        layers = {**self.content_layers, **(self.style_layers if style else {})}
        features = self.encoder(image, list(layers))
        parts = self.style_parts(features, style)
        terms = {
            "content": self.content_term(features, content),
            "style": self._sum_parts(parts, image),
            "tv": self.tv_term(image),
        }
        if len(parts) > 1:
            terms |= {f"style:{name}": part for name, part in parts.items()}
        return terms

    def content_term(self, features: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """The content term ``(N,)`` of features by layer, or of a region ``(N, C, M, 1)``."""
        terms = {
            layer: content_loss(features[layer], target[layer], self.normalization)
            for layer in self.content_layers
        }
        return self._over_layers(terms, self.content_layers) * self._scale**2

    def style_term(self, features: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """The style term ``(N,)`` of features by layer, or of a region ``(N, C, M, 1)``."""
        return self._sum_parts(self.style_parts(features, target), next(iter(features.values())))

    def tv_term(self, image: Tensor) -> Tensor:
        """The total variation ``(N,)`` of images ``(N, 3, H, W)``."""
        term = total_variation(self.pixel_range * image.float(), self.tv)
        return term * image[0].numel() if NORMALIZATIONS[self.normalization].tv_sum else term

    def style_parts(
        self, features: Mapping[str, Tensor], target: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Each style loss's own part ``(N,)`` of the style term, before its weight."""
        parts = {}
        for name in self._described_losses():
            terms = {
                layer: self._distance(name, features[layer], target[f"{name}:{layer}"])
                for layer in self.style_layers
            }
            parts[name] = self._over_layers(terms, self.style_layers)
        return parts

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of :meth:`terms`, ``(N,)``.

        Where the caller added ``adversarial`` to them, the term of an
        :class:`~artem.learn.losses.AdversarialLoss`, it counts as a style loss.
        """
        total = (
            self.content_weight * terms["content"]
            + self.style_weight * terms["style"]
            + self.tv_weight * terms["tv"]
        )
        if ADVERSARIAL in terms:
            total = total + self.style_weight * self.adversarial_weight * terms[ADVERSARIAL]
        return total

    def _described_losses(self) -> list[str]:
        return [name for name in self.style_losses if name in STYLE_LOSSES]

    def _distance(self, name: str, features: Tensor, target: Tensor) -> Tensor:
        if name == "gram":  # the one style loss that the sources count differently
            return gram_loss(gram_matrix(features), target, self.normalization) * self._scale**4
        return STYLE_LOSSES[name].distance(features, target)

    @property
    def _scale(self) -> float:
        return 1.0 if self.normalization == "relative" else self.feature_scale

    def _over_layers(self, terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
        total = torch.stack([weights[layer] * term for layer, term in terms.items()]).sum(dim=0)
        if NORMALIZATIONS[self.normalization].layers_mean:
            return total / sum(weights.values())
        return total

    def _sum_parts(self, parts: Mapping[str, Tensor], like: Tensor) -> Tensor:
        nothing = torch.zeros(len(like), device=like.device)
        return sum((self.style_losses[name] * part for name, part in parts.items()), nothing)


def _refuse_unknown(what: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise LossError(
            f"'{name}' is no {what}.{did_you_mean(name, known)}\n  Use one of: {', '.join(known)}"
        )
