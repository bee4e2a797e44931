"""What turns a picture into a style vector, as one ONNX file."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from artem.core.errors import NetworkError
from artem.core.files import replacing
from artem.core.network_file import NetworkFile, graph_digest
from artem.core.predictor_file import PredictorFile, load_predictor_file
from artem.export.onnx import bare_graph
from artem.runtime.predictor import run_predictor

HALVED_FROM = 64
"""Tensors of so many numbers are stored as float16. Shorter ones would gain nothing."""

APART = 2e-2
"""Largest difference, in deviations of the vector, between the file and its source."""


class PicturePredictor(nn.Module):
    """From a picture as it is read to a vector, as the file has it."""

    def __init__(self, predictor: nn.Module) -> None:
        super().__init__()
        self.predictor = predictor

    def forward(self, picture: Tensor) -> Tensor:
        """uint8 ``(1, H, W, 3)`` to float32 ``(1, P)``."""
        vector: Tensor = self.predictor(picture.permute(0, 3, 1, 2).float() / 255)
        return vector


def export_predictor(
    predictor: nn.Module,
    file: str | Path,
    *,
    network: NetworkFile,
    short_px: int,
    card: Mapping[str, Any],
) -> PredictorFile:
    """Write a predictor for the runtime, in float16, and compare the file with its source.

    Args:
        predictor: pictures ``(N, 3, H, W)`` in [0, 1] to vectors ``(N, P)``; on any device.
        file: ends in ``.predictor.onnx``; beside the network's, and named like it.
        network: whose vectors it makes.
        short_px: shorter side to which pictures are reduced.
        card: training, data, figures, license; JSON values only.

    Raises:
        NetworkError: the file predicts otherwise than its source.
    """
    model = PicturePredictor(copy.deepcopy(predictor)).to("cpu", torch.float32).eval()
    for tensor in model.state_dict().values():
        if tensor.numel() >= HALVED_FROM:
            tensor.copy_(tensor.half())  # compared as it is stored
    picture = torch.zeros(1, 96, 128, 3, dtype=torch.uint8)
    proto = bare_graph(model, {"picture": picture}, "style", pictures=("picture",))
    _halve_weights(proto)
    onnx.helper.set_model_props(proto, {
        "artem.predictor_of": network.identity,
        "artem.network_name": network.name,
        "artem.digest": graph_digest(proto.SerializeToString()),
        "artem.style_size": str(network.style_size),
        "artem.short_px": str(short_px),
        "artem.card": json.dumps(dict(card), sort_keys=True),
    })  # fmt: skip
    onnx.checker.check_model(proto, full_check=True)
    with replacing(file) as partial:
        partial.write_bytes(proto.SerializeToString())
        difference = _difference(model, partial)
        if not difference <= APART:
            raise NetworkError(
                f"'{file}' differs from its predictor by {difference:.3f} deviations."
            )
    return load_predictor_file(file)


def _halve_weights(proto: onnx.ModelProto) -> None:
    """Store large initializers as float16, each widened by a Cast where it is used."""
    casts = []
    for initializer in proto.graph.initializer:
        values = onnx.numpy_helper.to_array(initializer)
        name = initializer.name
        if initializer.data_type == onnx.TensorProto.FLOAT and values.size >= HALVED_FROM:
            values = values.astype(np.float16)
            casts.append(
                onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT)
            )
            name = f"{name}.half"
        initializer.CopyFrom(onnx.numpy_helper.from_array(values, name))
    nodes = [*casts, *proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


def _difference(model: PicturePredictor, file: Path) -> float:
    """The largest one over two pictures of soft noise, in deviations of the vector."""
    generator = torch.Generator().manual_seed(0)
    predictor = load_predictor_file(file)
    largest = 0.0
    for height, width in ((96, 64), (64, 144)):
        coarse = torch.rand(1, 3, height // 16, width // 16, generator=generator)
        soft = nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
        picture = (soft.permute(0, 2, 3, 1) * 255).round().to(torch.uint8).contiguous()
        with torch.no_grad():
            ours = model(picture)[0].numpy()
        theirs = run_predictor(predictor, picture.numpy()[0])
        largest = max(largest, float(np.abs(ours - theirs).max() / max(ours.std(), 1e-6)))
    return largest
