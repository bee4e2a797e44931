"""Several styles, each in its own part of the picture."""

import pytest
import torch
from drawing import draw_picture
from torch import Tensor

from artem.core.errors import LossError
from artem.learn.encoders import VGG
from artem.learn.losses import AdversarialLoss, PerceptualLoss
from artem.learn.optimization.objective import Region, RegionalLoss, balanced, mirrored

PHOTO = draw_picture(24, 0)
IMAGE = draw_picture(24, 5)


def half(left: bool) -> Tensor:
    mask = torch.zeros(24, 24)
    mask[:, :12] = 1
    return mask if left else 1 - mask


@pytest.fixture
def loss(tiny_vgg: VGG) -> PerceptualLoss:
    return PerceptualLoss(tiny_vgg, style_layers={"relu1_1": 1, "relu2_1": 3})


def value(loss: PerceptualLoss, regions: list[Region], image: Tensor = IMAGE) -> dict[str, float]:
    objective, terms = RegionalLoss(loss, PHOTO, regions)(image)
    return {"objective": float(objective), **terms}


def test_values_beyond_black_and_white_are_mirrored() -> None:
    values = torch.tensor([-2.25, -1.0, -0.25, 0.0, 0.3, 1.0, 1.25, 2.0, 3.5], requires_grad=True)
    inside = mirrored(values)
    wanted = torch.tensor([0.25, 1.0, 0.25, 0.0, 0.3, 1.0, 0.75, 0.0, 0.5])
    torch.testing.assert_close(inside, wanted)
    inside.sum().backward()
    assert values.grad is not None
    assert (values.grad.abs() == 1).all()  # a slope everywhere
    assert values.grad[[2, 4, 6]].tolist() == [-1, 1, -1]


def test_what_is_shown_can_be_held_by_a_file(loss: PerceptualLoss) -> None:
    style = loss.style_target(draw_picture(20, 1))
    objective = RegionalLoss(loss, PHOTO, [Region([(1.0, style)])])
    shown = objective.shown(4 * torch.randn(1, 3, 24, 24))
    assert float(shown.min()) >= 0 and float(shown.max()) <= 1
    assert torch.equal(objective.shown(IMAGE), IMAGE)


def test_one_style_everywhere_is_the_plain_loss(loss: PerceptualLoss) -> None:
    style = loss.style_target(draw_picture(20, 1))
    plain = loss.terms(IMAGE, loss.content_target(PHOTO), style)
    wanted = {name: float(term) for name, term in plain.items()}
    found = value(loss, [Region([(7.0, style)])])
    assert found == pytest.approx({"objective": float(loss.total(plain)), **wanted}, rel=1e-5)


def test_styles_add_up_by_their_share_of_the_weights(loss: PerceptualLoss) -> None:
    first, second = (loss.style_target(draw_picture(20, seed)) for seed in (1, 2))
    alone = [value(loss, [Region([(1.0, style)])])["style"] for style in (first, second)]
    both = value(loss, [Region([(3.0, first), (1.0, second)])])["style"]
    assert both == pytest.approx(0.75 * alone[0] + 0.25 * alone[1], rel=1e-5)


def test_a_blend_of_gram_matrices_is_best_at_their_weighted_mean(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg, style_layers={"relu1_1": 1})
    faint, strong = 0.4 + 0.2 * draw_picture(20, 1), draw_picture(28, 2)
    targets = [loss.style_target(picture) for picture in (faint, strong)]
    styles = balanced(loss, [faint, strong], [(3.0, targets[0]), (1.0, targets[1])])
    assert sum(weight for weight, _ in styles) == pytest.approx(4)
    grams = [target["gram:relu1_1"] for target in targets]
    # The sum of w |G - S|^2 / |S|^2 has its minimum at the mean of S weighted by w / |S|^2.
    pulls = [float(w / g.square().sum()) for (w, _), g in zip(styles, grams, strict=True)]
    assert pulls[0] / pulls[1] == pytest.approx(3, rel=1e-4)


def test_the_same_picture_twice_needs_no_balance(loss: PerceptualLoss) -> None:
    picture = draw_picture(20, 1)
    styles = [(2.0, loss.style_target(picture)), (1.0, loss.style_target(picture))]
    kept = [weight for weight, _ in balanced(loss, [picture] * 2, styles)]
    assert kept == pytest.approx([2.0, 1.0])


def test_a_region_sees_the_features_inside_it_by_its_share(loss: PerceptualLoss) -> None:
    first, second = (loss.style_target(draw_picture(20, seed)) for seed in (1, 2))
    features = loss.encoder(IMAGE, list(loss.style_layers))
    wanted = 0.0
    for style, columns in ((first, slice(0, 0.5)), (second, slice(0.5, 1))):
        inside = {}
        for layer, maps in features.items():
            width = maps.shape[3]
            inside[layer] = maps[..., int(columns.start * width) : int(columns.stop * width)]
        wanted += 0.5 * float(loss.style_term(inside, style))
    regions = [Region([(1.0, first)], half(True)), Region([(1.0, second)], half(False))]
    assert value(loss, regions)["style"] == pytest.approx(wanted, rel=1e-5)


