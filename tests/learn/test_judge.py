"""The judge: its figures are those of the loss, and curves are kept."""

from pathlib import Path

import numpy as np
import pytest
import torch
from drawing import draw_picture

from artem.learn.encoders import VGG
from artem.learn.judge import judge_objective
from artem.learn.losses import PerceptualLoss


def frame_of(seed: int) -> np.ndarray:
    return (draw_picture(32, seed)[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)


def test_the_photo_itself_is_the_first_point_of_the_curve(tiny_vgg: VGG, tmp_path: Path) -> None:
    loss = PerceptualLoss(tiny_vgg)
    photo, painting = frame_of(0), draw_picture(32, 1)
    verdict = judge_objective(
        loss, photo, painting, photo, evaluations=12, curves=tmp_path / "curves"
    )
    assert verdict.objective == pytest.approx(verdict.content_objective)
    assert verdict.terms["content"] == pytest.approx(0, abs=1e-6)
    assert verdict.evaluations == 1
    assert verdict.lbfgs < verdict.objective
    assert verdict.ratio == pytest.approx(verdict.objective / verdict.lbfgs)


def test_curves_are_kept_by_what_they_depend_on(tiny_vgg: VGG, tmp_path: Path) -> None:
    photo, painting = frame_of(0), draw_picture(32, 1)
    counted: list[int] = []

    def judge(loss: PerceptualLoss, painting: torch.Tensor) -> None:
        judge_objective(
            loss, photo, painting, frame_of(2), evaluations=4, curves=tmp_path,
            on_evaluation=lambda n, value: counted.append(n),
        )  # fmt: skip

    judge(PerceptualLoss(tiny_vgg), painting)
    judge(PerceptualLoss(tiny_vgg), painting)
    assert len(counted) == 4
    judge(PerceptualLoss(tiny_vgg, style_weight=3.0), painting)
    judge(PerceptualLoss(tiny_vgg), draw_picture(32, 5))
    assert len(counted) == 12
    assert len(list(tmp_path.iterdir())) == 3
