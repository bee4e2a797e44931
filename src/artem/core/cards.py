"""Cards for people: what a network or a style is, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from artem.core.network_file import NetworkFile
from artem.core.predictor_file import PredictorFile
from artem.core.style_file import Style


def network_card(network: NetworkFile) -> str:
    """The card of a network, from what its file says of itself."""
    rows = {
        "Architecture": ", ".join(
            f"{key} {_cell(value)}" for key, value in network.architecture.items()
        ),
        "Identity (SHA-256 of the weights)": f"`{network.identity}`",
        "Style vector": f"{network.style_size} numbers",
        "Frames": f"any size; padded to multiples of {network.multiple}, "
        f"at least {network.minimum} pixels",
    }
    return f"# Network `{network.name}`\n\n{_table(rows)}\n{_sections(network.card)}"


def predictor_card(predictor: PredictorFile) -> str:
    """The card of a predictor, from what its file says of itself."""
    rows = {
        "Predicts styles for the network": f"`{predictor.network_name}`, `{predictor.network}`",
        "Style vector": f"{predictor.style_size} numbers",
        "Pictures": f"any size; the shorter side is reduced to {predictor.short_px} pixels",
        "Stored as": "float16",
    }
    return (
        f"# Predictor of `{predictor.network_name}`\n\n{_table(rows)}\n{_sections(predictor.card)}"
    )


def encoder_card(name: str, parameters: int, card: Mapping[str, Any]) -> str:
    """The card of a distilled encoder."""
    rows = {"Parameters": f"{parameters:,}", "Stored as": "float16"}
    return f"# Encoder `{name}`\n\n{_table(rows)}\n{_sections(card)}"


def style_card(style: Style) -> str:
    """The card of a style, from its file's header."""
    rows = {
        "Picture": style.title,
        "Author": style.author,
        "Year": style.year,
        "License of the picture": style.license,
        "License of the vector": "Apache-2.0",
        "Networks": ", ".join(sorted(style.networks.values())),
    }
    sections = {"figures": style.figures, "recipe": style.recipe}
    return f"# Style `{style.name}`\n\n{_table(rows)}\n{_sections(sections)}"


def _table(rows: Mapping[str, object]) -> str:
    lines = [
        f"| {name} | {_cell(value)} |" for name, value in rows.items() if value not in ("", None)
    ]
    return "\n".join(["| | |", "|---|---|", *lines, ""])


def _cell(value: object) -> str:
    """A value as text; ``gram 1.0, mrf 0.5`` for weights by name."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return str(value)


def _sections(card: Mapping[str, Any]) -> str:
    parts = []
    for name, value in card.items():
        if not value:
            continue
        if isinstance(value, Mapping):
            parts.append(f"## {name.capitalize()}\n\n{_table(value)}")
        else:
            parts.append(f"## {name.capitalize()}\n\n{value}\n")
    return "\n".join(parts)
