"""Where int8 begins in a quantized graph, and in which bytes: the same values, sooner."""

from __future__ import annotations

import numpy as np
import onnx

MOVING = ("Pad", "Slice")
"""Operations that change no value, only where it is; of pads, those that repeat values."""


def use_unsigned_bytes(model: onnx.ModelProto) -> None:
    """Give maps with a zero point unsigned bytes, 128 more than signed ones; changed in place.

    OpenVINO 2026.4 paints wrongly where signed maps with a zero point pass a concatenation, a
    slice or a pad in front of their convolution, off by 13 levels of 255 and more, and rightly
    where they are unsigned. It also takes less time for these.
    """
    initializers = {one.name: one for one in model.graph.initializer}
    of_maps = [
        node
        for node in model.graph.node
        if node.op_type in ("QuantizeLinear", "DequantizeLinear")
        and node.input[0] not in initializers
    ]
    for name in {node.input[2] for node in of_maps}:
        point = onnx.numpy_helper.to_array(initializers[name])
        if point.dtype == np.int8:
            unsigned = (point.astype(np.int16) + 128).astype(np.uint8)
            initializers[name].CopyFrom(onnx.numpy_helper.from_array(unsigned, name))
    del model.graph.value_info[:]  # it says what types values had before


def quantize_early(model: onnx.ModelProto) -> None:
    """Quantize maps before they are padded or cut and not after; changed in place.

    The bytes that reach a convolution are the same. A pad then moves a quarter of the memory,
    and OpenVINO quantizes maps where it computes them.
    """
    del model.graph.value_info[:]
    nodes = model.graph.node
    swapped = True
    while swapped:
        swapped = False
        makers = {output: node for node in nodes for output in node.output}
        used = [name for node in nodes for name in node.input]
        for quantizer in nodes:
            maker = makers.get(quantizer.input[0])
            if quantizer.op_type != "QuantizeLinear" or maker is None or not _moves(maker):
                continue
            middle = maker.output[0]
            if used.count(middle) > 1:
                continue
            first, second = onnx.NodeProto(), onnx.NodeProto()
            first.CopyFrom(quantizer)
            second.CopyFrom(maker)
            first.input[0], first.output[0] = maker.input[0], middle
            second.input[0], second.output[0] = middle, quantizer.output[0]
            maker.CopyFrom(first)
            quantizer.CopyFrom(second)
            swapped = True
            break


def _moves(node: onnx.NodeProto) -> bool:
    if node.op_type == "Pad":
        modes = [part.s for part in node.attribute if part.name == "mode"]
        return modes in ([b"reflect"], [b"edge"]) and len(node.input) == 2
    return node.op_type in MOVING
