import pytest
import torch
from torch import Tensor

from artem.core.errors import LossError
from artem.learn.losses import mrf
from artem.learn.losses.mrf import PATCHES, mrf_loss, style_patches


def patches_of(maps: Tensor, stride: int = 1) -> list[Tensor]:
    """The 3x3 patches of ``(C, H, W)``, the last row and column included."""
    starts = [sorted({*range(0, side - 2, stride), side - 3}) for side in maps.shape[1:]]
    return [maps[:, y : y + 3, x : x + 3] for y in starts[0] for x in starts[1]]


def slow_mrf(features: Tensor, style: Tensor) -> float:
    """Equations 2 and 3 of Li and Wand, patch by patch."""
    known = patches_of(style[0])
    total, count = 0.0, 0
    for patch in patches_of(features[0], stride=2):
        likeness = [float((patch * other).sum() / (patch.norm() * other.norm())) for other in known]
        best = known[likeness.index(max(likeness))]
        total, count = total + float((patch - best).square().sum()), count + 1
    return total / count / (sum(float(other.square().sum()) for other in known) / len(known))


@pytest.mark.parametrize("size", [(8, 7), (9, 9), (3, 12)])
def test_mrf_loss_against_a_slow_reference(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mrf, "PATCHES", 7 * 6)
    features, style = torch.rand(1, 4, *size), torch.rand(1, 4, 9, 8)
    given = mrf_loss(features, style_patches(style))
    assert float(given) == pytest.approx(slow_mrf(features, style), rel=1e-4)


def test_the_style_itself_costs_nothing_and_neither_do_its_pieces_elsewhere() -> None:
    style = torch.rand(1, 4, 12, 12)
    patches = style_patches(style)
    assert float(mrf_loss(style, patches)) < 1e-6
    assert float(mrf_loss(style[..., 2:9, 3:11], patches)) < 1e-6
    assert float(mrf_loss(style.flip(3), patches)) > 0.01


def test_the_same_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    features, patches = torch.rand(1, 4, 17, 13), style_patches(torch.rand(1, 4, 9, 8))
    whole = mrf_loss(features, patches)
    monkeypatch.setattr(mrf, "VALUES_AT_ONCE", 1)
    torch.testing.assert_close(mrf_loss(features, patches), whole)


def test_many_patches_are_sampled_without_repetition_and_few_are_repeated() -> None:
    many = style_patches(torch.rand(1, 2, 40, 40))[0].flatten(1)
    assert many.shape == (PATCHES, 18)
    assert len(many.unique(dim=0)) == PATCHES
    few = style_patches(torch.rand(1, 2, 5, 4))[0].flatten(1)
    assert len(few.unique(dim=0)) == 6


def test_every_pixel_gets_a_gradient() -> None:
    for size in ((8, 8), (9, 10)):
        features = torch.rand(1, 4, *size, requires_grad=True)
        mrf_loss(features, style_patches(torch.rand(1, 4, 9, 8))).sum().backward()
        assert features.grad is not None
        assert bool((features.grad.abs().sum(dim=1) > 0).all())


def test_maps_smaller_than_a_patch_are_refused() -> None:
    patches = style_patches(torch.rand(1, 4, 9, 8))
    with pytest.raises(LossError, match=r"only 2x9.\n  Use a larger picture"):
        mrf_loss(torch.rand(1, 4, 2, 9), patches)
    with pytest.raises(LossError, match="compares patches of 3x3"):
        style_patches(torch.rand(1, 4, 9, 1))
