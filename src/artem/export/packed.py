"""A binary trunk as one node of an ONNX file: weights of one bit, in the domain ``artem``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from artem.learn.binary import BinaryConv2d
from artem.learn.networks import StyledNetwork
from artem.learn.networks.binary_trunk import EPS, BinaryTrunk
from artem.runtime.binary import DOMAIN, OPERATION
from artem.runtime.xnor import pack_weights


class PackedLayer(nn.Module):
    """What a file holds of a binary convolution.

    Attributes:
        words: signs, ``(out, kh, kw, bytes)``; see :mod:`artem.runtime.xnor.packing`.
        alpha: magnitude of each filter's latent weights, ``(out,)``. Nothing is
            computed from it; a training that goes on from the file starts with it.
    """

    words: Tensor
    alpha: Tensor

    def __init__(self, layer: BinaryConv2d) -> None:
        super().__init__()
        weight = layer.weight.detach()
        words = pack_weights(weight.cpu().numpy()).view(np.uint8)
        self.register_buffer("words", torch.from_numpy(words))
        self.register_buffer("alpha", weight[:, 0, 0, 0].abs().clone())


class PackedTrunk(nn.Module):
    """Stands for a :class:`BinaryTrunk` with settled weights while a graph is written.

    The node takes maps ``(N, H, W, C)``, the trunk's part of the style vector, and each
    layer's words and alpha; it gives maps of the same shape.
    """

    def __init__(self, trunk: BinaryTrunk) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            PackedLayer(layer) for layer in trunk.layers if isinstance(layer, BinaryConv2d)
        )
        self.parts = len(trunk.style_sizes)

    def forward(self, maps: Tensor, style: Iterator[Tensor]) -> Tensor:
        """As :meth:`BinaryTrunk.forward`, but it only says what to compute."""
        numbers = torch.cat([next(style) for _ in range(self.parts)], dim=1)
        maps = maps.permute(0, 2, 3, 1)
        weights = [tensor for layer in self.layers for tensor in (layer.words, layer.alpha)]
        result = torch.onnx.ops.symbolic(
            f"{DOMAIN}::{OPERATION}",
            (maps, numbers, *weights),  # type: ignore[arg-type]
            attrs={"epsilon": EPS},
            dtype=maps.dtype,
            shape=maps.shape,
            version=1,
        )
        assert isinstance(result, Tensor)
        return result.permute(0, 3, 1, 2)


def settle(network: StyledNetwork) -> bool:
    """Reduce latent weights to what bits can hold, see :meth:`BinaryConv2d.settle`.

    Returns:
        Whether there were any.
    """
    layers = [module for module in network.modules() if isinstance(module, BinaryConv2d)]
    for layer in layers:
        layer.settle()
    return bool(layers)


def pack_trunks(network: nn.Module) -> None:
    """Put a :class:`PackedTrunk` in the place of each binary trunk."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, BinaryTrunk):
                setattr(module, name, PackedTrunk(child))
