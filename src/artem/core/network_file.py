"""Network files: what an ONNX file says of itself, read without any ONNX package.

An ONNX file is a protocol buffer. Two of its parts are needed before any engine
is chosen, the metadata and the weights' digest, so this reads just these, as
the encoding (protobuf's wire format) and ``onnx.proto`` define them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artem.core.digests import tensors_digest
from artem.core.errors import NetworkError

# Field numbers of onnx.proto
MODEL_GRAPH, MODEL_METADATA = 7, 14
GRAPH_INITIALIZER = 5
TENSOR_DIMS, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW = 1, 2, 8, 9
ENTRY_KEY, ENTRY_VALUE = 1, 2
FLOAT, UINT8, INT8 = 1, 2, 3

DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError)
"""What reading a damaged file may raise."""


@dataclass(frozen=True)
class NetworkFile:
    """A network as its file describes it.

    Attributes:
        path: the ONNX file.
        name: such as ``fast``.
        identity: SHA-256 of the float weights it was made from; styles are bound to it.
        architecture: what the trainer needs to build it again.
        style_size: length P of a style vector.
        multiple, minimum: what the sides of a frame must be a multiple of, and at least.
        card: everything else: training, data, figures, license.
        int8: whether its weights are int8, quantized from the network of the same identity.
    """

    path: Path
    name: str
    identity: str
    architecture: dict[str, Any]
    style_size: int
    multiple: int
    minimum: int
    card: dict[str, Any]
    int8: bool = False

    @property
    def binary(self) -> bool:
        """Whether its trunk's weights are bits."""
        return bool(self.architecture.get("binary"))


def load_network_file(file: str | Path) -> NetworkFile:
    """Read a network's description and check its weights against their digest.

    Raises:
        NetworkError: it is missing, not a network of Art'Em's, or damaged.
    """
    path = Path(file)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NetworkError(f"There is no network file '{path}'.\n  Check the name.") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = getattr(error, "strerror", None) or error
        raise NetworkError(f"'{path}' cannot be read ({reason}).") from None
    try:
        metadata = read_metadata(content)
        weights = read_weights(content) | read_words(content) | read_bytes(content)
        described = _described(path, metadata) if "artem.identity" in metadata else None
    except DAMAGE:
        raise NetworkError(
            f"'{path}' is not an ONNX file, or a damaged one.\n  Copy it again."
        ) from None
    if described is None:
        raise NetworkError(
            f"'{path}' is not a network of Art'Em's: its metadata lacks 'artem.identity'.\n"
            f"  Networks are made with: artem train"
        )
    if tensors_digest(weights) != metadata.get("artem.digest"):
        raise NetworkError(f"'{path}' is damaged: its digest does not fit.\n  Copy it again.")
    return described


def _described(path: Path, metadata: dict[str, str]) -> NetworkFile:
    described = NetworkFile(
        path=path,
        name=metadata["artem.name"],
        identity=metadata["artem.identity"],
        architecture=dict(json.loads(metadata["artem.architecture"])),
        style_size=int(metadata["artem.style_size"]),
        multiple=int(metadata["artem.multiple"]),
        minimum=int(metadata["artem.minimum"]),
        card=dict(json.loads(metadata["artem.card"])),
        int8=metadata.get("artem.precision") == "int8",
    )
    if min(described.style_size, described.multiple, described.minimum) < 1:
        raise ValueError("a size below 1")
    return described


def read_metadata(content: bytes) -> dict[str, str]:
    """The ``metadata_props`` of an ONNX file's bytes."""
    metadata = {}
    for number, value in _fields(memoryview(content)):
        if number == MODEL_METADATA:
            entry = dict(_fields(_part(value)))
            value = entry.get(ENTRY_VALUE, memoryview(b""))
            metadata[_text(entry[ENTRY_KEY])] = _text(value)
    return metadata


def read_weights(content: bytes) -> dict[str, NDArray[np.float32]]:
    """The float32 initializers of an ONNX file's bytes, by name."""
    return _read_initializers(content, FLOAT, "<f4")


def read_words(content: bytes) -> dict[str, NDArray[np.uint8]]:
    """The uint8 initializers, by name: packed weights."""
    return _read_initializers(content, UINT8, "u1")


def read_bytes(content: bytes) -> dict[str, NDArray[np.int8]]:
    """The int8 initializers, by name: quantized weights."""
    return _read_initializers(content, INT8, "i1")


def graph_digest(content: bytes) -> str:
    """SHA-256, in hexadecimal, of the graph in an ONNX file's bytes: nodes, weights and all."""
    digest = hashlib.sha256()
    for number, graph in _fields(memoryview(content)):
        if number == MODEL_GRAPH:
            digest.update(_part(graph))
    return digest.hexdigest()


def _read_initializers(content: bytes, kind: int, dtype: str) -> dict[str, NDArray[Any]]:
    weights: dict[str, NDArray[Any]] = {}
    for number, graph in _fields(memoryview(content)):
        if number != MODEL_GRAPH:
            continue
        for graph_number, tensor in _fields(_part(graph)):
            if graph_number != GRAPH_INITIALIZER:
                continue
            dims: list[int] = []
            parts: dict[int, Any] = {}
            for field, value in _fields(_part(tensor)):
                if field == TENSOR_DIMS:
                    dims += [value] if isinstance(value, int) else list(_varints(value))
                else:
                    parts[field] = value
            if parts.get(TENSOR_TYPE) == kind and TENSOR_RAW in parts:
                values = np.frombuffer(_part(parts[TENSOR_RAW]), dtype=dtype).reshape(dims)
                weights[_text(parts[TENSOR_NAME])] = values
    return weights


def _part(value: Any) -> memoryview:
    """A field's bytes; where the file has a number instead, ``bytes()`` would make so many."""
    if not isinstance(value, memoryview):
        raise ValueError("a number where bytes belong")
    return value


def _text(value: Any) -> str:
    return bytes(_part(value)).decode()


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: an int for varints, a view for what has a length.

    Numbers of fixed size are passed over; no field that is read here has one.
    """
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, position = _varint(message, position)
            yield number, value
            continue
        if wire_type == 2:
            length, position = _varint(message, position)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"wire type {wire_type}")
        if position + length > len(message):
            raise ValueError("truncated")
        if wire_type == 2:
            yield number, message[position : position + length]
        position += length


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("varint too long")


def _varints(message: memoryview) -> Iterator[int]:
    position = 0
    while position < len(message):
        value, position = _varint(message, position)
        yield value
