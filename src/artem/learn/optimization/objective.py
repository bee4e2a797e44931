"""What a picture being made is measured by: content everywhere, each style where it belongs."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from artem.core.errors import LossError
from artem.learn.losses import STYLE_LOSSES, AdversarialLoss, PerceptualLoss
from artem.learn.losses.perceptual import StyleTarget
from artem.learn.losses.style import ADVERSARIAL


@dataclass(frozen=True)
class Region:
    """A part of the picture and the styles it is to have.

    Attributes:
        styles: weight and target of each; the weights count relative to their sum.
        mask: ``(H, W)`` in [0, 1], above a half where the region is; ``None`` is
            the whole picture.
    """

    styles: Sequence[tuple[float, StyleTarget]]
    mask: Tensor | None = None


class RegionalLoss:
    """A perceptual loss with several styles, each in its own part of the picture.

    A region's style term is taken over those features whose place lies in its mask,
    and counts by the region's share of the picture, so that a pixel is pulled as
    hard in a small region as in a large one. A layer so deep that a region has no
    place left in it is left out there. The terms of several styles in one region
    add up by weight. Pixels outside all regions stay the photo's.

    An image under optimization may hold any values; the picture it stands for is
    within [0, 1] (:func:`mirrored`). Left alone, an optimizer goes beyond black and
    white and is lost when its picture is clipped at the end: on one photo L-BFGS
    fell to an objective of 0.196 that clipping made 0.270; mirrored it kept 0.205.

    Args:
        loss: encoder, terms and weights.
        content: photo, ``(1, 3, H, W)`` in [0, 1].
        regions: at least one; where they overlap, both count.
        gray: the image has one channel, its luminance.
        adversary: where ``loss`` asks for one, with one picture for each style of
            the one region.

    Attributes:
        learns: whether the objective changes from one evaluation to the next.

    Raises:
        LossError: there are masks, and a style loss needs the whole picture.
    """

    def __init__(
        self,
        loss: PerceptualLoss,
        content: Tensor,
        regions: Sequence[Region],
        *,
        gray: bool = False,
        adversary: AdversarialLoss | None = None,
    ) -> None:
        self.loss = loss
        self.photo = content
        self.gray = gray
        self.adversary = adversary
        self.learns = adversary is not None
        self.parts = [_Part(loss, region) for region in regions]
        described = any(target for region in regions for _, target in region.styles)
        self.layers = list({**loss.content_layers, **(loss.style_layers if described else {})})
        self.target = loss.content_target(channels_last(content))
        masks = [region.mask for region in regions if region.mask is not None]
        covered = torch.stack(masks).amax(dim=0) > 0.5 if len(masks) == len(regions) else None
        self.free = None if covered is None or bool(covered.all()) else covered

    def start(self, picture: Tensor) -> Tensor:
        """What to optimize, to begin with ``picture``, ``(1, 3, H, W)``."""
        return picture.mean(dim=1, keepdim=True) if self.gray else picture

    def shown(self, image: Tensor) -> Tensor:
        """The picture ``(1, 3, H, W)`` in [0, 1] that an image under optimization stands for."""
        picture = mirrored(image)
        picture = picture.expand(-1, 3, -1, -1) if self.gray else picture
        return picture if self.free is None else torch.where(self.free, picture, self.photo)

    def __call__(self, image: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        """The objective at ``image``, a scalar with its graph, and its unweighted terms."""
        loss, picture = self.loss, self.shown(image)
        features = loss.encoder(channels_last(picture), self.layers)
        terms = {
            "content": loss.content_term(features, self.target),
            "style": torch.stack([part.style_term(features) for part in self.parts]).sum(dim=0),
            "tv": loss.tv_term(picture),
        }
        if self.adversary is not None:
            terms[ADVERSARIAL] = self._adversarial_term(self.adversary, picture)
        objective = loss.total(terms).sum()
        return objective, {name: float(term.detach().sum()) for name, term in terms.items()}

    def _adversarial_term(self, adversary: AdversarialLoss, picture: Tensor) -> Tensor:
        """The term ``(1,)``, after the discriminator has seen the picture as it is now."""
        weights = picture.new_tensor([weight for weight, _ in self.parts[0].styles])
        copies, styles = picture.expand(len(weights), -1, -1, -1), torch.arange(len(weights))
        adversary.learn(copies, styles)
        return (weights * adversary(copies, styles)).sum(dim=0, keepdim=True)

    def state(self) -> dict[str, Any]:
        """What an objective that learns has learned; empty for any other."""
        return {} if self.adversary is None else copy.deepcopy(self.adversary.state())

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what :meth:`state` gave."""
        if self.adversary is not None:
            self.adversary.restore(copy.deepcopy(state))


