"""A style from any picture: predicted once by the file beside the network, then remembered."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs

from artem.core.errors import ArtemError, NetworkError, StyleError
from artem.core.network_file import NetworkFile
from artem.core.picture import Frame
from artem.core.predictor_file import PREDICTOR_SUFFIX, PredictorFile, load_predictor_file
from artem.core.style_file import STYLE_SUFFIX, Style, StyleVector, load_style, save_style
from artem.core.style_picture import load_style_frame
from artem.runtime.engine import run_once

log = logging.getLogger("artem")


def predicted_styles_folder() -> Path:
    """Where predicted vectors are kept. It may be emptied at any time."""
    return platformdirs.user_cache_path("artem", appauthor=False) / "predicted"


def predictor_beside(network: NetworkFile) -> PredictorFile | None:
    """The predictor of a network: ``NAME.predictor.onnx`` beside ``NAME.onnx``; ``None`` without.

    What derives from a network (``NAME.int8.onnx``) and takes the same vectors is served by
    the same file.

    Raises:
        NetworkError: the file beside it is damaged, or made for another network.
    """
    own = network.path.with_suffix(PREDICTOR_SUFFIX)
    if own.exists():
        predictor = load_predictor_file(own)
        if predictor.network != network.identity or predictor.style_size != network.style_size:
            raise NetworkError(
                f"'{own.name}' beside '{network.path.name}' was made for another network, "
                f"'{predictor.network_name}'.\n  Put the right one there, or remove it."
            )
        return predictor
    shared = network.path.with_name(network.path.name.partition(".")[0] + PREDICTOR_SUFFIX)
    if shared.exists():
        predictor = load_predictor_file(shared)
        if predictor.network == network.identity:
            return predictor
    return None


def predict_style(picture: str | Path, network: NetworkFile, predictor: PredictorFile) -> Style:
    """The style of a picture for a network, from the cache where it was predicted before.

    Kept under a digest of the picture's pixels and of the predictor, which is bound to the
    network's identity. A cache that cannot be read or written is done without.

    Raises:
        PictureError: the picture cannot be read, or is too small to show a style.
        StyleError: no style can be predicted from it.
    """
    path = Path(picture)
    looked_at = load_style_frame(path, predictor.short_px)
    for note in looked_at.notes:
        log.info("'%s': %s.", path, note)
    frame = looked_at.frame
    key = hashlib.sha256(f"{network.identity}\0{predictor.digest}\0{frame.shape}\0".encode())
    key.update(frame.tobytes())
    kept = predicted_styles_folder() / f"{key.hexdigest()}{STYLE_SUFFIX}"
    if kept.is_file():
        try:
            return replace(load_style(kept), name=path.stem, title=path.stem)
        except StyleError:
            pass
    vector = run_predictor(predictor, frame)
    if vector.shape != (network.style_size,) or not np.isfinite(vector).all():
        raise StyleError(
            f"No style could be predicted from '{path}'.\n"
            f"  Make one from it with: artem polish '{path}' --photos FOLDER -o FILE{STYLE_SUFFIX}"
        )
    style = Style(
        name=path.stem,
        vectors={network.identity: vector},
        networks={network.identity: network.name},
        title=path.stem,
        recipe={"predictor": predictor.digest},
    )
    try:
        save_style(kept, style)
    except ArtemError:
        log.debug("'%s' cannot be written; the style will be predicted again.", kept)
    return style


def run_predictor(predictor: PredictorFile, frame: Frame) -> StyleVector:
    """The style vector ``(P,)`` of a frame whose shorter side suits the predictor."""
    outputs = run_once(predictor.path, {"picture": frame[None]})
    return np.array(outputs[0], dtype=np.float32)
