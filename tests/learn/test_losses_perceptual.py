import json
import math
from typing import Any

import pytest
import torch
from drawing import draw_picture

from artem.core.errors import LossError
from artem.learn.encoders import VGG
from artem.learn.losses import (
    STYLE_LOSSES,
    PerceptualLoss,
    content_loss,
    gram_loss,
    gram_matrix,
    total_variation,
)


def test_the_terms_are_the_losses_of_the_encoder_s_features(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg, content_layers={"relu1_2": 1}, style_layers={"relu2_1": 1})
    image, content, style = (draw_picture(16, seed) for seed in range(3))
    terms = loss.terms(image, loss.content_target(content), loss.style_target(style))
    here, there, painted = (
        tiny_vgg(picture, ["relu1_2", "relu2_1"]) for picture in (image, content, style)
    )
    torch.testing.assert_close(terms["content"], content_loss(here["relu1_2"], there["relu1_2"]))
    torch.testing.assert_close(
        terms["style"],
        gram_loss(gram_matrix(here["relu2_1"]), gram_matrix(painted["relu2_1"])),
    )
    torch.testing.assert_close(terms["tv"], total_variation(image))


def test_layers_are_averaged_by_their_weights(tiny_vgg: VGG) -> None:
    image, content, style = (draw_picture(16, seed) for seed in range(3))

    def terms(content_layers: dict[str, float], style_layers: dict[str, float]) -> torch.Tensor:
        loss = PerceptualLoss(tiny_vgg, content_layers=content_layers, style_layers=style_layers)
        found = loss.terms(image, loss.content_target(content), loss.style_target(style))
        return torch.stack([found["content"], found["style"]])

    one, two = {"relu1_1": 1.0}, {"relu2_1": 1.0}
    both = {"relu1_1": 3.0, "relu2_1": 1.0}
    torch.testing.assert_close(terms(both, both), 0.75 * terms(one, one) + 0.25 * terms(two, two))
    tenfold = {layer: 10 * weight for layer, weight in both.items()}
    torch.testing.assert_close(terms(both, both), terms(tenfold, tenfold))


def test_the_total_is_the_weighted_sum(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg, content_weight=2, style_weight=3, tv_weight=5)
    terms = {name: torch.tensor([1.0, 10.0]) for name in ("content", "style", "tv")}
    torch.testing.assert_close(loss.total(terms), torch.tensor([10.0, 100.0]))


def test_the_content_itself_costs_no_content_and_the_style_itself_no_style(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg)
    picture, other = draw_picture(16, 0), draw_picture(16, 1)
    terms = loss.terms(picture, loss.content_target(picture), loss.style_target(picture))
    assert float(terms["content"]) == pytest.approx(0, abs=1e-10)
    assert float(terms["style"]) == pytest.approx(0, abs=1e-10)
    terms = loss.terms(picture, loss.content_target(other), loss.style_target(other))
    assert float(terms["content"]) > 1e-3
    assert float(terms["style"]) > 1e-3


def test_each_picture_of_a_batch_can_have_its_own_style(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg)
    contents = torch.cat([draw_picture(16, seed) for seed in (0, 1)])
    styles = torch.cat([draw_picture(16, seed) for seed in (2, 3)])
    images = torch.cat([draw_picture(16, seed) for seed in (4, 5)])
    together = loss.terms(images, loss.content_target(contents), loss.style_target(styles))
    for n in range(2):
        alone = loss.terms(
            images[n : n + 1],
            loss.content_target(contents[n : n + 1]),
            loss.style_target(styles[n : n + 1]),
        )
        for name in ("content", "style", "tv"):
            torch.testing.assert_close(together[name][n], alone[name][0])


def test_targets_carry_no_gradient_but_pictures_do(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg)
    image = draw_picture(16, 0).requires_grad_()
    content, style = loss.content_target(image), loss.style_target(image)
    assert not any(target.requires_grad for target in (*content.values(), *style.values()))
    other = loss.style_target(draw_picture(16, 1))
    loss.total(loss.terms(image, content, other)).sum().backward()
    assert image.grad is not None and float(image.grad.abs().max()) > 0


def test_several_style_losses_add_up_and_each_is_told(tiny_vgg: VGG) -> None:
    image, content, style = (draw_picture(16, seed) for seed in range(3))

    def terms(style_losses: dict[str, float]) -> dict[str, torch.Tensor]:
        loss = PerceptualLoss(tiny_vgg, style_losses=style_losses)
        return loss.terms(image, loss.content_target(content), loss.style_target(style))

    gram, moments = terms({"gram": 1}), terms({"moments": 1})
    assert gram.keys() == {"content", "style", "tv"}
    both = terms({"gram": 2.0, "moments": 0.5})
    torch.testing.assert_close(both["style"], 2 * gram["style"] + 0.5 * moments["style"])
    torch.testing.assert_close(both["style:gram"], gram["style"])
    torch.testing.assert_close(both["style:moments"], moments["style"])


