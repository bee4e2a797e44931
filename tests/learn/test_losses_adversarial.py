import copy

import pytest
import torch
from drawing import draw_picture
from torch import Tensor

from artem.learn.losses import AdversarialLoss
from artem.learn.losses.adversarial import PatchDiscriminator


def stripes(side_px: int, *, upright: bool, period: int = 8) -> Tensor:
    wave = (torch.arange(side_px) % period < period // 2).float()
    image = wave.expand(side_px, side_px) if upright else wave[:, None].expand(side_px, side_px)
    return image.expand(1, 3, -1, -1).contiguous()


def test_an_opinion_sees_46_pixels_and_there_is_one_for_every_8() -> None:
    discriminator = PatchDiscriminator(1)
    image = torch.rand(1, 3, 128, 128, requires_grad=True)
    opinions = discriminator(image, torch.tensor([0]))
    assert opinions.shape == (1, 15, 15)
    opinions[0, 7, 7].backward()
    assert image.grad is not None
    seen = image.grad.abs().sum(dim=(0, 1)).nonzero()
    assert (seen.amax(dim=0) - seen.amin(dim=0) + 1).tolist() == [46, 46]


def test_it_learns_to_tell_the_style_from_the_picture() -> None:
    style, picture = stripes(40, upright=True), stripes(40, upright=False)
    loss = AdversarialLoss([style])
    before = loss.learn(picture)
    for _ in range(30):
        after = loss.learn(picture)
    assert after < 0.3 < before
    assert float(loss(picture)) > 0.6
    assert float(loss(style)) < 0.3


def test_every_style_is_judged_by_itself() -> None:
    upright, lying = stripes(40, upright=True), stripes(40, upright=False)
    loss = AdversarialLoss([upright, lying])
    styles = torch.tensor([0, 1])
    for _ in range(30):
        loss.learn(torch.cat([lying, upright]), styles)
    right = loss(torch.cat([upright, lying]), styles)
    wrong = loss(torch.cat([lying, upright]), styles)
    assert bool((right < 0.4).all() and (wrong > 0.6).all())


def test_the_picture_gets_a_gradient_that_lowers_it_and_the_discriminator_gets_none() -> None:
    loss = AdversarialLoss([stripes(40, upright=True)])
    image = draw_picture(48, 0).requires_grad_()
    loss.learn(image)
    assert image.grad is None
    before = copy.deepcopy(loss.state())
    for parameter in loss.discriminator.parameters():
        parameter.grad = None
    term = loss(image)
    term.sum().backward()
    assert all(parameter.grad is None for parameter in loss.discriminator.parameters())
    assert image.grad is not None
    with torch.no_grad():
        assert float(loss(image - 1e-2 * image.grad / image.grad.norm())) < float(term)
    after = loss.state()
    assert all(
        torch.equal(before["discriminator"][key], value)
        for key, value in after["discriminator"].items()
    )


def test_the_same_seed_is_the_same_discriminator_and_the_global_seed_is_left_alone() -> None:
    picture = draw_picture(48, 0)
    torch.manual_seed(1)
    first = AdversarialLoss([draw_picture(60, 1)])
    drawn = torch.rand(1)
    torch.manual_seed(2)
    second = AdversarialLoss([draw_picture(60, 1)])
    other = AdversarialLoss([draw_picture(60, 1)], seed=1)
    values = []
    for loss in (first, second, other):
        loss.learn(picture)
        values.append(float(loss(picture)))
    assert values[0] == values[1] != values[2]
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), drawn)


def test_restored_it_goes_on_as_if_nothing_had_happened() -> None:
    picture = draw_picture(48, 0)
    whole, half, resumed = (AdversarialLoss([draw_picture(60, 1)]) for _ in range(3))
    for _ in range(6):
        whole.learn(picture)
    for _ in range(3):
        half.learn(picture)
    state = half.state()
    half.learn(picture)  # what was taken down does not move on
    for _ in range(2):  # and can be used again
        resumed.restore(state)
        for _ in range(3):
            resumed.learn(picture)
        assert float(resumed(picture)) == float(whole(picture))


@pytest.mark.parametrize("side_px", [32, 60, 96])
def test_pictures_and_styles_of_any_size(side_px: int) -> None:
    loss = AdversarialLoss([draw_picture(40, 1), draw_picture(70, 2)])
    image = draw_picture(side_px, 0).expand(2, -1, -1, -1)
    loss.learn(image, torch.tensor([1, 0]))
    assert loss(image, torch.tensor([1, 0])).shape == (2,)
