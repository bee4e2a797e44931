"""What every style loss promises, whatever its formula."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from artem.core.errors import LossError
from artem.learn.losses import STYLE_LOSSES, StyleLoss
from artem.learn.losses.style import refuse_unknown_losses

NAMES = list(STYLE_LOSSES)


@pytest.fixture(params=NAMES)
def loss(request: pytest.FixtureRequest) -> StyleLoss:
    return STYLE_LOSSES[request.param]


def activations(
    count: int, channels: int, height: int, width: int, seed: int = 0, texture: int | None = None
) -> Tensor:
    """Noise through a random convolution (the texture) and a ReLU."""
    draw = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, channels, height + 2, width + 2, generator=draw)
    draw.manual_seed(1000 + (seed if texture is None else texture))
    kernel = torch.randn(channels, channels, 3, 3, generator=draw) / channels**0.5
    return torch.relu(F.conv2d(noise, kernel) + torch.randn(channels, 1, 1, generator=draw))


def test_the_names_are_these() -> None:
    assert NAMES == [
        "gram", "moments", "coral", "mmd-linear", "mmd-polynomial", "mmd-gaussian",
        "histogram", "sliced-wasserstein", "mrf",
    ]  # fmt: skip


def test_zero_for_the_style_and_about_one_for_nothing(loss: StyleLoss) -> None:
    features = activations(2, 6, 12, 10)
    style = loss.describe(features)
    assert style.shape[0] == 2
    torch.testing.assert_close(loss.distance(features, style), torch.zeros(2), atol=2e-6, rtol=0)
    nothing = loss.distance(torch.zeros_like(features), style)
    assert bool((nothing > 0.5).all() and (nothing < 1.5).all())


def test_another_texture_is_farther_than_the_style_s_own(loss: StyleLoss) -> None:
    style = loss.describe(activations(1, 6, 32, 32, seed=1, texture=1))
    alike = activations(1, 6, 24, 40, seed=2, texture=1)
    other = activations(1, 6, 24, 40, seed=2, texture=2)
    assert float(loss.distance(alike, style)) < 0.85 * float(loss.distance(other, style))


def test_descriptions_do_not_depend_on_the_picture_s_size(loss: StyleLoss) -> None:
    shapes = {loss.describe(activations(1, 6, *size)).shape for size in ((3, 3), (7, 9), (40, 41))}
    assert len(shapes) == 1


def test_one_style_for_all_or_one_for_each(loss: StyleLoss) -> None:
    features = activations(3, 5, 9, 8)
    styles = loss.describe(activations(3, 5, 11, 7, seed=1))
    together = loss.distance(features, styles)
    assert together.shape == (3,)
    for n in range(3):
        alone = loss.distance(features[n : n + 1], styles[n : n + 1])
        torch.testing.assert_close(together[n], alone[0])
    for_all = loss.distance(features, styles[:1])
    each = loss.distance(features, styles[:1].expand(3, *styles.shape[1:]))
    torch.testing.assert_close(for_all, each)


def test_blind_to_the_scale_of_an_encoder(loss: StyleLoss) -> None:
    features, style = activations(1, 5, 9, 8), activations(1, 5, 11, 7, seed=1)
    small = loss.distance(features, loss.describe(style))
    large = loss.distance(100 * features, loss.describe(100 * style))
    torch.testing.assert_close(large, small, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in NAMES if not STYLE_LOSSES[name].needs_maps])
def test_positions_may_come_in_any_order_and_shape(name: str) -> None:
    loss = STYLE_LOSSES[name]
    features, style = activations(1, 5, 9, 8), activations(1, 5, 11, 7, seed=1)
    gathered = features.flatten(2)[..., torch.randperm(72)][..., None]
    torch.testing.assert_close(
        loss.distance(gathered, loss.describe(style)), loss.distance(features, loss.describe(style))
    )


@pytest.mark.parametrize("level", [0.0, 0.7])
def test_gradients_are_finite_on_flat_pictures(loss: StyleLoss, level: float) -> None:
    flat = torch.full((1, 5, 9, 8), level, requires_grad=True)
    for style in (activations(1, 5, 9, 8), torch.full((1, 5, 9, 8), 0.3), torch.zeros(1, 5, 9, 8)):
        distance = loss.distance(flat, loss.describe(style))
        (gradient,) = torch.autograd.grad(distance.sum(), flat)
        assert bool(torch.isfinite(distance).all() and torch.isfinite(gradient).all())


def test_the_gradient_is_the_slope(loss: StyleLoss) -> None:
    features = torch.randn(1, 4, 7, 8, requires_grad=True)  # no two alike: ranks have kinks there
    style = loss.describe(activations(1, 4, 9, 8, seed=1))
    distance = loss.distance(features, style).sum()
    (gradient,) = torch.autograd.grad(distance, features)
    step = 1e-3 * torch.randn(features.shape, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        rise = loss.distance(features + step, style) - loss.distance(features - step, style)
    torch.testing.assert_close(rise[0], 2 * (gradient * step).sum(), rtol=2e-2, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_and_autocast_are_widened_first(loss: StyleLoss, dtype: torch.dtype) -> None:
    # 300^2 is more than float16 holds.
    features = (300 * activations(1, 5, 9, 8)).to(dtype)
    style = (300 * activations(1, 5, 9, 8, seed=1)).to(dtype)
    exact = loss.distance(features.float(), loss.describe(style.float()))
    with torch.autocast("cpu", torch.bfloat16):
        described = loss.describe(style)
        distance = loss.distance(features, described)
    assert described.dtype == distance.dtype == torch.float32
    torch.testing.assert_close(distance, exact)


def test_the_same_function_at_every_call(loss: StyleLoss) -> None:
    features, style = activations(1, 5, 40, 40), activations(1, 5, 41, 40, seed=1)
    torch.manual_seed(1)
    first = loss.distance(features, loss.describe(style))
    torch.manual_seed(2)
    second = loss.distance(features, loss.describe(style))
    assert torch.equal(first, second)


def test_the_global_seed_is_left_alone(loss: StyleLoss) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    loss.distance(activations(1, 3, 40, 40), loss.describe(activations(1, 3, 40, 40)))
    assert torch.equal(torch.rand(1), expected)


def test_unknown_losses_are_refused_with_the_known_ones() -> None:
    refuse_unknown_losses([*NAMES, "adversarial"])
    with pytest.raises(LossError, match=r"'histgram' is no style loss. Did you mean 'histogram'"):
        refuse_unknown_losses(["gram", "histgram"])
