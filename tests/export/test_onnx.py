"""Exports paint as their sources do, and describe themselves."""

import contextlib
import logging
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F

from artem.core.errors import NetworkError
from artem.core.network_file import NetworkFile, load_network_file, read_metadata, read_weights
from artem.export.onnx import FrameNetwork, export_network, network_identity, quiet_exporter
from artem.learn.networks import FineNet
from artem.learn.networks.build import build_network, load_network
from artem.runtime.engine import engines, open_session

Models = tuple[Path, NetworkFile]


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("size", [(32, 32), (40, 64), (120, 88)])
def test_an_export_equals_pytorch(tiny_models: Models, engine: str, size: tuple[int, int]) -> None:
    _, described = tiny_models
    if (reason := engines()[engine].why_not(described, "float")) is not None:
        pytest.skip(reason)
    model = FrameNetwork(load_network(described.path)).eval()
    draw = torch.Generator().manual_seed(1)
    frame = torch.randint(0, 256, (1, *size, 3), dtype=torch.uint8, generator=draw)
    style = torch.rand(1, described.style_size, generator=draw) + 0.5
    style[:, -9:] = torch.tensor([0.3] * 3 + [0.2] * 3 + [0.4] * 3)
    with torch.no_grad():
        expected = model(frame, style).numpy()
    painted = open_session(described, engine=engine)(frame.numpy(), style.numpy())
    assert painted.dtype == np.uint8
    assert expected.std() > 5  # not a flat picture that anything would equal
    assert np.abs(painted.astype(int) - expected).max() <= 1


