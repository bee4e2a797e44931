"""From a picture to its style vector, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from artem.learn.encoders import Encoder
from artem.learn.networks.conditional import StyledNetwork, style_vector

MOST_DEVIATIONS = 4.0
"""What a picture has beyond so many standard deviations is cut off: a black picture, or
noise, is unlike all artworks, and a linear map would carry it anywhere."""

LEAST_SPREAD = 0.05
"""Numbers that agree in all known styles may still differ by this much in others."""


class StylePredictor(nn.Module):
    """Predicts a network's style vector from a picture.

    Ghiasi et al. (arXiv:1705.06830) put an Inception network in front of two linear
    layers. Here a perceptual encoder that stays as it is looks at the picture, and what
    the losses measure a style by is handed on: for each of its style layers the means and
    deviations of all channels, and the Gram matrix of a few directions among them. Two
    linear layers learn the rest, a small part of the weights, so that some hundred
    artworks are enough and nothing is differentiated through the encoder.

    Args:
        encoder: looks at the picture; frozen.
        style_size: length P of the network's style vector.
        hidden: width between the two linear layers; no more directions of the
            style space than this are ever reached.
        directions: of each layer, in whose Gram matrix channels meet.

    Attributes:
        center, spread: of the statistics, over the pictures given to :meth:`look_at`.
        base: ``(P,)``, the vector of a picture that is like the mean of those.
        reach: ``(P,)``, by how much a number of the vector usually moves.
    """

    center: Tensor
    spread: Tensor
    base: Tensor
    reach: Tensor

    def __init__(
        self, encoder: Encoder, style_size: int, *, hidden: int = 128, directions: int = 16
    ) -> None:
        super().__init__()
        self.encoder = encoder.frozen()
        self.style_size = style_size
        self.layers = encoder.style_layers
        with torch.no_grad():
            at = next(encoder.parameters()).device
            features = encoder(torch.zeros(1, 3, 64, 64, device=at), list(self.layers))
        statistics = 0
        for layer in self.layers:
            channels = features[layer].shape[1]
            self.register_buffer(_basis(layer), torch.eye(channels)[:, :directions].clone())
            width = min(channels, directions)
            statistics += 2 * channels + width * (width + 1) // 2
        self.register_buffer("center", torch.zeros(statistics))
        self.register_buffer("spread", torch.ones(statistics))
        self.register_buffer("base", torch.zeros(style_size))
        self.register_buffer("reach", torch.ones(style_size))
        self.into = nn.Linear(statistics, hidden)
        self.out = nn.Linear(hidden, style_size)
        nn.init.zeros_(self.out.weight)  # the first prediction is the base, whatever the picture
        nn.init.zeros_(self.out.bias)

    def statistics(self, picture: Tensor) -> Tensor:
        """What is known of pictures ``(N, 3, H, W)`` in [0, 1]: ``(N, F)``.

        Roots, with the sign kept: squares of features have tails too long for a linear map.
        """
        return self._known(self.encoder(picture, list(self.layers)))

    def _known(self, features: Mapping[str, Tensor]) -> Tensor:
        parts = []
        for layer in self.layers:
            rows = features[layer].float().flatten(2)
            mean = rows.mean(dim=2)
            deviation = (rows - mean[:, :, None]).square().mean(dim=2)
            basis = self.get_buffer(_basis(layer))
            few = basis.T @ rows
            gram = few @ few.transpose(1, 2) / rows.shape[2]
            row, column = torch.triu_indices(*gram.shape[1:], device=gram.device).unbind()
            parts += [mean, deviation, gram[:, row, column]]
        known = torch.cat(parts, dim=1)
        return known.sign() * known.abs().sqrt()

    def forward(self, picture: Tensor) -> Tensor:
        """Style vectors ``(N, P)`` of pictures ``(N, 3, H, W)`` in [0, 1]."""
        with torch.no_grad():
            features = self.encoder(picture, list(self.layers))
        return self.from_features(features)

    def from_features(self, features: Mapping[str, Tensor]) -> Tensor:
        """The same of the encoder's features by layer, where these are at hand."""
        with torch.no_grad():
            known = (self._known(features) - self.center) / self.spread
            known = known.clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS)
        moved: Tensor = self.out(F.relu(self.into(known)))
        return self.base + self.reach * moved

    @torch.no_grad()
    def look_at(self, pictures: Iterable[Tensor]) -> None:
        """Choose directions, and learn what is usual, from pictures ``(1, 3, H, W)`` in [0, 1].

        The directions of a layer are those in which its features are largest: the first
        eigenvectors of the pictures' mean Gram matrix.
        """
        pictures = list(pictures)
        grams: dict[str, Tensor] = {}
        for picture in pictures:
            for layer, maps in self.encoder(picture, list(self.layers)).items():
                rows = maps[0].float().flatten(1)
                gram = rows @ rows.T / rows.shape[1]
                grams[layer] = grams.get(layer, torch.zeros_like(gram)) + gram / gram.trace()
        for layer, gram in grams.items():
            basis = self.get_buffer(_basis(layer))
            basis.copy_(torch.linalg.eigh(gram).eigenvectors.flip(1)[:, : basis.shape[1]])
        known = torch.cat([self.statistics(picture) for picture in pictures])
        self.center.copy_(known.mean(dim=0))
        self.spread.copy_(known.std(dim=0, correction=0).clamp_min(1e-4))

    @torch.no_grad()
    def start_from(self, network: StyledNetwork, vectors: Tensor) -> None:
        """Predict, until something is learned, the mean of known style vectors ``(S, P)``.

        Without any, a new style's. How far each number has to move is taken from them, too.
        """
        if len(vectors):
            self.base.copy_(vectors.mean(dim=0))
        else:
            self.base.copy_(style_vector(network))
        if len(vectors) > 1:
            self.reach.copy_(vectors.std(dim=0).clamp_min(LEAST_SPREAD))


def _basis(layer: str) -> str:
    return f"basis_{layer}"
