"""A binary network as a file: packed, run by our kernels, and trainable again."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from artem.core.errors import EngineError, NetworkError
from artem.core.network_file import NetworkFile, load_network_file, read_weights, read_words
from artem.core.style_file import Style
from artem.export.onnx import FrameNetwork, export_network, network_identity
from artem.learn.binary import BinaryConv2d
from artem.learn.networks import SlimNet, style_vector
from artem.learn.networks.build import load_network
from artem.runtime.engine import engines, open_session
from artem.runtime.stylizer import Stylizer

Models = tuple[Path, NetworkFile]
Exported = tuple[SlimNet, NetworkFile]

SMALL = {"stem": 8, "trunk": 8, "half": 4, "blocks": 1, "refine": 1, "grain": 1}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    pytest.importorskip("openvino")
    torch.manual_seed(3)
    network = SlimNet(**SMALL, binary=70)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    file = tmp_path_factory.mktemp("networks") / "tiny.binary.onnx"
    described = export_network(network, file, name="tiny.binary", card={"license": "none"})
    # Exporting leaves the latent weights as they are.
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
    return network, described


def make_style(network: SlimNet, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return style_vector(network) + 0.3 * torch.randn(network.style_size, generator=generator)


def noise(height: int, width: int) -> NDArray[np.uint8]:
    draw = np.random.default_rng(height)
    return draw.integers(0, 256, (1, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (40, 96)])
def test_the_file_paints_as_the_network_does(exported: Exported, height: int, width: int) -> None:
    network, described = exported
    frame, style = noise(height, width), make_style(network)[None]
    with torch.no_grad():
        ours = FrameNetwork(network)(torch.from_numpy(frame), style).numpy()
    theirs = open_session(described, threads=1)(frame, style.numpy())
    apart = np.abs(ours.astype(int) - theirs)
    assert theirs.shape == frame.shape and theirs.std() > 10
    assert apart.mean() < 0.05  # a sign that hangs on a millionth may fall either way
    assert (apart <= 1).mean() > 0.97


def test_threads_change_nothing(exported: Exported) -> None:
    network, described = exported
    frame, style = noise(64, 48), make_style(network)[None].numpy()
    one, two = (open_session(described, threads=threads)(frame, style) for threads in (1, 2))
    assert np.abs(one.astype(int) - two).mean() < 0.05


def test_sizes_and_styles_may_alternate(exported: Exported) -> None:
    network, described = exported
    session = open_session(described, threads=1)
    styles = [make_style(network, seed)[None].numpy() for seed in range(2)]
    frames = [noise(32, 40), noise(48, 32)]
    first = [session(frame, style) for frame in frames for style in styles]
    again = [session(frame, style) for frame in frames for style in styles]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (first[0] != first[1]).mean() > 0.5


def test_weights_are_bits_in_the_file(exported: Exported) -> None:
    _, described = exported
    content = described.path.read_bytes()
    words, weights = read_words(content), read_weights(content)
    assert {name: array.shape for name, array in words.items()} == {
        f"trunk.layers.{index}.words": (70, 3, 3, 16) for index in range(2)
    }
    assert not any(name.startswith("trunk") and weights[name].ndim > 1 for name in weights)
    (node,) = [node for node in onnx.load(described.path).graph.node if node.domain == "artem"]
    assert node.op_type == "BinaryTrunk" and len(node.input) == 2 + 2 * 2


def test_the_file_is_the_trainable_form_too(exported: Exported) -> None:
    network, described = exported
    again = load_network(described.path)
    assert network_identity(again) == described.identity
    photo, style = torch.rand(1, 3, 32, 32), make_style(network)[None]
    with torch.no_grad():
        assert torch.equal(again(photo, style), network(photo, style))
    for ours, theirs in zip(network.modules(), again.modules(), strict=True):
        if isinstance(ours, BinaryConv2d) and isinstance(theirs, BinaryConv2d):
            torch.testing.assert_close(
                theirs.weight.abs().mean(dim=(1, 2, 3)), ours.weight.abs().mean(dim=(1, 2, 3))
            )


def test_damaged_bits_are_noticed(exported: Exported, tmp_path: Path) -> None:
    content = exported[1].path.read_bytes()
    words = read_words(content)["trunk.layers.1.words"]
    damaged = bytearray(content)
    damaged[content.index(words.tobytes()) + 5] ^= 4
    (tmp_path / "damaged.onnx").write_bytes(damaged)
    with pytest.raises(NetworkError, match="digest does not fit"):
        load_network_file(tmp_path / "damaged.onnx")


def test_engines_say_why_they_cannot(exported: Exported) -> None:
    described = exported[1]
    for name in ("openvino", "onnxruntime"):
        with pytest.raises(EngineError, match="knows no packed convolutions"):
            open_session(described, engine=name)
    with pytest.raises(EngineError, match="this network's weights are bits"):
        open_session(described, precision="float")
    session = open_session(described, precision="binary")
    assert (session.engine, session.precision) == ("xnor", "binary")


def test_precision_binary_takes_the_network_beside(
    exported: Exported, tiny_models: Models, tmp_path: Path
) -> None:
    network, binary = exported
    (tmp_path / "tiny.onnx").write_bytes(tiny_models[1].path.read_bytes())
    described = load_network_file(tmp_path / "tiny.onnx")
    for engine in engines().values():
        assert engine.why_not(described, "binary") is not None
    vectors: dict[str, Any] = {
        binary.identity: make_style(network).numpy(),
        described.identity: np.zeros(described.style_size, np.float32),
    }
    style = Style("some", vectors, dict.fromkeys(vectors, "tiny"), title="some", license="none")
    with pytest.raises(NetworkError, match=r"no binary network 'tiny\.binary\.onnx' beside"):
        Stylizer(style, network=described.path, precision="binary")
    (tmp_path / "tiny.binary.onnx").write_bytes(binary.path.read_bytes())
    stylizer = Stylizer(style, network=described.path, precision="binary", threads=1)
    assert (stylizer.engine, stylizer.precision) == ("xnor", "binary")
    frame = noise(33, 47)[0]
    painted = stylizer(frame)
    assert painted.shape == frame.shape and (painted != frame).mean() > 0.5
    stylizer.set_style("identity")
    np.testing.assert_array_equal(stylizer(frame), frame)


def test_a_trunk_set_aside_and_put_back_changes_nothing(
    exported: Exported, tiny_models: Models, tmp_path: Path
) -> None:
    around = pytest.importorskip("artem.export.around_trunk")
    network, described = exported
    aside = around.TrunkAside(onnx.load(described.path))
    assert all(node.domain != "artem" for node in aside.left.graph.node)
    frame, style = noise(40, 96), make_style(network)[None].numpy()
    sample = aside.sample(frame, style)
    (given,) = (sample[name] for name in sample.keys() - {"frame", "style", "place"})
    assert given.shape == (1, (40 + 32) // 8, (96 + 32) // 8, 70) and given.std() > 0.1
    (tmp_path / "again.onnx").write_bytes(aside.put_back(aside.left).SerializeToString())
    again = load_network_file(tmp_path / "again.onnx")
    ours, theirs = (open_session(file, threads=1)(frame, style) for file in (described, again))
    np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(NetworkError, match="0 binary trunks"):
        around.TrunkAside(onnx.load(tiny_models[1].path))


def test_int8_around_the_trunk(exported: Exported, tmp_path: Path) -> None:
    around = pytest.importorskip("artem.export.around_trunk")
    network, described = exported
    styles = [make_style(network, seed)[None].numpy() for seed in range(2)]
    samples = [(noise(32 + 8 * index, 48), styles[index % 2]) for index in range(4)]
    made = around.quantize_around_trunk(described, tmp_path / "int8.onnx", samples)
    assert made.identity == described.identity and made.binary
    assert made.path.stat().st_size < described.path.stat().st_size
    before, after = (file.path.read_bytes() for file in (described, made))
    for name, words in read_words(before).items():
        np.testing.assert_array_equal(words, read_words(after)[name])
    assert not [name for name in read_weights(after) if name.endswith("conv.weight")]
    # Of random weights nearly every sign hangs on little; the style shows all the same.
    paint, quantized = (open_session(file, threads=1) for file in (described, made))
    frame = noise(40, 96)
    one, other = (paint(frame, style).astype(int) for style in styles)
    mine = quantized(frame, styles[0]).astype(int)
    assert 0 < np.abs(mine - one).mean() < 0.5 * np.abs(mine - other).mean()
