"""SqueezeNet from torchvision's file."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from artem.core.errors import EncoderError
from artem.learn.encoders import SqueezeNet, load_encoder
from artem.learn.encoders.squeezenet import FEATURES, squeezenet_from_torchvision
from artem.learn.judge import load_independent


@pytest.fixture
def published() -> dict[str, Tensor]:
    """Random weights under torchvision's names."""
    numbers = {name: number for number, name in FEATURES.items()}
    named = {}
    for key, tensor in SqueezeNet().state_dict().items():
        layer, _, rest = key.partition(".")
        if layer != "conv0":
            named[f"features.{numbers[layer]}.{rest}"] = tensor
    return named


def test_each_layer_finds_its_place(published: dict[str, Tensor]) -> None:
    assert len(published) == 2 + 8 * 6
    squeezenet = squeezenet_from_torchvision(published)
    assert torch.equal(squeezenet.conv1.weight, published["features.0.weight"])
    fire9 = squeezenet.get_submodule("fire9.expand3x3")
    assert torch.equal(fire9.weight, published["features.12.expand3x3.weight"])
    assert fire9.weight.shape == (256, 64, 3, 3)


def test_colors_arrive_as_torchvision_prepares_them(published: dict[str, Tensor]) -> None:
    image = torch.rand(1, 3, 5, 5)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = (image - mean.view(3, 1, 1)) / deviation.view(3, 1, 1)
    squeezenet = squeezenet_from_torchvision(published)
    torch.testing.assert_close(squeezenet.conv0(image), expected)


def test_other_weights_are_refused(published: dict[str, Tensor]) -> None:
    with pytest.raises(EncoderError, match="not the weights of torchvision's SqueezeNet"):
        squeezenet_from_torchvision({"features.1.weight": torch.zeros(1)})
    with pytest.raises(EncoderError, match="not the weights of torchvision's SqueezeNet"):
        squeezenet_from_torchvision(published | {"features.0.weight": torch.zeros(96, 3, 3, 3)})


def test_it_is_fetched_once_and_kept(published: dict[str, Tensor], tmp_path: Path) -> None:
    file = tmp_path / "squeezenet.pth"
    torch.save(published | {"classifier.1.weight": torch.zeros(4)}, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    url = file.rename(tmp_path / f"squeezenet1_0-{digest}.pth").as_uri()
    fetched = load_independent(folder=tmp_path / "cache", url=url)
    assert isinstance(fetched, SqueezeNet)
    assert not any(parameter.requires_grad for parameter in fetched.parameters())
    kept = load_independent(folder=tmp_path / "cache", url="file:///gone-00000000.pth")
    torch.testing.assert_close(fetched.state_dict(), kept.state_dict())


def test_offline_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="cannot be fetched") as refused:
        load_independent(folder=tmp_path, url=(tmp_path / "none-00000000.pth").as_uri())
    assert str(refused.value).endswith("\n  Give SqueezeNet's file with --independent.")


def test_it_is_an_encoder_by_name_and_by_file(
    published: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_file(published, tmp_path / "squeezenet1_0.safetensors")
    by_file = load_encoder(tmp_path / "squeezenet1_0.safetensors")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path)
    by_name = load_encoder("squeezenet")
    assert isinstance(by_name, SqueezeNet) and isinstance(by_file, SqueezeNet)
    assert torch.equal(by_name.conv1.weight, published["features.0.weight"])
    torch.testing.assert_close(by_file.state_dict(), by_name.state_dict())
