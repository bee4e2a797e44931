"""``compact``: a small encoder that answers in the words of a large one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

from artem.core.digests import tensors_digest
from artem.core.errors import EncoderError
from artem.core.files import replacing
from artem.learn.encoders.encoder import Encoder, preprocessing
from artem.learn.encoders.vgg import IMAGENET_MEAN, IMAGENET_STD
from artem.learn.padding import reflected

FORMAT = "artem-encoder-1"

RANKS = {
    "relu1_1": 24, "relu1_2": 20, "relu2_1": 32, "relu2_2": 48, "relu3_1": 64, "relu3_2": 64,
    "relu3_3": 96, "relu4_1": 128, "relu4_2": 128, "relu4_3": 128, "relu5_1": 128,
}  # fmt: skip
"""Filters of each 3x3 convolution; the layers are those of VGG-16 up to relu5_1."""

TOLD_LAYERS = ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu4_1", "relu5_1")
"""The layers that are distilled from a teacher's of the same name."""


class Compact(Encoder):
    """A small VGG that has its teacher's channels, spanned by a few filters each.

    A layer that a teacher has is a 3x3 convolution with few filters, a 1x1
    convolution to as many channels as the teacher's, and a ReLU: what a VGG's
    layer gives lies near a space of a quarter or less of its channels (Zhang et
    al., arXiv:1505.06798), so its features and Gram matrices keep their shape and
    meaning at less than half of its arithmetic. The layers in between (relu3_2,
    relu3_3, relu4_2, relu4_3) are plain and its own. Reflection padding, max
    pooling.

    Args:
        channels: the teacher's channels of the told layers, by name.
        ranks: filters of the 3x3 convolutions by layer, shallowest first.
    """

    content_layers = ("relu4_1",)
    style_layers = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

    def __init__(self, channels: Mapping[str, int], ranks: Mapping[str, int] = RANKS) -> None:
        super().__init__()
        self.name = "compact"
        self.told = dict(channels)
        self.ranks = dict(ranks)
        self.layers = tuple(ranks)
        self.conv0 = preprocessing(
            torch.diag(1 / torch.tensor(IMAGENET_STD)),
            -torch.tensor(IMAGENET_MEAN) / torch.tensor(IMAGENET_STD),
        )
        before = 3
        for layer, rank in ranks.items():
            own = layer not in self.told
            rank = rank if own else min(rank, self.told[layer])
            self.add_module(_named("conv", layer), nn.Conv2d(before, rank, 3, bias=own))
            before = rank
            if not own:
                before = self.told[layer]
                self.add_module(_named("span", layer), nn.Conv2d(rank, before, 1))

    def forward(
        self,
        image: Tensor,
        layers: Sequence[str],
        hand_on: Callable[[str, Tensor], Tensor] = lambda layer, maps: maps,
    ) -> dict[str, Tensor]:
        """See :class:`Encoder`. ``hand_on`` says what a told layer's successor gets of its maps."""
        wanted = set(layers)
        features: dict[str, Tensor] = {}
        maps = self.conv0(image)
        for layer in self.layers:
            maps = self.get_submodule(_named("conv", layer))(self._padded(layer, maps))
            if layer in self.told:
                maps = self.get_submodule(_named("span", layer))(maps)
            maps = F.relu(maps)
            if layer in wanted:
                features[layer] = maps
                if len(features) == len(wanted):
                    break
            if layer in self.told:
                maps = hand_on(layer, maps)
        return features

    def before(self, layer: str, image: Tensor) -> Tensor:
        """What a layer's convolution is applied to, padded, for an image ``(N, 3, H, W)``."""
        index = self.layers.index(layer)
        if index == 0:
            maps = self.conv0(image)
        else:
            maps = self(image, [self.layers[index - 1]])[self.layers[index - 1]]
        return self._padded(layer, maps)

    @staticmethod
    def _padded(layer: str, maps: Tensor) -> Tensor:
        if layer[-2:] == "_1" and layer != "relu1_1":
            maps = torch.max_pool2d(maps, 2)
        return reflected(maps, 1)

    @torch.no_grad()
    def set_layer(self, layer: str, narrow: Tensor, wide: Tensor, shift: Tensor) -> None:
        """Give a told layer its weights.

        Args:
            narrow: ``(rank, C * 9)``, on the 3x3 surroundings of a position.
            wide: ``(channels, rank)``.
            shift: ``(channels,)``.
        """
        convolution = self.get_parameter(f"{_named('conv', layer)}.weight")
        convolution.copy_(narrow.view_as(convolution))
        span = _named("span", layer)
        self.get_parameter(f"{span}.weight").copy_(wide[:, :, None, None])
        self.get_parameter(f"{span}.bias").copy_(shift)

    @torch.no_grad()
    def initialize(self, seed: int) -> None:
        """Random weights that keep the size of what passes through (arXiv:1502.01852)."""
        generator = torch.Generator().manual_seed(seed)
        for name, layer in self.named_children():
            if isinstance(layer, nn.Conv2d) and name != "conv0":
                linear = layer.bias is None
                nn.init.kaiming_normal_(
                    layer.weight, nonlinearity="linear" if linear else "relu", generator=generator
                )
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)


def _named(kind: str, layer: str) -> str:
    return layer.replace("relu", kind).replace("_", "")


def save_compact(file: str | Path, network: Compact, card: Mapping[str, Any]) -> None:
    """Write a :class:`Compact` as float16, whole or not at all, with ``card`` in the header."""
    tensors = {
        key: tensor.detach().cpu().contiguous().half()
        for key, tensor in network.state_dict().items()
    }
    header = {"format": FORMAT, "card": json.dumps(dict(card)), "digest": _digest(tensors)}
    with replacing(file) as partial:
        partial.write_bytes(save(tensors, header))


def compact_from_tensors(weights: Mapping[str, Tensor], header: Mapping[str, str]) -> Compact:
    """What :func:`save_compact` wrote, from its tensors and its header.

    Raises:
        EncoderError: the digest does not fit.
    """
    if header.get("digest") != _digest(weights):
        raise EncoderError("its digest does not fit")
    ranks: dict[str, int] = {}
    channels: dict[str, int] = {}
    for key in sorted(weights):
        if match := re.fullmatch(r"(conv|span)([1-5])([1-4])\.weight", key):
            counts = ranks if match[1] == "conv" else channels
            counts[f"relu{match[2]}_{match[3]}"] = weights[key].shape[0]
    network = Compact(channels, ranks)
    network.load_state_dict({key: weights[key].float() for key in network.state_dict()})
    return network


def _digest(tensors: Mapping[str, Tensor]) -> str:
    return tensors_digest({key: tensor.float().numpy() for key, tensor in tensors.items()})
