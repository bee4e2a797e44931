"""Encoders by name, by file and by folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from artem.core.errors import EncoderError, did_you_mean
from artem.learn.encoders.compact import FORMAT, compact_from_tensors
from artem.learn.encoders.encoder import Encoder, EncoderChain
from artem.learn.encoders.fetch import fetch_torchvision
from artem.learn.encoders.squeezenet import squeezenet_from_tensors, squeezenet_from_torchvision
from artem.learn.encoders.vgg import vgg_from_blocks, vgg_from_torchvision

TEACHER_VARIABLE = "ARTEM_TEACHER"

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "compact.safetensors"

ENCODERS: dict[str, Callable[[], Encoder]] = {
    "compact": lambda: _from_file(SHIPPED),
    "vgg16": lambda: vgg_from_torchvision("vgg16", fetch_torchvision("vgg16")),
    "vgg19": lambda: vgg_from_torchvision("vgg19", fetch_torchvision("vgg19")),
    "squeezenet": lambda: squeezenet_from_torchvision(fetch_torchvision("squeezenet1_0")),
}

TEACHER_FILES = ("vgg19_relu31.safetensors", "vgg19_16x_enc5.safetensors")
"""What a teacher's folder holds: the true VGG-19 up to relu3_1, and a compressed one below."""


def load_encoder(encoder: str | Path | None = None) -> Encoder:
    """The perceptual network that a name or a path stands for, frozen.

    Args:
        encoder: a name out of :data:`ENCODERS`; or a ``.safetensors`` file with
            one of ``artem distill``, a VGG (``conv11.weight``... or torchvision's
            ``features.0.weight``...) or SqueezeNet (``fire2.squeeze.weight``... or
            torchvision's); or a folder with the files :data:`TEACHER_FILES`.
            ``None`` takes the path in the environment variable ``ARTEM_TEACHER``
            and, without one, the shipped ``compact``.

    Raises:
        EncoderError: there is no such encoder, or it cannot be read or fetched.
    """
    if encoder is None:
        encoder = os.environ.get(TEACHER_VARIABLE) or "compact"
    if str(encoder) in ENCODERS:
        return ENCODERS[str(encoder)]().frozen()
    path = Path(encoder)
    if path.is_dir():
        files = [path / name for name in TEACHER_FILES if (path / name).is_file()]
        if not files:
            raise EncoderError(
                f"The folder '{path}' holds no encoder.\n"
                f"  It should hold {' or '.join(TEACHER_FILES)}; name a file instead."
            )
        return EncoderChain([_from_file(file) for file in files]).frozen()
    if path.is_file():
        return _from_file(path).frozen()
    raise EncoderError(
        f"'{encoder}' is neither an encoder nor a file.{did_you_mean(str(encoder), ENCODERS)}\n"
        f"  Known names: {', '.join(ENCODERS)}; or give a .safetensors file."
    )


def _from_file(path: Path) -> Encoder:
    try:
        with safe_open(path, "pt") as opened:
            header = opened.metadata() or {}
            weights = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise EncoderError(
            f"'{path}' is not a readable safetensors file ({error}).\n  Fetch or convert it again."
        ) from error
    return _from_tensors(path, weights, header)


def _from_tensors(path: Path, weights: Mapping[str, Tensor], header: Mapping[str, str]) -> Encoder:
    try:
        if header.get("format") == FORMAT:
            return compact_from_tensors(weights, header)
        if "fire2.squeeze.weight" in weights:
            return squeezenet_from_tensors(weights)
        if "conv11.weight" in weights:
            return vgg_from_blocks(path.stem, weights)
        if "features.3.squeeze.weight" in weights:
            return squeezenet_from_torchvision(weights)
        if "features.0.weight" in weights:
            name = "vgg19" if "features.34.weight" in weights else "vgg16"
            return vgg_from_torchvision(name, weights)
    except (EncoderError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise EncoderError(
            f"'{path}' looks like an encoder but its tensors do not fit ({error})."
        ) from error
    raise EncoderError(
        f"'{path}' holds no encoder that is known here (VGG or SqueezeNet v1.0).\n"
        f"  Its first tensors: {', '.join(sorted(weights)[:4])}"
    )