class _Part:
    """A region as the loss needs it: places by layer, weights that add up to its share."""

    def __init__(self, loss: PerceptualLoss, region: Region) -> None:
        self.loss = loss
        self.mask = region.mask
        share = 1.0
        if self.mask is not None:
            share = float((self.mask > 0.5).float().mean())
            refuse_masks(loss)
        total = sum(weight for weight, _ in region.styles)
        self.styles = [(share * weight / total, target) for weight, target in region.styles]
        self.places: dict[str, Tensor] = {}

    def style_term(self, features: Mapping[str, Tensor]) -> Tensor:
        """The region's weighted style term ``(1,)``."""
        loss = self.loss
        if self.mask is not None:
            features = self._inside(self.mask, features)
            if len(features) < len(loss.style_layers):
                loss = copy.copy(loss)
                weights = loss.style_layers.items()
                loss.style_layers = {layer: w for layer, w in weights if layer in features}
            if not loss.style_layers:
                return self.mask.new_zeros(1)
        terms = [weight * loss.style_term(features, target) for weight, target in self.styles]
        return torch.stack(terms).sum(dim=0)

    def _inside(self, mask: Tensor, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The features in the region, ``(1, C, M, 1)``, of those layers that have any."""
        inside = {}
        for layer in self.loss.style_layers:
            maps = features[layer]
            if layer not in self.places:
                small = F.interpolate(mask[None, None], maps.shape[-2:], mode="area")
                self.places[layer] = (small.flatten() > 0.5).nonzero().flatten()
            if self.places[layer].numel():
                inside[layer] = maps.flatten(2)[..., self.places[layer]].unsqueeze(-1)
        return inside


def refuse_masks(loss: PerceptualLoss) -> None:
    """Raise a LossError when a style loss needs more than the features inside a mask."""
    for name in loss.style_losses:
        if name == ADVERSARIAL or STYLE_LOSSES[name].needs_maps:
            raise LossError(
                f"The style loss '{name}' compares neighbors and cannot be used with masks.\n"
                f"  Leave one of the two out."
            )


@torch.no_grad()
def balanced(
    loss: PerceptualLoss, pictures: Sequence[Tensor], styles: Sequence[tuple[float, StyleTarget]]
) -> list[tuple[float, StyleTarget]]:
    """Styles with weights by which a blend lies as far between them as their weights say.

    Terms are relative to their own target, so in a sum a style of faint contrasts
    would drown one of strong ones (by a factor of up to 18 among our paintings).
    Each weight is divided by the mean term of the other pictures under that style;
    for Gram matrices this makes the best blend the weighted mean of the matrices,
    as in jcjohnson's neural-style.

    Args:
        loss: gives the terms.
        pictures: the style pictures, ``(1, 3, H, W)``.
        styles: weight and target of each.
    """
    weights = [weight for weight, _ in styles]
    apart = torch.zeros(len(styles), len(styles))
    for column, picture in enumerate(pictures):
        features = loss.encoder(channels_last(picture), list(loss.style_layers))
        for row, (_, target) in enumerate(styles):
            if row != column:
                apart[row, column] = weights[column] * loss.style_term(features, target).sum()
    distances = apart.sum(dim=1) / (sum(weights) - torch.tensor(weights))
    if not bool((distances > 0).all()):  # the same picture twice, or nothing but an adversary
        return list(styles)
    shares = torch.tensor(weights) / distances
    shares *= sum(weights) / shares.sum()
    return [(float(share), target) for share, (_, target) in zip(shares, styles, strict=True)]


def mirrored(image: Tensor) -> Tensor:
    """Values of [0, 1] as they are; others mirrored at 0 and 1 until they are inside."""
    folded = image.remainder(2)
    return torch.where(folded <= 1, folded, 2 - folded)  # white itself has a slope, too


def channels_last(image: Tensor) -> Tensor:
    """The same values in the order that convolutions on a CPU are faster with."""
    return image.contiguous(memory_format=torch.channels_last)
