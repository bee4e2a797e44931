"""A network in int8: quantized after training, its paintings compared with the float network's."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nncf
import numpy as np
import onnx
import torch
from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters, OverflowFix
from nncf.quantization.range_estimator import (
    AggregatorType,
    RangeEstimatorParameters,
    StatisticsCollectorParameters,
    StatisticsType,
)
from numpy.typing import NDArray

from artem.core.cards import network_card
from artem.core.digests import tensors_digest
from artem.core.errors import NetworkError, PictureError, TrainingError
from artem.core.files import replacing
from artem.core.network_file import NetworkFile, load_network_file
from artem.core.picture import Frame, load_picture, middle_square
from artem.core.style_file import Style
from artem.export.exhibits import find_candidates, find_painting, painting_px
from artem.learn.encoders import load_encoder
from artem.learn.optimization.images import image_of
from artem.learn.training.photos import PhotoFolder, load_style_picture
from artem.learn.training.recipe import YARDSTICK, perceptual_loss
from artem.runtime.engine import Session, inputs_of, open_session
from artem.runtime.processor import byte_products

SUFFIX = ".int8.onnx"
SAMPLES = 120
HELD_OUT = 8
SIDE_PX = 256
TOLERANCE = 0.05
"""Part by which the objective may be worse in int8 than in float."""

OUTLIERS = 1e-4
"""Part of a map's values, at either end, that a range leaves out: a few of them would take the
levels from all others. To the objective of `fine` int8 adds 8 % with all of them, 3 % without these
or a tenth of these; without ten times as many it is lost."""

FLOAT_NODES = [
    "Add", "Mul", "Sub", "Div", "InstanceNormalization", "Split", "Clip", "Round", "Gather",
]  # fmt: skip
"""What stays float, so that convolutions alone have quantized inputs.

Sums, normalization, the style's scales and the grain lose most by rounding and gain no time.
Behind them, what is padded, cut and concatenated for a convolution is bytes.
"""


@dataclass(frozen=True)
class Quantized:
    """What a quantization made.

    Attributes:
        network: the int8 file.
        files: written, the network's first.
        figures: as on the card.
        ratio: int8's objective to float's; ``None`` without paintings.
    """

    network: NetworkFile
    files: tuple[Path, ...]
    figures: dict[str, Any]
    ratio: float | None


def quantize_network(
    network: str | Path,
    *,
    photos: Path,
    out: Path | None = None,
    paintings: Sequence[str] = (),
    samples: int = SAMPLES,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    on_progress: Callable[[str], None] = lambda text: None,
) -> Quantized:
    """Quantize a network to int8 (NNCF, post-training) and compare both.

    Calibrated over photos and every style that has a vector for the network; the last photos
    of the folder, in an order drawn by ``seed``, are held out and painted by both.

    Args:
        network: by name or file; float.
        photos: folder of photos.
        out: ends in ``.int8.onnx``; beside the network when ``None``, where it is found.
        paintings: see :func:`~artem.export.exhibits.find_painting`; with them the objective
            of both is measured, else only how far their pictures are apart.
        samples: photos to calibrate with, each in one of the styles by turns.
        tolerance: part by which the objective may be worse.

    Raises:
        NetworkError: the network is not float, or int8 is worse than ``tolerance`` allows;
            then nothing is written.
        ArtemError: in words, whatever else is missing or wrong.
    """
    candidate = find_candidates(network)[0]
    source = candidate.network
    if source.binary or source.int8:
        kind = "binary" if source.binary else "int8"
        raise NetworkError(f"'{source.path}' is {kind} already.\n  Name a float network.")
    out = out or source.path.with_suffix(SUFFIX)
    if not out.name.endswith(SUFFIX):
        raise NetworkError(f"'{out}' does not end in {SUFFIX}.\n  Use {source.path.stem}{SUFFIX}.")
    styles = list(candidate.styles.values())
    if not styles:
        raise NetworkError(
            f"No style here fits the network '{source.name}'.\n"
            f"  Keep its styles in 'styles' beside it; int8 is calibrated over them."
        )
    found = {style.name: find_painting(style.name, paintings) for style in styles}
    files = _shuffled(PhotoFolder(photos).files, seed)
    held_out = min(HELD_OUT, len(files) // 2)
    frames = list(_squares(files[-held_out:]))
    squares = list(_squares(files[:-held_out][:samples]))
    if not (frames and squares):
        raise TrainingError(f"Too few pictures in '{photos}' can be read.\n  Use some 100.")
    on_progress(f"calibrating over {len(squares)} photos in {len(styles)} styles")
    vectors = [style.vectors[source.identity][None] for style in styles]
    model = onnx.load(source.path)
    proto = calibrated(model, [
        sample_of(model, square[None], vectors[index % len(vectors)])
        for index, square in enumerate(squares)
    ])  # fmt: skip
    with replacing(out) as partial:
        described = _write(proto, source, partial, source.card)
        on_progress("painting with both")
        figures, ratio = _compared(source, described, styles, found, frames)
        figures["photos calibrated with"] = len(squares)
        if ratio is not None and ratio > 1 + tolerance:
            allowed = math.ceil(100 * ratio) - 100
            raise NetworkError(
                f"In int8 the objective is {100 * (ratio - 1):.1f} % worse than in float "
                f"({figures['objective, int8']} against {figures['objective, float']}).\n"
                f"  Calibrate with more photos, or allow it: --tolerance {allowed}"
            )
        _write(proto, source, partial, source.card | {"int8": figures})
    described = load_network_file(out)
    card = out.with_suffix(".md")
    with replacing(card) as partial:
        partial.write_text(network_card(described), encoding="utf-8")
    return Quantized(described, (out, card), figures, ratio)


def sample_of(
    model: onnx.ModelProto, frame: NDArray[np.uint8], style: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    """A network's inputs, by name, for a frame ``(1, H, W, 3)`` and a style ``(1, P)``."""
    return inputs_of([one.name for one in model.graph.input], frame, style)


