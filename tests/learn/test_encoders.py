from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from artem.core.errors import EncoderError
from artem.learn.encoders import VGG, Encoder, EncoderChain, SqueezeNet, load_encoder, vgg

SMALL_WIDTHS = (4, 4, 6, 6, 8)


def blocks(vgg: VGG) -> dict[str, Tensor]:
    """The tensors of a VGG in the layout of the style transfer encoders."""
    return {key: tensor.contiguous() for key, tensor in vgg.state_dict().items()}


def torchvision_tensors(counts: tuple[int, ...]) -> dict[str, Tensor]:
    """Random convolutions as torchvision numbers them: each with a ReLU, each block with a pool."""
    tensors, number, channels = dict[str, Tensor](), 0, 3
    for count, width in zip(counts, SMALL_WIDTHS, strict=True):
        for _ in range(count):
            tensors[f"features.{number}.weight"] = torch.randn(width, channels, 3, 3) / 4
            tensors[f"features.{number}.bias"] = torch.randn(width) / 4
            number, channels = number + 2, width
        number += 1
    return tensors


def written(path: Path, tensors: Mapping[str, Tensor]) -> Path:
    save_file(dict(tensors), path)
    return path


def in_order(image: Tensor, tensors: Mapping[str, Tensor], counts: tuple[int, ...]) -> Tensor:
    """The last features of a torchvision VGG, by the book."""
    mean = torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1)
    std = torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1)
    maps, number = (image - mean) / std, 0
    for block, count in enumerate(counts):
        if block:
            maps, number = torch.nn.functional.max_pool2d(maps, 2), number + 1
        for _ in range(count):
            weight, bias = (tensors[f"features.{number}.{kind}"] for kind in ("weight", "bias"))
            maps = torch.nn.functional.conv2d(maps, weight, bias, padding=1).relu()
            number += 2
    return maps


# VGG from files


def test_a_file_in_blocks_gives_the_same_features(tiny_vgg: VGG, tmp_path: Path) -> None:
    file = written(
        tmp_path / "mine.safetensors", blocks(tiny_vgg) | {"aux11.weight": torch.ones(1)}
    )
    loaded = load_encoder(file)
    assert loaded.name == "mine"
    assert loaded.layers == ("relu1_1", "relu1_2", "relu2_1")
    image = torch.rand(1, 3, 16, 20)
    features, expected = loaded(image, loaded.layers), tiny_vgg(image, tiny_vgg.layers)
    for layer in loaded.layers:
        torch.testing.assert_close(features[layer], expected[layer], rtol=0, atol=0)


@pytest.mark.parametrize(
    ("name", "counts"), [("vgg16", (2, 2, 3, 3, 3)), ("vgg19", (2, 2, 4, 4, 4))]
)
def test_a_file_of_torchvision_s_is_recognized_and_computed_by_the_book(
    name: str, counts: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vgg, "VGG_WIDTHS", SMALL_WIDTHS)
    tensors = torchvision_tensors(counts)
    extra = {"classifier.0.weight": torch.ones(2, 2)}
    loaded = load_encoder(written(tmp_path / "weights.safetensors", tensors | extra))
    assert loaded.name == name
    assert len(loaded.layers) == sum(counts)
    assert loaded.content_layers == ("relu4_1",)
    last = loaded.layers[-1]
    image = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(
        loaded(image, [last])[last], in_order(image, tensors, counts), rtol=1e-4, atol=1e-5
    )


def test_torchvision_s_file_of_another_depth_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vgg, "VGG_WIDTHS", SMALL_WIDTHS)
    tensors = torchvision_tensors((1, 1, 2, 2, 2))  # VGG-11
    with pytest.raises(EncoderError, match="8 convolutions instead of 13"):
        load_encoder(written(tmp_path / "vgg11.safetensors", tensors))


