import pytest
import torch
from drawing import draw_picture

from artem.learn.encoders import VGG
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization import optimize_picture


def objective(loss: PerceptualLoss, image: torch.Tensor, content: torch.Tensor) -> float:
    style = loss.style_target(draw_picture(24, 1))
    return float(loss.total(loss.terms(image, loss.content_target(content), style)))


def test_the_objective_falls_and_the_curve_never_rises(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg)
    content, style = draw_picture(24, 0), loss.style_target(draw_picture(24, 1))
    image, curve = optimize_picture(loss, content, style, evaluations=25)
    assert curve[0] == pytest.approx(objective(loss, content, content), rel=1e-4)
    assert curve == sorted(curve, reverse=True)
    assert curve[-1] < 0.5 * curve[0]
    assert objective(loss, image, content) < 0.5 * curve[0]
    assert image.shape == content.shape
    assert float(image.min()) >= 0 and float(image.max()) <= 1


@pytest.mark.parametrize("evaluations", [1, 2, 7, 20])
def test_evaluations_are_counted_exactly(tiny_vgg: VGG, evaluations: int) -> None:
    loss = PerceptualLoss(tiny_vgg)
    passes = 0

    def count(*_: object) -> None:
        nonlocal passes
        passes += 1

    content, style = draw_picture(16, 0), loss.style_target(draw_picture(16, 1))
    before = loss.content_target(content)
    tiny_vgg.register_forward_hook(count)
    seen: list[int] = []
    _, curve = optimize_picture(
        loss, content, style, evaluations=evaluations,
        on_evaluation=lambda number, _: seen.append(number),
    )  # fmt: skip
    assert before
    assert len(curve) == evaluations
    assert seen == list(range(1, evaluations + 1))
    assert passes == evaluations + 1  # and one for the content's own features


def test_the_curve_is_the_lowest_value_reported_so_far(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg)
    content, style = draw_picture(16, 0), loss.style_target(draw_picture(16, 1))
    values: list[float] = []
    _, curve = optimize_picture(
        loss, content, style, start=torch.rand(1, 3, 16, 16), evaluations=15,
        on_evaluation=lambda _, value: values.append(value),
    )  # fmt: skip
    assert curve == [min(values[: n + 1]) for n in range(15)]


def test_what_it_starts_from_stays_as_it_was(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg)
    content, start = draw_picture(16, 0), torch.rand(1, 3, 16, 16)
    kept = content.clone(), start.clone()
    optimize_picture(loss, content, loss.style_target(content), start=start, evaluations=3)
    assert torch.equal(content, kept[0]) and torch.equal(start, kept[1])
    assert not content.requires_grad and not start.requires_grad


def test_noise_becomes_the_content_when_nothing_else_counts(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg, content_layers={"relu1_1": 1}, style_weight=0, tv_weight=0)
    content = draw_picture(16, 0)
    start = torch.rand(1, 3, 16, 16)
    image, curve = optimize_picture(
        loss, content, loss.style_target(content), start=start, evaluations=60
    )
    assert curve[-1] < 0.02 * curve[0]
    assert float((image - content).square().mean()) < 0.5 * float((start - content).square().mean())


def test_the_picture_is_as_good_as_the_curve_says(tiny_vgg: VGG) -> None:
    # What would be lost by clipping was never gained: harsh contrasts lead beyond black and white.
    loss = PerceptualLoss(tiny_vgg, tv_weight=0)
    content, painting = draw_picture(24, 0), (draw_picture(24, 1) > 0.5).float()
    image, curve = optimize_picture(loss, content, loss.style_target(painting), evaluations=40)
    style = loss.style_target(painting)
    reached = float(loss.total(loss.terms(image, loss.content_target(content), style)))
    assert reached == pytest.approx(curve[-1], rel=1e-4)