def calibrated(
    model: onnx.ModelProto, samples: Sequence[dict[str, NDArray[Any]]]
) -> onnx.ModelProto:
    """A network's graph with quantized convolutions, as an ONNX graph of QDQ form.

    Weights are symmetric with a scale for each filter. Inputs of convolutions have a zero
    point where they go below 0, as behind a residual sum. Their range is the widest of any picture
    seen, as what one style never reaches another one does, without the picture's outermost
    :data:`OUTLIERS`.
    Weights that the graph does not use itself are left out.
    """
    model = copy.deepcopy(model)
    used = {name for node in model.graph.node for name in node.input}
    for weight in [one for one in model.graph.initializer if one.name not in used]:
        model.graph.initializer.remove(weight)
    with _quiet():
        quantized: onnx.ModelProto = nncf.quantize(
            model,
            nncf.Dataset(samples),
            subset_size=len(samples),
            preset=nncf.QuantizationPreset.MIXED,
            ignored_scope=nncf.IgnoredScope(types=FLOAT_NODES, validate=False),
            advanced_parameters=AdvancedQuantizationParameters(
                # Eight bits for weights: where sums of two products may overflow 16 bits, on
                # CPUs without VNNI, int8 is not chosen.
                overflow_fix=OverflowFix.DISABLE,
                activations_range_estimator_params=RangeEstimatorParameters(*_ends()),
            ),
        )
    _use_unsigned_bytes(quantized)
    return quantized


def _ends() -> list[StatisticsCollectorParameters]:
    """How the lower and the upper end of a range are found."""
    return [
        StatisticsCollectorParameters(
            statistics_type=StatisticsType.QUANTILE,
            aggregator_type=widest,
            quantile_outlier_prob=OUTLIERS,
        )
        for widest in (AggregatorType.MIN, AggregatorType.MAX)
    ]


def _use_unsigned_bytes(model: onnx.ModelProto) -> None:
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


