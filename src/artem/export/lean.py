"""Networks as graphs that enlarge and cut as little as they can: the same sums in less time.

What is written here in place of a network's layers paints the same pictures; exporting
compares both. The derivations are of one dimension; the other one is alike.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from artem.learn.networks.conditional import ConvNorm, conditional_instance_norm
from artem.learn.networks.slim import SlimNet

PHASES = torch.tensor([[[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]])
"""``(phase, place, tap)``: which taps of three fall on which place of a window of two.

A map enlarged twice holds each value at two positions. Window ``w`` is the values at ``w - 1``
and ``w`` of the small map. The convolution at the enlarged map's position ``2 w - 1`` (phase 0)
has its first two taps on the former value and one on the latter; at ``2 w`` (phase 1) it has
one and two.
"""

PAIRS = torch.zeros(2, 2, 2, 3)
"""``(row, place, phase, tap)``: the same for a second convolution, over the first one's results.

Its taps at the enlarged map's position ``2 i + row`` are at ``2 i + row - 1 + tap``: in a
window of two windows, ``i`` and ``i + 1``, at place ``(row + tap) // 2``, phase
``(row + tap) % 2``.
"""
for _row in range(2):
    for _tap in range(3):
        PAIRS[_row, (_row + _tap) // 2, (_row + _tap) % 2, _tap] = 1


class PhaseConvNorm(nn.Module):
    """Stands for a 3x3 :class:`ConvNorm` behind a nearest-neighbor enlargement by two.

    A 2x2 convolution at the small size computes the four phases, 4/9 of the products, as
    channels, and these are then laid out. Reflecting the enlarged map by one repeats its
    outermost value, as does replicating the small one; the windows beyond both borders give a
    row more than is needed on each side, which is cut.

    Args:
        layer: with ``upsample`` 2; its weights are kept, so that they can be stored.
    """

    phases: Tensor
    bias: Tensor | None

    def __init__(self, layer: ConvNorm) -> None:
        super().__init__()
        self.conv, self.norm, self.relu = layer.conv, layer.norm, layer.relu
        self.register_buffer("phases", phase_weight(layer.conv.weight.detach()))
        bias = layer.conv.bias
        self.register_buffer("bias", None if bias is None else bias.detach().repeat(4))

    def forward(self, maps: Tensor, style: Iterator[Tensor]) -> Tensor:
        """As :meth:`ConvNorm.forward`, but laying out is only said."""
        maps = F.conv2d(F.pad(maps, (1,) * 4, mode="replicate"), self.phases, self.bias)
        channels, height, width = maps.shape[1:]
        maps = torch.onnx.ops.symbolic(
            "DepthToSpace",
            (maps,),
            attrs={"blocksize": 2, "mode": "DCR"},
            dtype=maps.dtype,
            shape=(1, channels // 4, 2 * height, 2 * width),
        )[:, :, 1:-1, 1:-1]
        if self.norm == "conditional":
            maps = conditional_instance_norm(maps, next(style), next(style))
        return F.relu(maps) if self.relu else maps


def phase_weight(weight: Tensor) -> Tensor:
    """3x3 filters ``(O, C, 3, 3)`` as those of each phase, ``(2 * 2 * O, C, 2, 2)``."""
    phases = torch.einsum("apk,bql,ockl->abocpq", PHASES, PHASES, weight)
    return phases.flatten(0, 2).contiguous()


def fold_upsampling(network: nn.Module) -> None:
    """Put a :class:`PhaseConvNorm` in the place of each layer that it can stand for."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, ConvNorm) and child.upsample == 2 and child.padding == 1:
                setattr(module, name, PhaseConvNorm(child))


class SlimFrame(nn.Module):
    """A :class:`SlimNet` from frame to frame, its head at a quarter of the size.

    The frame stays in its own layout and in bytes for as long as it can. It reaches the stem
    in 0 to 2 and not in -1 to 1: the normalization takes away what that adds, and all 256
    levels are quantized exactly. The margin is cut before the head, but for the one position
    that the head looks beyond the border. The head's first convolution is enlarged; its phases
    stay channels, the second convolution gives the 16 pixels of each position as channels, and
    these are laid out in rows once.

    Args:
        network: settled; it is changed, and its weights are kept, so that they can be stored.
    """

    full_weight: Tensor
    full_bias: Tensor

    def __init__(self, network: SlimNet) -> None:
        super().__init__()
        full = network.to_full.conv
        assert full.bias is not None
        # Rows and columns of pixels: first of the two at half the size, then of the shuffle's.
        weight = torch.unflatten(full.weight.detach(), 0, (3, 2, 2))
        pixels = torch.einsum("ypak,xqbl,ruvokl->yuxvrabopq", PAIRS, PAIRS, weight)
        self.register_buffer("full_weight", pixels.flatten(5, 7).flatten(0, 4).contiguous())
        bias = torch.unflatten(full.bias.detach(), 0, (3, 2, 2)).permute(1, 2, 0)
        self.register_buffer("full_bias", bias.repeat(2, 2, 1).flatten())
        fold_upsampling(network)
        self.network = network

    def forward(self, frame: Tensor, style: Tensor, place: Tensor | None = None) -> Tensor:
        """As :meth:`~artem.export.onnx.FrameNetwork.forward`."""
        network = self.network
        offset = None if place is None else place // network.grain_px
        parts = iter(torch.split(style, network.style_sizes, dim=1))
        around = frame[None]
        for pad in (network.margin, network.stem.padding):
            around = F.pad(around, (0, 0, pad, pad, pad, pad), mode="reflect")
        quarter = network.stem.conv(around[0].permute(0, 3, 1, 2).float() * (2 / 255))
        quarter = F.relu(conditional_instance_norm(quarter, next(parts), next(parts)))
        beyond = network.margin // 4 - 1
        maps = network.maps(quarter, parts, offset)[:, :, beyond:-beyond, beyond:-beyond]
        half: nn.Module = network.to_half
        assert isinstance(half, PhaseConvNorm)
        maps = F.relu(F.conv2d(maps, half.phases, half.bias))
        maps = F.conv2d(maps, self.full_weight, self.full_bias)
        height, width = maps.shape[2:]
        residual = maps.permute(0, 2, 3, 1).reshape(1, height, width, 4, 12).transpose(2, 3)
        rows = (1, 4 * height, 12 * width)
        # Three colors by turns along a whole row: short rows would cost the most of all.
        skip, scale, shift = (part.repeat(1, 4 * width)[:, None] for part in parts)
        painted = skip * frame.reshape(rows).float()
        painted = painted + (255 * scale * residual.reshape(rows) + 255 * shift)
        return painted.clamp(0, 255).round().to(torch.uint8).reshape(frame.shape)
