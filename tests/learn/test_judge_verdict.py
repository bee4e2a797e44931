"""Verdicts: what is known beforehand of a photo, of L-BFGS and of a network between them."""

from pathlib import Path

import pytest
import torch
from drawing import draw_picture

from artem.learn.encoders import VGG
from artem.learn.judge import Exhibit, Judge
from artem.learn.judge.verdict import OPTIMIZED, PHOTO
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization.images import frame_of, image_of

EVALUATIONS = 12


@pytest.fixture
def exhibit() -> Exhibit:
    return Exhibit("waves", "one", frame_of(draw_picture(64, 0)), draw_picture(64, 1))


@pytest.fixture
def other_vgg() -> VGG:
    vgg = VGG("other", ((6,), (6,)))
    vgg.frozen()
    return vgg


def test_the_photo_is_the_first_point_of_its_curve(tiny_vgg: VGG, exhibit: Exhibit) -> None:
    case = Judge(PerceptualLoss(tiny_vgg), evaluations=EVALUATIONS).case(exhibit, {})
    verdict = case.verdicts[PHOTO]
    assert verdict.standing.terms["content"] == pytest.approx(0, abs=1e-6)
    assert verdict.standing.evaluations["photo"] == 1
    first = case.curves["photo"].objective[0]
    assert verdict.standing.objective == pytest.approx(first, rel=1e-5)
    assert verdict.ssim == pytest.approx(1)
    assert (verdict.independent, verdict.feature_distance) == (None, None)


def test_a_network_stands_where_its_picture_does(
    tiny_vgg: VGG, exhibit: Exhibit, tmp_path: Path
) -> None:
    """A picture that L-BFGS met on its way equals about as many evaluations as it took."""
    loss = PerceptualLoss(tiny_vgg)
    short = Judge(loss, folder=tmp_path / "short", evaluations=6).case(exhibit, {})
    met = short.frames[OPTIMIZED["photo"]]
    case = Judge(loss, folder=tmp_path, evaluations=EVALUATIONS).case(exhibit, {"mine": met})
    standing = case.verdicts["mine"].standing
    assert standing.ratio == pytest.approx(
        standing.objective / case.curves["photo"].objective[EVALUATIONS - 1]
    )
    assert standing.ratio > 1
    assert 2 <= standing.evaluations["photo"] <= 7
    content = loss.content_target(image_of(exhibit.frame))
    terms = loss.terms(image_of(met), content, loss.style_target(exhibit.painting))
    assert standing.terms == pytest.approx({name: float(term) for name, term in terms.items()})
    assert standing.objective == pytest.approx(float(loss.total(terms)))


def test_better_than_all_evaluations_is_beyond_them(tiny_vgg: VGG, exhibit: Exhibit) -> None:
    loss = PerceptualLoss(tiny_vgg)
    long = Judge(loss, evaluations=40).case(exhibit, {})
    best = long.frames[OPTIMIZED["photo"]]
    standing = Judge(loss, evaluations=3).case(exhibit, {"mine": best}).verdicts["mine"].standing
    assert standing.evaluations == {"photo": None, "noise": None}
    assert standing.ratio is not None
    assert standing.ratio < 1


def test_the_independent_encoder_looks_on(
    tiny_vgg: VGG, other_vgg: VGG, exhibit: Exhibit, tmp_path: Path
) -> None:
    loss = PerceptualLoss(tiny_vgg, style_weight=4.0)
    judge = Judge(loss, independent=other_vgg, folder=tmp_path, evaluations=3)
    assert judge.evaluations_left(exhibit) == 6
    painted = {"mine": exhibit.frame[::-1].copy()}
    case = judge.case(exhibit, painted)
    assert judge.evaluations_left(exhibit) == 0
    other = PerceptualLoss(other_vgg, style_weight=4.0)
    with torch.no_grad():
        terms = other.terms(
            image_of(painted["mine"]),
            other.content_target(image_of(exhibit.frame)),
            other.style_target(exhibit.painting),
        )
    verdict = case.verdicts["mine"]
    assert verdict.independent is not None
    assert verdict.independent.objective == pytest.approx(float(other.total(terms)))
    assert (verdict.independent.ratio, case.independent_curves) == (None, {})
    assert verdict.feature_distance is not None
    assert case.verdicts[PHOTO].feature_distance == pytest.approx(0, abs=1e-6)
    both = Judge(
        loss, independent=other_vgg, folder=tmp_path, evaluations=3, independent_curves=True
    )
    assert both.evaluations_left(exhibit) == 6
    verdict = both.case(exhibit, painted).verdicts["mine"]
    assert verdict.independent is not None
    assert verdict.independent.ratio is not None
    assert set(verdict.independent.evaluations) == {"photo", "noise"}


def test_one_start_is_enough(tiny_vgg: VGG, exhibit: Exhibit) -> None:
    counted: list[int] = []
    judge = Judge(PerceptualLoss(tiny_vgg), starts=("photo",), evaluations=3)
    case = judge.case(exhibit, {}, lambda: counted.append(1))
    assert len(counted) == 3
    assert set(case.frames) == {OPTIMIZED["photo"], PHOTO}
    assert set(case.verdicts[PHOTO].standing.evaluations) == {"photo"}


def test_without_the_kept_picture_the_figures_stay(
    tiny_vgg: VGG, exhibit: Exhibit, tmp_path: Path
) -> None:
    judge = Judge(PerceptualLoss(tiny_vgg), folder=tmp_path, evaluations=3)
    before = judge.case(exhibit, {"mine": exhibit.frame})
    for picture in tmp_path.glob("*.png"):
        picture.unlink()
    after = judge.case(exhibit, {"mine": exhibit.frame})
    assert set(after.frames) == {"mine", PHOTO}
    assert after.verdicts["mine"] == before.verdicts["mine"]
