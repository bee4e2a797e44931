"""VGG-16, VGG-19 and their relatives, by block and convolution."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from artem.core.errors import EncoderError
from artem.learn.encoders.encoder import Encoder, preprocessing

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class VGG(Encoder):
    """Blocks of 3x3 convolutions with a 2x2 pooling between them (arXiv:1409.1556).

    Layers are named as in the papers: ``relu4_2`` is the second convolution of
    the fourth block, after its ReLU.

    Args:
        name: for cards and messages.
        widths: output channels of each convolution, one row a block; the last
            block may be cut short.
        padding: ``zeros`` as torchvision's weights were trained, or ``reflect``
            as the style transfer encoders were.
        pooling: ``max``, or ``average`` as Gatys et al. recommend.
    """

    def __init__(
        self,
        name: str,
        widths: Sequence[Sequence[int]],
        *,
        padding: str = "zeros",
        pooling: str = "max",
    ) -> None:
        super().__init__()
        self.name = name
        self.padding = {"zeros": "constant", "reflect": "reflect"}[padding]
        pools: dict[str, Callable[..., Tensor]] = {
            "max": torch.max_pool2d, "average": F.avg_pool2d
        }  # fmt: skip
        self.pool = pools[pooling]
        self.conv0 = preprocessing(
            torch.diag(1 / torch.tensor(IMAGENET_STD)),
            -torch.tensor(IMAGENET_MEAN) / torch.tensor(IMAGENET_STD),
        )
        self.counts = [len(row) for row in widths]
        channels = 3
        for b, row in enumerate(widths, 1):
            for c, width in enumerate(row, 1):
                self.add_module(f"conv{b}{c}", nn.Conv2d(channels, width, 3))
                channels = width
        self.layers = tuple(
            f"relu{b}_{c}" for b, count in enumerate(self.counts, 1) for c in range(1, count + 1)
        )
        self.style_layers = tuple(f"relu{b}_1" for b in range(1, len(widths) + 1))
        self.content_layers = ("relu4_1",) if "relu4_1" in self.layers else (self.layers[-1],)

    def forward(self, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        wanted = set(layers)
        features: dict[str, Tensor] = {}
        maps = self.conv0(image)
        for layer in self.layers:
            block, number = layer.removeprefix("relu").split("_")
            if number == "1" and block != "1":
                maps = self.pool(maps, 2)
            convolution = self.get_submodule(f"conv{block}{number}")
            maps = F.relu(convolution(F.pad(maps, (1, 1, 1, 1), mode=self.padding)))
            if layer in wanted:
                features[layer] = maps
                if len(features) == len(wanted):
                    break
        return features


VGG_BLOCKS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
VGG_WIDTHS = (64, 128, 256, 512, 512)


def vgg_from_torchvision(name: str, weights: Mapping[str, Tensor], pooling: str = "max") -> VGG:
    """VGG-16 or VGG-19 (``name``) from torchvision's tensors ``features.N.weight``.

    Raises:
        EncoderError: the tensors are of another network.
    """
    widths = [(width,) * count for width, count in zip(VGG_WIDTHS, VGG_BLOCKS[name], strict=True)]
    vgg = VGG(name, widths, pooling=pooling)
    numbers = sorted({int(key.split(".")[1]) for key in weights if key.startswith("features.")})
    names = [layer.replace("relu", "conv").replace("_", "") for layer in vgg.layers]
    if len(numbers) != len(names):
        raise EncoderError(
            f"These are not the weights of {name}: they have {len(numbers)} convolutions "
            f"instead of {len(names)}."
        )
    state = {
        f"{own}.{kind}": weights[f"features.{number}.{kind}"]
        for own, number in zip(names, numbers, strict=True)
        for kind in ("weight", "bias")
    }
    vgg.load_state_dict(vgg.state_dict() | state)
    return vgg


def vgg_from_blocks(name: str, weights: Mapping[str, Tensor]) -> VGG:
    """A VGG from tensors named ``conv0``, ``conv11``, ``conv12``, ``conv21``... (block, number).

    That is the layout of the published style transfer encoders: reflection
    padding, and ``conv0`` for what is subtracted and scaled. Other tensors are
    ignored.
    """
    rows: dict[str, list[int]] = {}
    for key in sorted(weights):
        if match := re.fullmatch(r"conv([1-5])[1-4]\.weight", key):
            rows.setdefault(match[1], []).append(weights[key].shape[0])
    vgg = VGG(name, list(rows.values()), padding="reflect")
    vgg.load_state_dict({key: weights[key] for key in vgg.state_dict()})
    return vgg
