"""Who does the same convolution: each returns the milliseconds that one took inside a network."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import openvino
import torch
from openvino import opset1, opset13

from artem.runtime.xnor import BinaryConvolution, BinaryLayer, binary_layer, sign_pack
from artem.runtime.xnor.arrays import Room

Measured = Callable[[], float]


def draw(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape, np.float32)


def timed_ms(run: Callable[[], object], threads: int = 1) -> float:
    """What a run took: of the processor with one thread, which other work cannot lengthen."""
    clock = process_time if threads == 1 else perf_counter
    begun = clock()
    run()
    return 1000 * (clock() - begun)


def ours(channels: int, side: int, threads: int) -> Measured:
    """Float in, float out: signs, packing, convolution, scaling."""
    maps = draw(1, side, side, channels)
    convolution = BinaryConvolution.from_weights(draw(channels, channels, 3, 3), border="zero")
    out = np.empty_like(maps)
    return lambda: timed_ms(
        lambda: convolution(sign_pack(maps, threads=threads), out=out, threads=threads), threads
    )


def our_layer(channels: int, side: int, threads: int) -> Measured:
    """As in a residual block: packed in; statistics, style, addition; float and packed out."""
    maps = draw(1, side, side, channels)
    layer = BinaryLayer(BinaryConvolution.from_weights(draw(channels, channels, 3, 3)))
    packed, room = sign_pack(maps), Room()
    return lambda: timed_ms(
        lambda: binary_layer(
            layer, packed, residual=maps, out=maps, following=layer, room=room, threads=threads
        ),
        threads,
    )


def onednn(channels: int, side: int, threads: int) -> Measured:
    """oneDNN's float convolution, through PyTorch, channels last as it likes them best."""
    torch.set_num_threads(threads)
    maps = torch.from_numpy(draw(1, channels, side, side)).to(memory_format=torch.channels_last)
    weights = torch.from_numpy(draw(channels, channels, 3, 3))
    weights = weights.to(memory_format=torch.channels_last)

    def run() -> None:
        with torch.inference_mode():
            torch.nn.functional.conv2d(maps, weights, padding=1)

    return lambda: timed_ms(run, threads)


def openvino_float(channels: int, side: int, threads: int) -> Measured:
    def step(maps: Any, weights: Any) -> Any:
        return opset13.relu(_convolution(maps, opset13.constant(weights)))

    return _in_openvino(channels, side, threads, step, ("Convolution",))


def openvino_int8(channels: int, side: int, threads: int) -> Measured:
    """Weights and activations quantized to 8 bits; back to 8 bits within the convolution."""

    def step(maps: Any, weights: Any) -> Any:
        maps = opset13.fake_quantize(maps, *_levels(0, 4, ()), 256)
        shape = (channels, 1, 1, 1)
        quantized = opset13.fake_quantize(
            opset13.constant(weights), *_levels(-0.1, 0.1, shape), 255
        )
        return opset13.relu(_convolution(maps, quantized))

    return _in_openvino(channels, side, threads, step, ("Convolution",))


def openvino_binary(channels: int, side: int, threads: int) -> Measured:
    """Its BinaryConvolution, with what packs the signs before it and scales behind it."""

    def step(maps: Any, weights: Any) -> Any:
        threshold = opset1.constant(np.zeros((1, channels, 1, 1), np.float32))
        ends = [opset1.constant(np.full((1, 1, 1, 1), end, np.float32)) for end in (-1, 1)]
        maps = opset1.fake_quantize(maps, threshold, threshold, *ends, 2)
        bits = openvino.Tensor(
            np.packbits(weights.reshape(-1) >= 0),
            openvino.Shape(list(weights.shape)),
            openvino.Type.u1,
        )
        maps = opset1.binary_convolution(
            maps, openvino.op.Constant(bits), *_taps(), "xnor-popcount", 0.0
        )
        return opset1.multiply(
            maps, opset1.constant(np.full((1, channels, 1, 1), 0.05, np.float32))
        )

    kinds = ("BinaryConvolution", "FakeQuantize", "Reorder")
    return _in_openvino(channels, side, threads, step, kinds)