def test_loaded_encoders_are_frozen(tiny_vgg: VGG, tmp_path: Path) -> None:
    loaded = load_encoder(written(tmp_path / "mine.safetensors", blocks(tiny_vgg)))
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_average_pooling_is_another_network(tiny_vgg: VGG) -> None:
    averaging = VGG("average", ((4, 4), (8,)), padding="reflect", pooling="average")
    averaging.load_state_dict(tiny_vgg.state_dict())
    flat, uneven = torch.full((1, 3, 8, 8), 0.5), torch.rand(1, 3, 8, 8)
    deepest = ["relu2_1"]
    torch.testing.assert_close(
        averaging(flat, deepest)["relu2_1"], tiny_vgg(flat, deepest)["relu2_1"]
    )
    assert not torch.allclose(
        averaging(uneven, deepest)["relu2_1"], tiny_vgg(uneven, deepest)["relu2_1"]
    )


# Layers by name


def test_only_the_layers_asked_for_come_back_at_their_sizes(tiny_vgg: VGG) -> None:
    features = tiny_vgg(torch.rand(2, 3, 16, 12), ["relu2_1", "relu1_2"])
    assert {layer: tuple(maps.shape) for layer, maps in features.items()} == {
        "relu1_2": (2, 4, 16, 12),
        "relu2_1": (2, 8, 8, 6),
    }
    assert all(float(maps.min()) >= 0 for maps in features.values())


@pytest.mark.parametrize(
    ("wanted", "ran"),
    [
        (["relu1_1"], ["conv11"]),
        (["relu1_2", "relu1_1"], ["conv11", "conv12"]),
        (["relu2_1"], ["conv11", "conv12", "conv21"]),
    ],
)
def test_the_pass_stops_at_the_deepest_layer(
    tiny_vgg: VGG, wanted: list[str], ran: list[str]
) -> None:
    seen: list[str] = []
    for name, module in tiny_vgg.named_children():
        if name != "conv0":
            module.register_forward_hook(lambda *_, name=name: seen.append(name))
    tiny_vgg(torch.rand(1, 3, 8, 8), wanted)
    assert seen == ran


def test_an_unknown_layer_is_refused_with_the_nearest_name(tiny_vgg: VGG) -> None:
    with pytest.raises(
        EncoderError, match=r"no layer 'relu21'\. Did you mean 'relu2_1'\?"
    ) as caught:
        tiny_vgg(torch.rand(1, 3, 8, 8), ["relu1_1", "relu21"])
    assert "relu1_1, relu1_2, relu2_1" in str(caught.value)


# Several encoders as one


def test_a_chain_takes_each_layer_from_the_first_that_has_it(tiny_vgg: VGG) -> None:
    shallow = VGG("shallow", ((5, 5),)).frozen()
    chain = EncoderChain([shallow, tiny_vgg])
    assert chain.name == "shallow+tiny"
    assert chain.layers == ("relu1_1", "relu1_2", "relu2_1")
    image = torch.rand(1, 3, 8, 8)
    features = chain(image, chain.layers)
    for layer, source in (("relu1_1", shallow), ("relu1_2", shallow), ("relu2_1", tiny_vgg)):
        torch.testing.assert_close(features[layer], source(image, [layer])[layer])


def test_a_chain_recommends_the_style_layers_of_all_and_the_deepest_content(tiny_vgg: VGG) -> None:
    chain = EncoderChain([VGG("shallow", ((5, 5),)), tiny_vgg])
    assert chain.style_layers == ("relu1_1", "relu2_1")
    assert chain.content_layers == tiny_vgg.content_layers


def test_a_chain_leaves_alone_whom_it_does_not_need(tiny_vgg: VGG) -> None:
    shallow = VGG("shallow", ((5, 5),))
    tiny_vgg.register_forward_hook(lambda *_: pytest.fail("the deep encoder ran"))
    EncoderChain([shallow, tiny_vgg])(torch.rand(1, 3, 8, 8), ["relu1_2"])