def test_fine_is_exported_as_any_other(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = FineNet(width=4, blocks=1)  # exporting compares the file with PyTorch
    described = export_network(network, tmp_path / "fine.onnx", name="fine", card={})
    again = load_network(described.path)
    assert again.architecture == {"name": "fine", "width": 4, "blocks": 1, "binary": 0}
    assert network_identity(again) == network_identity(network) == described.identity


def test_the_frame_network_is_the_network_beyond_the_borders(tiny_models: Models) -> None:
    network = load_network(tiny_models[1].path)
    frame = torch.randint(0, 256, (1, 48, 32, 3), dtype=torch.uint8)
    style = torch.rand(1, network.style_size)
    margin = network.margin
    image = F.pad(frame.permute(0, 3, 1, 2) / 255, (margin,) * 4, mode="reflect")
    with torch.no_grad():
        painted = network(image, style).clamp(0, 1)[..., margin:-margin, margin:-margin] * 255
        framed = FrameNetwork(network)(frame, style).permute(0, 3, 1, 2)
    assert (framed - painted).abs().max() < 0.501


def test_the_file_is_the_trainable_form(tiny_models: Models) -> None:
    _, described = tiny_models
    network = load_network(described.path)
    weights = read_weights(described.path.read_bytes())
    assert set(network.state_dict()) <= set(weights)
    assert network_identity(network) == described.identity
    assert network.architecture == described.architecture
    assert (network.style_size, network.multiple) == (described.style_size, described.multiple)


def test_our_reading_of_the_file_is_the_onnx_packages(tiny_models: Models) -> None:
    content = tiny_models[1].path.read_bytes()
    proto = onnx.load_from_string(content)
    assert read_metadata(content) == {entry.key: entry.value for entry in proto.metadata_props}
    expected = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in proto.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT
    }
    weights = read_weights(content)
    assert set(weights) == set(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(weights[name], values)


def test_convolutions_are_spelled_out(tiny_models: Models) -> None:
    proto = onnx.load(tiny_models[1].path)
    convolutions = [node for node in proto.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 9
    wanted = {"kernel_shape", "dilations", "strides", "pads", "group"}
    for node in convolutions:
        assert wanted == {attribute.name for attribute in node.attribute}


def test_nothing_in_the_file_tells_where_it_was_made(tiny_models: Models) -> None:
    content = tiny_models[1].path.read_bytes()
    assert str(Path(__file__).parents[2]).encode() not in content
    assert b".py" not in content


def test_damage_is_noticed(tiny_models: Models, tmp_path: Path) -> None:
    content = tiny_models[1].path.read_bytes()
    weights = read_weights(content)
    position = content.find(weights["stem.conv.weight"].tobytes())
    assert position > 0
    damaged = bytearray(content)
    damaged[position] ^= 1
    file = tmp_path / "damaged.onnx"
    file.write_bytes(damaged)
    with pytest.raises(NetworkError, match="digest does not fit"):
        load_network_file(file)
    for length in (0, 1, 1000, len(content) - 7):
        file.write_bytes(content[:length])
        with pytest.raises(NetworkError):
            load_network_file(file)
    file.write_text("no network at all")
    with pytest.raises(NetworkError, match="not an ONNX file"):
        load_network_file(file)


@pytest.mark.parametrize(
    "content",
    [
        b"p\x05",  # metadata that is a number
        b"r\x02\x08\x05",  # its key is a number
        b"r\x06\x08\xff\xff\xff\xff\x7f",  # which would be gigabytes as bytes
        b"r\x03\x12\x01a",  # it has no key
        b"8\x05",  # a graph that is a number
        b":\x02(\x01",  # a tensor that is a number
        b":\x06*\x04\x10\x01H\x05",  # values that are a number
        b":\x05*\x03\x10\x01J\x00",
    ],
)
def test_garbage_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "garbage.onnx"
    file.write_bytes(content)
    with pytest.raises(NetworkError):
        load_network_file(file)


def test_damage_anywhere_is_a_sentence(tiny_models: Models, tmp_path: Path) -> None:
    content = tiny_models[1].path.read_bytes()
    file = tmp_path / "damaged.onnx"
    draw = np.random.default_rng(0)
    metadata = content.rindex(b"artem.name") - 40  # half of the flips are behind the weights
    for index in range(600):
        damaged = bytearray(content)
        start = metadata if index % 2 else 0
        damaged[draw.integers(start, len(content))] ^= 1 << draw.integers(8)
        for bad in (bytes(damaged), content[: draw.integers(start, len(content))]):
            file.write_bytes(bad)
            with contextlib.suppress(NetworkError):
                load_network_file(file)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("artem.style_size", "many"),
        ("artem.style_size", "0"),
        ("artem.multiple", "0"),
        ("artem.architecture", "7"),
        ("artem.card", "{"),
        ("artem.card", "[" * 100_000),
        ("artem.name", None),
        ("artem.digest", None),
    ],
)
def test_metadata_that_makes_no_sense_is_damage(
    tiny_models: Models, tmp_path: Path, key: str, value: str | None
) -> None:
    proto = onnx.load(tiny_models[1].path)
    metadata = {entry.key: entry.value for entry in proto.metadata_props} | {key: value}
    del proto.metadata_props[:]
    onnx.helper.set_model_props(proto, {k: v for k, v in metadata.items() if v is not None})
    onnx.save(proto, tmp_path / "odd.onnx")
    with pytest.raises(NetworkError, match=r"damaged"):
        load_network_file(tmp_path / "odd.onnx")


def test_exporting_leaves_the_exporter_s_log_level() -> None:
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.INFO)
    try:
        with pytest.raises(KeyError), quiet_exporter():
            assert log.level == logging.ERROR
            raise KeyError
        assert log.level == logging.INFO
    finally:
        log.setLevel(before)


def test_a_foreign_onnx_file_is_refused(tmp_path: Path) -> None:
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    result = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [value], [result]))
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(NetworkError, match="not a network of Art'Em's"):
        load_network_file(tmp_path / "foreign.onnx")


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(NetworkError, match="Did you mean 'slim'"):
        build_network({"name": "slm"})
    with pytest.raises(NetworkError, match="does not fit"):
        build_network({"name": "slim", "depth": 3})
