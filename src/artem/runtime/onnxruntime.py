"""ONNX Runtime: the engine for everything that is not x86-64."""

from __future__ import annotations

import importlib.util

import numpy as np
from numpy.typing import NDArray

from artem.core.errors import EngineError
from artem.core.network_file import NetworkFile
from artem.runtime.engine import Session, why_not_version


class OnnxRuntimeSession:
    """One session for all frame sizes."""

    engine = "onnxruntime"

    def __init__(self, network: NetworkFile, threads: int | None) -> None:
        import onnxruntime

        self.precision = "int8" if network.int8 else "float"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if threads:
            options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(
                str(network.path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its errors share no base class of their own
            raise EngineError(
                f"ONNX Runtime cannot read '{network.path}'.\n  Try --engine openvino."
            ) from error

    def __call__(self, frame: NDArray[np.uint8], style: NDArray[np.float32]) -> NDArray[np.uint8]:
        outputs = self._session.run(None, {"frame": frame, "style": style})
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
