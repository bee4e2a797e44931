"""Style files: one safetensors file with a vector for each network, and a card in its header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from artem.core.digests import tensors_digest
from artem.core.errors import StyleError
from artem.core.files import replacing

StyleVector = NDArray[np.float32]

STYLE_SUFFIX = ".safetensors"

DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
"""What reading a damaged file may raise, beside what safetensors says of it."""


@dataclass(frozen=True)
class Style:
    """A style and what is known of it.

    Attributes:
        name: what it is asked for by, such as ``great-wave``.
        vectors: the style vector ``(P,)`` for each network, by the network's identity.
        networks: the name of each of these networks.
        title, author, year, license: of the picture it was learned from.
        recipe: settings of its training.
        figures: what it reached, for each network's name.
        path: the file it was read from.
    """

    name: str
    vectors: Mapping[str, StyleVector]
    networks: Mapping[str, str]
    title: str = ""
    author: str = ""
    year: str = ""
    license: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

    def vector_for(self, identity: str, network: str) -> StyleVector:
        """The vector for the network with this identity.

        Raises:
            StyleError: the style was not made for it; the message names those it has.
        """
        try:
            return self.vectors[identity]
        except KeyError:
            theirs = ", ".join(sorted(set(self.networks.values()))) or "none"
            same = " (another training of it)" if network in self.networks.values() else ""
            raise StyleError(
                f"The style '{self.name}' was not made for the network '{network}'.\n"
                f"  It has: {theirs}{same}. Choose one with --network, or train the style anew."
            ) from None

    @property
    def credit(self) -> str:
        """``Author, Title, Year``, as far as known."""
        return ", ".join(part for part in (self.author, self.title, self.year) if part)


def save_style(file: str | Path, style: Style) -> None:
    """Write a style file, whole or not at all."""
    header = {
        "format": "artem-style-1",
        "name": style.name,
        "title": style.title,
        "author": style.author,
        "year": style.year,
        "license": style.license,
        "networks": json.dumps(dict(style.networks), sort_keys=True),
        "recipe": json.dumps(dict(style.recipe), sort_keys=True),
        "figures": json.dumps(dict(style.figures), sort_keys=True),
    }
    vectors = {
        identity: np.ascontiguousarray(vector, dtype=np.float32)
        for identity, vector in style.vectors.items()
    }
    with replacing(file) as partial:
        partial.write_bytes(save(vectors, header | {"digest": _digest(header, vectors)}))


def load_style(file: str | Path) -> Style:
    """Read a style file and check its digest.

    Raises:
        StyleError: it is missing, no style file, or damaged.
    """
    path = Path(file)
    try:
        with safe_open(path, "numpy") as opened:
            header = opened.metadata() or {}
            vectors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise StyleError(f"There is no style file '{path}'.\n  Check the name.") from None
    except (SafetensorError, OSError, *DAMAGE) as error:
        raise StyleError(
            f"'{path}' is not a style file, or a damaged one ({error}).\n  Copy it again."
        ) from None
    if header.get("format") != "artem-style-1":
        raise StyleError(
            f"'{path}' is a safetensors file but not a style.\n"
            f"  Styles are made with: artem train, artem polish"
        )
    try:
        if header.pop("digest") != _digest(header, vectors):
            raise ValueError("digest")
        return Style(
            name=header["name"],
            vectors=vectors,
            networks=dict(json.loads(header["networks"])),
            title=header["title"],
            author=header["author"],
            year=header["year"],
            license=header["license"],
            recipe=dict(json.loads(header["recipe"])),
            figures=dict(json.loads(header["figures"])),
            path=path,
        )
    except DAMAGE:
        raise StyleError(
            f"'{path}' is damaged: its digest does not fit.\n  Copy it again."
        ) from None


def _digest(header: Mapping[str, str], vectors: Mapping[str, StyleVector]) -> str:
    """SHA-256, in hexadecimal, of the vectors' digest and every text of the header as JSON."""
    content = json.dumps([tensors_digest(vectors), dict(header)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def blend_vectors(
    vectors: Mapping[str, StyleVector], weights: Mapping[str, float], strength: float = 1.0
) -> StyleVector:
    """One vector out of several styles and a strength.

    The styles' weights are scaled to sum to 1 and their vectors summed. The
    head's nine numbers (skip, scale and shift of each color) are then moved
    toward the identity's by ``1 - strength``, which fades the painting into the
    picture: at 0 the network gives its input back exactly.

    Args:
        vectors: ``(P,)`` each, at least one, by any key.
        weights: of each, not negative, not all 0.
        strength: 0 to 1.
    """
    total = sum(weights.values())
    blended = np.zeros_like(next(iter(vectors.values())), dtype=np.float64)
    for key, vector in vectors.items():
        blended += vector.astype(np.float64) * (weights[key] / total)
    identity_head = np.repeat([1.0, 0.0, 0.0], 3)
    blended[-9:] = strength * blended[-9:] + (1 - strength) * identity_head
    return blended.astype(np.float32)
