from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from artem.learn.losses import consistency_loss, patch_loss
from artem.learn.losses.consistency import PATCH_PX

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


def test_patches_count_and_strokes_do_not() -> None:
    flat = torch.full((2, 3, 64, 64), 0.5)
    stripes = flat.clone()
    stripes[..., ::2] += 0.25
    stripes[..., 1::2] -= 0.25
    torch.testing.assert_close(patch_loss(stripes, flat), torch.zeros(2))
    patch = flat.clone()
    patch[0, :, :PATCH_PX, :PATCH_PX] += 0.25
    torch.testing.assert_close(patch_loss(patch, flat), torch.tensor([0.25**2 / 16, 0.0]))


def test_patches_at_the_border_count_as_well() -> None:
    one, other = torch.zeros(1, 3, 40, 24), torch.zeros(1, 3, 40, 24)
    other[..., 32:, 16:] = 1
    assert float(patch_loss(one, other)) > 0
