"""What every perceptual network here offers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from artem.core.errors import EncoderError, did_you_mean


class Encoder(nn.Module):
    """A fixed network whose layers are asked for by name.

    Attributes:
        name: for cards and messages.
        layers: the names it knows, shallowest first.
        content_layers, style_layers: what :class:`PerceptualLoss` uses when
            the caller names none.
    """

    name: str
    layers: tuple[str, ...]
    content_layers: tuple[str, ...]
    style_layers: tuple[str, ...]

    def __call__(self, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Features of the layers asked for, in one pass that stops at the deepest.

        Args:
            image: ``(N, 3, H, W)``, RGB in [0, 1].
            layers: names out of :attr:`layers`, in any order.

        Returns:
            Each layer's maps ``(N, C, h, w)`` after its nonlinearity, by name.

        Raises:
            EncoderError: a name is unknown.
        """
        unknown = [layer for layer in layers if layer not in self.layers]
        if unknown:
            raise EncoderError(
                f"The encoder '{self.name}' has no layer '{unknown[0]}'."
                f"{did_you_mean(unknown[0], self.layers)}\n"
                f"  It has: {', '.join(self.layers)}"
            )
        features: dict[str, Tensor] = super().__call__(image, layers)
        return features

    def frozen(self) -> Encoder:
        """Itself, without gradients for its weights."""
        self.requires_grad_(False)
        return self.eval()


class EncoderChain(Encoder):
    """Several encoders as one: each layer comes from the first that has it.

    The true VGG-19 is at hand up to relu3_1 and a compressed one below it; the
    two together see both fine and coarse strokes.
    """

    def __init__(self, encoders: Sequence[Encoder]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.name = "+".join(encoder.name for encoder in encoders)
        self.source = {
            layer: index
            for index, encoder in reversed(list(enumerate(encoders)))
            for layer in encoder.layers
        }
        self.layers = tuple(sorted(self.source))
        first, last = encoders[0], encoders[-1]
        self.content_layers = last.content_layers
        self.style_layers = tuple(dict.fromkeys(first.style_layers + last.style_layers))

    def forward(self, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        features: dict[str, Tensor] = {}
        for index, encoder in enumerate(self.encoders):
            wanted = [layer for layer in layers if self.source[layer] == index]
            if wanted:
                features |= encoder(image, wanted)
        return features


def preprocessing(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """The map from RGB in [0, 1] to what a network was trained on, as a 1x1 convolution.

    Args:
        weight: ``(3, 3)``, one row an output channel.
        bias: ``(3,)``.
    """
    layer = nn.Conv2d(3, 3, 1)
    with torch.no_grad():
        layer.weight.copy_(weight.view(3, 3, 1, 1))
        layer.bias.copy_(bias)  # type: ignore[union-attr]
    return layer
