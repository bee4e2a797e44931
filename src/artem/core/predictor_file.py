"""Predictor files: what an ONNX file that turns pictures into style vectors says of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artem.core.errors import NetworkError
from artem.core.network_file import DAMAGE, graph_digest, read_metadata

PREDICTOR_SUFFIX = ".predictor.onnx"


@dataclass(frozen=True)
class PredictorFile:
    """A predictor as its file describes it: ``picture`` uint8 (1, H, W, 3) to ``style`` (1, P).

    Attributes:
        path: the ONNX file.
        network: identity of the network whose vectors it makes.
        network_name: that network's name.
        style_size: length P of a vector.
        short_px: shorter side to which a picture is reduced first.
        digest: SHA-256 of its graph.
        card: training, data, figures, license.
    """

    path: Path
    network: str
    network_name: str
    style_size: int
    short_px: int
    digest: str
    card: dict[str, Any]


def load_predictor_file(file: str | Path) -> PredictorFile:
    """Read a predictor's description and check its graph against its digest.

    Raises:
        NetworkError: it is missing, no predictor, or damaged.
    """
    path = Path(file)
    try:
        content = path.read_bytes()
        metadata = read_metadata(content)
        digest = graph_digest(content)
        if "artem.predictor_of" not in metadata:
            raise NetworkError(
                f"'{path}' is an ONNX file but not a predictor.\n"
                f"  Predictors are made with: artem any-style"
            )
        described = PredictorFile(
            path=path,
            network=metadata["artem.predictor_of"],
            network_name=metadata["artem.network_name"],
            style_size=int(metadata["artem.style_size"]),
            short_px=int(metadata["artem.short_px"]),
            digest=metadata["artem.digest"],
            card=dict(json.loads(metadata["artem.card"])),
        )
        if min(described.style_size, described.short_px) < 1:
            raise ValueError("a size below 1")
    except OSError as error:
        raise NetworkError(f"'{path}' cannot be read ({error.strerror or error}).") from None
    except DAMAGE:
        raise NetworkError(
            f"'{path}' is not an ONNX file, or a damaged one.\n  Copy it again."
        ) from None
    if digest != described.digest:
        raise NetworkError(f"'{path}' is damaged: its digest does not fit.\n  Copy it again.")
    return described
