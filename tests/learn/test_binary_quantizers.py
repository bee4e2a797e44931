"""Both rules of each quantizer: what it computes, and what it lets through."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from artem.core.errors import NetworkError
from artem.learn.binary import (
    LossAware,
    approx_sign,
    dorefa_activations,
    dorefa_gradients,
    dorefa_weights,
    filter_scales,
    input_scales,
    loss_aware_weights,
    magnitude_aware_sign,
    ste_sign,
    swish_sign,
    xnor_weights,
)
from artem.learn.binary.dorefa import quantize_gradient

POINTS = torch.tensor([-3.0, -1.01, -0.99, -0.5, -0.1, 0.1, 0.4, 0.99, 1.01, 3.0])


def slope(quantizer: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
    leaf = values.clone().requires_grad_()
    quantizer(leaf).sum().backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    return leaf.grad


def finite_slope(function: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
    wide, step = values.double(), 1e-6
    return ((function(wide + step) - function(wide - step)) / (2 * step)).float()


# Signs


@pytest.mark.parametrize("sign", [ste_sign, approx_sign, swish_sign])
def test_signs_are_two_values_and_zero_is_positive(sign: Callable[[Tensor], Tensor]) -> None:
    values = torch.tensor([-2.0, -1e-30, -0.0, 0.0, 1e-30, 5.0, float("inf"), float("nan")])
    assert sign(values).tolist() == [-1, -1, 1, 1, 1, 1, 1, -1]


def clipped(x: Tensor) -> Tensor:
    return x.clamp(-1, 1)


def parabolas(x: Tensor) -> Tensor:
    inside = torch.where(x < 0, 2 * x + x * x, 2 * x - x * x)
    return torch.where(x.abs() < 1, inside, torch.where(x < 0, -1.0, 1.0).to(x.dtype))


def sign_swish(x: Tensor, beta: float = 5.0) -> Tensor:
    logistic = torch.sigmoid(beta * x)
    return 2 * logistic * (1 + beta * x * (1 - logistic)) - 1


@pytest.mark.parametrize(
    ("sign", "surrogate"),
    [(ste_sign, clipped), (approx_sign, parabolas), (swish_sign, sign_swish)],
)
def test_the_slope_of_a_sign_is_its_surrogate_s(
    sign: Callable[[Tensor], Tensor], surrogate: Callable[[Tensor], Tensor]
) -> None:
    values = torch.cat([POINTS, 2 * torch.randn(200)])
    values = values[((values.abs() - 1).abs() > 1e-3) & (values.abs() > 1e-3)]
    torch.testing.assert_close(
        slope(sign, values), finite_slope(surrogate, values), rtol=1e-4, atol=1e-4
    )


def test_slopes_at_points_by_hand() -> None:
    assert slope(ste_sign, torch.tensor([-1.0, 0.0, 1.0, 1.1])).tolist() == [1, 1, 1, 0]
    assert slope(approx_sign, torch.tensor([-0.5, 0.0, 0.75, 2.0])).tolist() == [1, 2, 0.5, 0]
    near, far = slope(swish_sign, torch.tensor([0.0, 1e4])).tolist()
    assert near == 5 and abs(far) < 1e-20


def test_magnitude_aware_sign_by_hand() -> None:
    weights = torch.tensor([[1.0, -3.0], [0.5, 0.0]])
    assert magnitude_aware_sign(weights).tolist() == [[2, -2], [0.25, 0.25]]
    assert slope(magnitude_aware_sign, weights).tolist() == [[2, 0], [0.25, 0.25]]


# XNOR-Net


def test_xnor_weights_are_the_nearest_of_one_magnitude() -> None:
    weights = torch.randn(3, 2, 3, 3)
    best = (xnor_weights(weights) - weights).square().flatten(1).sum(dim=1)
    signs = torch.where(weights >= 0, 1.0, -1.0)
    for factor in (0.9, 1.1):
        scaled = factor * filter_scales(weights).view(-1, 1, 1, 1) * signs
        assert bool(((scaled - weights).square().flatten(1).sum(dim=1) > best).all())
    flipped = xnor_weights(weights).clone()
    flipped[:, 0, 0, 0] *= -1
    assert bool(((flipped - weights).square().flatten(1).sum(dim=1) > best).all())


def test_the_gradient_of_xnor_weights_is_the_sign_s_and_the_scale_s() -> None:
    weights = (1.2 * torch.randn(2, 3, 3, 3)).requires_grad_()
    into = torch.randn(2, 3, 3, 3)
    (xnor_weights(weights) * into).sum().backward()  # type: ignore[no-untyped-call]
    assert weights.grad is not None
    found, values = weights.grad, weights.detach()
    for index in range(2):
        w, g = values[index].flatten(), into[index].flatten()
        signs = torch.where(w >= 0, 1.0, -1.0)
        expected = w.abs().mean() * g * (w.abs() <= 1) + signs / len(w) * (g * signs).sum()
        torch.testing.assert_close(found[index].flatten(), expected)


def test_input_scales_are_mean_magnitudes_under_the_kernel() -> None:
    maps = torch.randn(2, 5, 7, 6)
    scales = input_scales(maps, 3, padding=1)
    assert scales.shape == (2, 1, 7, 6)
    torch.testing.assert_close(scales[1, 0, 3, 2], maps[1, :, 2:5, 1:4].abs().mean())
    torch.testing.assert_close(scales[0, 0, 0, 0], maps[0, :, :2, :2].abs().sum() / 45)
    torch.testing.assert_close(input_scales(-3 * maps, 3), 3 * input_scales(maps, 3))


# DoReFa-Net


def test_dorefa_weights_of_one_bit_have_one_magnitude_and_pass_gradients() -> None:
    weights = torch.tensor([[1.0, -3.0], [0.0, 4.0]])
    assert dorefa_weights(weights).tolist() == [[2, -2], [2, 2]]
    assert slope(dorefa_weights, weights).tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_dorefa_weights_of_more_bits_by_hand(bits: int) -> None:
    weights = torch.randn(4, 3, 3, 3)
    found = dorefa_weights(weights, bits)
    steps = 2**bits - 1
    unit = weights.tanh() / (2 * weights.tanh().abs().max()) + 0.5
    torch.testing.assert_close(found, 2 * (unit * steps).round() / steps - 1)
    assert len(found.unique()) <= 2**bits and float(found.abs().max()) == 1
    torch.testing.assert_close(
        slope(lambda w: dorefa_weights(w, bits), weights),
        slope(lambda w: w.tanh() / w.tanh().abs().max(), weights),  # rounding left out
    )


def test_dorefa_weights_that_are_all_zero_stay_finite() -> None:
    for bits in (1, 4):
        assert bool(torch.isfinite(dorefa_weights(torch.zeros(2, 3), bits)).all())


def test_dorefa_activations_by_hand() -> None:
    values = torch.tensor([-0.5, 0.1, 0.4, 0.6, 0.9, 2.0])
    assert dorefa_activations(values, 1).tolist() == [0, 0, 0, 1, 1, 1]
    torch.testing.assert_close(dorefa_activations(values, 2), torch.tensor([0, 0, 1, 2, 3, 3]) / 3)
    assert slope(lambda x: dorefa_activations(x, 2), values).tolist() == [0, 1, 1, 1, 1, 0]


@pytest.mark.parametrize("bits", [1, 3])
def test_quantized_gradients_have_few_values_and_the_right_expectation(bits: int) -> None:
    gradient = torch.randn(2, 40) * torch.tensor([[1.0], [100.0]])
    generator = torch.Generator().manual_seed(0)
    draws = torch.stack([quantize_gradient(gradient, bits, generator) for _ in range(1500)])
    largest = gradient.abs().amax(dim=1)
    for index in range(2):
        levels = torch.linspace(-1, 1, 2**bits) * largest[index]
        apart = (draws[:50, index].flatten()[:, None] - levels).abs().amin(dim=1)
        assert float(apart.max()) < 1e-5 * float(largest[index])
    error = (draws.mean(dim=0) - gradient) / largest[:, None]
    assert float(error.abs().max()) < 5 / (2**bits - 1) / 1500**0.5


def test_dorefa_gradients_change_only_what_goes_back() -> None:
    maps = torch.randn(2, 3, 4, 4, requires_grad=True)
    into = torch.randn(2, 3, 4, 4)
    out = dorefa_gradients(maps, 1, torch.Generator().manual_seed(5))
    assert torch.equal(out, maps)
    out.backward(into)  # type: ignore[no-untyped-call]
    expected = quantize_gradient(into, 1, torch.Generator().manual_seed(5))
    assert maps.grad is not None and torch.equal(maps.grad, expected)
    silent = quantize_gradient(torch.zeros(2, 3))
    assert bool(torch.isfinite(silent).all()) and float(silent.abs().max()) < 1e-30


@pytest.mark.parametrize("bits", [0, 17, 1.5, True])
def test_a_number_of_bits_that_makes_no_sense_is_refused(bits: int) -> None:
    for quantizer in (dorefa_weights, dorefa_activations, dorefa_gradients):
        with pytest.raises(NetworkError, match="no number of bits"):
            quantizer(torch.ones(2, 2), bits)


# Loss-aware binarization


def test_loss_aware_weights_are_the_proximal_step_s_answer() -> None:
    weights, curvature = torch.randn(3, 2, 3, 3), torch.rand(3, 2, 3, 3) + 0.01

    def price(candidate: Tensor) -> Tensor:
        return (curvature * (candidate - weights).square()).flatten(1).sum(dim=1)

    found = loss_aware_weights(weights, curvature)
    assert bool((price(xnor_weights(weights)) >= price(found)).all())
    for factor in (0.99, 1.01):
        assert bool((price(factor * found) > price(found)).all())
    flipped = found.clone()
    flipped[:, 1, 2, 2] *= -1
    assert bool((price(flipped) > price(found)).all())
    alpha = (curvature * weights.abs()).sum() / curvature.sum()
    whole = loss_aware_weights(weights, curvature, per_filter=False)
    torch.testing.assert_close(whole, torch.where(weights >= 0, alpha, -alpha))


def test_loss_aware_weights_pass_gradients_unclipped() -> None:
    weights = 3 * torch.randn(3, 4)
    found = slope(lambda w: loss_aware_weights(w, torch.ones_like(w)), weights)
    assert torch.equal(found, torch.ones_like(weights))


def test_with_even_curvature_loss_aware_is_xnor_net() -> None:
    weights = torch.randn(3, 4, 3, 3)
    torch.testing.assert_close(
        loss_aware_weights(weights, torch.full_like(weights, 7.0)), xnor_weights(weights)
    )
    torch.testing.assert_close(LossAware(weights.shape)(weights), xnor_weights(weights))


def test_the_curvature_is_adam_s() -> None:
    weights = nn.Parameter(torch.randn(4, 5))
    adam, aware = torch.optim.Adam([weights]), LossAware(weights.shape)
    for _ in range(7):
        weights.grad = torch.randn(4, 5)
        aware.observe(weights.grad)
        adam.step()
    moment = adam.state[weights]["exp_avg_sq"] / (1 - 0.999**7)
    torch.testing.assert_close(aware.curvature(), moment.sqrt() + 1e-8)
