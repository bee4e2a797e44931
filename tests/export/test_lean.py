"""Lean graphs: the layers that stand in for others compute the same sums."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F

from artem.core.network_file import NetworkFile, read_weights
from artem.export.lean import PhaseConvNorm, fold_upsampling, phase_weight
from artem.export.onnx import FrameNetwork, export_network
from artem.learn.networks import FineNet, SlimNet
from artem.learn.networks.conditional import ConvNorm
from artem.runtime.engine import engines, open_session


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 4)])
def test_phases_at_the_small_size_are_a_convolution_of_the_enlarged_map(
    size: tuple[int, int],
) -> None:
    layer = ConvNorm(3, 5, 3, upsample=2, norm="none", relu=False)
    maps = torch.randn(1, 3, *size)
    windows = F.conv2d(F.pad(maps, (1,) * 4, mode="replicate"), phase_weight(layer.conv.weight))
    phases = windows.view(2, 2, 5, size[0] + 1, size[1] + 1).permute(2, 3, 0, 4, 1)
    laid_out = phases.reshape(1, 5, 2 * size[0] + 2, 2 * size[1] + 2)[:, :, 1:-1, 1:-1]
    assert layer.conv.bias is not None
    expected = layer(maps, iter(())) - layer.conv.bias[:, None, None]
    torch.testing.assert_close(laid_out, expected, atol=1e-5, rtol=1e-5)


def test_only_what_enlarges_is_replaced() -> None:
    network = FineNet(width=4, blocks=1)
    names = set(network.state_dict())
    fold_upsampling(network)
    folded = {n for n, module in network.named_modules() if isinstance(module, PhaseConvNorm)}
    assert folded == {"up_to_half", "up_to_full"}
    assert set(network.state_dict()) - names == {f"{name}.phases" for name in folded}
    assert names <= set(network.state_dict())


@pytest.mark.parametrize("options", [{"grain": 0}, {"refine": 0, "half": 3}, {"stem": 5}])
def test_any_slim_network_is_exported(tmp_path: Path, options: dict[str, int]) -> None:
    sizes = {"stem": 8, "trunk": 8, "half": 4, "blocks": 1, "refine": 1, "grain": 1} | options
    torch.manual_seed(0)
    network = SlimNet(**sizes)
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)  # every sub-pixel its own
    described = export_network(network, tmp_path / "some.onnx", name="some", card={})
    frame = torch.randint(0, 256, (1, 40, 56, 3), dtype=torch.uint8)
    style = 0.5 + torch.rand(1, network.style_size)
    style[:, -9:] = torch.tensor([0.1, 0.2, 0.3, 0.3, 0.2, 0.1, 0.4, 0.5, 0.6])
    with torch.no_grad():
        expected = FrameNetwork(network)(frame, style).numpy().astype(int)
    for engine in ("openvino", "onnxruntime"):
        if engines()[engine].why_not(described, "float") is None:
            painted = open_session(described, engine=engine)(frame.numpy(), style.numpy())
            assert np.abs(painted - expected).max() <= 1
    assert len(np.unique(expected)) > 20


def test_maps_are_never_enlarged_nor_the_picture_in_floats(
    tiny_models: tuple[Path, NetworkFile],
) -> None:
    proto = onnx.load(tiny_models[1].path)
    kinds = [node.op_type for node in proto.graph.node]
    to_float = [
        index
        for index, node in enumerate(proto.graph.node)
        if node.op_type == "Cast" and node.attribute[0].i == onnx.TensorProto.FLOAT
    ]
    assert "Resize" not in kinds and kinds.count("DepthToSpace") == 1
    pads = [node for node in proto.graph.node if node.op_type == "Pad"]
    assert pads[0].input[0] == "frame" or kinds.index("Pad") < to_float[0]


def test_weights_in_another_form_are_stored_as_well(tiny_models: tuple[Path, NetworkFile]) -> None:
    content = tiny_models[1].path.read_bytes()
    used = {name for node in onnx.load_from_string(content).graph.node for name in node.input}
    stored = read_weights(content)
    assert {name for name in stored if name not in used} == {
        "up.conv.weight", "to_half.conv.weight", "to_half.conv.bias",
        "to_full.conv.weight", "to_full.conv.bias",
    }  # fmt: skip
    for name in ("up", "to_half"):
        weight = torch.from_numpy(stored[f"{name}.conv.weight"].copy())
        np.testing.assert_allclose(stored[f"{name}.phases"], phase_weight(weight), rtol=1e-6)