def _write(
    proto: onnx.ModelProto, source: NetworkFile, file: Path, card: dict[str, Any]
) -> NetworkFile:
    """Write the graph with metadata of its own and the float network's identity."""
    for initializer in proto.graph.initializer:  # one encoding, so that they can be read simply
        values = onnx.numpy_helper.to_array(initializer)
        initializer.CopyFrom(onnx.numpy_helper.from_array(values, initializer.name))
    weights = {
        initializer.name: onnx.numpy_helper.to_array(initializer)
        for initializer in proto.graph.initializer
        if initializer.data_type
        in (onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8, onnx.TensorProto.INT8)
    }
    del proto.metadata_props[:]
    onnx.helper.set_model_props(proto, {
        "artem.name": source.name,
        "artem.identity": source.identity,
        "artem.precision": "int8",
        "artem.digest": tensors_digest(weights),
        "artem.architecture": json.dumps(source.architecture),
        "artem.style_size": str(source.style_size),
        "artem.multiple": str(source.multiple),
        "artem.minimum": str(source.minimum),
        "artem.card": json.dumps(card, sort_keys=True),
    })  # fmt: skip
    onnx.checker.check_model(proto, full_check=True)
    file.write_bytes(proto.SerializeToString())
    return load_network_file(file)


@torch.no_grad()
def _compared(
    source: NetworkFile,
    version: NetworkFile,
    styles: Sequence[Style],
    paintings: dict[str, Path | None],
    frames: Sequence[Frame],
) -> tuple[dict[str, Any], float | None]:
    """Figures of both networks on held-out photos, and the ratio of their objectives."""
    one = open_session(source, precision="float")
    # Without products of four bytes, OpenVINO cuts sums of two off at 16 bits: the pictures are
    # some 27 dB from float where the file has 38, which ONNX Runtime paints.
    engine = "auto" if byte_products() else "onnxruntime"
    other = open_session(version, engine=engine, precision="int8")
    shown = {name: file for name, file in paintings.items() if file is not None}
    loss = perceptual_loss(load_encoder(None), YARDSTICK) if shown else None
    apart: list[float] = []
    squares: list[float] = []
    objectives: list[tuple[float, float]] = []
    for style in styles:
        vector = style.vectors[source.identity][None]
        file = shown.get(style.name)
        target = (
            loss.style_target(load_style_picture(file, painting_px(style))) if loss and file else {}
        )
        for frame in frames:
            painted = [_paint(session, frame, vector) for session in (one, other)]
            difference = painted[0].astype(np.float64) - painted[1]
            apart.append(float(np.abs(difference).mean()))
            squares.append(float((difference**2).mean()))
            if loss and target:
                content = loss.content_target(image_of(frame))
                first, second = (
                    float(loss.total(loss.terms(image_of(p), content, target))) for p in painted
                )
                objectives.append((first, second))
    noise = float(np.mean(squares))
    figures: dict[str, Any] = {
        "held-out photos": f"{len(frames)} at {SIDE_PX}x{SIDE_PX} in {len(styles)} styles",
        "distance from float in levels of 255": round(float(np.mean(apart)), 2),
        "PSNR against float in dB": round(10 * math.log10(255**2 / max(noise, 1e-9)), 1),
    }
    if not objectives:
        return figures, None
    first, second = (float(value) for value in np.mean(objectives, axis=0))
    figures |= {
        "objective, float": round(first, 4),
        "objective, int8": round(second, 4),
        "ratio": round(second / first, 4),
    }
    return figures, second / first


def _paint(session: Session, frame: Frame, vector: NDArray[np.float32]) -> Frame:
    painted: Frame = session(frame[None], vector)[0]
    return painted


def _squares(files: Sequence[Path]) -> Iterator[Frame]:
    """The middle of each photo; those that cannot be read are passed over."""
    for file in files:
        with contextlib.suppress(PictureError):
            yield middle_square(load_picture(file).frame, SIDE_PX)


def _shuffled(files: Sequence[Path], seed: int) -> list[Path]:
    if len(files) < 2:
        raise TrainingError("Calibrating needs two photos or more.\n  Use some 100.")
    order = np.random.default_rng(seed).permutation(len(files))
    return [files[index] for index in order]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """NNCF draws bars and tells what it does; only its errors matter here."""
    log = logging.getLogger("nncf")
    level = log.level
    nncf.set_log_level(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        nncf.set_log_level(level or logging.INFO)
