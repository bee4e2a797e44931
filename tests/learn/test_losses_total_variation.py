from collections.abc import Callable
from math import sqrt

import pytest
import torch
from torch import Tensor

from artem.learn.losses import TV_CONVENTIONS, total_variation

Pixels = Callable[[int, int, int], float]


def slow_isotropic(at: Pixels, height: int, width: int) -> float:
    return sum(
        sqrt((at(c, y + 1, x) - at(c, y, x)) ** 2 + (at(c, y, x + 1) - at(c, y, x)) ** 2)
        for c in range(3) for y in range(height - 1) for x in range(width - 1)
    )  # fmt: skip


def slow_neighbors(at: Pixels, height: int, width: int, power: int) -> float:
    total = 0.0
    for c in range(3):
        for y in range(height):
            for x in range(width):
                if y + 1 < height:
                    total += abs(at(c, y + 1, x) - at(c, y, x)) ** power
                if x + 1 < width:
                    total += abs(at(c, y, x + 1) - at(c, y, x)) ** power
    return total


def slow_nine_point(at: Pixels, height: int, width: int) -> float:
    """crowsonkb's, which takes means; times the number of values, for a sum."""

    def edge(c: int, y: int, x: int) -> float:
        return at(c, min(max(y, 0), height - 1), min(max(x, 0), width - 1))

    straight = diagonal = 0.0
    for c in range(3):
        for y in range(height):
            for x in range(width):
                straight += (edge(c, y, x + 1) - at(c, y, x)) ** 2
                straight += (edge(c, y + 1, x) - at(c, y, x)) ** 2
        for y in range(-1, height):
            for x in range(-1, width):
                diagonal += (edge(c, y + 1, x + 1) - edge(c, y, x)) ** 2
                diagonal += (edge(c, y + 1, x) - edge(c, y, x + 1)) ** 2
    straight /= 3 * height * width
    diagonal /= 3 * (height + 1) * (width + 1)
    return 2 * (straight / 3 + diagonal / 12) * 3 * height * width


SLOW: dict[str, Callable[[Pixels, int, int], float]] = {
    "isotropic": slow_isotropic,
    "anisotropic": lambda at, height, width: slow_neighbors(at, height, width, 1),
    "squared": lambda at, height, width: slow_neighbors(at, height, width, 2),
    "nine-point": slow_nine_point,
    "none": lambda at, height, width: 0.0,
}


def test_every_convention_has_a_reference() -> None:
    assert SLOW.keys() == TV_CONVENTIONS.keys()


@pytest.mark.parametrize("convention", SLOW)
@pytest.mark.parametrize(("height", "width"), [(2, 2), (5, 4), (3, 8)])
def test_against_a_slow_reference(convention: str, height: int, width: int) -> None:
    image = torch.rand(2, 3, height, width)
    for picture, value in zip(image, total_variation(image, convention), strict=True):
        pixels = picture.tolist()

        def at(c: int, y: int, x: int, pixels: list[list[list[float]]] = pixels) -> float:
            return pixels[c][y][x]

        expected = SLOW[convention](at, height, width) / (3 * height * width)
        assert float(value) == pytest.approx(expected, rel=1e-4, abs=1e-9)


def checkerboard(side: int) -> Tensor:
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return ((y + x) % 2).float().expand(1, 3, side, side)


@pytest.mark.parametrize(
    ("convention", "per_channel"),
    [
        # 8x8: 7 * 8 pairs of neighbors each way, all differing by 1
        ("isotropic", 7 * 7 * sqrt(2)),
        ("anisotropic", 2 * 7 * 8),
        ("squared", 2 * 7 * 8),
        # Diagonal neighbors are alike, but for the repeated edges: of 4 * 7 pairs at the
        # borders each way every one crosses from a square to its neighbor; the corners
        # repeat one square. Means over 64 and 81 become sums over 64.
        ("nine-point", 2 * (2 * 7 * 8 / 3 + 2 * 4 * 7 / 12 * 64 / 81)),
        ("none", 0.0),
    ],
)
def test_a_checkerboard(convention: str, per_channel: float) -> None:
    value = total_variation(checkerboard(8), convention)
    torch.testing.assert_close(value, torch.tensor([per_channel / 64]))


@pytest.mark.parametrize("convention", TV_CONVENTIONS)
def test_a_flat_picture_costs_nothing(convention: str) -> None:
    assert float(total_variation(torch.full((1, 3, 9, 9), 0.7), convention)) < 2e-5


@pytest.mark.parametrize("convention", TV_CONVENTIONS)
def test_the_slope_is_finite_where_the_picture_is_flat(convention: str) -> None:
    image = torch.full((1, 3, 4, 4), 0.5, requires_grad=True)
    total = total_variation(image, convention).sum()
    if convention != "none":
        total.backward()
        assert image.grad is not None and bool(torch.isfinite(image.grad).all())


@pytest.mark.parametrize("convention", ["anisotropic", "squared", "nine-point"])
def test_one_weight_holds_at_every_size(convention: str) -> None:
    small, large = (total_variation(checkerboard(side), convention) for side in (64, 256))
    torch.testing.assert_close(small, large, rtol=0.03, atol=0)


def test_an_unknown_convention_is_an_error() -> None:
    with pytest.raises(KeyError):
        total_variation(torch.zeros(1, 3, 4, 4), "L1")
