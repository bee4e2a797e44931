"""What is said of one picture: objective, likeness to the photo, faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from artem.core.picture import Frame
from artem.learn.encoders import Encoder
from artem.learn.judge.border import border_ratio
from artem.learn.judge.checkerboard import checkerboard
from artem.learn.judge.curves import STARTS, Curve, Curves, OnEvaluation
from artem.learn.judge.feature_distance import feature_distance
from artem.learn.judge.ssim import ssim
from artem.learn.losses import PerceptualLoss, alternation_loss
from artem.learn.optimization.images import image_of

CELLS_PX = (4, 8)
"""Strides of networks at which a picture may alternate."""


@dataclass(frozen=True)
class Standing:
    """A picture's objective under one encoder, beside what L-BFGS reaches.

    Attributes:
        objective: of the 8-bit frame.
        terms: its unweighted parts.
        ratio: objective by that of L-BFGS after its last evaluation from the
            photo; 1 is as good as optimization. ``None`` without a curve.
        evaluations: how many evaluations reach the objective, by where L-BFGS
            starts (``photo``, ``noise``); ``None`` when all of the curve's do not.
    """

    objective: float
    terms: Mapping[str, float]
    ratio: float | None = None
    evaluations: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """All figures of one picture.

    Attributes:
        standing: under the encoder that networks are trained with.
        independent: under one that they are not; ``None`` without such an encoder.
        feature_distance: from the photo, see :func:`feature_distance`.
        ssim: with the photo, see :func:`ssim`.
        checkerboard: see :func:`checkerboard`.
        alternation: the largest :func:`~artem.learn.losses.alternation_loss`, at 4 and 8 pixels.
        border: see :func:`border_ratio`.
    """

    standing: Standing
    independent: Standing | None
    feature_distance: float | None
    ssim: float
    checkerboard: Mapping[str, float]
    alternation: float
    border: Mapping[str, float]


@dataclass(frozen=True)
class Exhibit:
    """What is put before the judge: a photo, and the painting whose style it is to take.

    Attributes:
        style: its name.
        photo: the photo's name.
        frame: the photo, uint8 ``(H, W, 3)``, 64 pixels a side or more.
        painting: ``(1, 3, H, W)`` in [0, 1], at the size that networks are trained with.
    """

    style: str
    photo: str
    frame: Frame
    painting: Tensor

    @property
    def size_px(self) -> int:
        """The photo's shorter side."""
        return int(min(self.frame.shape[:2]))


@dataclass(frozen=True)
class Case:
    """An exhibit with everything that was made of it.

    Attributes:
        exhibit: the photo and the style.
        curves: L-BFGS by where it starts.
        independent_curves: the same under the independent encoder; may be empty.
        frames: the pictures judged, by who made them: each network's name,
            ``photo``, and ``L-BFGS`` from either start where its picture is known.
        verdicts: of the same.
    """

    exhibit: Exhibit
    curves: Mapping[str, Curve]
    independent_curves: Mapping[str, Curve]
    frames: Mapping[str, Frame]
    verdicts: Mapping[str, Verdict]


PHOTO = "the photo"
OPTIMIZED = {"photo": "L-BFGS, photo", "noise": "L-BFGS, noise"}
"""What the references are called, which are judged like the networks."""


class Judge:
    """Judges pictures under one objective; keeps what L-BFGS reaches on it.

    Args:
        loss: the objective, with the encoder that networks are trained with.
        independent: an encoder that they are not trained with.
        folder: for the curves, see :class:`Curves`.
        starts: which curves, out of :data:`STARTS`.
        independent_curves: run them under the independent encoder as well.
        evaluations, seed: see :class:`Curves`.
    """

    def __init__(
        self,
        loss: PerceptualLoss,
        *,
        independent: Encoder | None = None,
        folder: Path | None = None,
        starts: tuple[str, ...] = STARTS,
        independent_curves: bool = False,
        evaluations: int = 300,
        seed: int = 0,
    ) -> None:
        self.loss = loss
        self.starts = starts
        self.curves = Curves(loss, folder, evaluations=evaluations, seed=seed)
        self.independent: PerceptualLoss | None = None
        self.independent_curves: Curves | None = None
        if independent is not None:
            weights = {n: v for n, v in loss.settings.items() if not n.endswith("_layers")}
            self.independent = PerceptualLoss(independent, **weights)
            if independent_curves:
                self.independent_curves = Curves(
                    self.independent, folder, evaluations=evaluations, seed=seed
                )

    def evaluations_left(self, exhibit: Exhibit) -> int:
        """How many evaluations :meth:`case` has to run, as curves are missing."""
        return sum(
            curves.evaluations
            for curves in self._all_curves()
            for start in self.starts
            if curves.missing(exhibit.frame, exhibit.painting, start)
        )

    def case(
        self,
        exhibit: Exhibit,
        painted: Mapping[str, Frame],
        on_evaluation: OnEvaluation = lambda: None,
    ) -> Case:
        """Judge what was made of a photo, and beside it the photo and L-BFGS's pictures.

        Args:
            exhibit: the photo and the style.
            painted: by each network's name, what it made of the photo.
            on_evaluation: called after each evaluation of L-BFGS.
        """
        photo, painting = exhibit.frame, exhibit.painting
        curves, others = (
            {
                start: runs.curve(photo, painting, start, on_evaluation)
                for start in self.starts
                if runs is not None
            }
            for runs in (self.curves, self.independent_curves)
        )
        optimized = {
            OPTIMIZED[start]: curve.frame
            for start, curve in curves.items()
            if curve.frame is not None
        }
        frames = {**painted, **optimized, PHOTO: photo}
        standings = _standings(self.loss, exhibit, frames, curves)
        independent: Mapping[str, Standing] = {}
        if self.independent is not None:
            independent = _standings(self.independent, exhibit, frames, others)
        verdicts = {
            name: self._verdict(photo, frame, standings[name], independent.get(name))
            for name, frame in frames.items()
        }
        return Case(exhibit, curves, others, frames, verdicts)

    def _all_curves(self) -> Iterator[Curves]:
        yield self.curves
        if self.independent_curves is not None:
            yield self.independent_curves

    def _verdict(
        self, photo: Frame, frame: Frame, standing: Standing, other: Standing | None
    ) -> Verdict:
        distance = None
        if self.independent is not None:
            distance = feature_distance(self.independent.encoder, photo, frame)
        image = image_of(frame)
        return Verdict(
            standing=standing,
            independent=other,
            feature_distance=distance,
            ssim=ssim(photo, frame),
            checkerboard=checkerboard(frame),
            alternation=max(float(alternation_loss(image, px)) for px in CELLS_PX),
            border=border_ratio(frame),
        )


@torch.no_grad()
def _standings(
    loss: PerceptualLoss,
    exhibit: Exhibit,
    frames: Mapping[str, Frame],
    curves: Mapping[str, Curve],
) -> dict[str, Standing]:
    """Each frame's standing under one loss."""
    content = loss.content_target(image_of(exhibit.frame))
    style = loss.style_target(exhibit.painting)
    standings = {}
    for name, frame in frames.items():
        terms = loss.terms(image_of(frame), content, style)
        objective = float(loss.total(terms))
        standings[name] = Standing(
            objective=objective,
            terms={term: float(value) for term, value in terms.items()},
            ratio=objective / curves["photo"].objective[-1] if "photo" in curves else None,
            evaluations={start: curve.evaluations_to(objective) for start, curve in curves.items()},
        )
    return standings
