"""SqueezeNet v1.0: an encoder that shares nothing with the VGG family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from artem.core.errors import EncoderError
from artem.learn.encoders.encoder import Encoder, preprocessing
from artem.learn.encoders.vgg import IMAGENET_MEAN, IMAGENET_STD

SQUEEZE = (16, 16, 32, 32, 48, 48, 64, 64)
EXPAND = (64, 64, 128, 128, 192, 192, 256, 256)

FEATURES = {0: "conv1"} | dict(
    zip((3, 4, 5, 7, 8, 9, 10, 12), (f"fire{n}" for n in range(2, 10)), strict=True)
)
"""Our name of each layer with weights, by its number in torchvision's ``features``."""


class Fire(nn.Module):
    """A 1x1 squeeze, then 1x1 and 3x3 expansions side by side (arXiv:1602.07360, section 3.1)."""

    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, maps: Tensor) -> Tensor:
        squeezed = F.relu(self.squeeze(maps))
        return torch.cat(
            [F.relu(self.expand1x1(squeezed)), F.relu(self.expand3x3(squeezed))], dim=1
        )


class SqueezeNet(Encoder):
    """SqueezeNet v1.0 (arXiv:1602.07360), up to its last fire module.

    Layers are ``relu1`` (the first convolution) and ``fire2`` to ``fire9``.
    """

    name = "squeezenet"
    layers = ("relu1", *(f"fire{n}" for n in range(2, 10)))
    content_layers = ("fire5",)
    style_layers = ("relu1", "fire3", "fire5", "fire7", "fire9")

    def __init__(self) -> None:
        super().__init__()
        # Caffe's habit: BGR, 0 to 255, minus the mean color.
        self.conv0 = preprocessing(255 * torch.eye(3).flip(0), -torch.tensor((104.0, 117.0, 123.0)))
        self.conv1 = nn.Conv2d(3, 96, 7, stride=2)
        channels = 96
        for n, squeeze, expand in zip(range(2, 10), SQUEEZE, EXPAND, strict=True):
            self.add_module(f"fire{n}", Fire(channels, squeeze, expand))
            channels = 2 * expand

    def forward(self, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        wanted = set(layers)
        maps = F.relu(self.conv1(self.conv0(image)))
        features = {"relu1": maps} if "relu1" in wanted else {}
        for n in range(2, 10):
            if len(features) == len(wanted):
                break
            if n in (2, 5, 9):
                maps = F.max_pool2d(maps, 3, 2, ceil_mode=True)
            maps = self.get_submodule(f"fire{n}")(maps)
            if f"fire{n}" in wanted:
                features[f"fire{n}"] = maps
        return features


def squeezenet_from_tensors(weights: Mapping[str, Tensor]) -> SqueezeNet:
    """SqueezeNet from tensors named ``conv1.weight``, ``fire2.squeeze.weight``..."""
    network = SqueezeNet()
    # Published files may lack conv0, the preprocessing; everything else must be there.
    network.load_state_dict({
        key: weights.get(key, tensor) if key.startswith("conv0.") else weights[key]
        for key, tensor in network.state_dict().items()
    })  # fmt: skip
    return network


def squeezenet_from_torchvision(weights: Mapping[str, Tensor]) -> SqueezeNet:
    """SqueezeNet 1.0 from torchvision's tensors ``features.3.squeeze.weight``...

    torchvision's was trained on RGB less the mean color, divided by the standard
    deviation, where the authors' takes BGR from 0 to 255.

    Raises:
        EncoderError: the tensors are of another network.
    """
    deviation = torch.tensor(IMAGENET_STD)
    scaled = preprocessing(torch.diag(1 / deviation), -torch.tensor(IMAGENET_MEAN) / deviation)
    renamed = {f"conv0.{name}": tensor for name, tensor in scaled.state_dict().items()}
    try:
        for key, tensor in weights.items():
            _, number, rest = key.split(".", 2)
            renamed[f"{FEATURES[int(number)]}.{rest}"] = tensor
        return squeezenet_from_tensors(renamed)
    except (LookupError, RuntimeError, ValueError) as error:
        raise EncoderError("These are not the weights of torchvision's SqueezeNet 1.0.") from error