def test_a_teacher_s_folder_becomes_a_chain(
    tiny_vgg: VGG, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shallow = VGG("shallow", ((5, 5),))
    written(tmp_path / "vgg19_relu31.safetensors", blocks(shallow))
    written(tmp_path / "vgg19_16x_enc5.safetensors", blocks(tiny_vgg))
    chain = load_encoder(tmp_path)
    assert isinstance(chain, EncoderChain)
    assert chain(torch.rand(1, 3, 8, 8), ["relu1_1"])["relu1_1"].shape[1] == 5
    monkeypatch.setenv("ARTEM_TEACHER", str(tmp_path))
    assert load_encoder().name == chain.name == "vgg19_relu31+vgg19_16x_enc5"


# SqueezeNet


def squeezenet_tensors() -> dict[str, Tensor]:
    network = SqueezeNet()
    return {
        key: tensor.contiguous()
        for key, tensor in network.state_dict().items()
        if not key.startswith("conv0")
    }


def test_squeezenet_loads_and_names_its_layers(tmp_path: Path) -> None:
    tensors = squeezenet_tensors()
    loaded = load_encoder(written(tmp_path / "squeeze.safetensors", tensors))
    assert loaded.name == "squeezenet"
    assert loaded.layers == ("relu1", *(f"fire{n}" for n in range(2, 10)))
    features = loaded(torch.rand(1, 3, 64, 64), ["relu1", "fire2", "fire5", "fire9"])
    assert {layer: tuple(maps.shape[1:]) for layer, maps in features.items()} == {
        "relu1": (96, 29, 29),
        "fire2": (128, 14, 14),
        "fire5": (256, 7, 7),
        "fire9": (512, 3, 3),
    }
    torch.testing.assert_close(loaded.state_dict()["conv1.weight"], tensors["conv1.weight"])


def test_squeezenet_sees_blue_first_in_255_steps_without_the_mean() -> None:
    image = torch.tensor([1.0, 0.0, 0.5]).view(1, 3, 1, 1)
    seen = SqueezeNet().conv0(image).flatten()
    torch.testing.assert_close(seen, torch.tensor([127.5 - 104, 0 - 117.0, 255 - 123]))


def test_squeezenet_with_weights_missing_is_refused(tmp_path: Path) -> None:
    tensors = squeezenet_tensors()
    del tensors["fire7.expand3x3.weight"]
    with pytest.raises(EncoderError, match=r"do not fit.*fire7\.expand3x3\.weight"):
        load_encoder(written(tmp_path / "squeeze.safetensors", tensors))


# What cannot be loaded


def refusal(encoder: str | Path) -> str:
    with pytest.raises(EncoderError) as caught:
        load_encoder(encoder)
    return str(caught.value)


def test_refusals_say_what_to_do(tmp_path: Path, tiny_vgg: VGG) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.safetensors").write_text("no tensors here")
    other = written(tmp_path / "other.safetensors", {"weight": torch.ones(1)})
    misfit = written(
        tmp_path / "misfit.safetensors", blocks(tiny_vgg) | {"conv12.bias": torch.ones(3)}
    )
    assert "Did you mean 'vgg19'?" in refusal("vgg9")
    assert "holds no encoder" in refusal(tmp_path / "empty")
    assert "not a readable safetensors file" in refusal(tmp_path / "text.safetensors")
    assert "no encoder that is known here" in refusal(other)
    assert "do not fit" in refusal(misfit)
    odd = {"features.0.weight": torch.ones(1), "features.x.weight": torch.ones(1)}
    assert "do not fit" in refusal(written(tmp_path / "odd.safetensors", odd))


def test_every_encoder_offers_what_the_loss_needs(tiny_vgg: VGG) -> None:
    encoders: list[Encoder] = [tiny_vgg, SqueezeNet(), EncoderChain([tiny_vgg])]
    for encoder in encoders:
        assert set(encoder.content_layers) <= set(encoder.layers)
        assert set(encoder.style_layers) <= set(encoder.layers)