def _taps() -> list[list[int]]:
    return [[1, 1], [1, 1], [1, 1], [1, 1]]  # strides, padding before and behind, dilations


def _convolution(maps: Any, weights: Any) -> Any:
    return opset13.convolution(maps, weights, *_taps())


def _levels(low: float, high: float, shape: tuple[int, ...]) -> list[Any]:
    return [opset13.constant(np.full(shape, end, np.float32)) for end in (low, high, low, high)]


def _in_openvino(
    channels: int,
    side: int,
    threads: int,
    step: Callable[[Any, Any], Any],
    kinds: tuple[str, ...],
) -> Measured:
    """Three convolutions in a row; the middle one's own time, by OpenVINO's profile.

    What reorders layouts at the network's ends is thus left out; what comes between two
    convolutions (packing, say) is counted if its kind is among those named.
    """
    maps = opset13.parameter([1, channels, side, side], np.float32)
    chain = maps
    for index in range(3):
        weights = np.random.default_rng(index).standard_normal((channels, channels, 3, 3))
        chain = step(chain, (0.03 * weights).astype(np.float32))
    model = openvino.Model([opset13.result(chain)], [maps])
    options = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "PERF_COUNT": True,
    }
    request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()
    values = draw(1, channels, side, side)

    def run() -> float:
        begun, used = perf_counter(), process_time()
        request.infer([values])
        # The profile is of the clock on the wall; with one thread, only the part of it that
        # the processor was ours for.
        share = (process_time() - used) / (perf_counter() - begun) if threads == 1 else 1.0
        seen, total = 0, 0.0
        for node in request.get_profiling_info():
            if node.status != openvino.ProfilingInfo.Status.EXECUTED:
                continue
            if node.node_type in kinds and seen == 1:
                total += 1000 * node.real_time.total_seconds()
            seen += node.node_type == kinds[0]  # from behind the first to the second
        return total * min(1.0, share)

    return run


CONVOLUTIONS: dict[str, Callable[[int, int, int], Measured]] = {
    "ours": ours,
    "our layer": our_layer,
    "oneDNN f32": onednn,
    "OpenVINO f32": openvino_float,
    "OpenVINO int8": openvino_int8,
    "OpenVINO binary": openvino_binary,
}


class Loops:
    """``loops.cpp``, compiled with -O2."""

    def __init__(self) -> None:
        compiler = os.environ.get("CXX") or shutil.which("c++") or "g++"
        self._folder = tempfile.TemporaryDirectory()
        library = Path(self._folder.name) / "loops.so"
        source = Path(__file__).with_name("loops.cpp")
        subprocess.run(
            [compiler, "-O2", "-shared", "-fPIC", str(source), "-o", str(library)],
            check=True,
        )
        self._loops = ctypes.CDLL(str(library))

    def limit(self, kernels: str) -> float:
        """Billion products a second that a kernel's instructions can reach on this core; else 0."""
        measured = getattr(self._loops, f"limit_{kernels}", None)
        if measured is None:
            return 0.0
        measured.restype = ctypes.c_double
        return float(measured())

    def convolution(self, channels: int, side: int) -> float:
        maps, weights = draw(side, side, channels), draw(channels, 3, 3, channels)
        out = np.empty((side, side, channels), np.float32)
        arrays = [array.ctypes.data_as(ctypes.c_void_p) for array in (maps, weights, out)]
        return timed_ms(
            lambda: self._loops.naive_convolution(*arrays, side, side, channels, channels)
        )

    def product(self, size: int) -> float:
        one, other, out = draw(size, size), draw(size, size), np.empty((size, size), np.float32)
        arrays = [array.ctypes.data_as(ctypes.c_void_p) for array in (one, other, out)]
        return timed_ms(lambda: self._loops.naive_product(*arrays, size))
