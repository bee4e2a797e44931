"""The adversarial loss: a small network learns to tell the style's patches from the picture's."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

WIDTHS = (32, 64, 128)

LEARNING_RATE = 1e-4
"""Adam's. Four times as fast, the discriminator ran away from pixels under optimization."""


class PatchDiscriminator(nn.Module):
    """Says of every patch of a picture how much it looks like one of a style.

    A PatchGAN (Isola et al., arXiv:1611.07004, section 3.2): strided 4x4
    convolutions, so that each output sees 46x46 pixels and there is one for every
    8x8. Spectral normalization (Miyato et al., arXiv:1802.05957) keeps it from
    running ahead.

    Args:
        styles: each has an output channel of its own.
    """

    def __init__(self, styles: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in WIDTHS:
            layers += [_convolution(channels, width, stride=2), nn.LeakyReLU(0.2)]
            channels = width
        layers.append(_convolution(channels, styles, stride=1))
        self.layers = nn.Sequential(*layers)

    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        """From pictures ``(N, 3, H, W)`` in [0, 1] and their styles' numbers ``(N,)``.

        Returns:
            ``(N, h, w)``: near 1 for patches of that style, near 0 for others.
        """
        opinions: Tensor = self.layers(2 * image - 1)
        return opinions[torch.arange(len(image), device=image.device), style]


def _convolution(channels: int, width: int, *, stride: int) -> nn.Module:
    # Reflected borders: a frame of zeros would be what the discriminator looks at first.
    layer = nn.Conv2d(channels, width, 4, stride, 1, padding_mode="reflect")
    normalized: nn.Module = spectral_norm(layer)
    return normalized


class AdversarialLoss:
    """How easily a discriminator, trained beside, tells a picture's patches from the style's.

    Li and Wand (MGAN, arXiv:1604.04382) let a discriminator judge patches of
    features at relu3_1; ours sees pixels, so it needs no encoder and finds what an
    encoder overlooks. Both sides minimize least squares (Mao et al.,
    arXiv:1611.04076) instead of their hinge: the discriminator
    ``(D(style) - 1)^2 + D(picture)^2``, the picture ``(D(picture) - 1)^2``. So the
    term is on the others' scale: 0 for patches taken for the style's, 1 for
    patches that are found out.

    Its value for the same picture changes from step to step, which a plain
    gradient descent (Adam) bears and L-BFGS does not. What it knows is part of a
    training's state: :meth:`state` and :meth:`restore`.

    Args:
        pictures: style pictures ``(1, 3, H, W)`` in [0, 1], to take crops from.
        seed: of the discriminator's first weights and of the crops.
        device: where it works.
    """

    def __init__(
        self, pictures: Sequence[Tensor], *, seed: int = 0, device: str | torch.device = "cpu"
    ) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.discriminator = PatchDiscriminator(len(pictures)).to(device)
        self.pictures = [picture.to(device) for picture in pictures]
        self.optimizer = torch.optim.Adam(
            self.discriminator.parameters(), lr=LEARNING_RATE, betas=(0.5, 0.99)
        )
        self.seed = seed
        self.step = 0

    def learn(self, image: Tensor, style: Tensor | None = None) -> float:
        """One step of the discriminator, on pictures as they are now and crops of the style.

        Args:
            image: ``(N, 3, H, W)``; no gradient flows back into it.
            style: number of each picture's style, ``(N,)``; the first by default.

        Returns:
            The discriminator's own loss: 0 when it knows all, 0.5 when it guesses.
        """
        style = self._styles(image, style)
        self.discriminator.requires_grad_(True).train()
        real = self._crops(image, style)
        fake = image.detach().float()
        loss = (self.discriminator(real, style) - 1).square().mean()
        loss = loss + self.discriminator(fake, style).square().mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.step += 1
        return float(loss.detach())

    def __call__(self, image: Tensor, style: Tensor | None = None) -> Tensor:
        """The term ``(N,)`` of pictures ``(N, 3, H, W)``, differentiable in them.

        Args:
            image: values outside [0, 1] are allowed.
            style: number of each picture's style, ``(N,)``; the first by default.
        """
        self.discriminator.requires_grad_(False).eval()  # its norms are estimated when it learns
        opinions: Tensor = self.discriminator(image.float(), self._styles(image, style))
        return (opinions.float() - 1).square().mean(dim=(1, 2))

    def state(self) -> dict[str, Any]:
        """Everything that a resumed training needs of it."""
        return copy.deepcopy({
            "discriminator": self.discriminator.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        })  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to what :meth:`state` gave; it can be used again."""
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
        self.step = state["step"]

    def _styles(self, image: Tensor, style: Tensor | None) -> Tensor:
        if style is None:
            return torch.zeros(len(image), dtype=torch.long, device=image.device)
        return style

    def _crops(self, image: Tensor, style: Tensor) -> Tensor:
        """A crop of each one's style picture, as large as the pictures where it can be."""
        draw = np.random.default_rng((self.seed, self.step, 2))
        chosen = [self.pictures[number] for number in style.tolist()]
        height, width = (
            min(image.shape[side], *(picture.shape[side] for picture in chosen)) for side in (2, 3)
        )
        crops = []
        for picture in chosen:
            top = int(draw.integers(picture.shape[2] - height + 1))
            left = int(draw.integers(picture.shape[3] - width + 1))
            crops.append(picture[..., top : top + height, left : left + width])
        return torch.cat(crops).float()
