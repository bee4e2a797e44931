"""A network's whole frame: float, int8 and with a binary trunk, on the same cores, in turns.

The shipped networks where they are; where not, random weights in the shipped network's
architecture, which take the same time. Int8 is what NNCF makes of a network; around a binary
trunk too.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx
import openvino
from rivals import timed_ms

from artem.core.network_file import NetworkFile, load_network_file
from artem.export.around_trunk import quantize_around_trunk
from artem.export.quantizing import calibrated, sample_of
from artem.runtime import binary
from artem.runtime.engine import inputs_of
from artem.runtime.library import MODELS, find_network

SIZES = ((640, 480), (1080, 1200))
CALIBRATION_PX = 256
FLOAT, INT8, BINARY, INT8_AROUND = "float", "int8", "binary", "binary, int8 around"
SUFFIXES = {FLOAT: "", INT8: ".int8", BINARY: ".binary", INT8_AROUND: ".binary.int8"}
PARTS = {
    "Reference": "binary trunk",
    "Convolution": "convolutions",
    "MVN": "normalization",
}
"""OpenVINO's kinds of nodes; all else moves and adds numbers."""


def generators(
    network: str, threads: int, seconds: float, channels: int, sizes: dict[str, int]
) -> list[dict[str, Any]]:
    """A row for each precision and size: milliseconds, and where they go.

    Args:
        network: a shipped one's name.
        channels: of a binary trunk that is not shipped.
        sizes: in which the architecture differs from the shipped one; then all weights
            are random.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        models = _models(network, threads, channels, sizes, Path(folder))
        for width, height in SIZES:
            requests = {
                name: _request(core, model, width, height, threads)
                for name, (core, model, _) in models.items()
            }
            for request in requests.values():
                request.infer()
            first = {name: timed_ms(request.infer, threads) for name, request in requests.items()}
            rounds = max(5, int(1000 * seconds / sum(first.values())))
            taken: dict[str, list[float]] = defaultdict(list)
            parts: dict[str, list[dict[str, float]]] = defaultdict(list)
            for _ in range(rounds):
                for name, request in requests.items():
                    taken[name].append(timed_ms(request.infer, threads))
                    parts[name].append(_parts(request, taken[name][-1]))
            for name, times in taken.items():
                rows.append({
                    "network": network, "precision": name, "weights": models[name][2],
                    "width_px": width, "height_px": height, "threads": threads, "rounds": rounds,
                    "median_ms": round(median(times), 2), "best_ms": round(min(times), 2),
                    "parts_ms": {
                        part: round(median(one.get(part, 0.0) for one in parts[name]), 2)
                        for part in (*PARTS.values(), "all else")
                    },
                })  # fmt: skip
                print(rows[-1], flush=True)
    return rows


def _models(
    network: str, threads: int, channels: int, sizes: dict[str, int], folder: Path
) -> dict[str, tuple[openvino.Core, openvino.Model, str]]:
    described = find_network(network)
    engines = {"float": openvino.Core(), "binary": binary._core(threads)}
    makers: dict[str, Callable[[], tuple[Path, str]]] = {
        FLOAT: lambda: _export(described, sizes, folder / "float.onnx"),
        INT8: lambda: _quantized(*files[FLOAT], folder / "int8.onnx"),
        BINARY: lambda: _export(described, {**sizes, "binary": channels}, folder / "binary.onnx"),
        INT8_AROUND: lambda: _quantized(*files[BINARY], folder / "around.onnx"),
    }
    files: dict[str, tuple[Path, str]] = {}
    for precision, make in makers.items():
        shipped = MODELS / f"{network}{SUFFIXES[precision]}.onnx"
        files[precision] = make() if sizes or not shipped.exists() else (shipped, "shipped")
    models = {}
    for precision, (file, said) in files.items():
        engine = engines["binary" if precision in (BINARY, INT8_AROUND) else "float"]
        models[precision] = engine, engine.read_model(file), said
    return models


def _export(described: NetworkFile, sizes: dict[str, int], file: Path) -> tuple[Path, str]:
    import torch

    from artem.export.onnx import export_network
    from artem.learn.networks.build import build_network

    torch.manual_seed(0)
    network = build_network({**described.architecture, **sizes})
    export_network(network, file, name="random", card={})
    return file, "random weights" + "".join(f", {name} {size}" for name, size in sizes.items())


def _quantized(file: Path, said: str, target: Path) -> tuple[Path, str]:
    """As ``artem imitate --int8`` does it, of a float network too."""
    said = f"{said}, quantized here"
    described, draw = load_network_file(file), np.random.default_rng(0)
    samples = [
        (
            draw.integers(0, 256, (1, CALIBRATION_PX, CALIBRATION_PX, 3), dtype=np.uint8),
            draw.normal(0.5, 0.3, (1, described.style_size)).astype(np.float32),
        )
        for _ in range(8)
    ]
    if described.binary:
        return quantize_around_trunk(described, target, samples).path, said
    model = onnx.load(file)
    onnx.save(calibrated(model, [sample_of(model, *sample) for sample in samples]), target)
    return target, said


def _inputs(
    model: openvino.Model, width: int, height: int, draw: np.random.Generator
) -> dict[str, Any]:
    size = model.input("style").partial_shape[1].get_length()
    return inputs_of(
        {one.any_name for one in model.inputs},
        draw.integers(0, 256, (1, height, width, 3), dtype=np.uint8),
        draw.normal(0.5, 0.3, (1, size)).astype(np.float32),
    )


def _request(
    core: openvino.Core, model: openvino.Model, width: int, height: int, threads: int
) -> Any:
    inputs = _inputs(model, width, height, np.random.default_rng(1))
    fixed = model.clone()
    fixed.reshape({name: list(array.shape) for name, array in inputs.items()})
    options = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "PERF_COUNT": True,
    }
    request = core.compile_model(fixed, "CPU", options).create_infer_request()
    for name, array in inputs.items():
        request.set_tensor(name, openvino.Tensor(array))
    return request


def _parts(request: Any, whole_ms: float) -> dict[str, float]:
    """The last frame's milliseconds by kind of work, in the shares of OpenVINO's profile.

    The profile is of the clock on the wall, which other work advances as well.
    """
    parts: dict[str, float] = defaultdict(float)
    for node in request.get_profiling_info():
        if node.status == openvino.ProfilingInfo.Status.EXECUTED:
            part = PARTS.get(node.node_type, "all else")
            parts[part] += node.real_time.total_seconds()
    total = sum(parts.values())
    return {part: whole_ms * share / total for part, share in parts.items()}
