"""A photo painted from coarse to fine: sizes, colors, masks, and going on after a stop."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from drawing import draw_picture

from artem.core.color import LUMINANCE, gray
from artem.core.errors import TrainingError
from artem.core.picture import Frame
from artem.learn.encoders import VGG
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization import painter as painter_module
from artem.learn.optimization.areas import Area, masks_at, painting_size
from artem.learn.optimization.images import frame_of, resized_frame
from artem.learn.optimization.painter import Painter, Progress
from artem.learn.optimization.recipe import PaintRecipe, pyramid


def draw_frame(width_px: int, height_px: int, seed: int) -> Frame:
    return resized_frame(frame_of(draw_picture(64, seed)), (height_px, width_px))


PHOTO, PAINTING, OTHER = draw_frame(72, 64, 0), draw_frame(50, 60, 1), draw_frame(64, 40, 2)
QUICK = PaintRecipe(evaluations=8, scales=2)


@pytest.fixture
def loss(tiny_vgg: VGG) -> PerceptualLoss:
    return PerceptualLoss(tiny_vgg)


class StopError(Exception):
    pass


def through_a_file(state: Mapping[str, Any]) -> Any:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def painted(painter: Painter) -> Frame:
    painter.run()
    return painter.frame()


def test_sizes_double_from_coarse_to_fine() -> None:
    photo = np.zeros((900, 1200, 3), np.uint8)
    assert pyramid(photo, PaintRecipe()) == [(96, 128), (192, 256), (384, 512)]
    assert pyramid(photo, PaintRecipe(scales=1, size_px=800)) == [(600, 800)]
    assert pyramid(photo, PaintRecipe(size_px=1024))[0] == (96, 128)
    assert pyramid(photo[:300, :400], PaintRecipe())[-1] == (300, 400)
    # No side may fall below what the encoder's deepest layers can see.
    assert pyramid(photo, PaintRecipe(scales=9, size_px=200)) == [(38, 50), (75, 100), (150, 200)]


def test_a_result_too_small_for_an_encoder_is_refused() -> None:
    with pytest.raises(TrainingError, match="400x13 is too small to be painted"):
        pyramid(np.zeros((13, 400, 3), np.uint8), PaintRecipe())


def test_a_brush_of_2_sees_the_painting_twice_as_large() -> None:
    painting = np.zeros((500, 1000, 3), np.uint8)
    assert painting_size(painting, (384, 512), 1.0) == (384, 768)
    assert painting_size(painting, (384, 512), 2.0) == (768, 1536)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"optimizer": "lbfgs"}, "'lbfgs' is no choice for optimizer. Did you mean 'l-bfgs'?"),
        ({"keep_color": "luminence"}, "Did you mean 'luminance'?"),
        ({"evaluations": 0}, "evaluations is 0.\n  Use a number from 1 up."),
        ({"brush": 0.0}, "brush is 0.0.\n  Use a number above 0."),
        ({"memory_gb": float("nan")}, "memory_gb is nan."),
    ],
)
def test_recipes_refuse_what_cannot_be(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TrainingError) as refused:
        PaintRecipe(**settings)
    assert sentence in str(refused.value)


def test_progress_tells_every_evaluation_and_weighs_sizes(loss: PerceptualLoss) -> None:
    steps: list[Progress] = []
    painter = Painter(PHOTO, [PAINTING], loss, QUICK)
    painter.run(steps.append)
    assert painter.evaluations == len(steps) == 16
    assert [step.done for step in steps] == list(range(1, 17))
    assert [step.size for step in steps] == [(32, 36)] * 8 + [(64, 72)] * 8
    assert steps[7].work == pytest.approx(0.2)  # a quarter of the pixels of the other size
    assert steps[-1].work == 1
    assert set(steps[0].terms) == {"content", "style", "tv"}
    assert painter.frame().shape == PHOTO.shape


def test_each_size_starts_from_the_last_ones_result(
    loss: PerceptualLoss, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[torch.Tensor] = []
    original = painter_module.Descent

    def spy(objective: Any, start: torch.Tensor, **options: Any) -> Any:
        starts.append(start)
        return original(objective, start, **options)

    monkeypatch.setattr(painter_module, "Descent", spy)
    Painter(PHOTO, [PAINTING], loss, QUICK).run()
    coarse = Painter(PHOTO, [PAINTING], loss, PaintRecipe(evaluations=8, size_px=36, scales=1))
    small = torch.from_numpy(painted(coarse)).permute(2, 0, 1)[None] / 255
    again = torch.nn.functional.interpolate(
        starts[1], (32, 36), mode="bicubic", antialias=True, align_corners=False
    )
    assert starts[0].shape == (1, 3, 32, 36) and starts[1].shape == (1, 3, 64, 72)
    assert float((again - small).abs().mean()) < 0.05
    assert float((starts[1] - starts[0].mean()).std()) > 0.1


def test_the_objective_falls_at_each_size(loss: PerceptualLoss) -> None:
    steps: list[Progress] = []
    Painter(PHOTO, [PAINTING], loss, PaintRecipe(evaluations=25, scales=2)).run(steps.append)
    assert min(s.objective for s in steps[:25]) < 0.5 * steps[0].objective
    assert min(s.objective for s in steps[25:]) < steps[25].objective


def test_the_same_seed_gives_the_same_picture(loss: PerceptualLoss) -> None:
    def from_noise(seed: int) -> Frame:
        recipe = PaintRecipe(evaluations=5, scales=2, seed=seed)
        return painted(Painter(PHOTO, [PAINTING], loss, recipe, start="noise"))

    first = from_noise(3)
    np.testing.assert_array_equal(first, from_noise(3))
    assert (first != from_noise(4)).any()


def test_it_starts_from_a_picture_of_any_size(loss: PerceptualLoss) -> None:
    start = draw_frame(90, 33, 7)
    painter = Painter(PHOTO, [PAINTING], loss, PaintRecipe(scales=1), start=start)
    with pytest.raises(StopError):
        painter.run(lambda progress: stop_at(1, progress))
    np.testing.assert_array_equal(painter.frame(), resized_frame(start, (64, 72)))


def stop_at(count: int, progress: Progress) -> None:
    if progress.done == count:
        raise StopError


@pytest.mark.parametrize("stop", [1, 5, 8, 9, 14])
@pytest.mark.parametrize("optimizer", ["adam", "l-bfgs"])
def test_a_stopped_painting_goes_on_to_the_same_picture(
    loss: PerceptualLoss, stop: int, optimizer: str
) -> None:
    recipe = PaintRecipe(evaluations=8, scales=2, optimizer=optimizer)
    whole = painted(Painter(PHOTO, [PAINTING], loss, recipe))
    stopped = Painter(PHOTO, [PAINTING], loss, recipe)
    with pytest.raises(StopError):
        stopped.run(lambda progress: stop_at(stop, progress))
    assert stopped.done == stop
    resumed = Painter(PHOTO, [PAINTING], loss, recipe)
    assert resumed.resume(through_a_file(stopped.state()))
    seen: list[int] = []
    resumed.run(lambda progress: seen.append(progress.done))
    assert seen[0] <= stop + 1 and seen[-1] == 16
    np.testing.assert_array_equal(resumed.frame(), whole)


def test_an_adversary_is_resumed_with_the_picture(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg, style_losses={"gram": 1, "adversarial": 1})
    recipe = PaintRecipe(evaluations=6, scales=1, optimizer="adam")
    whole = painted(Painter(PHOTO, [PAINTING, OTHER], loss, recipe))
    stopped = Painter(PHOTO, [PAINTING, OTHER], loss, recipe)
    with pytest.raises(StopError):
        stopped.run(lambda progress: stop_at(4, progress))
    resumed = Painter(PHOTO, [PAINTING, OTHER], loss, recipe)
    assert resumed.resume(through_a_file(stopped.state()))
    np.testing.assert_array_equal(painted(resumed), whole)


def test_a_state_of_anything_else_is_not_taken(loss: PerceptualLoss, tiny_vgg: VGG) -> None:
    state = Painter(PHOTO, [PAINTING], loss, QUICK).state()
    assert Painter(PHOTO, [PAINTING], loss, QUICK).resume(state)
    mask = np.full((4, 4), 255, np.uint8)
    others = [
        Painter(PHOTO[:, ::-1].copy(), [PAINTING], loss, QUICK),
        Painter(PHOTO, [OTHER], loss, QUICK),
        Painter(PHOTO, [PAINTING], PerceptualLoss(tiny_vgg, style_weight=3), QUICK),
        Painter(PHOTO, [PAINTING], loss, PaintRecipe(evaluations=9, scales=2)),
        Painter(PHOTO, [PAINTING], loss, QUICK, start="noise"),
        Painter(PHOTO, [PAINTING], loss, QUICK, start=PAINTING),
        Painter(PHOTO, [PAINTING], loss, QUICK, areas=[Area([1.0], mask)]),
    ]
    assert not any(painter.resume(state) for painter in others)


def test_a_picture_can_be_had_before_anything_was_done(loss: PerceptualLoss) -> None:
    painter = Painter(PHOTO, [PAINTING], loss, PaintRecipe(size_px=36))
    np.testing.assert_array_equal(painter.frame(), resized_frame(PHOTO, (32, 36)))


def test_tiles_paint_the_same_picture(loss: PerceptualLoss) -> None:
    recipe = PaintRecipe(evaluations=3, scales=1)
    whole, tiled = (Painter(PHOTO, [PAINTING], loss, recipe) for _ in range(2))
    assert whole.tiles_px == [0]
    tiled.tiles_px = [64]
    difference = painted(tiled).astype(int) - painted(whole)
    assert np.abs(difference).max() <= 1


def test_luminance_alone_is_painted(loss: PerceptualLoss) -> None:
    recipe = PaintRecipe(evaluations=8, scales=1, keep_color="luminance")
    result = painted(Painter(PHOTO, [PAINTING], loss, recipe)).astype(int)
    shift = result - PHOTO
    inside = ((result > 0) & (result < 255)).all(axis=2)
    assert inside.mean() > 0.5
    assert (np.ptp(shift, axis=2)[inside] == 0).all()  # Cb and Cr are the photo's
    assert np.abs(shift @ LUMINANCE).max() > 5


def test_matched_paintings_have_the_photos_colors(loss: PerceptualLoss) -> None:
    painter = Painter(PHOTO, [PAINTING], loss, PaintRecipe(keep_color="match"))
    matched = painter.paintings[0].reshape(-1, 3)
    np.testing.assert_allclose(matched.mean(axis=0), PHOTO.mean(axis=(0, 1)), atol=8)
    light = Painter(PHOTO, [PAINTING], loss, PaintRecipe(keep_color="luminance"))
    assert (np.ptp(light.paintings[0], axis=2) == 0).all()
    assert light.paintings[0].mean() == pytest.approx(gray(PHOTO).mean(), abs=8)


def test_an_area_without_style_stays_the_photo(loss: PerceptualLoss) -> None:
    mask = np.zeros((32, 36), np.uint8)
    mask[:, :18] = 255
    painter = Painter(PHOTO, [PAINTING], loss, QUICK, areas=[Area([1.0], mask)])
    result = painted(painter)
    np.testing.assert_array_equal(result[:, 40:], PHOTO[:, 40:])
    assert (result[:, :32] != PHOTO[:, :32]).mean() > 0.9


def test_luminance_alone_leaves_the_photo_where_no_style_is(loss: PerceptualLoss) -> None:
    mask = np.zeros((32, 36), np.uint8)
    mask[:, :18] = 255
    recipe = PaintRecipe(evaluations=3, size_px=60, keep_color="luminance")
    painter = Painter(PHOTO, [PAINTING], loss, recipe, areas=[Area([1.0], mask)])
    np.testing.assert_array_equal(painted(painter)[:, 34:], painter.photo[:, 34:])


def test_the_rest_is_what_no_mask_covers(loss: PerceptualLoss) -> None:
    mask = np.zeros((64, 72), np.uint8)
    mask[:30] = 255
    areas = [Area([1.0, 0.0], mask), Area([0.0, 1.0], rest=True)]
    painter = Painter(PHOTO, [PAINTING, OTHER], loss, QUICK, areas=areas)
    above, below = masks_at(areas, (64, 72))
    assert above is not None and below is not None
    np.testing.assert_allclose(above + below, 1)
    assert (painted(painter) != PHOTO).any(axis=2).mean() > 0.9


def test_masks_that_leave_no_rest_are_refused(loss: PerceptualLoss) -> None:
    white = np.full((9, 9), 255, np.uint8)
    with pytest.raises(TrainingError, match="no place"):
        Painter(
            PHOTO, [PAINTING, OTHER], loss,
            areas=[Area([1.0, 0.0], white), Area([0.0, 1.0], rest=True)],
        )  # fmt: skip


def test_more_memory_than_allowed_is_refused(loss: PerceptualLoss) -> None:
    with pytest.raises(TrainingError, match=r"A painting at .* takes about .* 0.5 are allowed"):
        Painter(PHOTO, [PAINTING], loss, PaintRecipe(brush=90.0, memory_gb=0.5))
    with pytest.raises(TrainingError, match=r"4000x3556 takes about"):
        Painter(PHOTO, [PAINTING], loss, PaintRecipe(size_px=4000, brush=0.1, memory_gb=0.7))
