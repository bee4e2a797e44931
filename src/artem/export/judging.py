"""A whole judging: networks, photos and paintings in, figures and a report out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import platformdirs
import torch

from artem import __version__
from artem.core.allocation import keep_freed_memory
from artem.core.errors import ArtemError, EncoderError
from artem.core.files import replacing
from artem.core.network_file import NetworkFile
from artem.core.picture import load_picture, middle_square
from artem.core.style_file import Style
from artem.export.exhibits import (
    choose_styles,
    find_candidates,
    find_photos,
    painting_px,
    parse_judged_size,
)
from artem.learn.encoders import Encoder, load_encoder
from artem.learn.judge import Case, Exhibit, Judge, load_independent
from artem.learn.judge.curves import STARTS
from artem.learn.judge.report import Report, report_page
from artem.learn.judge.summary import case_as_dict, summarize, summary_as_dict
from artem.learn.training.photos import load_style_picture
from artem.learn.training.recipe import YARDSTICK, Recipe, perceptual_loss
from artem.runtime.library import SAMPLES
from artem.runtime.stylizer import Stylizer

SIZES = ((256, None), (512, 1))
"""Sides in pixels, and how many of the photos each is judged on; ``None`` is all."""

SHOWN_PHOTOS = 3
"""The report shows the pictures of so many photos of each style and size, and figures of all."""

__all__ = [
    "YARDSTICK",
    "judge_networks",
    "parse_judged_size",
    "refuse_output",
    "report_as_dict",
    "write_report",
]

REPORT_NAME, JSON_NAME = "report.html", "judge.json"


OnProgress = Callable[[int, int, str], None]
"""Told of the work done, of all work (evaluations of L-BFGS by their pixels), and what is on."""


def judge_networks(
    asked: Sequence[str] = (),
    *,
    paintings: Sequence[str],
    photos: Sequence[Path] = (SAMPLES,),
    network: str | Path = "fast",
    against: Sequence[str | Path] = (),
    encoder: str | Path | None = None,
    independent: str | Path | None = None,
    independent_curves: bool = False,
    sizes: Sequence[tuple[int, int | None]] = SIZES,
    most_photos: int | None = None,
    evaluations: int = 300,
    starts: Sequence[str] = STARTS,
    curves: Path | None = None,
    seed: int = 0,
    recipe: Recipe | None = None,
    style_px: int | None = None,
    engine: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    on_progress: OnProgress = lambda done, total, text: None,
    on_note: Callable[[str], None] = lambda text: None,
) -> Report:
    """Judge a network, or several side by side, in every style that has a painting.

    Curves of L-BFGS are kept as they are finished, so a run that was stopped goes
    on when it is called again.

    Args:
        asked: styles by name or file; all when empty.
        paintings: folders, files or ``STYLE=FILE``, see
            :func:`~artem.export.exhibits.find_painting`.
        photos: folders or files; the photos in the package by default, which no
            shipped network was trained on.
        network, against: by name or file.
        encoder: of the objective, see :func:`~artem.learn.encoders.load_encoder`.
        independent: see :func:`~artem.learn.judge.load_independent`.
        independent_curves: run L-BFGS under it as well.
        sizes: see :data:`SIZES`; of each photo the middle square.
        most_photos: the first so many only.
        evaluations, seed, starts: see :class:`~artem.learn.judge.Judge`.
        curves: folder of the curves; the user's cache when ``None``.
        recipe: the loss; :data:`~artem.learn.training.YARDSTICK` by default.
        style_px: shorter side of the paintings; the one that each style was trained with
            (:func:`~artem.export.exhibits.painting_px`) when ``None``.
        engine, threads: see :class:`~artem.Stylizer`.
        precision: the same, but that ``auto`` is what the file itself holds.
        on_progress: called after each evaluation.
        on_note: called with what went differently than one may expect.

    Raises:
        ArtemError: in words, whatever is missing or wrong.
    """
    recipe = recipe or YARDSTICK
    candidates = find_candidates(network, against)
    chosen, left_out = choose_styles(candidates, asked, paintings)
    if left_out:
        on_note(f"there is no painting for {', '.join(left_out)}.")
    files = find_photos(photos, most_photos)
    paintings_px = {
        style: style_px or painting_px(found[0]) for style, (found, _) in chosen.items()
    }
    exhibits = list(_exhibits(chosen, files, sizes, paintings_px, on_note))
    torch.set_flush_denormal(True)  # denormals stall the encoder
    keep_freed_memory()
    if threads:
        torch.set_num_threads(threads)
    loss = perceptual_loss(_channels_last(load_encoder(encoder)), recipe)
    judge = Judge(
        loss,
        independent=_independent(independent, on_note),
        folder=curves or platformdirs.user_cache_path("artem") / "curves",
        starts=tuple(starts),
        independent_curves=independent_curves,
        evaluations=evaluations,
        seed=seed,
    )
    stylizers = {
        candidate.name: Stylizer(
            next(iter(candidate.styles.values())) if candidate.styles else "identity",
            network=candidate.network.path, engine=engine, threads=threads,
            precision=_judged_precision(candidate.network, precision),
        )
        for candidate in candidates
    }  # fmt: skip
    work = [judge.evaluations_left(one) * one.frame.size for one in exhibits]
    cases: list[Case] = []
    for number, exhibit in enumerate(exhibits):
        painted = {}
        for candidate, style in zip(candidates, chosen[exhibit.style][0], strict=True):
            stylizers[candidate.name].set_style(style)
            painted[candidate.name] = stylizers[candidate.name](exhibit.frame)
        case = judge.case(
            exhibit, painted, _Step(sum(work[:number]), sum(work), exhibit, on_progress)
        )
        alike = [c for c in cases if _place(c.exhibit) == _place(exhibit)]
        cases.append(case if len(alike) < SHOWN_PHOTOS else replace(case, frames={}))
    return Report(
        networks={c.name: c.network.identity for c in candidates},
        settings={
            "encoder": loss.encoder.name,
            "independent": judge.independent.encoder.name if judge.independent else None,
            "loss": loss.settings,
            "style_px": paintings_px,
            "evaluations": evaluations,
            "starts": list(starts),
            "seed": seed,
            "photos": list(dict.fromkeys(case.exhibit.photo for case in cases)),
            "engine": {name: f"{s.engine}, {s.precision}" for name, s in stylizers.items()},
            "versions": {"artem": __version__, "torch": version("torch")},
        },
        cases=cases,
        rows=summarize(cases, evaluations),
    )


def refuse_output(out: Path, *, overwrite: bool = False) -> None:
    """Raise an :class:`ArtemError` where a report would replace one, or cannot be written.

    What can be known now should not be learned after hours.
    """
    for name in (REPORT_NAME, JSON_NAME):
        if (out / name).exists() and not overwrite:
            raise ArtemError(
                f"'{out / name}' exists already.\n  Use --overwrite, or another folder with -o."
            )
    nearest = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        raise ArtemError(f"'{out}' cannot be written.\n  Choose another folder with -o.")


def write_report(report: Report, out: Path) -> list[Path]:
    """Write ``report.html`` and ``judge.json`` into a folder."""
    page, figures = out / REPORT_NAME, out / JSON_NAME
    with replacing(figures) as partial:
        partial.write_text(json.dumps(report_as_dict(report), indent=1) + "\n", encoding="utf-8")
    with replacing(page) as partial:
        partial.write_text(report_page(report), encoding="utf-8")
    return [page, figures]


def report_as_dict(report: Report, *, curves: bool = True) -> dict[str, Any]:
    """A report's figures for JSON."""
    return {
        "networks": dict(report.networks),
        **report.settings,
        "summary": summary_as_dict(report.rows),
        "cases": [case_as_dict(case, curves=curves) for case in report.cases],
    }


