"""The weighted sum that networks and pictures are optimized for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from artem.learn.encoders import Encoder
from artem.learn.losses.content import content_loss
from artem.learn.losses.style import STYLE_LOSSES
from artem.learn.losses.total_variation import total_variation

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
        style_losses: weight of each style loss by name, of :data:`STYLE_LOSSES`.
        content_weight, style_weight, tv_weight: weights of the three terms.
        tv: name of the total variation's convention.
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
    ) -> None:
        self.encoder = encoder
        self.content_layers = dict(content_layers or dict.fromkeys(encoder.content_layers, 1.0))
        self.style_layers = dict(style_layers or dict.fromkeys(encoder.style_layers, 1.0))
        self.style_losses = dict(style_losses or {"gram": 1.0})
        self.content_weight = content_weight
        self.style_weight = style_weight
        self.tv_weight = tv_weight
        self.tv = tv

    @property
    def settings(self) -> dict[str, Any]:
        """Everything but the encoder that the loss depends on, for JSON and digests."""
        return {name: value for name, value in vars(self).items() if name != "encoder"}

    @torch.no_grad()
    def style_target(self, picture: Tensor) -> StyleTarget:
        """The descriptions of style pictures ``(N, 3, H, W)``, to be reached by others."""
        features = self.encoder(picture, list(self.style_layers))
        return {
            f"{name}:{layer}": STYLE_LOSSES[name].describe(features[layer])
            for name in self.style_losses
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
        beside it as ``style:NAME``.

        Args:
            image: ``(N, 3, H, W)`` in [0, 1]; values outside are allowed.
            content: what :meth:`content_target` gave for pictures of the same size.
            style: what :meth:`style_target` gave, one style for all or one for each.
        """
        features = self.encoder(image, list({**self.content_layers, **self.style_layers}))
        parts = self.style_parts(features, style)
        terms = {
            "content": self.content_term(features, content),
            "style": self._sum_styles(parts),
            "tv": total_variation(image.float(), self.tv),
        }
        if len(parts) > 1:
            terms |= {f"style:{name}": part for name, part in parts.items()}
        return terms

    def content_term(self, features: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """The content term ``(N,)`` of features by layer, or of a region ``(N, C, M, 1)``."""
        return _weighted_mean(
            {layer: content_loss(features[layer], target[layer]) for layer in self.content_layers},
            self.content_layers,
        )

    def style_term(self, features: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """The style term ``(N,)`` of features by layer, or of a region ``(N, C, M, 1)``."""
        return self._sum_styles(self.style_parts(features, target))

    def style_parts(
        self, features: Mapping[str, Tensor], target: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Each style loss's own part ``(N,)`` of the style term, before its weight."""
        return {
            name: _weighted_mean(
                {
                    layer: STYLE_LOSSES[name].distance(features[layer], target[f"{name}:{layer}"])
                    for layer in self.style_layers
                },
                self.style_layers,
            )
            for name in self.style_losses
        }

    def _sum_styles(self, parts: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([self.style_losses[name] * parts[name] for name in parts]).sum(dim=0)

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of :meth:`terms`, ``(N,)``."""
        return (
            self.content_weight * terms["content"]
            + self.style_weight * terms["style"]
            + self.tv_weight * terms["tv"]
        )


def _weighted_mean(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    total = torch.stack([weights[name] * term for name, term in terms.items()]).sum(dim=0)
    return total / sum(weights.values())
