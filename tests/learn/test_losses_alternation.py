"""The alternation loss against patterns whose correlations are known."""

import pytest
import torch
from drawing import draw_picture
from torch import Tensor

from artem.learn.losses import alternation_loss, grid_loss


def checkerboard(period: int, cells: int = 24) -> Tensor:
    """Cells that are lighter and darker by 0.4 than gray, in turns along both axes."""
    signs = (-1.0) ** torch.arange(cells).repeat_interleave(period)
    return (0.5 + 0.4 * signs[:, None] * signs).expand(1, 3, -1, -1)


@pytest.mark.parametrize("period", [4, 8])
def test_a_checkerboard_is_the_worst(period: int) -> None:
    loss = alternation_loss(checkerboard(period), period)
    torch.testing.assert_close(loss, torch.tensor([4.0]), rtol=0.05, atol=0)


def test_strokes_that_alternate_count_faint_as_they_may_be() -> None:
    stroke = torch.zeros(1, 3, 8, 8)
    stroke[..., 2:4, 1:7] = 1
    stroke -= stroke.mean()
    signs = (-1.0) ** torch.arange(24)
    scales = torch.kron(signs[:, None] * signs, torch.ones(8, 8)) * stroke.repeat(1, 1, 24, 24)
    loud, faint = (alternation_loss(0.5 + depth * scales, 8) for depth in (0.5, 0.15))
    assert float(loud) > 3
    assert float(faint) > 0.8 * float(loud)
    assert float(alternation_loss(0.5 + 1e-3 * scales, 8)) < 1e-3


def test_other_periods_stripes_noise_and_drawings_are_free() -> None:
    noise = torch.rand(1, 3, 192, 192, generator=torch.Generator().manual_seed(0))
    stripes = torch.zeros(1, 3, 192, 192)
    stripes[..., ::16, :] = 1
    for picture in (noise, stripes, draw_picture(192, 3), checkerboard(16)):
        assert float(alternation_loss(picture, 8)) < 0.02


def test_the_grid_loss_does_not_see_it() -> None:
    assert float(grid_loss(checkerboard(8), 8)) < 0


def test_half_a_picture_counts_half() -> None:
    picture = checkerboard(8, 32).clone()
    whole = float(alternation_loss(picture, 8))
    picture[..., 128:] = 0.5
    assert float(alternation_loss(picture, 8)) == pytest.approx(whole / 2, rel=0.25)


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (24, 32), (40, 64), (65, 200)])
def test_any_size(size: tuple[int, int]) -> None:
    image = torch.rand(2, 3, *size, requires_grad=True)
    loss = alternation_loss(image, 8)
    assert loss.shape == (2,)
    loss.sum().backward()  # type: ignore[no-untyped-call]
    assert image.grad is not None and bool(torch.isfinite(image.grad).all())


def test_a_step_down_its_gradient_makes_the_pattern_fainter() -> None:
    picture = (0.5 * draw_picture(192, 3) + 0.5 * checkerboard(8)).requires_grad_()
    before = alternation_loss(picture, 8)
    (gradient,) = torch.autograd.grad(before.sum(), picture)
    pattern = checkerboard(8) - 0.5
    assert float((gradient * pattern).sum()) > 0
    after = alternation_loss(picture.detach() - 0.1 * gradient / gradient.abs().max(), 8)
    assert float(after) < float(before.detach())
