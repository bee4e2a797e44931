"""What an engine is, and how one is chosen."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Mapping
from numbers import Integral
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from artem.core.errors import EngineError, did_you_mean
from artem.core.network_file import NetworkFile

PRECISIONS = ("auto", "float", "bfloat16", "int8", "binary")

PACKED = "it knows no packed convolutions (use --engine xnor)"
FLOAT = "this network is float; a binary one is a file of its own"
NOT_INT8 = "there is no int8 file of this network (artem quantize makes one)"
INT8 = "this network is int8; the float one is a file of its own"


Place = NDArray[np.int64]
"""``(2,)``: where a frame begins on the plane to which strokes keep, (down, right) in pixels."""

ORIGIN: Place = np.zeros(2, np.int64)


def inputs_of(
    names: Collection[str],
    frame: NDArray[np.uint8],
    style: NDArray[np.float32],
    place: Place = ORIGIN,
) -> dict[str, NDArray[Any]]:
    """What a network's file takes, by name: of these three those that it has."""
    inputs: dict[str, NDArray[Any]] = {"frame": frame, "style": style, "place": place}
    return {name: value for name, value in inputs.items() if name in names}


class Session(Protocol):
    """A network that an engine has loaded.

    Attributes:
        engine: the engine's name.
        precision: what it really computes in, one of :data:`PRECISIONS` but ``auto``.
    """

    engine: str
    precision: str

    def __call__(
        self, frame: NDArray[np.uint8], style: NDArray[np.float32], place: Place = ORIGIN
    ) -> NDArray[np.uint8]:
        """Stylize ``(1, H, W, 3)`` with ``(1, P)``; sides must suit the network.

        ``place``, int64 ``(2,)`` from 0 up, is for networks whose file takes it.
        """
        ...


class Engine(Protocol):
    """A library that runs ONNX networks."""

    name: str

    def why_not(self, network: NetworkFile, precision: str) -> str | None:
        """Why it cannot run this network here, in words; ``None`` when it can."""
        ...

    def why_not_int8(self) -> str | None:
        """Why an int8 network would not be quicker here than a float one, in words."""
        ...

    def load(self, network: NetworkFile, precision: str, threads: int | None) -> Session:
        """Load the network; ``threads`` of ``None`` means all cores."""
        ...


def why_not_version(network: NetworkFile, precision: str) -> str | None:
    """Why an engine of float and int8 networks cannot compute this file in a precision."""
    if network.binary:
        return PACKED
    if precision == "binary":
        return FLOAT
    if network.int8:
        return None if precision in ("auto", "int8") else INT8
    return NOT_INT8 if precision == "int8" else None


def engine_failure(name: str, error: Exception) -> MemoryError | EngineError:
    """What to raise where an engine broke off amid a frame; only its text tells whether memory
    ran out.
    """
    text = str(error).strip()
    if "alloc" in text:
        return MemoryError(text)
    reason = text.splitlines()[-1].strip() if text else type(error).__name__
    return EngineError(f"{name} could not paint this frame ({reason}).\n  Try another --engine.")


def engines() -> dict[str, Engine]:
    """All engines by name, the preferred one first."""
    from artem.runtime.binary import BinaryEngine
    from artem.runtime.onnxruntime import OnnxRuntimeEngine
    from artem.runtime.openvino import OpenVinoEngine

    known: tuple[Engine, ...] = (OpenVinoEngine(), OnnxRuntimeEngine(), BinaryEngine())
    return {engine.name: engine for engine in known}


def open_session(
    network: NetworkFile,
    *,
    engine: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
) -> Session:
    """The network in the first engine that can run it, or in the one asked for.

    Raises:
        EngineError: none can, with each one's reason; or the name, the precision
            or the number of threads makes no sense.
    """
    if precision not in PRECISIONS:
        raise EngineError(
            f"'{precision}' is not a precision.{did_you_mean(str(precision), PRECISIONS)}\n"
            f"  Use one of: {', '.join(PRECISIONS)}"
        )
    if threads is not None and (not isinstance(threads, Integral) or threads < 1):
        raise EngineError(f"{threads!r} is no number of threads.\n  Use a whole one from 1 up.")
    known = engines()
    if engine not in ("auto", *known):
        raise EngineError(
            f"'{engine}' is not an engine.{did_you_mean(str(engine), known)}\n"
            f"  Use one of: auto, {', '.join(known)}"
        )
    refusals = []
    for candidate in known.values() if engine == "auto" else [known[engine]]:
        reason = candidate.why_not(network, precision)
        if reason is None:
            return candidate.load(network, precision, threads)
        refusals.append(f"  {candidate.name}: {reason}")
    raise EngineError(
        f"No engine can run the network '{network.name}' here:\n" + "\n".join(refusals)
    )


def run_once(file: Path, inputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """The first output of an ONNX file that is no styled network, in the first engine at hand.

    Raises:
        EngineError: there is none, or it cannot run the file.
    """
    # Imported here, as each of these modules takes its words from this one.
    from artem.runtime import onnxruntime, openvino

    for package, engine in (("openvino", openvino), ("onnxruntime", onnxruntime)):
        if importlib.util.find_spec(package) is not None:
            output: NDArray[Any] = engine.run_once(file, inputs)
            return output
    raise EngineError(
        f"No engine is here to run '{file.name}'.\n"
        f"  pip install openvino, or 'artem-style[onnxruntime]'"
    )
