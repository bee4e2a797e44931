"""ONNX Runtime: the engine for everything that is not x86-64."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artem.core.errors import EngineError
from artem.core.network_file import NetworkFile
from artem.runtime.engine import ORIGIN, Place, Session, engine_failure, inputs_of, why_not_version


class OnnxRuntimeSession:
    """One session for all frame sizes."""

    engine = "onnxruntime"

    def __init__(self, network: NetworkFile, threads: int | None) -> None:
        self.precision = "int8" if network.int8 else "float"
        self._session = _open(network.path, threads)
        self._inputs = [one.name for one in self._session.get_inputs()]

    def __call__(
        self, frame: NDArray[np.uint8], style: NDArray[np.float32], place: Place = ORIGIN
    ) -> NDArray[np.uint8]:
        try:
            outputs = self._session.run(None, inputs_of(self._inputs, frame, style, place))
        except Exception as error:  # its errors share no base class of their own
            raise engine_failure("ONNX Runtime", error) from error
        return np.asarray(outputs[0])


class OnnxRuntimeEngine:
    """Microsoft's ONNX Runtime on the CPU."""

    name = "onnxruntime"

    def why_not(self, network: NetworkFile, precision: str) -> str | None:
        """Missing package, or a precision that it does not offer."""
        if importlib.util.find_spec("onnxruntime") is None:
            return "the package is not installed (pip install 'artem-style[onnxruntime]')"
        reason = why_not_version(network, precision)
        if reason is None and precision == "bfloat16":
            return "it computes in float on the CPU (use --precision float)"
        return reason

    def why_not_int8(self) -> str | None:
        """Always: normalization breaks the chain of quantized layers that it could fuse."""
        return "ONNX Runtime paints no faster in int8"

    def load(self, network: NetworkFile, precision: str, threads: int | None) -> Session:
        """Load the network."""
        return OnnxRuntimeSession(network, threads)


def run_once(file: Path, inputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """The first output of an ONNX file for these inputs; nothing is kept.

    Raises:
        EngineError: ONNX Runtime cannot read it.
    """
    return np.asarray(_open(file, None).run(None, dict(inputs))[0])


def _open(file: Path, threads: int | None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads:
        options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no base class of their own
        raise EngineError(
            f"ONNX Runtime cannot read '{file}'.\n  Try --engine openvino."
        ) from error