@pytest.mark.parametrize("name", list(STYLE_LOSSES))
def test_every_style_loss_can_be_named(tiny_vgg: VGG, name: str) -> None:
    loss = PerceptualLoss(tiny_vgg, style_losses={name: 1.0})
    styles = torch.cat([draw_picture(32, seed) for seed in (2, 3)])
    targets = loss.style_target(styles)
    assert set(targets) == {f"{name}:{layer}" for layer in tiny_vgg.style_layers}
    chosen = torch.tensor([1, 0, 1])
    images = torch.cat([draw_picture(24, seed) for seed in (4, 5, 6)]).requires_grad_()
    style = {key: target[chosen] for key, target in targets.items()}
    terms = loss.terms(images, loss.content_target(images), style)
    assert terms["style"].shape == (3,)
    (gradient,) = torch.autograd.grad(terms["style"].sum(), images)
    assert bool(torch.isfinite(gradient).all()) and float(gradient.abs().max()) > 0


def test_terms_of_given_features_are_those_of_the_picture(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg, style_losses={"gram": 1, "histogram": 2})
    image, content, style = (draw_picture(16, seed) for seed in range(3))
    targets = loss.content_target(content), loss.style_target(style)
    terms = loss.terms(image, *targets)
    features = tiny_vgg(image, tiny_vgg.layers)
    torch.testing.assert_close(loss.content_term(features, targets[0]), terms["content"])
    torch.testing.assert_close(loss.style_term(features, targets[1]), terms["style"])
    torch.testing.assert_close(loss.tv_term(image), terms["tv"])
    gathered = {layer: maps.flatten(2)[..., None] for layer, maps in features.items()}
    torch.testing.assert_close(loss.style_term(gathered, targets[1]), terms["style"])


def test_the_adversarial_term_is_the_caller_s_and_counts_as_a_style_loss(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg, style_losses={"adversarial": 0.5}, style_weight=10, tv_weight=0)
    assert loss.adversarial_weight == 0.5
    picture = draw_picture(16, 0)
    assert loss.style_target(picture) == {}
    terms = loss.terms(picture, loss.content_target(picture), {})
    assert float(terms["style"]) == 0
    assert float(loss.total(terms)) == pytest.approx(0, abs=1e-9)
    assert float(loss.total(terms | {"adversarial": torch.ones(1)})) == pytest.approx(5)
    assert PerceptualLoss(tiny_vgg).adversarial_weight == 0


def test_settings_tell_losses_apart(tiny_vgg: VGG) -> None:
    loss = PerceptualLoss(tiny_vgg)
    assert "encoder" not in loss.settings
    changes = [
        {"style_losses": {"mrf": 1.0}}, {"normalization": "hpi"}, {"pixel_range": 255.0},
        {"feature_scale": 2.0}, {"tv": "none"}, {"style_weight": 1.0}, {"tv_weight": 0.0},
        {"content_weight": 2.0}, {"content_layers": {"relu1_1": 1.0}},
        {"style_layers": {"relu1_1": 2.0}},
    ]  # fmt: skip
    told = {json.dumps(PerceptualLoss(tiny_vgg, **change).settings) for change in changes}  # type: ignore[arg-type]
    assert len(told | {json.dumps(loss.settings)}) == len(changes) + 1
    assert len(loss.settings) == len(changes)


def test_unknown_names_are_refused(tiny_vgg: VGG) -> None:
    with pytest.raises(LossError, match="Did you mean 'moments'"):
        PerceptualLoss(tiny_vgg, style_losses={"moment": 1})
    with pytest.raises(LossError, match="Did you mean 'engstrom'"):
        PerceptualLoss(tiny_vgg, normalization="engstrm")
    with pytest.raises(LossError, match="Did you mean 'nine-point'"):
        PerceptualLoss(tiny_vgg, tv="nine-points")


@pytest.mark.parametrize("weight", ["content_weight", "style_weight", "tv_weight"])
@pytest.mark.parametrize("value", [-1.0, math.inf, math.nan])
def test_weights_that_make_no_sense_are_refused(tiny_vgg: VGG, weight: str, value: float) -> None:
    with pytest.raises(LossError, match=f"{weight} is {value}"):
        PerceptualLoss(tiny_vgg, **{weight: value})  # type: ignore[arg-type]


def test_scales_count_in_absolute_normalizations_alone(tiny_vgg: VGG) -> None:
    image, content, style = (draw_picture(16, seed) for seed in range(3))

    def terms(**settings: Any) -> dict[str, torch.Tensor]:
        loss = PerceptualLoss(tiny_vgg, **settings)
        return loss.terms(image, loss.content_target(content), loss.style_target(style))

    torch.testing.assert_close(terms(feature_scale=3.0), terms())
    one, three = terms(normalization="mean"), terms(normalization="mean", feature_scale=3.0)
    torch.testing.assert_close(three["content"], 9 * one["content"])
    torch.testing.assert_close(three["style"], 81 * one["style"])
    # Layers are added up, not averaged, and total variation is a sum over 3 x 16 x 16 values.
    loud = terms(normalization="mean", pixel_range=255.0, style_layers={"relu1_1": 7.0})
    torch.testing.assert_close(loud["tv"], 255 * 768 * terms()["tv"])
    quiet = terms(normalization="mean", style_layers={"relu1_1": 1.0})
    torch.testing.assert_close(loud["style"], 7 * quiet["style"])
