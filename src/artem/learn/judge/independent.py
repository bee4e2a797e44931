"""An encoder that no network here is trained on: SqueezeNet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from artem.core.errors import EncoderError
from artem.learn.encoders import Encoder, load_encoder
from artem.learn.encoders.encoder import preprocessing
from artem.learn.encoders.fetch import fetch_torchvision
from artem.learn.encoders.squeezenet import SqueezeNet, squeezenet_from_tensors
from artem.learn.encoders.vgg import IMAGENET_MEAN, IMAGENET_STD

SQUEEZENET_URL = "https://download.pytorch.org/models/squeezenet1_0-b66bff10.pth"
"""torchvision's; the eight digits are the first of the file's SHA-256."""

FEATURES = {0: "conv1"} | dict(
    zip((3, 4, 5, 7, 8, 9, 10, 12), (f"fire{n}" for n in range(2, 10)), strict=True)
)
"""Our name of each layer with weights, by its number in torchvision's ``features``."""


def load_independent(
    encoder: str | Path | None = None, *, folder: Path | None = None, url: str = SQUEEZENET_URL
) -> Encoder:
    """The encoder that judges what another one trained, frozen.

    Args:
        encoder: as for :func:`~artem.learn.encoders.load_encoder`; ``None`` takes
            torchvision's SqueezeNet 1.0 from the cache or fetches it.
        folder: the cache; the user's by default.
        url: where from; the name must end in ``-HASH.pth``.

    Raises:
        EncoderError: it cannot be read or fetched.
    """
    if encoder is not None:
        return load_encoder(encoder)
    try:
        weights = fetch_torchvision("squeezenet1_0", folder=folder, url=url)
    except EncoderError as error:
        reason = str(error).partition("\n")[0]
        raise EncoderError(f"{reason}\n  Give SqueezeNet's file with --independent.") from error
    return squeezenet_from_torchvision(weights).frozen()


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
