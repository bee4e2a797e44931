"""The judge's figures on the cards of the networks and the styles that the package carries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx

from artem.core.cards import network_card, style_card
from artem.core.files import replacing
from artem.core.network_file import NetworkFile, load_network_file
from artem.core.style_file import STYLE_SUFFIX, Style, load_style, save_style
from artem.export.running import write_text
from artem.learn.judge.summary import ALL_STYLES
from artem.runtime.library import MODELS

Result = Mapping[str, Any]


def write_cards(result: Result) -> None:
    """Put a result's means onto cards: in the files and in the Markdown beside them.

    Of every network that was judged by a name of the package's, over all styles; and of each
    style for each of these, in the place of what stood there for it.
    """
    files = {name: MODELS / f"{name}.onnx" for name in result["networks"]}
    carried = {name: load_network_file(file) for name, file in files.items() if file.exists()}
    known = {
        name: network
        for name, network in carried.items()
        if network.identity == result["networks"][name]
    }
    rows = [row for row in result["summary"] if row["maker"] in known]
    for row in rows:
        if row["style"] == ALL_STYLES:
            _onto_network(known[row["maker"]], _figures(row, result))
    for file in sorted((MODELS / "styles").glob(f"*{STYLE_SUFFIX}")):
        style = load_style(file)
        theirs = {
            f"{row['maker']}: {name}": value
            for row in rows
            if row["style"] == style.name
            for name, value in _figures(row, result).items()
        }
        if theirs:
            _onto_style(file, style, set(known), theirs)


def _figures(row: Result, result: Result) -> dict[str, float]:
    """What cards tell of a row of the summary."""
    figures, side = row["figures"], row["size_px"]
    where = f"{len(result['photos'])} photos at {side}x{side}, {result['encoder']} encoder"
    evaluations = f"{result['evaluations']} evaluations from the photo"
    return {
        "L-BFGS evaluations from the photo that come as far": round(figures["from_photo"]),
        f"objective, {where}": round(figures["objective"], 3),
        f"ratio to L-BFGS after {evaluations}": round(figures["ratio"], 2),
        "alternation, 0 is none": round(figures["alternation"], 3),
    }


def _onto_network(network: NetworkFile, figures: Mapping[str, float]) -> None:
    model = onnx.load(network.path)
    for entry in model.metadata_props:
        if entry.key == "artem.card":
            entry.value = json.dumps({**network.card, "figures": dict(figures)}, sort_keys=True)
    with replacing(network.path) as partial:
        partial.write_bytes(model.SerializeToString())
    described = load_network_file(network.path)
    write_text(network.path.with_suffix(".md"), network_card(described))


def _onto_style(file: Path, style: Style, judged: set[str], figures: Mapping[str, float]) -> None:
    others = {
        name: value
        for name, value in style.figures.items()
        if name.partition(": ")[0] not in judged
    }
    told = replace(style, figures={**others, **figures})
    save_style(file, told)
    write_text(file.with_suffix(".md"), style_card(told))
