"""The engine for binary networks: their packed trunk by our own kernels, the rest by OpenVINO."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artem.core.network_file import NetworkFile
from artem.runtime.engine import Session
from artem.runtime.openvino import OpenVinoSession
from artem.runtime.xnor import BinaryConvolution, BinaryLayer, binary_block
from artem.runtime.xnor.arrays import Room
from artem.runtime.xnor.packing import Maps

DOMAIN = "artem"
OPERATION = "BinaryTrunk"


class PackedTrunk:
    """A row of binary layers, as a network file holds them.

    Args:
        words: packed weights of each layer, uint8 ``(out, kh, kw, bytes)``.
        eps: added to the variance in each normalization.
        threads: for the kernels.
    """

    def __init__(self, words: list[NDArray[np.uint8]], eps: float, threads: int) -> None:
        # The kernels read whole words, which have to begin where words do.
        self._convolutions = [
            BinaryConvolution(np.array(layer).view(np.uint64), layer.shape[0]) for layer in words
        ]
        self._eps = eps
        self._threads = threads
        self._room = Room()

    def __call__(self, maps: Maps, style: Maps, out: Maps | None = None) -> Maps:
        """``maps + norm(convolution(sign(maps + threshold))) * scale``, layer after layer.

        Args:
            maps: ``(1, H, W, C)``.
            style: ``(1, 2 * C * layers)``: each layer's thresholds, then its scales.
            out: where to write.
        """
        numbers = style.reshape(len(self._convolutions), 2, -1)
        layers = [
            BinaryLayer(convolution, scale=scale, input_shift=threshold, eps=self._eps)
            for convolution, (threshold, scale) in zip(self._convolutions, numbers, strict=True)
        ]
        return binary_block(maps, layers, out=out, room=self._room, threads=self._threads)


@cache
def _core(threads: int) -> Any:
    """An OpenVINO that knows our operation; one for each number of threads asked for."""
    import openvino
    from openvino.frontend.onnx import ConversionExtension

    class BinaryTrunkOp(openvino.Op):  # type: ignore[misc]
        def __init__(self, inputs: Any = None, trunk: PackedTrunk | None = None) -> None:
            super().__init__(self, inputs)
            self.trunk = trunk
            if inputs is not None:
                self.constructor_validate_and_infer_types()

        def validate_and_infer_types(self) -> None:
            self.set_output_type(0, self.get_input_element_type(0), self.get_input_partial_shape(0))

        def clone_with_new_inputs(self, inputs: Any) -> Any:
            return BinaryTrunkOp(inputs, self.trunk)

        def has_evaluate(self) -> bool:
            return True

        def evaluate(self, outputs: Any, inputs: Any) -> bool:
            assert self.trunk is not None
            maps, style = (tensor.data for tensor in inputs)
            outputs[0].shape = maps.shape
            self.trunk(maps, style, outputs[0].data)
            return True

    def convert(node: Any) -> Any:
        words = [
            node.get_input(index).get_node().data for index in range(2, node.get_input_size(), 2)
        ]
        trunk = PackedTrunk(words, node.get_attribute("epsilon"), threads)
        return BinaryTrunkOp([node.get_input(0), node.get_input(1)], trunk).outputs()

    core = openvino.Core()
    core.add_extension(ConversionExtension(OPERATION, DOMAIN, convert))
    return core


class BinarySession(OpenVinoSession):
    """A binary network, compiled once for each frame size."""

    engine = "xnor"

    def __init__(self, network: NetworkFile, threads: int | None) -> None:
        super().__init__(network, "float", threads, core=_core(threads or _cores()))
        self.precision = "binary"


def _cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class BinaryEngine:
    """Our own kernels for the packed trunk, OpenVINO around them."""

    name = "xnor"

    def why_not(self, network: NetworkFile, precision: str) -> str | None:
        """A network without packed convolutions, another precision, or a missing package."""
        if not network.binary:
            kind = "int8" if network.int8 else "float"
            return f"it runs binary networks only, and this one is {kind}"
        if precision not in ("auto", "binary"):
            return "this network's weights are bits (use --precision binary)"
        if importlib.util.find_spec("openvino") is None:
            return "the package that runs the rest is not installed (pip install openvino)"
        return None

    def why_not_int8(self) -> str | None:
        """Always: it runs binary networks."""
        return "it runs binary networks only"

    def load(self, network: NetworkFile, precision: str, threads: int | None) -> Session:
        """Read the network; compiling waits for the first frame's size."""
        return BinarySession(network, threads)
