"""Whole optimizations: what to aim at from options, and a run that can be killed and goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from artem.core.errors import TrainingError
from artem.core.picture import Frame
from artem.learn.encoders import load_encoder
from artem.learn.losses import PerceptualLoss
from artem.learn.losses.published import find_published, fit_layers, tell_stand_ins
from artem.learn.optimization.areas import Area, painting_size
from artem.learn.optimization.images import resized_frame
from artem.learn.optimization.painter import Painter, Progress
from artem.learn.optimization.recipe import PaintRecipe, pyramid
from artem.learn.training.checkpoints import load_checkpoint, save_checkpoint

__all__ = [
    "Area",
    "PaintRecipe",
    "Painter",
    "Progress",
    "load_loss",
    "paint",
    "painting_size",
    "pyramid",
    "resized_frame",
    "use_threads",
]

CHECKPOINT_S = 60.0
CHECKPOINT_SHARE = 20
"""Saving takes at most one part in so many of the time."""

STYLE_WEIGHT = 20.0
LAYER_WEIGHTS = {"relu4_1": 0.5, "relu5_1": 0.25}
"""Of style layers, others count 1. With more of the deepest, patches of the painting's color
stand in rows, at the distance of the encoder's strides."""


def load_loss(
    encoder: str | Path | None = None, *, published: str | None = None, **settings: Any
) -> PerceptualLoss:
    """The loss that options amount to.

    Layers of a published recipe that the encoder lacks are replaced by the nearest
    before them, which is logged.

    Args:
        encoder: see :func:`~artem.learn.encoders.load_encoder`; ``None`` takes the
            published recipe's where there is one.
        published: name of a published recipe.
        settings: of :class:`PerceptualLoss`; they go before the recipe's.

    Raises:
        ArtemError: a name is unknown, or the encoder cannot be had.
    """
    if published is None:
        loaded = load_encoder(encoder)
        layers = {layer: LAYER_WEIGHTS.get(layer, 1.0) for layer in loaded.style_layers}
        own: dict[str, Any] = {"style_weight": STYLE_WEIGHT, "style_layers": layers}
        return PerceptualLoss(loaded, **{**own, **settings})
    recipe = find_published(published)
    loaded = load_encoder(recipe.encoder if encoder is None else encoder)
    own = recipe.settings()
    for key in ("content_layers", "style_layers"):
        own[key], stand_ins = fit_layers(own[key], loaded)
        if key not in settings:
            tell_stand_ins(loaded, stand_ins)
    return PerceptualLoss(loaded, **{**own, **settings})


def use_threads(count: int) -> None:
    """Compute with so many threads, in all of this process."""
    torch.set_num_threads(count)


def paint(
    painter: Painter,
    target: Path,
    write: Callable[[Path, Frame], None],
    *,
    checkpoint: Path,
    save_every: int | None = None,
    overwrite: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Paint a picture; go on where an earlier run stopped, and leave the same for a later one.

    Args:
        painter: not begun yet.
        target: the picture's file.
        write: writes a frame to a file.
        checkpoint: where the state lies while the picture is unfinished.
        save_every: also write the picture so far after so many evaluations, to
            files numbered by them.
        overwrite: numbered files may replace others, and the state of other
            pictures or settings be thrown away.
        on_progress: called after each evaluation.

    Raises:
        TrainingError: what lies there is a state of other pictures or settings, or
            a numbered file is in the way.
        KeyboardInterrupt: passed on, after the state and the picture so far were
            written.
    """
    resumes = checkpoint.exists() and painter.resume(load_checkpoint(checkpoint))
    if checkpoint.exists() and not resumes and not overwrite:
        raise TrainingError(
            f"'{checkpoint}' is of a run with other pictures or settings.\n"
            f"  Give the same ones to go on, --overwrite to start anew, or another -o."
        )
    if save_every and not resumes and not overwrite:
        for evaluations in range(save_every, painter.evaluations + 1, save_every):
            if numbered(target, evaluations).exists():
                raise TrainingError(
                    f"'{numbered(target, evaluations)}' is in the way of --save-every.\n"
                    f"  Use --overwrite, or another -o."
                )
    save_checkpoint(checkpoint, painter.state())  # a place that cannot be written shows now
    saved_s, wait_s = time.monotonic(), CHECKPOINT_S

    def after_evaluation(progress: Progress) -> None:
        nonlocal saved_s, wait_s
        on_progress(progress)
        if save_every and progress.done % save_every == 0:
            write(numbered(target, progress.done), painter.frame())
        begun_s = time.monotonic()
        if begun_s - saved_s > wait_s:
            save_checkpoint(checkpoint, painter.state())
            saved_s = time.monotonic()
            wait_s = max(CHECKPOINT_S, CHECKPOINT_SHARE * (saved_s - begun_s))

    try:
        painter.run(after_evaluation)
    except KeyboardInterrupt:
        save_checkpoint(checkpoint, painter.state())
        if painter.done:
            write(target, painter.frame())
        raise
    write(target, painter.frame())
    checkpoint.unlink()


def numbered(target: Path, evaluations: int) -> Path:
    """Where the picture after so many evaluations is kept: ``name-0050.png``."""
    return target.with_name(f"{target.stem}-{evaluations:04}{target.suffix}")
