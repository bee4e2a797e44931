"""MicroAST's architecture (Wang et al., AAAI 2023, arXiv:2211.15313), for its speed.

Written from the paper and from the layer list of the authors' published code
(github.com/EndyWon/MicroAST); weights are random, as speed does not depend on them. A content
encoder and a decoder run for each frame, 311,635 numbers; the style encoder and the modulator,
160,352 more, run once for a style, and what they give stays.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (16, 32, 64)

Signals = tuple[list[Tensor], list[Tensor], list[Tensor]]
"""Of a style: features of both depths, and weights and biases of the decoder's filters."""


class Conv(nn.Module):
    """Reflection padding and a convolution."""

    def __init__(
        self, channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.padding = kernel // 2
        self.conv = nn.Conv2d(channels, out_channels, kernel, stride, groups=groups)

    def forward(self, maps: Tensor) -> Tensor:
        result: Tensor = self.conv(F.pad(maps, (self.padding,) * 4, mode="reflect"))
        return result


class Residual(nn.Module):
    """Two 3x3 convolutions; in the decoder each is scaled, and its own input added with a bias."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = Conv(channels, channels, 3), Conv(channels, channels, 3)

    def forward(self, maps: Tensor, weight: Tensor | None = None, bias: Tensor | None = None):  # type: ignore[no-untyped-def]
        if weight is None or bias is None:
            return maps + self.second(F.relu(self.first(maps)))
        middle = F.relu(weight * self.first(maps) + bias * maps)
        return maps + weight * self.second(middle) + bias * middle


class Encoder(nn.Module):
    """9x9, two depthwise separable steps of stride 2, two residual layers at a quarter."""

    def __init__(self) -> None:
        super().__init__()
        full, half, quarter = WIDTHS
        self.shallow = nn.Sequential(
            Conv(3, full, 9), nn.ReLU(),
            Conv(full, half, 3, stride=2, groups=full), nn.ReLU(),
            Conv(half, half, 1), nn.ReLU(),
            Conv(half, quarter, 3, stride=2, groups=half), nn.ReLU(),
            Conv(quarter, quarter, 1), nn.ReLU(),
            Residual(quarter),
        )  # fmt: skip
        self.deep = Residual(quarter)

    def forward(self, image: Tensor) -> list[Tensor]:
        shallow = self.shallow(image)
        return [shallow, self.deep(shallow)]


class Decoder(nn.Module):
    """Two modulated residual layers, two bilinear steps with separable convolutions, 9x9."""

    def __init__(self) -> None:
        super().__init__()
        full, half, quarter = WIDTHS
        self.deep, self.shallow = Residual(quarter), Residual(quarter)
        self.head = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="bilinear"),
            Conv(quarter, half, 3, groups=half), nn.ReLU(), Conv(half, half, 1), nn.ReLU(),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            Conv(half, full, 3, groups=full), nn.ReLU(), Conv(full, full, 1), nn.ReLU(),
            Conv(full, 3, 9),
        )  # fmt: skip

    def forward(self, content: list[Tensor], style: Signals) -> Tensor:
        features, weights, biases = style
        maps = self.deep(adain(content[1], features[1]), weights[1], biases[1])
        maps = self.shallow(adain(maps, features[0]), weights[0], biases[0])
        painted: Tensor = self.head(maps)
        return painted


class Modulator(nn.Module):
    """A weight and a bias for each channel and depth, from the style's features."""

    def __init__(self) -> None:
        super().__init__()
        channels = WIDTHS[-1]
        self.weights = nn.ModuleList(Conv(channels, channels, 3, groups=channels) for _ in "ab")
        self.biases = nn.ModuleList(Conv(channels, channels, 3, groups=channels) for _ in "ab")

    def forward(self, features: list[Tensor]) -> Signals:
        weights, biases = (
            [
                layer(maps).mean(dim=(2, 3), keepdim=True)
                for layer, maps in zip(layers, features, strict=True)
            ]
            for layers in (self.weights, self.biases)
        )
        return features, weights, biases


class MicroAst(nn.Module):
    """Both encoders, the modulator and the decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.content, self.style = Encoder(), Encoder()
        self.modulator, self.decoder = Modulator(), Decoder()
        counts = [sum(p.numel() for p in part.parameters()) for part in self.children()]
        assert counts[0] + counts[3] == 311_635 and sum(counts) == 471_987, counts

    def learn(self, painting: Tensor) -> Signals:
        """What the decoder needs of a style, once for a painting ``(1, 3, H, W)``."""
        signals: Signals = self.modulator(self.style(painting))
        return signals

    def forward(self, image: Tensor, style: Signals) -> Tensor:
        painted: Tensor = self.decoder(self.content(image), style)
        return painted


def adain(content: Tensor, style: Tensor) -> Tensor:
    """Content maps with the style's mean and deviation of each channel."""
    deviation, mean = torch.std_mean(content, dim=(2, 3), keepdim=True)
    wanted, middle = torch.std_mean(style, dim=(2, 3), keepdim=True)
    return (content - mean) / (deviation + 1e-5) * wanted + middle
