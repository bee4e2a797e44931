"""L-BFGS curves: run once, kept by what they depend on."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from drawing import draw_picture

from artem.core.picture import middle_square
from artem.learn.encoders import VGG
from artem.learn.judge.curves import Curve, Curves
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization.images import frame_of, image_of, white_noise

PAINTING = draw_picture(32, 1)


def photo(seed: int = 0) -> np.ndarray:
    return frame_of(draw_picture(32, seed))


class Runs:
    """A folder of curves, and how many evaluations were made for it."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.count = 0

    def __call__(
        self, loss: PerceptualLoss, start: str = "photo", *, seed: int = 0, evaluations: int = 5
    ) -> Curve:
        curves = Curves(loss, self.folder, evaluations=evaluations, seed=seed)
        missing, before = curves.missing(photo(), PAINTING, start), self.count
        curve = curves.curve(photo(), PAINTING, start, self.one)
        assert (self.count - before) == evaluations * missing
        return curve

    def one(self) -> None:
        self.count += 1


def test_a_curve_falls_from_where_it_starts(tiny_vgg: VGG) -> None:
    loss, runs = PerceptualLoss(tiny_vgg), Runs(None)
    style = loss.style_target(PAINTING)
    content = loss.content_target(image_of(photo()))
    for start, image in (("photo", image_of(photo())), ("noise", white_noise(32, 32, 3))):
        curve = runs(loss, start, seed=3)
        first = float(loss.total(loss.terms(image, content, style)))
        assert curve.objective[0] == pytest.approx(first, rel=1e-5)
        assert list(curve.objective) == sorted(curve.objective, reverse=True)
        assert curve.objective[-1] < 0.9 * curve.objective[0]
        assert curve.frame is not None
        best = float(loss.total(loss.terms(image_of(curve.frame), content, style)))
        assert best == pytest.approx(curve.objective[-1], rel=0.01)  # 8 bits cost no more


def test_a_kept_curve_is_the_same_and_runs_no_more(tiny_vgg: VGG, tmp_path: Path) -> None:
    loss, runs = PerceptualLoss(tiny_vgg), Runs(tmp_path / "curves")
    first, again = runs(loss), runs(loss)
    assert runs.count == 5
    assert again.objective == first.objective
    np.testing.assert_array_equal(again.frame, first.frame)


def test_what_a_curve_depends_on_makes_another(tiny_vgg: VGG, tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    loss = PerceptualLoss(tiny_vgg)
    runs(loss)
    runs(loss, "noise")
    runs(loss, "noise", seed=1)
    runs(PerceptualLoss(tiny_vgg, style_weight=3.0))
    runs(PerceptualLoss(tiny_vgg, style_layers={"relu1_1": 1.0}))
    tiny_vgg.pool = torch.nn.functional.avg_pool2d
    runs(loss)
    with torch.no_grad():
        tiny_vgg.get_submodule("conv21").bias += 0.1
    runs(loss)
    assert len(list(tmp_path.glob("*.json"))) == 7
    curves = Curves(loss, tmp_path)
    keys = {
        curves.key(one, painting, "photo")
        for one in (photo(), photo(5), middle_square(photo(), 48))
        for painting in (PAINTING, draw_picture(40, 1))
    }
    assert len(keys) == 6


def test_the_seed_matters_to_noise_alone(tiny_vgg: VGG) -> None:
    one, two = (Curves(PerceptualLoss(tiny_vgg), None, seed=seed) for seed in (0, 1))
    assert one.key(photo(), PAINTING, "photo") == two.key(photo(), PAINTING, "photo")
    assert one.key(photo(), PAINTING, "noise") != two.key(photo(), PAINTING, "noise")


def test_a_longer_curve_serves_for_a_shorter_one(tiny_vgg: VGG, tmp_path: Path) -> None:
    loss, runs = PerceptualLoss(tiny_vgg), Runs(tmp_path)
    long = runs(loss, evaluations=8)
    short = runs(loss, evaluations=4)
    assert short.objective == long.objective[:4]
    assert (short.frame_evaluations, runs.count) == (8, 8)
    longer = runs(loss, evaluations=10)
    assert longer.objective[:8] == long.objective
    assert runs.count == 18


@pytest.mark.parametrize("damage", ["", "{", "[1, 2]", '{"objective": ["x"]}'])
def test_a_damaged_file_is_run_anew(tiny_vgg: VGG, tmp_path: Path, damage: str) -> None:
    loss, runs = PerceptualLoss(tiny_vgg), Runs(tmp_path)
    first = runs(loss)
    next(tmp_path.glob("*.json")).write_text(damage)
    assert runs(loss).objective == first.objective
    assert runs.count == 10


def test_a_curve_may_lack_its_picture(tiny_vgg: VGG, tmp_path: Path) -> None:
    loss, runs = PerceptualLoss(tiny_vgg), Runs(tmp_path)
    first = runs(loss)
    next(tmp_path.glob("*.png")).unlink()
    kept = runs(loss)
    assert (kept.objective, kept.frame) == (first.objective, None)


def test_a_run_that_is_stopped_keeps_what_was_finished(tiny_vgg: VGG, tmp_path: Path) -> None:
    loss, runs = PerceptualLoss(tiny_vgg), Runs(tmp_path)
    runs(loss)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Curves(loss, tmp_path, evaluations=5).curve(photo(), PAINTING, "noise", stop)
    assert len(list(tmp_path.iterdir())) == 2
    said = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert (said["start"], said["size"], said["encoder"]) == ("photo", "32x32", "tiny")


def test_evaluations_are_counted_from_one() -> None:
    curve = Curve((3.0, 2.0, 2.0, 1.0), None, 4)
    assert [curve.evaluations_to(value) for value in (5, 3, 2, 1.5, 1)] == [1, 1, 2, 4, 4]
    assert curve.evaluations_to(0.9) is None


def test_the_middle_square_is_the_middle() -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 200
    assert (middle_square(wide, 20) == 200).all()
    assert (middle_square(wide.transpose(1, 0, 2), 10) > 150).all()
    assert middle_square(wide, 64).shape == (64, 64, 3)
