"""Trained candidates as ONNX files, float and int8; their pictures and their milliseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
import onnx
import openvino
import torch
from candidates import STYLES, Candidate
from numpy.typing import NDArray
from torch import nn
from train import load_trained, with_weights

from artem.core.errors import PictureError
from artem.core.files import replacing
from artem.core.picture import Frame, load_picture, middle_square
from artem.export.onnx import export_network
from artem.export.quantizing import calibrated, sample_of
from artem.learn.networks import StyledNetwork
from artem.runtime.engine import ORIGIN
from artem.runtime.openvino import shared_core

SIZES = ((640, 480, 1), (1080, 1200, 2))
"""Width, height and threads: a camera's picture on one core, a headset's eye on two."""

PRECISIONS = ("float", "int8")
CALIBRATION_PHOTOS = 32
CALIBRATION_PX = 256
LEAST_ROUNDS = 5


@dataclass(frozen=True)
class Measured:
    """A candidate, ready to be run.

    Attributes:
        candidate: what it is.
        multiple: of which the sides of a frame must be.
        vectors: of the styles, ``(S, P)``.
        files: ONNX, by precision.
        facts: weights, multiplications, what training came to.
    """

    candidate: Candidate
    multiple: int
    vectors: NDArray[np.float32]
    files: Mapping[str, Path]
    facts: Mapping[str, Any]


def exported(candidate: Candidate, trained: Path, photos: Sequence[Path]) -> Measured | None:
    """Export and quantize a candidate, where that was not done; ``None`` where it is not trained.

    Args:
        trained: folder of the trained candidates; files go into its folder ``onnx``.
        photos: to calibrate with, each in one of the styles by turns.
    """
    weights = trained / f"{candidate.weights or candidate.name}.pt"
    if not weights.exists():
        return None
    network, vectors, kept = load_trained(weights)
    if candidate.weights:
        network = with_weights(dict(candidate.architecture), kept["state"])
    files = {one: trained / "onnx" / f"{candidate.name}.{one}.onnx" for one in PRECISIONS}
    styles = vectors.numpy()
    if not _newer(files["float"], weights):
        export_network(network, files["float"], name=candidate.name, card={})
    if not _newer(files["int8"], files["float"]):
        squares = [
            middle_square(frame, CALIBRATION_PX) for frame in _frames(photos, CALIBRATION_PHOTOS)
        ]
        model = onnx.load(files["float"])
        proto = calibrated(model, [
            sample_of(model, square[None], styles[index % len(styles)][None])
            for index, square in enumerate(squares)
        ])  # fmt: skip
        with replacing(files["int8"]) as partial:
            onnx.save(proto, partial)
    return Measured(candidate, network.multiple, styles, files, facts={
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "kmac_a_pixel": round(kmac_a_pixel(network), 2),
        "smooth_loss": None if candidate.weights else kept["curve"][-1][1],
        "rollbacks": kept["rollbacks"],
    })  # fmt: skip


def kmac_a_pixel(network: StyledNetwork) -> float:
    """Thousands of multiplications of the convolutions for each pixel of the frame."""
    side = 8 * network.multiple
    counted = 0

    def count(layer: nn.Module, taken: object, given: torch.Tensor) -> None:
        nonlocal counted
        counted += layer.weight[0].numel() * given.numel()  # type: ignore[index]

    hooks = [
        layer.register_forward_hook(count)
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d)
    ]
    with torch.no_grad():
        network(torch.zeros(1, 3, side, side), torch.ones(1, network.style_size))
    for hook in hooks:
        hook.remove()
    return counted / side**2 / 1000


def painted(measured: Measured, precision: str, style: str, frame: Frame) -> Frame:
    """What a candidate makes of a frame whose sides suit it."""
    height, width, _ = frame.shape
    request = _request(measured, precision, width, height, 1)
    vector = measured.vectors[STYLES.index(style)][None]
    request.infer({"frame": frame[None], "style": vector})
    return np.array(request.get_output_tensor(0).data[0])


def milliseconds(
    everyone: Sequence[Measured], width: int, height: int, threads: int, seconds: float
) -> dict[tuple[str, str], float]:
    """Medians by candidate and precision; all take turns, so that none has a better hour.

    With one thread what counts is the processor's time, which other work cannot lengthen.
    Sides are rounded up to each network's multiple, as the runtime does it.
    """
    clock = process_time if threads == 1 else perf_counter
    requests = {}
    for one in everyone:
        wide, high = (-(-side // one.multiple) * one.multiple for side in (width, height))
        for precision in PRECISIONS:
            request = _request(one, precision, wide, high, threads)
            draw = np.random.default_rng(1)
            frame = draw.integers(0, 256, (1, high, wide, 3), dtype=np.uint8)
            request.set_tensor("frame", openvino.Tensor(frame))
            request.set_tensor("style", openvino.Tensor(one.vectors[:1].copy()))
            request.infer()
            requests[one.candidate.name, precision] = request
    times: dict[tuple[str, str], list[float]] = {key: [] for key in requests}
    begun_s = perf_counter()
    while perf_counter() - begun_s < seconds or len(times[next(iter(times))]) < LEAST_ROUNDS:
        for key, request in requests.items():
            before_s = clock()
            request.infer()
            times[key].append(1000 * (clock() - before_s))
    return {key: round(median(taken), 2) for key, taken in times.items()}


def _request(measured: Measured, precision: str, width: int, height: int, threads: int) -> Any:
    model = shared_core().read_model(measured.files[precision])
    style_size = measured.vectors.shape[1]
    model.reshape({"frame": [1, height, width, 3], "style": [1, style_size]})
    options = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = shared_core().compile_model(model, "CPU", options).create_infer_request()
    if any(one.any_name == "place" for one in model.inputs):
        request.set_tensor("place", openvino.Tensor(ORIGIN.copy()))
    return request


def _newer(file: Path, source: Path) -> bool:
    return file.exists() and file.stat().st_mtime >= source.stat().st_mtime


def _frames(files: Sequence[Path], most: int) -> list[Frame]:
    """The first photos of these that can be read."""
    frames: list[Frame] = []
    for file in files:
        if len(frames) == most:
            break
        try:
            frames.append(load_picture(file).frame)
        except PictureError:
            continue
    return frames
