"""The HPI network: Johnson et al.'s, with upsampling and instance normalization."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn


class ConvLayer(nn.Module):
    """Upsampling or none, reflection padding, convolution, normalization, ReLU if asked.

    Args:
        upsample: factor by which the picture grows; with ``transposed`` the
            convolution itself does it (as Johnson et al.), else nearest-neighbor
            upsampling in front of it (as the HPI report).
        norm: ``instance`` (affine), ``batch`` or ``none``.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        kernel: int,
        *,
        stride: int = 1,
        upsample: int = 1,
        transposed: bool = False,
        norm: str = "instance",
        relu: bool = True,
    ) -> None:
        super().__init__()
        self.transposed = transposed and upsample > 1
        self.upsample = upsample
        self.padding = kernel // 2
        self.relu = relu
        self.conv: nn.Module
        if self.transposed:
            self.conv = nn.ConvTranspose2d(
                channels, out_channels, kernel, upsample, self.padding, output_padding=upsample - 1
            )
        else:
            self.conv = nn.Conv2d(channels, out_channels, kernel, stride)
        norms: dict[str, Callable[[], nn.Module]] = {
            "instance": lambda: nn.InstanceNorm2d(out_channels, affine=True),
            "batch": lambda: nn.BatchNorm2d(out_channels),
            "none": nn.Identity,
        }
        self.norm = norms[norm]()

    def forward(self, maps: Tensor) -> Tensor:
        if not self.transposed:
            if self.upsample > 1:
                maps = F.interpolate(maps, scale_factor=self.upsample, mode="nearest")
            maps = F.pad(maps, (self.padding,) * 4, mode="reflect")
        maps = self.norm(self.conv(maps))
        return F.relu(maps) if self.relu else maps


class Residual(nn.Module):
    """Two 3x3 convolutions around a residual connection, without a ReLU behind the sum."""

    def __init__(self, channels: int, norm: str) -> None:
        super().__init__()
        self.first = ConvLayer(channels, channels, 3, norm=norm)
        self.second = ConvLayer(channels, channels, 3, norm=norm, relu=False)

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.second(self.first(maps))  # type: ignore[no-any-return]


class TransformerNet(nn.Module):
    """One style, 1,679,235 parameters: table 1 of the HPI report, layer by layer.

    9x9 to 32 channels, 3x3 stride 2 to 64 and 128, five residual blocks,
    upsampling and 3x3 to 64 and 32, 9x9 to RGB; reflection padding everywhere.

    Args:
        norm: ``instance`` (affine, as the report chose) or ``batch`` (as Johnson
            et al., arXiv:1603.08155).
        transposed: transposed convolutions (Johnson, Engstrom) instead of
            nearest-neighbor upsampling and a convolution.
        blocks: residual blocks.
    """

    def __init__(
        self, *, norm: str = "instance", transposed: bool = False, blocks: int = 5
    ) -> None:
        super().__init__()
        up = {"upsample": 2, "transposed": transposed, "norm": norm}
        self.layers = nn.Sequential(
            ConvLayer(3, 32, 9, norm=norm),
            ConvLayer(32, 64, 3, stride=2, norm=norm),
            ConvLayer(64, 128, 3, stride=2, norm=norm),
            *(Residual(128, norm) for _ in range(blocks)),
            ConvLayer(128, 64, 3, **up),  # type: ignore[arg-type]
            ConvLayer(64, 32, 3, **up),  # type: ignore[arg-type]
            ConvLayer(32, 3, 9, norm="none", relu=False),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Stylized picture ``(N, 3, H, W)`` of one in [0, 1]; sides are multiples of 4."""
        return self.layers(image)  # type: ignore[no-any-return]
