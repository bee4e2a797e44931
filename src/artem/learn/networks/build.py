"""Networks from their description, and from their ONNX files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from artem.core.errors import NetworkError, did_you_mean
from artem.core.network_file import load_network_file, read_weights, read_words
from artem.learn.binary import BinaryConv2d
from artem.learn.networks.adain import AdaINNet
from artem.learn.networks.conditional import StyledNetwork
from artem.learn.networks.fine import FineNet
from artem.learn.networks.slim import SlimNet

ARCHITECTURES: dict[str, Callable[..., StyledNetwork]] = {
    "slim": SlimNet,
    "fine": FineNet,
    "adain": AdaINNet,
}

PRESETS: dict[str, dict[str, object]] = {
    "fast": {"name": "slim", "trunk": 96, "blocks": 4, "refine": 1},
    "micro": {"name": "slim", "stem": 16, "trunk": 64},
    "fine": {"name": "fine"},
}
"""Architectures by what they are called for: the three budgets of time."""


def preset_architecture(name: str, sizes: Mapping[str, int]) -> dict[str, object]:
    """A preset's architecture, some of its sizes changed.

    Raises:
        NetworkError: there is no such preset.
    """
    if name not in PRESETS:
        raise NetworkError(
            f"'{name}' is not an architecture.{did_you_mean(name, PRESETS)}\n"
            f"  Use one of: {', '.join(PRESETS)}"
        )
    return {**PRESETS[name], **sizes}


def build_network(architecture: Mapping[str, Any]) -> StyledNetwork:
    """A network with random weights from its ``architecture``: a name and its arguments.

    Raises:
        NetworkError: the name or an argument is unknown.
    """
    arguments = dict(architecture)
    name = arguments.pop("name", "")
    if name not in ARCHITECTURES:
        raise NetworkError(
            f"'{name}' is not an architecture.{did_you_mean(str(name), ARCHITECTURES)}\n"
            f"  Known: {', '.join(ARCHITECTURES)}"
        )
    try:
        return ARCHITECTURES[name](**arguments)
    except (TypeError, KeyError, AttributeError) as error:
        raise NetworkError(f"The architecture '{name}' does not fit ({error}).") from error


def load_network(file: str | Path) -> StyledNetwork:
    """A network with its weights from the ONNX file that runs it.

    Raises:
        NetworkError: the file is missing, damaged, or of another architecture.
    """
    described = load_network_file(file)
    if described.int8:
        raise NetworkError(
            f"'{file}' is int8 and can be run, not trained.\n  Name the float network's file."
        )
    network = build_network(described.architecture)
    content = Path(file).read_bytes()
    weights, words = read_weights(content), read_words(content)
    try:
        for name, layer in network.named_modules():
            if isinstance(layer, BinaryConv2d):
                layer.unpack(words[f"{name}.words"], weights[f"{name}.alpha"])
                weights[f"{name}.weight"] = layer.weight.detach().numpy()
        network.load_state_dict({
            name: torch.from_numpy(weights[name].copy()) for name in network.state_dict()
        })  # fmt: skip
    except (KeyError, RuntimeError) as error:
        raise NetworkError(f"'{file}' lacks weights of its architecture ({error}).") from error
    return network
