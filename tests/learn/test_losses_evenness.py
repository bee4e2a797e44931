"""The evenness loss against figures by hand: spots, halos and gains count, strokes do not."""

import pytest
import torch
from torch import Tensor

from artem.learn.losses import evenness_loss
from artem.learn.losses.evenness import FREE, GAIN, PATCH_PX


def flat(height: int = 8, width: int = 8) -> Tensor:
    """Even gray, of so many patches."""
    return torch.full((1, 3, height * PATCH_PX, width * PATCH_PX), 0.5)


def test_strokes_are_free() -> None:
    strokes = flat()
    strokes[..., ::2] += 0.4
    strokes[..., 1::2] -= 0.4
    torch.testing.assert_close(evenness_loss(strokes, flat()), torch.zeros(1))


def test_a_photo_painted_as_it_is_is_free() -> None:
    photo = torch.rand(2, 3, 70, 90, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(evenness_loss(photo, photo), torch.zeros(2))


def test_a_spot_in_a_flat_photo_by_hand() -> None:
    spot = flat()
    spot[..., 4 * PATCH_PX : 5 * PATCH_PX, 4 * PATCH_PX : 5 * PATCH_PX] += 0.25
    # Along each axis, patches above and below differ from it: 2 of 7 * 8 pairs of neighbors,
    # 2 of 6 * 8 two patches away, and the one of 4 * 8 that is four patches away.
    mean = (2 / 56 + 2 / 48 + 1 / 32) / 3
    expected = mean * (0.25 - FREE) ** 2
    torch.testing.assert_close(evenness_loss(spot, flat()), torch.tensor([expected]))


def test_a_faint_spot_is_free_and_a_dark_one_counts_as_a_light_one() -> None:
    spots = flat().repeat(3, 1, 1, 1)
    for number, depth in enumerate((0.9 * FREE, 0.3, -0.3)):
        spots[number, :, :PATCH_PX, :PATCH_PX] += depth
    faint, light, dark = evenness_loss(spots, flat().repeat(3, 1, 1, 1)).tolist()
    assert faint == 0
    assert light == pytest.approx(dark, rel=1e-3) != 0


def test_the_photo_s_contrast_may_grow_by_the_gain() -> None:
    photo = flat()
    photo[..., 4 * PATCH_PX :] += 0.1
    painted = flat()
    painted[..., 4 * PATCH_PX :] += GAIN * 0.1 + 0.9 * FREE
    torch.testing.assert_close(evenness_loss(painted, photo), torch.zeros(1))
    painted[..., 4 * PATCH_PX :] += 0.2
    assert float(evenness_loss(painted, photo)) > 0


def test_a_halo_counts_though_it_fades_from_patch_to_patch() -> None:
    halo = flat()
    halo += 0.04 * torch.arange(8).repeat_interleave(PATCH_PX)
    assert float(evenness_loss(halo, flat())) > 0.5 * (4 * 0.04 - FREE) ** 2 / 6


def test_a_color_counts_without_a_change_of_brightness() -> None:
    spot = flat()
    shift = torch.tensor([0.2, -0.2, 0.0]).view(3, 1, 1)
    spot[..., :PATCH_PX, :PATCH_PX] += shift
    assert float(evenness_loss(spot, flat())) > 0


def test_small_pictures_have_what_pairs_there_are() -> None:
    one = torch.rand(1, 3, PATCH_PX, PATCH_PX + 3, requires_grad=True)
    loss = evenness_loss(one, flat(1, 2)[..., : PATCH_PX + 3])
    loss.sum().backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == 0
    two = flat(1, 2)
    two[..., PATCH_PX:] += 0.5
    expected = torch.tensor([(0.5 - FREE) ** 2])
    torch.testing.assert_close(evenness_loss(two, flat(1, 2)), expected)


def test_flat_pictures_have_finite_gradients() -> None:
    painted = flat().requires_grad_(True)
    evenness_loss(painted, flat()).sum().backward()  # type: ignore[no-untyped-call]
    assert painted.grad is not None
    assert torch.isfinite(painted.grad).all()
