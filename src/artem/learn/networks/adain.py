"""AdaIN: features of one picture with the moments of another's, and back to a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn

from artem.learn.encoders import Encoder
from artem.learn.encoders.compact import Compact
from artem.learn.networks.conditional import (
    ConvNorm,
    StyledLayer,
    StyledNetwork,
    conditional_instance_norm,
)

DEEPEST = "relu4_1"
"""The layer whose features are aligned, as in the paper."""

HEAD = (0.0, 0.5, 0.5)
"""Skip, scale and shift of the head: the decoder's picture alone, from [-1, 1] to [0, 1]."""

FAINT = 0.05
"""Factor of the last layer's random weights: the first picture is gray, not garish."""

FLAT = 1e-5
"""Added to variances, of content and style alike: a picture in its own style is itself."""


class Alignment(StyledLayer):
    """Gives each channel the style's deviation and mean (arXiv:1703.06868, eq. 8)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.style_sizes = (channels, channels)
        self.style_starts = (1.0, 0.0)

    def forward(self, maps: Tensor, style: Iterator[Tensor]) -> Tensor:
        """``style`` yields deviations and means, ``(N, C)`` each."""
        return conditional_instance_norm(maps, next(style), next(style), FLAT)


class AdaINNet(StyledNetwork):
    """Huang and Belongie's network (arXiv:1703.06868): encoder, aligned moments, decoder.

    The style vector is the style picture's moments at the encoder's relu4_1, so a
    weighted sum of vectors is the paper's interpolation between styles (eq. 15), and
    :class:`AdaINMoments` takes any picture's place among the styles without training.
    The encoder is a :class:`~artem.learn.encoders.compact.Compact`, and stays as it is;
    the decoder is its mirror without normalization, as in the paper, but narrower.
    Strength is the one of all styled networks, in the head, not the paper's (eq. 14).

    Args:
        channels, ranks: of the encoder, see :class:`Compact`; layers behind relu4_1
            are left out.
        width: channels of the decoder at a quarter of the size.
    """

    multiple = 8
    minimum = 32
    margin = 16

    def __init__(
        self, *, channels: Mapping[str, int], ranks: Mapping[str, int], width: int = 64
    ) -> None:
        super().__init__()
        channels = {layer: count for layer, count in channels.items() if layer <= DEEPEST}
        ranks = {layer: count for layer, count in ranks.items() if layer <= DEEPEST}
        self.architecture = {
            "name": "adain", "channels": channels, "ranks": ranks, "width": width,
        }  # fmt: skip
        self.encoder = Compact(channels, ranks)
        self.encoder.requires_grad_(False)
        deepest = channels[DEEPEST]
        self.align = Alignment(deepest)
        sizes = (deepest, deepest, width, width, width // 2, width // 2, width // 4)
        self.decoder = nn.ModuleList(
            ConvNorm(into, out, 3, upsample=1 + index % 2, norm="none")
            for index, (into, out) in enumerate(pairwise(sizes))
        )
        self.decoder.append(ConvNorm(width // 4, 3, 3, norm="none", relu=False))
        convolutions = [one for one in self.decoder.modules() if isinstance(one, nn.Conv2d)]
        for convolution in convolutions:  # without normalization, signals would fade
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
        convolutions[-1].weight.data *= FAINT
        self.measure()

    @classmethod
    def around(cls, encoder: Compact, *, width: int = 64) -> AdaINNet:
        """A network with random weights in the decoder, and this encoder's in front of it."""
        network = cls(channels=encoder.told, ranks=encoder.ranks, width=width)
        kept = encoder.state_dict()
        network.encoder.load_state_dict({name: kept[name] for name in network.encoder.state_dict()})
        return network

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """As of every module, but for the encoder, which never learns."""
        super().requires_grad_(requires_grad)
        self.encoder.requires_grad_(False)
        return self

    def residual(self, image: Tensor, style: Iterator[Tensor]) -> Tensor:
        maps: Tensor = self.align(self.encoder((image + 1) / 2, [DEEPEST])[DEEPEST], style)
        for layer in self.decoder:
            maps = layer(maps, style)
        return maps


class AdaINMoments(nn.Module):
    """The style vector of any picture for an :class:`AdaINNet`: its moments at relu4_1.

    Args:
        encoder: the network's.
    """

    head: Tensor

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder.frozen()
        self.register_buffer("head", torch.tensor(HEAD).repeat_interleave(3))

    def forward(self, picture: Tensor) -> Tensor:
        """Style vectors ``(N, 2 C + 9)`` of pictures ``(N, 3, H, W)`` in [0, 1]."""
        rows = self.encoder(picture, [DEEPEST])[DEEPEST].float().flatten(2)
        mean = rows.mean(dim=2)
        variance = (rows - mean[:, :, None]).square().mean(dim=2)
        head = self.head.expand(len(rows), -1)
        return torch.cat([(variance + FLAT).sqrt(), mean, head], dim=1)
