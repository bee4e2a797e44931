"""Kernel distances against double loops over all pairs of positions."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from artem.learn.losses import mmd
from artem.learn.losses.gram import gram_loss, gram_matrix
from artem.learn.losses.mmd import (
    gaussian_mmd,
    gaussian_style,
    linear_mmd,
    mean_features,
    polynomial_mmd,
    polynomial_style,
)

Kernel = Callable[[Tensor, Tensor], float]


def points_of(features: Tensor) -> Tensor:
    return features[0].flatten(1).T


def slow_mmd(first: Tensor, second: Tensor, kernel: Kernel) -> float:
    """The definition: means of the kernel over all pairs."""

    def mean(left: Tensor, right: Tensor) -> float:
        return sum(kernel(a, b) for a in left for b in right) / (len(left) * len(right))

    return mean(first, first) + mean(second, second) - 2 * mean(first, second)


def relative_mmd(features: Tensor, style: Tensor, kernel: Kernel) -> float:
    nothing = torch.zeros_like(points_of(style))
    distance = slow_mmd(points_of(features), points_of(style), kernel)
    return distance / slow_mmd(nothing, points_of(style), kernel)


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    return torch.rand(1, 3, 4, 3), torch.randn(1, 3, 5, 2) + 0.5


def test_linear_mmd_is_mean_matching(pair: tuple[Tensor, Tensor]) -> None:
    features, style = pair
    expected = relative_mmd(features, style, lambda a, b: float(a @ b))
    given = linear_mmd(mean_features(features), mean_features(style))
    assert float(given) == pytest.approx(expected, rel=1e-4)
    # Any features with the same means are the same to it.
    flat = style.mean(dim=(2, 3), keepdim=True).expand(1, 3, 6, 6)
    assert float(linear_mmd(mean_features(flat), mean_features(style))) < 1e-10


def test_polynomial_mmd_is_its_double_loop(pair: tuple[Tensor, Tensor]) -> None:
    features, style = pair
    constant = float(points_of(style).square().sum(dim=1).mean())
    expected = relative_mmd(features, style, lambda a, b: float(a @ b + constant) ** 2)
    given = polynomial_mmd(features, polynomial_style(style))
    assert float(given) == pytest.approx(expected, rel=1e-4)


def test_polynomial_mmd_without_its_constant_is_the_gram_loss(pair: tuple[Tensor, Tensor]) -> None:
    features, style = pair
    described = polynomial_style(style)
    described[:, -1] = described[..., -1] = 0
    expected = gram_loss(gram_matrix(features), gram_matrix(style))
    torch.testing.assert_close(polynomial_mmd(features, described), expected)


def test_gaussian_mmd_is_near_its_double_loop(
    pair: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmd, "FREQUENCIES", 20_000)
    mmd._frequencies.cache_clear()
    features, style = pair
    points = points_of(style)
    width = sum(float((a - b).square().sum()) for a in points for b in points) / len(points) ** 2

    def kernel(a: Tensor, b: Tensor) -> float:
        return math.exp(-float((a - b).square().sum()) / (2 * width))

    described = gaussian_style(style)
    assert float(described[0, -1]) == pytest.approx(width, rel=1e-4)
    expected = relative_mmd(features, style, kernel)
    given = float(gaussian_mmd(features, described))
    mmd._frequencies.cache_clear()
    assert given == pytest.approx(expected, rel=0.05)


def test_gaussian_mmd_tells_clouds_with_the_same_moments_apart() -> None:
    # Two points at -1 and 1, and a bell of variance 1: mean and Gram matrix agree.
    two = torch.tensor([-1.0, 1.0]).repeat(2048).view(1, 1, 64, 64)
    bell = torch.randn(1, 1, 64, 64)
    bell = (bell - bell.mean()) / bell.std(correction=0)
    assert float(polynomial_mmd(bell, polynomial_style(two))) < 1e-6
    assert float(gaussian_mmd(bell, gaussian_style(two))) > 0.01


def test_waves_are_the_same_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    features = torch.rand(2, 3, 9, 7, requires_grad=True)
    style = gaussian_style(torch.rand(1, 3, 5, 5))
    whole = gaussian_mmd(features, style).sum()
    monkeypatch.setattr(mmd, "POSITIONS_AT_ONCE", 10)
    parts = gaussian_mmd(features, style).sum()
    torch.testing.assert_close(parts, whole)
    torch.testing.assert_close(
        torch.autograd.grad(parts, features), torch.autograd.grad(whole, features)
    )
