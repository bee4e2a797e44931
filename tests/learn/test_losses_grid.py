import pytest
import torch
from drawing import draw_picture

from artem.learn.losses import grid_loss


def tiled(tile: torch.Tensor, count: int) -> torch.Tensor:
    return tile.repeat(1, 1, count, count)


@pytest.mark.parametrize("period", [4, 8])
def test_dots_that_repeat_count_with_their_energy(period: int) -> None:
    tile = torch.zeros(1, 3, period, period)
    tile[..., 1, 2] = 1
    centered = tile - tile.mean(dim=(2, 3), keepdim=True)
    dots = tile - tile.mean(2, keepdim=True) - tile.mean(3, keepdim=True) + tile.mean()
    rows, columns = centered.mean(3).square().mean(), centered.mean(2).square().mean()
    # Reflection breaks the pattern in the outermost cells.
    loss = grid_loss(tiled(tile, 34), period)
    torch.testing.assert_close(
        loss, (dots.square().mean() + rows + columns)[None], rtol=0.15, atol=0
    )


def test_each_picture_is_measured_by_itself_and_the_energy_grows_with_the_square() -> None:
    tile = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    once = tiled(tile, 16)
    torch.testing.assert_close(
        grid_loss(torch.cat([once, 2 * once, 0 * once + 0.5]), 8),
        grid_loss(once, 8) * torch.tensor([1.0, 4.0, 0.0]),
    )


def test_noise_repeats_nothing() -> None:
    noise = torch.rand(24, 3, 192, 192, generator=torch.Generator().manual_seed(0))
    losses = grid_loss(noise, 8)
    assert abs(float(losses.mean())) < 3 * float(losses.std()) / 24**0.5
    assert float(losses.abs().max()) < 3e-3 * float(noise.var())


def test_other_periods_and_single_lines_are_no_grid() -> None:
    image = torch.zeros(1, 3, 192, 192)
    image[..., ::8, ::8] = 1
    grid = float(grid_loss(image, 8))
    other = torch.zeros(1, 3, 192, 192)
    other[..., ::7, ::7] = 1
    assert abs(float(grid_loss(other, 8))) < 0.1 * grid
    line = torch.zeros(1, 3, 192, 192)
    line[..., 100, :] = 1
    assert abs(float(grid_loss(line, 8))) < 1e-6
    comb = torch.zeros(1, 3, 192, 192)
    comb[..., ::8, :] = 1
    assert float(grid_loss(comb, 8)) > grid


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (40, 64), (64, 64), (65, 200)])
def test_any_size_of_a_period_or_more(size: tuple[int, int]) -> None:
    image = torch.rand(2, 3, *size, requires_grad=True)
    loss = grid_loss(image, 8)
    assert loss.shape == (2,)
    loss.sum().backward()  # type: ignore[no-untyped-call]
    assert image.grad is not None and bool(torch.isfinite(image.grad).all())


def test_a_step_down_its_gradient_wipes_the_grid_out_and_spares_the_picture() -> None:
    picture = draw_picture(192, 3)
    tile = torch.zeros(1, 3, 8, 8)
    tile[..., 3:5, 3:5] = 0.3
    spoiled = (picture + tiled(tile, 24)).requires_grad_()
    before = grid_loss(spoiled, 8)
    (gradient,) = torch.autograd.grad(before.sum(), spoiled)
    along = (gradient * tiled(tile, 24)).sum() / (gradient.norm() * tiled(tile, 24).norm())
    assert float(along) > 0.7
    assert float(before.detach()) > 20 * abs(float(grid_loss(picture, 8)))
