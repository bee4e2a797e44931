import pytest
import torch
from drawing import draw_picture

from artem.learn.encoders import VGG
from artem.learn.losses import (
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
