"""A tiny network with styles, in the place of the shipped ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from artem.core.network_file import NetworkFile, load_network_file
from artem.core.style_file import Style, save_style

if TYPE_CHECKING:
    from artem.learn.encoders.compact import Compact


@dataclass(frozen=True)
class Library:
    """What stands in for the package's models.

    Attributes:
        folder: holds ``fast.onnx``, ``styles`` and ``samples``.
        network: the tiny network; its styles are ``great-wave`` and ``starry-night``.
        own: the folder of a user's own styles.
        make_style: writes a style with random numbers to a file.
    """

    folder: Path
    network: NetworkFile
    own: Path
    make_style: Callable[[Path, int], Style]


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NetworkFile]:
    """Exported once, as that takes seconds; read-only for tests."""
    import torch

    from artem.export.onnx import export_network
    from artem.learn.networks.slim import SlimNet

    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    network = export_network(
        SlimNet(stem=4, trunk=8, half=4, blocks=1, refine=1),
        folder / "fast.onnx",
        name="fast",
        card={},
    )
    for seed, name in enumerate(("great-wave", "starry-night")):
        save_style(folder / "styles" / f"{name}.safetensors", random_style(name, network, seed))
    (folder / "samples").mkdir()
    draw_photo(48, 40).save(folder / "samples" / "sample.png")
    return folder, network


@pytest.fixture
def tiny_library(
    tiny_models: tuple[Path, NetworkFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Library:
    """The tiny network found as ``fast``, with two styles and a sample photo."""
    from artem.runtime import library

    folder, network = tiny_models
    own = tmp_path / "own-styles"
    monkeypatch.setattr(library, "MODELS", folder)
    monkeypatch.setattr(library, "SAMPLES", folder / "samples")
    monkeypatch.setattr(library, "user_styles_folder", lambda: own)

    def make_style(file: Path, seed: int = 7) -> Style:
        style = random_style(file.stem, network, seed)
        save_style(file, style)
        return style

    return Library(folder, network, own, make_style)


@pytest.fixture(scope="session")
def tiny_predictor(
    tiny_models: tuple[Path, NetworkFile], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A predictor of the tiny network with random weights; read-only for tests."""
    import torch

    from artem.export.predictor import export_predictor
    from artem.learn.encoders import VGG
    from artem.learn.networks import StylePredictor

    _, network = tiny_models
    torch.manual_seed(0)
    predictor = StylePredictor(VGG("tiny", ((4, 4), (8,))), network.style_size, hidden=16)
    torch.nn.init.normal_(predictor.out.weight)
    file = tmp_path_factory.mktemp("predictor") / "fast.predictor.onnx"
    return export_predictor(predictor, file, network=network, short_px=64, card={}).path


@pytest.fixture
def predicting_library(
    tiny_library: Library, tiny_predictor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Library:
    """The tiny library with a predictor beside its network, and an empty cache."""
    from artem.runtime import library, predictor

    folder = tmp_path / "predicting"
    shutil.copytree(tiny_library.folder, folder)
    shutil.copy(tiny_predictor, folder)
    monkeypatch.setattr(library, "MODELS", folder)
    monkeypatch.setattr(predictor, "predicted_styles_folder", lambda: tmp_path / "cache")
    network = load_network_file(folder / "fast.onnx")
    return replace(tiny_library, folder=folder, network=network)


@pytest.fixture(scope="session")
def tiny_adain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an AdaIN network with random weights and its predictor; read-only for tests."""
    import torch

    from artem.export.onnx import export_network
    from artem.export.predictor import export_predictor
    from artem.learn.networks import AdaINMoments, AdaINNet
    from artem.learn.networks.adain import FAINT

    folder = tmp_path_factory.mktemp("adain")
    torch.manual_seed(0)
    network = AdaINNet.around(tiny_compact(), width=8)
    last = [one for one in network.decoder.modules() if isinstance(one, torch.nn.Conv2d)][-1]
    last.weight.data /= FAINT
    described = export_network(network, folder / "adain.onnx", name="adain", card={})
    export_predictor(
        AdaINMoments(network.encoder), folder / "adain.predictor.onnx",
        network=described, short_px=64, card={},
    )  # fmt: skip
    return folder


@pytest.fixture
def adain_library(predicting_library: Library, tiny_adain: Path) -> Library:
    """The tiny library, with a second network in it that has no styles by name, ``adain``."""
    shutil.copytree(tiny_adain, predicting_library.folder, dirs_exist_ok=True)
    return predicting_library


def tiny_compact(name: object = None) -> Compact:
    """A small encoder with random weights, always the same ones."""
    import torch

    from artem.learn.encoders.compact import Compact

    channels = {"relu1_1": 4, "relu2_1": 6, "relu3_1": 8, "relu4_1": 8, "relu5_1": 8}
    encoder = Compact(channels, dict.fromkeys(channels, 4))
    encoder.initialize(0)
    draw = torch.Generator().manual_seed(1)
    for parameter in encoder.parameters():
        if parameter.ndim == 1:  # alike, the exporter would keep one of them
            torch.nn.init.normal_(parameter, std=0.1, generator=draw)
    encoder.frozen()
    return encoder


def random_style(name: str, network: NetworkFile, seed: int) -> Style:
    """A style that visibly changes pictures: random scales and shifts, a plain head."""
    draw = np.random.default_rng(seed)
    vector = draw.normal(0.8, 0.5, network.style_size).astype(np.float32)
    vector[-9:] = np.repeat([0.2, 0.4, 0.4], 3)
    return Style(
        name,
        {network.identity: vector},
        {network.identity: network.name},
        title=name.replace("-", " ").title(),
        author="A Painter",
        year="1900",
        license="public domain",
    )


def draw_photo(width_px: int, height_px: int, seed: int = 0) -> Image.Image:
    """Soft colored noise."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width_px, height_px), Image.Resampling.BICUBIC)


@pytest.fixture
def make_photo() -> Callable[..., Path]:
    """Writes a small photo and returns its path."""

    def make(file: Path, width_px: int = 40, height_px: int = 33, seed: int = 0) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        draw_photo(width_px, height_px, seed).save(file)
        return file

    return make


@pytest.fixture
def tiny_encoder(tmp_path: Path) -> Path:
    """The file of an encoder with relu1_1, relu2_1 and relu3_1; random weights."""
    import torch
    from safetensors.torch import save_file

    draw = torch.Generator().manual_seed(0)
    tensors = {"conv0.weight": torch.eye(3).view(3, 3, 1, 1), "conv0.bias": torch.zeros(3)}
    for name, channels, width in (("conv11", 3, 4), ("conv21", 4, 8), ("conv31", 8, 8)):
        tensors[f"{name}.weight"] = torch.randn(width, channels, 3, 3, generator=draw) / 4
        tensors[f"{name}.bias"] = torch.zeros(width)
    save_file(tensors, tmp_path / "encoder.safetensors")
    return tmp_path / "encoder.safetensors"