def test_a_mask_of_everything_is_no_mask(loss: PerceptualLoss) -> None:
    style = loss.style_target(draw_picture(20, 1))
    masked = value(loss, [Region([(1.0, style)], torch.full((24, 24), 0.8))])
    assert masked == pytest.approx(value(loss, [Region([(1.0, style)])]), rel=1e-5)


def test_a_region_too_small_for_a_deep_layer_is_left_out_there(loss: PerceptualLoss) -> None:
    style = loss.style_target(draw_picture(20, 1))
    mask = torch.zeros(24, 24)
    mask[5, 7:9] = 1  # less than half of any 2x2 pixels of relu2_1
    regions = [Region([(1.0, style)], mask), Region([(1.0, style)], mask)]
    shown = RegionalLoss(loss, PHOTO, regions).shown(IMAGE)
    features = loss.encoder(shown, ["relu1_1"])["relu1_1"][..., 5:6, 7:9]
    shallow = PerceptualLoss(loss.encoder, style_layers={"relu1_1": 1})
    wanted = 2 / 24**2 * float(shallow.style_term({"relu1_1": features}, style))
    assert value(loss, regions)["style"] == pytest.approx(2 * wanted, rel=1e-5)


def test_what_lies_in_no_region_stays_the_photo(loss: PerceptualLoss) -> None:
    style = loss.style_target(draw_picture(20, 1))
    objective = RegionalLoss(loss, PHOTO, [Region([(1.0, style)], half(True))])
    shown = objective.shown(IMAGE)
    assert torch.equal(shown[..., 12:], PHOTO[..., 12:])
    assert torch.equal(shown[..., :12], IMAGE[..., :12])
    image = IMAGE.clone().requires_grad_()
    objective(image)[0].backward()
    assert image.grad is not None
    assert not image.grad[..., 12:].any() and bool(image.grad[..., :12].any())


def test_a_gray_image_shows_the_same_in_all_channels(loss: PerceptualLoss) -> None:
    style = loss.style_target(draw_picture(20, 1))
    objective = RegionalLoss(loss, PHOTO, [Region([(1.0, style)])], gray=True)
    image = objective.start(IMAGE).requires_grad_()
    assert image.shape == (1, 1, 24, 24)
    torch.testing.assert_close(objective.shown(image)[:, 2:], IMAGE.mean(dim=1, keepdim=True))
    objective(image)[0].backward()
    assert image.grad is not None and bool(image.grad.any())


@pytest.mark.parametrize("name", ["mrf", "adversarial"])
def test_losses_of_whole_pictures_cannot_be_masked(tiny_vgg: VGG, name: str) -> None:
    loss = PerceptualLoss(tiny_vgg, style_losses={"gram": 1, name: 1})
    style = loss.style_target(draw_picture(20, 1))
    with pytest.raises(LossError, match=f"'{name}' compares neighbors"):
        RegionalLoss(loss, PHOTO, [Region([(1.0, style)], half(True))])


def test_an_adversary_judges_by_every_style_and_learns(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg, style_losses={"adversarial": 2.0})
    paintings = [draw_picture(32, 1), draw_picture(40, 2)]
    adversary = AdversarialLoss(paintings, seed=4)
    same = AdversarialLoss(paintings, seed=4)
    regions = [Region([(3.0, loss.style_target(picture)) for picture in paintings])]
    objective = RegionalLoss(loss, PHOTO, regions, adversary=adversary)
    assert objective.learns and not RegionalLoss(loss, PHOTO, regions).learns
    found, terms = objective(IMAGE)
    assert adversary.step == 1
    styles = torch.tensor([0, 1])
    both = IMAGE.expand(2, -1, -1, -1)
    same.learn(both, styles)
    assert terms["adversarial"] == pytest.approx(float(same(both, styles).mean()), rel=1e-5)
    wanted = loss.content_weight * terms["content"] + loss.tv_weight * terms["tv"]
    wanted += loss.style_weight * 2.0 * terms["adversarial"]
    assert float(found) == pytest.approx(wanted, rel=1e-5)


def test_what_an_adversary_learned_can_be_restored(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg, style_losses={"adversarial": 1.0})
    painting = draw_picture(32, 1)
    regions = [Region([(1.0, loss.style_target(painting))])]
    objective = RegionalLoss(loss, PHOTO, regions, adversary=AdversarialLoss([painting]))
    objective(IMAGE)
    state = objective.state()
    values = [objective(IMAGE)[1]["adversarial"] for _ in range(3)]
    objective.restore(state)
    assert [objective(IMAGE)[1]["adversarial"] for _ in range(3)] == values