def _exhibits(
    chosen: Mapping[str, tuple[Sequence[Style], Path]],
    files: Mapping[str, Path],
    sizes: Sequence[tuple[int, int | None]],
    paintings_px: Mapping[str, int],
    on_note: Callable[[str], None],
) -> Iterator[Exhibit]:
    """Every style with every photo at every size."""
    photos = {name: load_picture(file).frame for name, file in files.items()}
    for name, frame in photos.items():
        smaller = [side for side, _ in sizes if side > min(frame.shape[:2])]
        if smaller:
            on_note(f"the photo '{name}' is smaller than {max(smaller)} pixels and is enlarged.")
    for style, (_, file) in chosen.items():
        painting = load_style_picture(file, paintings_px[style])
        for side, most in sizes:
            for name, frame in list(photos.items())[:most]:
                yield Exhibit(style, name, middle_square(frame, side), painting)


def _judged_precision(network: NetworkFile, precision: str) -> str:
    """A network's figures are of its own file, not of an int8 version that lies beside it."""
    own = network.int8 or network.binary
    return "float" if precision == "auto" and not own else precision


def _place(exhibit: Exhibit) -> tuple[str, int]:
    return exhibit.style, exhibit.size_px


def _independent(encoder: str | Path | None, on_note: Callable[[str], None]) -> Encoder | None:
    """The encoder that looks on; when it was not asked for by name, one may do without it."""
    try:
        return _channels_last(load_independent(encoder))
    except EncoderError as error:
        if encoder is not None:
            raise
        on_note(f"nothing is judged by an independent encoder: {error}")
        return None


def _channels_last(encoder: Encoder) -> Encoder:
    """The same encoder with its weights laid out as CPUs like them."""
    return encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


class _Step:
    """Counts the evaluations of one exhibit's curves and tells of them."""

    def __init__(self, before: int, total: int, exhibit: Exhibit, tell: OnProgress) -> None:
        self.done, self.total, self.exhibit, self.tell = before, total, exhibit, tell
        self.text = f"{exhibit.style}, {exhibit.photo}, {exhibit.size_px} px"

    def __call__(self) -> None:
        self.done += self.exhibit.frame.size
        self.tell(self.done, self.total, self.text)
