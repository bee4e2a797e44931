"""Which part of the picture is painted, found by a segmentation model."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artem.core.picture import Frame
from artem.media.masks import to_mask
from artem.media.opencv import resize
from artem.media.painter import Mask
from artem.media.protocols import MediaError, TimedFrame

PARTS = ("person", "background")

DYNAMIC_PX = 320
"""Longer side for models that take any size; a multiple of 32, as most of them want."""

INSTALL = "pip install openvino, or pip install 'artem-style[onnxruntime]'"

Run = Callable[[NDArray[Any]], NDArray[Any]]


class ModelMask:
    """People found by a segmentation model.

    The model is an ONNX file with one input and, as its first output, one picture of how
    likely each place is a person:

    - input ``(1, 3, h, w)`` or ``(1, h, w, 3)``, RGB; float32 from 0 to 1, or uint8;
      where h and w are open, the frame comes at 320 pixels on its longer side.
    - output ``(1, 1, h, w)``, ``(1, h, w, 1)`` or ``(1, h, w)``, from 0 to 1; or with two
      channels, background and person, of which the softmax is taken.

    Args:
        path: the ONNX file.
        part: ``person`` or ``background``, what is painted.

    Raises:
        MediaError: it cannot be read, or is no such model.
    """

    def __init__(self, path: str | Path, *, part: str = "person") -> None:
        if part not in PARTS:
            raise MediaError(f"'{part}' is no part to paint.\n  Use {' or '.join(PARTS)}.")
        self._path = Path(path)
        self._inverted = part == "background"
        if not self._path.is_file():
            raise MediaError(f"There is no mask model '{path}'.\n  Check the name.")
        self._run, shape, self._bytes = _load(self._path)
        if len(shape) != 4 or 3 not in (shape[1], shape[3]):
            raise MediaError(
                f"The mask model '{path}' takes {shape}, not one RGB picture.\n"
                f"  Give one with an input (1, 3, h, w) or (1, h, w, 3)."
            )
        self._channels_last = shape[3] == 3
        self._sides = shape[1:3] if self._channels_last else shape[2:]

    def __call__(self, timed: TimedFrame) -> Mask:
        """The mask for a frame, in its size."""
        frame = timed.frame
        height, width = (
            wanted or _dynamic_side(side, frame)
            for wanted, side in zip(self._sides, frame.shape[:2], strict=True)
        )
        given: NDArray[Any] = resize(frame, width, height)[None]
        if not self._bytes:
            given = given.astype(np.float32) / 255
        if not self._channels_last:
            given = np.ascontiguousarray(given.transpose(0, 3, 1, 2))
        likely = _likelihood(self._run(given), self._path)
        return to_mask((likely.clip(0, 1) * 255).round().astype(np.uint8), frame, self._inverted)


def _dynamic_side(side_px: int, frame: Frame) -> int:
    scale = DYNAMIC_PX / max(frame.shape[:2])
    return int(max(32, 32 * round(side_px * scale / 32)))


def _likelihood(output: NDArray[Any], path: Path) -> NDArray[np.float32]:
    """``(h, w)`` from whatever of the documented forms came out."""
    values = np.asarray(output, dtype=np.float32)
    if values.ndim == 4 and values.shape[1] in (1, 2):
        values = values[0]
    elif values.ndim == 4 and values.shape[3] in (1, 2):
        values = values[0].transpose(2, 0, 1)
    elif values.ndim != 3 or values.shape[0] != 1:
        raise MediaError(
            f"The mask model '{path}' gives {values.shape}.\n"
            f"  Give one with an output (1, 1, h, w), (1, 2, h, w) or (1, h, w)."
        )
    if len(values) == 1:
        return np.asarray(values[0])
    odds = np.exp((values[0] - values[1]).clip(-60, 60))
    return np.asarray(1 / (1 + odds), dtype=np.float32)


def _load(path: Path) -> tuple[Run, list[int | None], bool]:
    """How to run it, its input's shape, and whether that holds bytes."""
    try:
        if importlib.util.find_spec("openvino") is not None:
            return _load_openvino(path)
        if importlib.util.find_spec("onnxruntime") is not None:
            return _load_onnxruntime(path)
    except Exception as error:  # neither package's errors have a base class of their own
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else "unknown reason"
        raise MediaError(f"The mask model '{path}' cannot be read ({reason}).") from None
    raise MediaError(f"A mask model needs an engine.\n  {INSTALL}")


def _load_openvino(
    path: Path,
) -> tuple[Run, list[int | None], bool]:
    from artem.runtime.openvino import shared_core

    model = shared_core().read_model(path)
    shape = [
        None if side.is_dynamic else side.get_length() for side in model.input(0).partial_shape
    ]
    compiled = shared_core().compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    is_bytes = model.input(0).element_type.to_string() == "u8"
    return lambda given: np.asarray(compiled(given)[0]), shape, is_bytes


def _load_onnxruntime(
    path: Path,
) -> tuple[Run, list[int | None], bool]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    first = session.get_inputs()[0]
    shape = [side if isinstance(side, int) else None for side in first.shape]
    return (
        lambda given: np.asarray(session.run(None, {first.name: given})[0]),
        shape,
        "uint8" in first.type,
    )
