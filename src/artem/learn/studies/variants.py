"""One network for one style, in the variants that the HPI report compares, as files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from artem.core.errors import TrainingError, did_you_mean
from artem.core.files import replacing
from artem.learn.networks.transformer import TransformerNet

FORMAT = "artem-variant-1"

WEIGHTS, SCALES, CURVES = "weights.", "scales.", "curves."
"""What the names of the three kinds of tensors in a file begin with."""


@dataclass(frozen=True)
class Variant:
    """What sets one training apart from the one as reported.

    Attributes:
        told: the same in words, for a sheet's label.
        norm, transposed: see :class:`~artem.learn.networks.transformer.TransformerNet`.
        few: whether it sees only the first photos of the shuffled ones.
        style_layers: weights by a VGG's names, instead of 1 for each layer.
        clip: largest norm of each tensor's gradient; 0 for no clipping.
    """

    told: str
    norm: str = "instance"
    transposed: bool = False
    few: bool = False
    style_layers: Mapping[str, float] | None = None
    clip: float = 1.0

    def network(self) -> TransformerNet:
        """A network of this kind with weights drawn from PyTorch's generator."""
        return TransformerNet(norm=self.norm, transposed=self.transposed)


VARIANTS: dict[str, Variant] = {
    "reported": Variant("as reported"),
    "few-photos": Variant("few photos", few=True),
    "batch-norm": Variant("batch norm", norm="batch"),
    "transposed": Variant("transposed convolution", transposed=True),
    # The HPI report's; it prints five numbers for these four layers.
    "layer-weights": Variant(
        "modified layer weights",
        style_layers={"relu1_2": 0.7, "relu2_2": 0.3, "relu3_3": 0.03, "relu4_3": 0.03},
    ),
    "unclipped": Variant("no clipping", clip=0.0),
    "johnson": Variant("batch norm, transposed", norm="batch", transposed=True),
}
"""By name, in the order in which they are trained: each is compared with the first."""


def find_variants(names: Sequence[str] | None) -> dict[str, Variant]:
    """The variants with these names, in the order of :data:`VARIANTS`; all for ``None``.

    Raises:
        TrainingError: there is no variant with one of them.
    """
    for name in names or ():
        if name not in VARIANTS:
            raise TrainingError(
                f"'{name}' is no variant.{did_you_mean(name, VARIANTS)}\n"
                f"  Use some of: {', '.join(VARIANTS)}"
            )
    return {name: variant for name, variant in VARIANTS.items() if not names or name in names}


@dataclass(frozen=True)
class Trained:
    """A variant after its training.

    Attributes:
        network: on the CPU, in evaluation mode.
        settings: what it was trained with, by name.
        curves: by column, float32: ``step`` from 1 with what was measured at each step;
            ``held-out step`` with what was measured on held-out photos after these steps.
        device: what it was trained on, in words.
        time_s: how long that took.
    """

    network: TransformerNet
    settings: Mapping[str, Any]
    curves: Mapping[str, Tensor]
    device: str
    time_s: float


def save_variant(file: Path, name: str, trained: Trained) -> None:
    """Write a trained variant as one safetensors file of 1.9 MB.

    Kernels of the residual blocks, nine tenths of all weights, are rounded to 8 bits
    with a scale for each filter, the others to float16; what has one dimension stays
    float32. The picture that the network paints changes by some tenth of a level (of 255).

    Raises:
        ArtemError: it cannot be written.
    """
    tensors = {
        f"{CURVES}{key}": curve.float().contiguous() for key, curve in trained.curves.items()
    }
    for key, value in trained.network.state_dict().items():
        value = value.detach().cpu()
        if value.ndim == 4 and (".first." in key or ".second." in key):
            scale = value.abs().amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12) / 127
            tensors[f"{SCALES}{key}"] = scale
            value = (value / scale).round().to(torch.int8)
        elif value.ndim == 4:
            value = value.half()
        tensors[f"{WEIGHTS}{key}"] = value.contiguous()
    header = {
        "format": FORMAT,
        "variant": name,
        "settings": json.dumps(dict(trained.settings), sort_keys=True),
        "device": trained.device,
        "time_s": f"{trained.time_s:.1f}",
    }
    with replacing(file) as partial:
        save_file(tensors, partial, header)


def load_variant(file: Path, name: str) -> Trained:
    """What :func:`save_variant` wrote.

    Raises:
        TrainingError: the file is damaged, or of another variant.
    """
    try:
        with safe_open(file, "pt") as opened:
            header = opened.metadata() or {}
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
        if header.get("format") != FORMAT or header["variant"] != name:
            raise ValueError(f"it is no '{name}'")
        network = VARIANTS[name].network()
        state = {}
        for key, value in tensors.items():
            kind, _, rest = key.partition(".")
            if kind + "." == WEIGHTS:
                scale = tensors.get(f"{SCALES}{rest}")
                state[rest] = value if scale is None else value.float() * scale
        network.load_state_dict(state)
        curves = {
            key.removeprefix(CURVES): value
            for key, value in tensors.items()
            if key.startswith(CURVES)
        }
        return Trained(
            network.eval().requires_grad_(False),
            json.loads(header["settings"]),
            curves,
            header["device"],
            float(header["time_s"]),
        )
    except (SafetensorError, OSError, RuntimeError, ValueError, LookupError, TypeError) as error:
        raise TrainingError(
            f"'{file}' holds no trained variant '{name}' ({error}).\n"
            f"  Delete it to train that one again."
        ) from error
