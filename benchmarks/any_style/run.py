"""How good the styles of artworks are that nobody trained: the judge's objective, and a sheet.

    python benchmarks/any_style/run.py --artworks DIR --named DIR [--network fast]
        [--adain NETWORK] [--polished DIR] [--trained DIR] [--sheet docs/any-style.jpg]

``--artworks`` and ``--named`` are those that the predictor was trained with: judged are the
artworks that were held out from it. ``--network`` and ``--adain``, names or files, have their
predictors beside them; without ``--adain`` it is the package's own, and where there is none this
way is left out. ``--polished`` holds ``STEM.safetensors`` for some of the artworks ``STEM.jpg``,
``--trained`` holds ``STEM/network.onnx`` with its style in ``STEM/styles``. Everything is painted
as ``artem stylize`` does. Writes ``results/any-style.json`` and the tables of
``docs/any-style.md``; ``--draw`` does the last again from the first. A way that is not judged
anew keeps what the former result has of it, where everything else is the same, and so does
another sheet. The sheet shows works of ``works.py`` only, which are in the public domain.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import torch
from measure import (
    FRAME_PX,
    TIMED_ARTWORKS,
    Eye,
    complete,
    frame_ms,
    judge_artworks,
    style_ms,
    summarize,
)
from sheet import SHOWN_ARTWORKS, draw_sheet, save_sheet
from tables import write_tables
from ways import ADAIN, PREDICTED, Predicting, painters
from works import WORKS

from artem.app.bench_results import provenance, run_script, write_result
from artem.app.progress import show_progress
from artem.app.say import note
from artem.core.allocation import keep_freed_memory
from artem.core.errors import ArtemError
from artem.core.picture import load_picture, middle_square
from artem.export.exhibits import LEAST_SIZE_PX, find_photos
from artem.learn.encoders import load_encoder
from artem.learn.training.artworks import divide_artworks
from artem.learn.training.recipe import YARDSTICK, perceptual_loss
from artem.runtime import predictor as prediction
from artem.runtime.library import SAMPLES, network_files

HERE = Path(__file__).resolve().parent
RESULT = HERE.parent / "results" / "any-style.json"
ENCODER = "compact"
SHIPPED_ADAIN = "adain"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--artworks", type=Path)
    parser.add_argument("--named", type=Path, help="paintings with styles of their own")
    parser.add_argument("--network", default="fast")
    parser.add_argument("--adain", help="name or file; the package's own by default")
    parser.add_argument("--polished", type=Path)
    parser.add_argument("--trained", type=Path)
    parser.add_argument("--photos", type=Path, nargs="+", default=[SAMPLES])
    parser.add_argument("--size", type=int, default=256, help="side of the photos' middle squares")
    parser.add_argument("--frames", type=int, default=100, help="to time; 0 times nothing")
    parser.add_argument("--most-artworks", type=int, help="the first so many only, for a trial")
    parser.add_argument("--threads", type=int, help="of PyTorch; its own choice by default")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--draw", action="store_true", help="the tables alone, from the result")
    asked = parser.parse_args(arguments)
    if not asked.draw:
        if asked.artworks is None:
            parser.error("--artworks is needed, or --draw")
        if asked.size < LEAST_SIZE_PX:
            parser.error(f"--size must be {LEAST_SIZE_PX} or more")
        with _empty_cache() as cache:
            result = _measure(asked, cache)
        if RESULT.is_file():
            result = with_former(result, json.loads(RESULT.read_text(encoding="utf-8")))
        write_result(RESULT, result)
    write_tables(json.loads(RESULT.read_text(encoding="utf-8")))


def _measure(asked: argparse.Namespace, cache: Path) -> dict[str, Any]:
    torch.set_flush_denormal(True)  # denormals stall the encoder
    keep_freed_memory()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    networks = {PREDICTED: Predicting.found(asked.network)}
    adain = asked.adain or SHIPPED_ADAIN
    if asked.adain or adain in network_files():
        networks[ADAIN] = Predicting.found(adain)
    else:
        note(f"{ADAIN} is left out: there is no network '{adain}' in the package; see --adain.")
    ours = networks[PREDICTED]
    ways = painters(ours, networks.get(ADAIN), asked.polished, asked.trained)
    divided = divide_artworks(asked.artworks, asked.named)
    artworks = divided.held_out[: asked.most_artworks]
    if not artworks:
        raise ArtemError(f"No artwork in '{asked.artworks}' was held out.\n  Add some hundred.")
    photos = {
        name: middle_square(load_picture(file).frame, asked.size)
        for name, file in find_photos(asked.photos).items()
    }
    frames = list(photos.values())
    encoder = load_encoder(ENCODER).to(memory_format=torch.channels_last)
    eye = Eye(perceptual_loss(encoder, YARDSTICK), frames)
    with show_progress() as on_progress:
        rows, painted = judge_artworks(
            artworks, ways, ours, eye, frames, style_px=YARDSTICK.style_px,
            shown=tuple(WORKS) if asked.sheet else (), on_progress=on_progress, on_note=note,
        )  # fmt: skip
    shown: list[str] = []
    if asked.sheet is not None:
        shown = _sheet(rows, painted, {file.stem: file for file in artworks}, asked.sheet)
    result = {
        **provenance(__file__, "torch"),
        "networks": {
            way: {
                "name": one.network.name, "identity": one.network.identity,
                "predictor": one.predictor.digest, "precision": one.stylizer().precision,
            }
            for way, one in networks.items()
        },
        "encoder": ENCODER, "loss": eye.loss.settings, "style_px": YARDSTICK.style_px,
        "size_px": asked.size, "photos": list(photos),
        "held_out": len(artworks), "left_out": len(divided.named), **_summaries(rows),
    }  # fmt: skip
    if asked.frames:
        result |= {
            "timed_artworks": min(TIMED_ARTWORKS, len(artworks)),
            "style_ms": {way: style_ms(artworks, one, cache) for way, one in networks.items()},
            "frame_px": FRAME_PX, "frame_ms": frame_ms(networks, asked.frames),
        }  # fmt: skip
    sheets = [{"file": _place(asked.sheet), "shown": shown}] if shown else []
    return result | {"sheets": sheets, "artworks": rows}


def with_former(result: dict[str, Any], former: Mapping[str, Any]) -> dict[str, Any]:
    """A result, with those ways and sheets of a former one that are not in it.

    As it is, where the former one is of another network, loss, or other pictures.
    """
    same = ("encoder", "loss", "style_px", "size_px", "photos")
    networks = [one["networks"][PREDICTED] for one in (result, former)]
    stems = [[row["artwork"] for row in one["artworks"]] for one in (result, former)]
    if (
        any(result[name] != former[name] for name in same)
        or any(one["identity"] != networks[0]["identity"] for one in networks)
        or any(one["predictor"] != networks[0]["predictor"] for one in networks)
        or stems[0] != stems[1]
    ):
        return result
    rows = [
        {**row, "ways": {**old["ways"], **row["ways"]}}
        for row, old in zip(result["artworks"], former["artworks"], strict=True)
    ]
    anew = [sheet["file"] for sheet in result["sheets"]]
    kept = [sheet for sheet in former.get("sheets", []) if sheet["file"] not in anew]
    merged = {**result, **_summaries(rows), "artworks": rows, "sheets": kept + result["sheets"]}
    merged["networks"] = {**former["networks"], **result["networks"]}
    return merged


def _summaries(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"all": summarize(rows), "complete": summarize(complete(rows))}


def _sheet(
    rows: Sequence[Mapping[str, Any]],
    painted: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, Path],
    file: Path,
) -> list[str]:
    """Draw those of the known works for which there is most; the stems of those drawn."""
    known = {row["artwork"]: row for row in rows if row["artwork"] in painted}
    whole = [row["artwork"] for row in complete(rows) if row["artwork"] in known]
    shown = [stem for stem in WORKS if stem in (whole or known)][:SHOWN_ARTWORKS]
    if not shown:
        note("none of the artworks is among those of works.py; no sheet was drawn.")
        return []
    save_sheet(draw_sheet([known[stem] for stem in shown], painted, files), file)
    return shown


@contextmanager
def _empty_cache() -> Iterator[Path]:
    """Nothing is taken from the user's cache of predicted styles, and nothing left there."""
    with (
        TemporaryDirectory() as folder,
        patch.object(prediction, "predicted_styles_folder", lambda: Path(folder)),
    ):
        yield Path(folder)


def _place(file: Path) -> str:
    """Relative to the repository where it lies inside."""
    repository = HERE.parents[1]
    whole = file.resolve()
    return str(whole.relative_to(repository) if whole.is_relative_to(repository) else whole)


if __name__ == "__main__":
    run_script(main)
