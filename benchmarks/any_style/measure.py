"""The judge's objective of each way to a style, and how long a style and a frame take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from ways import NAMED, PHOTO, WAYS, Painter, Predicting

from artem.app.bench import measure_in_turns
from artem.core.errors import PictureError
from artem.core.picture import Frame
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization.images import image_of
from artem.learn.training.photos import load_style_picture
from artem.runtime.openvino import shared_core
from artem.runtime.predictor import predict_style

THREADS = (1, 2)
FRAME_PX = (640, 480)
TIMED_ARTWORKS = 10

Painted = dict[str, list[Frame]]
"""What each way made of the photos."""


@dataclass(frozen=True)
class Seen:
    """What is known of pictures before they are compared with an artwork: features, two terms."""

    features: Mapping[str, Tensor]
    content: Tensor
    tv: Tensor


class Eye:
    """Judges what was made of the same few photos.

    Args:
        loss: the objective.
        photos: uint8 ``(S, S, 3)``, all of one size.
    """

    def __init__(self, loss: PerceptualLoss, photos: Sequence[Frame]) -> None:
        self.loss = loss
        self._content = loss.content_target(_batch(photos))

    @torch.no_grad()
    def look_at(self, frames: Sequence[Frame]) -> Seen:
        """Look at one picture for each photo."""
        loss, image = self.loss, _batch(frames)
        features = loss.encoder(image, list({**loss.content_layers, **loss.style_layers}))
        return Seen(features, loss.content_term(features, self._content), loss.tv_term(image))

    @torch.no_grad()
    def judge(self, seen: Seen, style: Mapping[str, Tensor]) -> dict[str, list[float]]:
        """Objective, content and style term of each picture, for one artwork's style."""
        term = self.loss.style_term(seen.features, style)
        total = self.loss.total({"content": seen.content, "style": term, "tv": seen.tv})
        return {
            name: [round(value, 5) for value in values.tolist()]
            for name, values in (("objective", total), ("content", seen.content), ("style", term))
        }


def judge_artworks(
    artworks: Sequence[Path],
    ways: Mapping[str, Painter],
    ours: Predicting,
    eye: Eye,
    photos: Sequence[Frame],
    *,
    style_px: int,
    shown: Sequence[str] = (),
    on_progress: Callable[[int, int, str], None] = lambda done, total, text: None,
    on_note: Callable[[str], None] = lambda text: None,
) -> tuple[list[dict[str, Any]], dict[str, Painted]]:
    """Paint the photos in the style of every artwork, in every way, and judge.

    Args:
        artworks: files; those that cannot be read are told of and left out.
        ways: see :func:`ways.painters`.
        ours: the network whose named styles are compared with each artwork.
        photos: the same as the eye's.
        style_px: shorter side of the artworks that paintings are compared with.
        shown: stems of artworks whose paintings are kept.

    Returns:
        A row for each artwork: its stem, the best named style (by the mean over the
        photos), and by way the terms of each photo's painting. And the paintings of
        those shown, by stem.
    """
    named = {}
    stylizer = ours.stylizer()
    for name, style in ours.styles.items():
        stylizer.set_style(style)
        named[name] = eye.look_at([stylizer(photo) for photo in photos])
    untouched = eye.look_at(photos)
    rows, kept = [], {}
    for number, artwork in enumerate(artworks):
        on_progress(number, len(artworks), artwork.stem)
        try:
            style = eye.loss.style_target(load_style_picture(artwork, style_px))
        except PictureError as error:
            on_note(str(error).partition("\n")[0])
            continue
        painted: Painted = {}
        for way, painter in ways.items():
            paint = painter(artwork)
            if paint is not None:
                painted[way] = [paint(photo) for photo in photos]
        judged = {way: eye.judge(eye.look_at(frames), style) for way, frames in painted.items()}
        row: dict[str, Any] = {"artwork": artwork.stem}
        if named:
            rivals = {name: eye.judge(seen, style) for name, seen in named.items()}
            best = min(rivals, key=lambda name: mean(rivals[name]["objective"]))
            row[NAMED] = best
            judged[NAMED] = rivals[best]
        judged[PHOTO] = eye.judge(untouched, style)
        rows.append(row | {"ways": judged})
        if artwork.stem in shown:
            kept[artwork.stem] = painted
    return rows, kept


def summarize(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Means over artworks by way, each artwork's figures being means over its photos.

    Returns:
        ``artworks``, ``mean`` and ``median`` of the objective, means of ``content`` and
        ``style``, and for how many artworks it is ``better`` than the best named style.
    """
    table = {}
    for way in WAYS:
        having = [row["ways"] for row in rows if way in row["ways"]]
        if not having:
            continue
        figures = {
            term: [mean(judged[way][term]) for judged in having]
            for term in ("objective", "content", "style")
        }
        table[way] = {
            "artworks": len(having),
            "mean": round(mean(figures["objective"]), 4),
            "median": round(median(figures["objective"]), 4),
            "content": round(mean(figures["content"]), 4),
            "style": round(mean(figures["style"]), 5),
        }
        if way != NAMED and all(NAMED in judged for judged in having):
            table[way]["better"] = sum(
                mean(judged[way]["objective"]) < mean(judged[NAMED]["objective"])
                for judged in having
            )
    return table


def complete(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those artworks for which there is every way that there is for any."""
    everything = {way for row in rows for way in row["ways"]}
    return [row for row in rows if everything == set(row["ways"])]


def style_ms(artworks: Sequence[Path], ours: Predicting, cache: Path) -> dict[str, float]:
    """Median milliseconds from an artwork's file to its style, by threads, nothing remembered.

    Args:
        artworks: the first :data:`TIMED_ARTWORKS` of them are timed.
        cache: where :func:`predict_style` keeps styles; emptied before each.
    """
    taken = {}
    core = shared_core()
    try:
        for threads in THREADS:
            core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads})
            times_ms = []
            for artwork in (artworks[0], *artworks[:TIMED_ARTWORKS]):  # the first one warms up
                for kept in cache.glob("*"):
                    kept.unlink()
                begun = perf_counter()
                predict_style(artwork, ours.network, ours.predictor)
                times_ms.append(1000 * (perf_counter() - begun))
            taken[str(threads)] = round(median(times_ms[1:]), 1)
    finally:
        core.set_property("CPU", {"INFERENCE_NUM_THREADS": 0})  # its own choice again
    return taken


def frame_ms(networks: Mapping[str, Predicting], frames: int) -> dict[str, dict[str, float]]:
    """Median milliseconds of a frame of :data:`FRAME_PX` for each network, by threads.

    The networks take turns.
    """
    taken: dict[str, dict[str, float]] = {name: {} for name in networks}
    for threads in THREADS:
        stylizers = {name: network.stylizer(threads) for name, network in networks.items()}
        for name, times_ms in measure_in_turns(stylizers, *FRAME_PX, frames).items():
            taken[name][str(threads)] = round(median(times_ms), 2)
    return taken


def _batch(frames: Sequence[Frame]) -> Tensor:
    return torch.cat([image_of(frame) for frame in frames])
