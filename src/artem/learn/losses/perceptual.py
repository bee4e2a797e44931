"""The weighted sum that networks and pictures are optimized for."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from artem.learn.encoders import Encoder
from artem.learn.losses.content import content_loss
from artem.learn.losses.gram import gram_loss, gram_matrix
from artem.learn.losses.total_variation import total_variation

StyleTarget = dict[str, Tensor]
"""Gram matrices of a style picture by layer, each ``(1, C, C)`` or ``(N, C, C)``."""


class PerceptualLoss:
    """``content_weight * content + style_weight * style + tv_weight * tv``.

    Content and style are weighted means over layers of terms that are already
    relative to their target (:func:`content_loss`, :func:`gram_loss`), so the
    default weights serve any style, encoder and picture size.

    Args:
        encoder: gives the features; its weights stay fixed.
        content_layers, style_layers: weight of each layer by name; ``None``
            takes the encoder's own recommendation.
        content_weight, style_weight, tv_weight: weights of the three terms.
        tv: name of the total variation's convention.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        content_layers: Mapping[str, float] | None = None,
        style_layers: Mapping[str, float] | None = None,
        content_weight: float = 1.0,
        style_weight: float = 10.0,
        tv_weight: float = 0.3,
        tv: str = "anisotropic",
    ) -> None:
        self.encoder = encoder
        self.content_layers = dict(content_layers or dict.fromkeys(encoder.content_layers, 1.0))
        self.style_layers = dict(style_layers or dict.fromkeys(encoder.style_layers, 1.0))
        self.content_weight = content_weight
        self.style_weight = style_weight
        self.tv_weight = tv_weight
        self.tv = tv

    @torch.no_grad()
    def style_target(self, picture: Tensor) -> StyleTarget:
        """The Gram matrices of style pictures ``(N, 3, H, W)``, to be reached by others."""
        features = self.encoder(picture, list(self.style_layers))
        return {layer: gram_matrix(maps) for layer, maps in features.items()}

    @torch.no_grad()
    def content_target(self, picture: Tensor) -> dict[str, Tensor]:
        """The feature maps of content pictures ``(N, 3, H, W)``, to be reached by others."""
        return self.encoder(picture, list(self.content_layers))

    def terms(
        self, image: Tensor, content: Mapping[str, Tensor], style: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """The three unweighted terms of each image, ``(N,)`` each.

        Args:
            image: ``(N, 3, H, W)`` in [0, 1]; values outside are allowed.
            content: what :meth:`content_target` gave for pictures of the same size.
            style: what :meth:`style_target` gave, one style for all or one for each.
        """
        features = self.encoder(image, list({**self.content_layers, **self.style_layers}))
        content_term = sum(
            weight * content_loss(features[layer], content[layer])
            for layer, weight in self.content_layers.items()
        )
        style_term = sum(
            weight * gram_loss(gram_matrix(features[layer]), style[layer])
            for layer, weight in self.style_layers.items()
        )
        return {
            "content": torch.as_tensor(content_term) / sum(self.content_layers.values()),
            "style": torch.as_tensor(style_term) / sum(self.style_layers.values()),
            "tv": total_variation(image.float(), self.tv),
        }

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of :meth:`terms`, ``(N,)``."""
        return (
            self.content_weight * terms["content"]
            + self.style_weight * terms["style"]
            + self.tv_weight * terms["tv"]
        )
