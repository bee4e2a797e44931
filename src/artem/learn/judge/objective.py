"""How close a network comes to what gradient descent reaches on the same picture.

Johnson et al. (arXiv:1603.08155, section 4.1) compare objectives the same way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from artem.core.files import replacing
from artem.core.picture import Frame
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization import optimize_picture


@dataclass(frozen=True)
class Verdict:
    """The objective on one photo.

    Attributes:
        objective: of the network's frame, rounded to 8 bits as users get it.
        terms: its unweighted parts.
        content_objective: of the photo itself, unpainted.
        lbfgs: of L-BFGS after its last evaluation, started from the photo.
        ratio: ``objective / lbfgs``; 1 is as good as optimization.
        evaluations: how many L-BFGS evaluations from the photo reach ``objective``.
    """

    objective: float
    terms: dict[str, float]
    content_objective: float
    lbfgs: float
    ratio: float
    evaluations: int


def judge_objective(
    loss: PerceptualLoss,
    photo: Frame,
    painting: Tensor,
    painted: Frame,
    *,
    evaluations: int = 300,
    curves: Path | None = None,
    on_evaluation: Callable[[int, float], None] | None = None,
) -> Verdict:
    """Compare a network's output with L-BFGS on the same objective.

    Args:
        loss: the objective, for both.
        photo: content, uint8 ``(H, W, 3)``.
        painting: style picture, ``(1, 3, H, W)`` in [0, 1], at its training size.
        painted: what the network made of ``photo``.
        evaluations: L-BFGS forward and backward passes, from the photo.
        curves: folder to keep L-BFGS curves in and take them from, by digest of
            photo, painting and loss.
    """
    content = image_of(photo)
    style = loss.style_target(painting)
    curve = _curve(loss, content, painting, evaluations, curves, on_evaluation)
    with torch.no_grad():
        target = loss.content_target(content)
        terms = loss.terms(image_of(painted), target, style)
        objective = float(loss.total(terms).mean())
        before = float(loss.total(loss.terms(content, target, style)).mean())
    reached = next((n for n, value in enumerate(curve, 1) if value <= objective), len(curve))
    return Verdict(
        objective=objective,
        terms={name: float(term.mean()) for name, term in terms.items()},
        content_objective=before,
        lbfgs=curve[-1],
        ratio=objective / curve[-1],
        evaluations=reached,
    )


def image_of(frame: Frame) -> Tensor:
    """A frame as an image ``(1, 3, H, W)`` in [0, 1]."""
    return torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None].float().div(255)


def _curve(
    loss: PerceptualLoss,
    content: Tensor,
    painting: Tensor,
    evaluations: int,
    folder: Path | None,
    on_evaluation: Callable[[int, float], None] | None,
) -> list[float]:
    file = folder / f"{_key(loss, content, painting)}.json" if folder else None
    if file and file.exists():
        kept: list[float] = json.loads(file.read_text())["objective"]
        if len(kept) >= evaluations:
            return kept[:evaluations]
    _, curve = optimize_picture(
        loss, content, loss.style_target(painting), evaluations=evaluations,
        on_evaluation=on_evaluation,
    )  # fmt: skip
    if file:
        with replacing(file) as partial:
            rounded = [float(f"{value:.5g}") for value in curve]
            partial.write_text(json.dumps({"encoder": loss.encoder.name, "objective": rounded}))
    return curve


def _key(loss: PerceptualLoss, content: Tensor, painting: Tensor) -> str:
    """Digest of everything that a curve depends on."""
    digest = hashlib.sha256()
    for image in (content, painting):
        digest.update(image.mul(255).round().byte().numpy().tobytes())
        digest.update(str(tuple(image.shape)).encode())
    for name, tensor in sorted(loss.encoder.state_dict().items()):
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    settings = [
        loss.content_layers, loss.style_layers, loss.content_weight, loss.style_weight,
        loss.tv_weight, loss.tv,
    ]  # fmt: skip
    digest.update(json.dumps(settings, sort_keys=True).encode())
    return digest.hexdigest()[:24]
