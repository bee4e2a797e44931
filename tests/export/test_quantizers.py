"""Where int8 begins: quantizers move in front of pads and slices, and nothing else changes."""

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from artem.export.quantizers import quantize_early, use_unsigned_bytes

onnxruntime = pytest.importorskip("onnxruntime")

GRAPH = """
<ir_version: 8, opset_import: ["" : 20]>
agraph (float[1, 2, 5, 6] maps) => (float[1, 2, 5, 4] painted, float[1, 2, 5, 6] kept)
<int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}, int64[1] start = {1}, int64[1] end = {-1},
 int64[1] axis = {3}, float scale = {0.02}, int8 point = {-30}>
{
    sum = Add(maps, maps)
    kept = Relu(sum)
    padded = Pad<mode = "MODE">(sum, pads)
    cut = Slice(padded, start, end, axis)
    quantized = QuantizeLinear(cut, scale, point)
    seen = DequantizeLinear(quantized, scale, point)
    smaller = AveragePool<kernel_shape = [3, 3]>(seen)
    painted = Identity(smaller)
}
"""


def paint(model: onnx.ModelProto, maps: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    outputs: list[NDArray[np.float32]] = session.run(None, {"maps": maps})
    return outputs


def order(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("mode", ["reflect", "edge"])
def test_quantizers_go_before_what_only_moves_values(mode: str) -> None:
    model = onnx.parser.parse_model(GRAPH.replace("MODE", mode))
    maps = np.random.default_rng(0).normal(size=(1, 2, 5, 6)).astype(np.float32)
    before = paint(model, maps)
    quantize_early(model)
    assert order(model)[:5] == ["Add", "Relu", "QuantizeLinear", "Pad", "Slice"]
    use_unsigned_bytes(model)
    (point,) = (one for one in model.graph.initializer if one.name == "point")
    assert onnx.numpy_helper.to_array(point) == np.uint8(98)
    for one, other in zip(before, paint(model, maps), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_pad_that_adds_a_value_stays_where_it_is() -> None:
    model = onnx.parser.parse_model(GRAPH.replace("MODE", "constant"))
    quantize_early(model)
    assert order(model)[2:5] == ["Pad", "QuantizeLinear", "Slice"]


def test_what_others_need_in_float_stays_float() -> None:
    model = onnx.parser.parse_model(
        GRAPH.replace("MODE", "edge").replace("kept = Relu(sum)", "")
        .replace("smaller = ", "kept = Slice(padded, start, end, axis) smaller = ")
    )  # fmt: skip
    quantize_early(model)
    assert order(model)[1:4] == ["Pad", "QuantizeLinear", "Slice"]
