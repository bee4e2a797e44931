from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from artem.learn.losses import consistency_loss

SHIFTS = [(0, 0), (1, 0), (0, 3), (5, 2), (7, 7)]


def sharpen(image: Tensor) -> Tensor:
    """A map that commutes with every shift; two pixels are lost along each axis."""
    kernel = torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]).expand(3, 1, 3, 3)
    return F.conv2d(image, kernel, groups=3)


def mosaic(image: Tensor) -> Tensor:
    """A map of stride 4: every 4x4 square becomes its mean."""
    return F.interpolate(F.avg_pool2d(image, 4), scale_factor=4, mode="nearest")


def loss_of(network: Callable[[Tensor], Tensor], image: Tensor, shift: tuple[int, int]) -> Tensor:
    """For two windows of a larger picture."""
    down, right = shift
    moved = image[..., down : down + 56, right : right + 48]
    return consistency_loss(network(image[..., :56, :48]), network(moved), shift)


@pytest.mark.parametrize("shift", SHIFTS)
def test_zero_for_a_map_that_commutes_with_shifts(shift: tuple[int, int]) -> None:
    loss = loss_of(sharpen, torch.rand(2, 3, 64, 56), shift)
    torch.testing.assert_close(loss, torch.zeros(2))


@pytest.mark.parametrize("shift", [(1, 0), (0, 3), (5, 2), (7, 7)])
def test_a_map_with_strides_is_caught(shift: tuple[int, int]) -> None:
    assert bool((loss_of(mosaic, torch.rand(2, 3, 64, 56), shift) > 1e-3).all())


def test_a_shift_by_the_stride_is_free() -> None:
    loss = loss_of(mosaic, torch.rand(1, 3, 64, 56), (4, 8))
    torch.testing.assert_close(loss, torch.zeros(1))


def test_closed_form() -> None:
    first, second = torch.full((1, 3, 48, 48), 0.75), torch.full((1, 3, 48, 48), 0.25)
    torch.testing.assert_close(consistency_loss(first, second, (3, 1)), torch.tensor([0.25]))


def test_every_pixel_counts() -> None:
    first, second = torch.zeros(1, 3, 40, 40), torch.zeros(1, 3, 40, 40)
    second[..., 0, 0] = 1
    torch.testing.assert_close(consistency_loss(first, second, (0, 0)), torch.tensor([1 / 1600]))
