"""Int8 around a binary trunk: what quantizes float networks sees all but the trunk."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from artem.core.digests import tensors_digest
from artem.core.errors import NetworkError
from artem.core.files import replacing
from artem.core.network_file import (
    NetworkFile,
    load_network_file,
    read_bytes,
    read_weights,
    read_words,
)
from artem.export.quantizing import calibrated, sample_of
from artem.runtime.binary import DOMAIN, PackedTrunk

Sample = dict[str, NDArray[Any]]


class TrunkAside:
    """A binary network's graph without its trunk, which no other tool can run.

    What the trunk gives is an input of the graph that is left, so that it holds nothing but
    ONNX's own operations; :meth:`sample` computes that input by the kernels.

    Args:
        model: as :func:`~artem.export.onnx.export_network` wrote it.

    Attributes:
        left: the graph without the trunk.

    Raises:
        NetworkError: there is no binary trunk in it, or more than one.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        trunks = [node for node in model.graph.node if node.domain == DOMAIN]
        if len(trunks) != 1:
            raise NetworkError(f"The network has {len(trunks)} binary trunks, not one.")
        (self._trunk,) = copy.deepcopy(trunks)
        self._model = model
        weights = {
            weight.name: onnx.numpy_helper.to_array(weight) for weight in model.graph.initializer
        }
        words = [weights[name] for name in self._trunk.input[2::2]]
        (eps,) = (part.f for part in self._trunk.attribute if part.name == "epsilon")
        self._packed = PackedTrunk(words, eps, threads=1)
        channels = len(words[0])
        maps, style = self._trunk.input[:2]
        shapes: dict[str, list[int | str]] = {
            maps: [1, "high", "wide", channels], style: [1, 2 * channels * len(words)]
        }  # fmt: skip
        self._given = self._trunk.output[0]
        self._inputs = [one.name for one in model.graph.input]
        self.left = _without(model, trunks[0], self._trunk.input[2:])
        self.left.graph.input.append(_value(self._given, [1, "high", "wide", channels]))
        self.left.graph.output.extend(_value(name, shape) for name, shape in shapes.items())
        front = onnx.utils.Extractor(self.left).extract_model(self._inputs, [*shapes])
        self._front = onnxruntime.InferenceSession(
            front.SerializeToString(), providers=["CPUExecutionProvider"]
        )

    def sample(self, frame: NDArray[np.uint8], style: NDArray[np.float32]) -> Sample:
        """All inputs of :attr:`left` for ``(1, H, W, 3)`` and ``(1, P)``."""
        inputs = sample_of(self._model, frame, style)
        return inputs | {self._given: self._packed(*self._front.run(None, inputs))}

    def put_back(self, left: onnx.ModelProto) -> onnx.ModelProto:
        """The whole network again, from what became of :attr:`left`; changed in place."""
        graph, trunk = left.graph, self._trunk
        for values, names in ((graph.input, self._inputs), (graph.output, ("stylized",))):
            kept = [value for value in values if value.name in names]
            del values[:]
            values.extend(kept)
        nodes = list(graph.node)
        needed = [i for i, node in enumerate(nodes) if {*node.output} & {*trunk.input}]
        nodes.insert(max(needed) + 1, trunk)
        del graph.node[:]
        graph.node.extend(nodes)
        weights = self._model.graph.initializer
        graph.initializer.extend(weight for weight in weights if weight.name in trunk.input)
        del left.opset_import[:], left.metadata_props[:]
        left.opset_import.extend(self._model.opset_import)
        left.metadata_props.extend(self._model.metadata_props)
        return left


def quantize_around_trunk(
    network: NetworkFile, out: Path, samples: Iterable[tuple[NDArray[Any], NDArray[Any]]]
) -> NetworkFile:
    """Write a binary network with the convolutions around its trunk in int8, by NNCF.

    Its identity stays, so its styles serve. It no longer holds float weights and cannot
    be trained further.

    Args:
        network: with a binary trunk, as it was exported.
        out: ends in ``.onnx``.
        samples: some dozens of frames ``(1, H, W, 3)`` with style vectors ``(1, P)``, from
            which the ranges are taken.

    Raises:
        NetworkError: it has no binary trunk.
    """
    aside = TrunkAside(onnx.load(network.path))
    left = calibrated(aside.left, [aside.sample(frame, style) for frame, style in samples])
    whole = aside.put_back(left)
    content = whole.SerializeToString()
    weights = read_weights(content) | read_words(content) | read_bytes(content)
    for entry in whole.metadata_props:
        if entry.key == "artem.digest":
            entry.value = tensors_digest(weights)
    with replacing(out) as partial:
        partial.write_bytes(whole.SerializeToString())
    return load_network_file(out)


def _without(
    model: onnx.ModelProto, node: onnx.NodeProto, weights: Iterable[str]
) -> onnx.ModelProto:
    left = copy.deepcopy(model)
    left.graph.node.remove(node)
    gone = {*weights}
    for weight in [one for one in left.graph.initializer if one.name in gone]:
        left.graph.initializer.remove(weight)
    for domain in [one for one in left.opset_import if one.domain == DOMAIN]:
        left.opset_import.remove(domain)
    return left


def _value(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
