"""OpenVINO: the preferred engine on x86-64."""

from __future__ import annotations

import importlib.util
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artem.core.errors import EngineError
from artem.core.network_file import NetworkFile
from artem.runtime.engine import ORIGIN, Place, Session, engine_failure, inputs_of, why_not_version
from artem.runtime.processor import why_no_byte_products

KEPT_SIZES = 4
"""Compiled frame sizes kept at a time; one takes some tens of megabytes."""


@cache
def shared_core() -> Any:
    """OpenVINO's core, one for the process: each one loads and unloads the plugins anew."""
    import openvino

    return openvino.Core()


def has_bfloat16() -> bool:
    """Whether this CPU has instructions for bfloat16."""
    return "BF16" in shared_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoSession:
    """Compiles once for each frame size: fixed shapes run a sixth faster than open ones."""

    engine = "openvino"

    def __init__(
        self, network: NetworkFile, precision: str, threads: int | None, core: Any = None
    ) -> None:
        self.precision = "bfloat16" if precision == "bfloat16" else "float"
        if network.int8:
            self.precision = "int8"
        self._core = core or shared_core()
        try:
            self._model = self._core.read_model(network.path)
        except RuntimeError as error:
            raise EngineError(
                f"OpenVINO cannot read '{network.path}'.\n  Try --engine onnxruntime."
            ) from error
        self._style_size = network.style_size
        self._inputs = {name for one in self._model.inputs for name in one.names}
        # What int8 networks compute between their convolutions loses nothing by it.
        short = precision == "bfloat16" or (network.int8 and has_bfloat16())
        self._options: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            # Left alone, OpenVINO takes bfloat16 wherever the CPU has it.
            "INFERENCE_PRECISION_HINT": "bf16" if short else "f32",
        }
        if threads:
            self._options["INFERENCE_NUM_THREADS"] = threads
        self._requests: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def __call__(
        self, frame: NDArray[np.uint8], style: NDArray[np.float32], place: Place = ORIGIN
    ) -> NDArray[np.uint8]:
        inputs = inputs_of(self._inputs, frame, style, place)
        try:
            request = self._request(frame.shape)
            request.infer(inputs, share_inputs=True)
        except RuntimeError as error:
            self._requests.pop(frame.shape, None)  # its memory may be what lacks
            raise engine_failure("OpenVINO", error) from error
        # The request's own memory is overwritten by the next frame.
        return np.array(request.get_output_tensor(0).data)

    def _request(self, shape: tuple[int, ...]) -> Any:
        """What runs frames of a shape ``(1, H, W, 3)``, compiled if it was not kept."""
        request = self._requests.get(shape)
        if request is None:
            model = self._model.clone()
            model.reshape({"frame": list(shape), "style": [1, self._style_size]})
            request = self._core.compile_model(model, "CPU", self._options).create_infer_request()
            self._requests[shape] = request
            if len(self._requests) > KEPT_SIZES:
                self._requests.popitem(last=False)
        self._requests.move_to_end(shape)
        return request


class OpenVinoEngine:
    """Intel's OpenVINO on the CPU."""

    name = "openvino"

    def why_not(self, network: NetworkFile, precision: str) -> str | None:
        """Missing package, or a precision that the CPU lacks."""
        if importlib.util.find_spec("openvino") is None:
            return "the package is not installed (pip install openvino)"
        reason = why_not_version(network, precision)
        if reason is not None or precision != "bfloat16":
            return reason
        if has_bfloat16():
            return None
        return "this CPU has no bfloat16 instructions (use --precision float)"

    def why_not_int8(self) -> str | None:
        """A CPU that multiplies bytes no faster than floats, or whose instructions are unknown."""
        return why_no_byte_products()

    def load(self, network: NetworkFile, precision: str, threads: int | None) -> Session:
        """Read the network; compiling waits for the first frame's size."""
        return OpenVinoSession(network, precision, threads)


def run_once(file: Path, inputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """The first output of an ONNX file for these inputs, in float32; nothing is kept.

    Raises:
        EngineError: OpenVINO cannot run it.
    """
    try:
        model = shared_core().read_model(file)
        model.reshape({name: list(value.shape) for name, value in inputs.items()})
        compiled = shared_core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        request = compiled.create_infer_request()
        request.infer(dict(inputs))
    except RuntimeError as error:
        raise EngineError(f"OpenVINO cannot run '{file}'.") from error
    return np.array(request.get_output_tensor(0).data)
