"""Conditional instance normalization: convolutions for all styles, a vector for each.

A network normalizes its feature maps and then scales and shifts each channel
(Dumoulin et al., arXiv:1610.07629). All those scales and shifts, in the order
of use, are the **style vector**; the last nine of its numbers belong to the head.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from artem.learn.padding import reflected

HEAD_SIZES = (3, 3, 3)
"""The head's part of a style vector: skip, scale and shift, one for each color."""

HEAD_STARTS = (0.2, 0.4, 0.4)


def conditional_instance_norm(
    maps: Tensor, scale: Tensor, shift: Tensor, eps: float = 1e-5
) -> Tensor:
    """``(x - mean) / sqrt(variance + eps) * scale + shift``, statistics per picture and channel.

    Args:
        maps: ``(N, C, H, W)``.
        scale, shift: ``(N, C)`` or ``(1, C)``.
    """
    if maps.is_cuda:
        return fused_instance_norm(maps, scale, shift, eps)
    return F.instance_norm(maps, eps=eps) * scale[:, :, None, None] + shift[:, :, None, None]


def fused_instance_norm(maps: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
    """The same in one kernel: each picture's channels are channels of one large picture."""
    count, channels = maps.shape[:2]
    scale, shift = (part.expand(count, channels).reshape(-1) for part in (scale, shift))
    flat = maps.reshape(1, count * channels, *maps.shape[2:])
    normal = F.batch_norm(flat, None, None, scale, shift, training=True, eps=eps)
    return normal.view(maps.shape)


class StyledLayer(nn.Module):
    """A layer that takes part of the style vector.

    Attributes:
        style_sizes: its parts' lengths, in the order of use.
        style_starts: what the numbers of each part are in a new style.
    """

    style_sizes: tuple[int, ...]
    style_starts: tuple[float, ...]


class ConvNorm(StyledLayer):
    """A reflection-padded convolution, conditional instance normalization, and ReLU if asked.

    Args:
        kernel: odd at stride 1; best even at stride 2 or 4, so that no pixel is
            favored over its neighbor.
        upsample: nearest-neighbor factor before the convolution.
        norm: ``conditional``, or ``none`` for a plain bias.
        relu: whether a ReLU follows.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        kernel: int,
        *,
        stride: int = 1,
        upsample: int = 1,
        norm: str = "conditional",
        relu: bool = True,
    ) -> None:
        super().__init__()
        self.upsample = upsample
        self.norm = norm
        self.relu = relu
        self.padding = (kernel - stride + 1) // 2
        # Instance normalization removes whatever bias a convolution would add.
        self.conv = nn.Conv2d(
            channels, out_channels, kernel, stride=stride, bias=norm != "conditional"
        )
        self.style_sizes = (out_channels, out_channels) if norm == "conditional" else ()
        self.style_starts = (1.0, 0.0) if norm == "conditional" else ()

    def forward(self, maps: Tensor, style: Iterator[Tensor]) -> Tensor:
        """``style`` yields the scales and shifts still to be used, ``(N, C)`` each."""
        if self.upsample > 1:
            maps = F.interpolate(maps, scale_factor=self.upsample, mode="nearest")
        maps = self.conv(reflected(maps, self.padding))
        if self.norm == "conditional":
            maps = conditional_instance_norm(maps, next(style), next(style))
        return F.relu(maps) if self.relu else maps


def residual_blocks(
    channels: int, count: int, norms: tuple[str, str] = ("conditional", "conditional")
) -> nn.ModuleList:
    """Blocks of two 3x3 convolutions, normalized as ``norms`` says, for :func:`through`."""
    return nn.ModuleList(
        nn.ModuleList([
            ConvNorm(channels, channels, 3, norm=norms[0]),
            ConvNorm(channels, channels, 3, norm=norms[1], relu=False),
        ])
        for _ in range(count)
    )  # fmt: skip


def through(blocks: nn.ModuleList, maps: Tensor, style: Iterator[Tensor]) -> Tensor:
    """Residual blocks, one after the other, without a ReLU behind the sum."""
    for block in blocks:
        first, second = block.children()
        maps = maps + second(first(maps, style), style)
    return maps


class Grain(StyledLayer):
    """Noise that never changes, as channels beside the feature maps.

    In a flat area a convolutional network has nothing to tell one place from
    the next, so whatever it paints there repeats at its stride, as rows of dots.
    The noise gives it something to hang strokes on (as the inputs of texture
    networks do, Ulyanov et al., arXiv:1603.03417; at the place of StyleGAN's,
    Karras et al., arXiv:1812.04948, but fixed, so that a still scene stays still).

    Args:
        channels: of noise; the style vector holds a gain for each.

    Attributes:
        offset: of the first position in the noise, (down, right). Drawn anew for each
            step of a training, or the network learns one piece of noise by heart and
            paints the same picture into every photo.
    """

    PERIOD = 128
    """After so many positions the noise repeats."""

    noise: Tensor
    offset: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(1, channels, self.PERIOD, self.PERIOD, generator=generator)
        self.register_buffer("noise", noise)
        self.register_buffer("offset", torch.zeros(2, dtype=torch.long), persistent=False)
        self.style_sizes = (channels,)
        self.style_starts = (1.0,)

    def forward(
        self, maps: Tensor, style: Iterator[Tensor], offset: Tensor | None = None
    ) -> Tensor:
        """``(N, C, H, W)`` to ``(N, C + channels, H, W)``; ``offset`` in the attribute's place."""
        gain = next(style)[:, :, None, None]
        down, right = self.offset if offset is None else offset
        rows = (torch.arange(maps.shape[2], device=maps.device) + down) % self.PERIOD
        columns = (torch.arange(maps.shape[3], device=maps.device) + right) % self.PERIOD
        noise = gain * self.noise.index_select(2, rows).index_select(3, columns)
        return torch.cat([maps, noise.to(maps.dtype).expand(len(maps), -1, -1, -1)], dim=1)


def place_grain(network: nn.Module, at: Tensor) -> None:
    """Let a network's noise begin at this position, (down, right)."""
    for module in network.modules():
        if isinstance(module, Grain):
            module.offset.copy_(at)


class StyledNetwork(nn.Module):
    """A network that takes a style vector beside its picture.

    Subclasses set up their layers, call :meth:`measure`, and implement
    :meth:`residual`. What takes part of the style vector is a :class:`StyledLayer`.

    Attributes:
        architecture: what :func:`~artem.learn.networks.build.build_network`
            needs to make the same network again.
        style_size: length P of a style vector.
        multiple: input sides must be multiples of this.
        minimum: and at least this long.
        margin: pixels to be painted beyond each border and cut off; a multiple of
            :attr:`multiple`, smaller than :attr:`minimum`.
    """

    architecture: dict[str, object]
    style_size: int
    multiple: int
    minimum: int
    margin: int

    def measure(self) -> None:
        """Add up the style vector's parts, in the order in which layers were set up."""
        layers = [module for module in self.modules() if isinstance(module, StyledLayer)]
        self.style_sizes = [size for layer in layers for size in layer.style_sizes]
        self.style_starts = [start for layer in layers for start in layer.style_starts]
        self.style_sizes += HEAD_SIZES
        self.style_starts += HEAD_STARTS
        self.style_size = sum(self.style_sizes)

    def residual(self, image: Tensor, style: Iterator[Tensor]) -> Tensor:
        """What the head adds, before its scale and shift: ``(N, 3, H, W)``, about [-1, 1]."""
        raise NotImplementedError

    def constrain(self) -> None:
        """Bring the weights back to where they must be; called after each optimizer step."""

    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        """``skip * image + scale * residual + shift``.

        Args:
            image: ``(N, 3, H, W)`` in [0, 1]; sides are multiples of :attr:`multiple`.
            style: ``(N, P)`` or ``(1, P)``.

        Returns:
            ``(N, 3, H, W)``, about [0, 1], not clipped.
        """
        parts = iter(torch.split(style, self.style_sizes, dim=1))
        residual = self.residual(image * 2 - 1, parts)
        skip, scale, shift = (part[:, :, None, None] for part in parts)
        return skip * image + (scale * residual + shift)

    def paint(self, image: Tensor, style: Tensor) -> Tensor:
        """:meth:`forward` with a reflected margin around the picture, cut off again.

        As the exported network does: what layers make of their own padding, combs and
        repeated edges, stays in the margin.
        """
        margin = self.margin
        around = reflected(image, margin)
        painted: Tensor = self(around, style)
        return painted[..., margin:-margin, margin:-margin]


def identity_vector(network: StyledNetwork) -> Tensor:
    """The style ``(P,)`` that gives every picture back exactly: skip 1, all else 0."""
    vector = torch.zeros(network.style_size)
    vector[-9:-6] = 1
    return vector


def style_vector(network: StyledNetwork) -> Tensor:
    """Where every new style starts ``(P,)``: gains and scales 1, shifts 0, a middle gray head."""
    parts = zip(network.style_sizes, network.style_starts, strict=True)
    return torch.cat([torch.full((size,), start) for size, start in parts])
