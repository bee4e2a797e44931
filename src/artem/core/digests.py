"""SHA-256 of tensors, which identify networks and guard styles."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def tensors_digest(tensors: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256, in hexadecimal, of tensors in the order of their names.

    Each tensor counts as its name, a zero byte, its shape as text, a zero byte,
    and its values as little-endian float32.
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name], dtype="<f4")
        digest.update(f"{name}\0{tensor.shape}\0".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()
