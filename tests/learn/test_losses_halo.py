"""The halo loss against slow arithmetic in numpy: rims beside edges count, strokes do not."""

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor

from artem.learn.losses import halo_loss
from artem.learn.losses.halo import (
    COARSE_PX,
    EDGE,
    FAR_PX,
    FLAT,
    FREE,
    GAIN,
    NEAR_PX,
    SHARE,
    SPREAD_PX,
    WINDOW_PX,
)

SIDE = 192


def sky() -> Tensor:
    """A dark tower in an even sky."""
    photo = torch.full((1, 3, SIDE, SIDE), 0.6)
    photo[..., 80:, 80:112] = 0.1
    return photo


def with_rim(photo: Tensor, light: float, reach: int = 10) -> Tensor:
    """The photo with a light rim around the tower."""
    painted = photo.clone()
    painted[..., 80 - reach :, 80 - reach : 112 + reach] += light
    painted[..., 80:, 80:112] = photo[..., 80:, 80:112]
    return painted


def slow(painted: Tensor, content: Tensor) -> float:
    """The loss of one picture, pixel by pixel and window by window."""
    ours, theirs = (
        image[0].numpy().astype(float).reshape(3, SIDE // COARSE_PX, COARSE_PX, -1, COARSE_PX)
        for image in (painted, content)
    )
    ours, theirs = ours.mean(axis=(2, 4)), theirs.mean(axis=(2, 4))
    side, window = SPREAD_PX // COARSE_PX, WINDOW_PX // COARSE_PX
    edged = np.pad(theirs, ((0, 0), (side // 2,) * 2, (side // 2,) * 2), mode="edge")
    squares = sliding_window_view(edged, (side, side), axis=(1, 2))
    spread = (squares.max(axis=(3, 4)) - squares.min(axis=(3, 4))).max(axis=0)
    edges, flat = spread > EDGE, spread < FLAT
    away = np.full(edges.shape, 10**6)
    for row, column in zip(*np.nonzero(edges), strict=True):  # the larger of both axes: squares
        down = np.abs(np.arange(edges.shape[0]) - row)[:, None]
        right = np.abs(np.arange(edges.shape[1]) - column)[None]
        away = np.minimum(away, np.maximum(down, right))
    far = flat & (away > FAR_PX // COARSE_PX)
    alike = np.zeros_like(far)
    for row in range(len(far)):
        for column in range(len(far)):
            around = np.s_[
                max(0, row - window // 2) : row + window // 2 + 1,
                max(0, column - window // 2) : column + window // 2 + 1,
            ]
            if far[around].any():
                usual = theirs[:, *around][:, far[around]].mean(axis=1)
                alike[row, column] = np.abs(theirs[:, row, column] - usual).max() < FLAT
    rim, rest = flat & (away <= NEAR_PX // COARSE_PX) & alike, far & alike
    excess = []
    for top in range(0, edges.shape[0] - window + 1, window // 4):
        for left in range(0, edges.shape[1] - window + 1, window // 4):
            here = np.s_[top : top + window, left : left + window]
            near, far = rim[here], rest[here]
            if min(near.mean(), far.mean()) <= SHARE:
                excess.append(0.0)
                continue
            given, allowed = (
                np.sqrt(np.mean((i[:, *here][:, near].mean(1) - i[:, *here][:, far].mean(1)) ** 2))
                for i in (ours, theirs)
            )
            excess.append(max(0.0, given - GAIN * allowed - FREE) ** 2)
    return float(np.mean(excess))


def test_a_rim_counts_as_slow_arithmetic_has_it() -> None:
    noise = 0.04 * torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    photo = sky() + noise
    painted = with_rim(photo, 0.2)
    loss = float(halo_loss(painted, photo))
    assert loss > 5e-4
    assert loss == pytest.approx(slow(painted, photo), rel=1e-3)


def test_a_dark_rim_counts_as_a_light_one_and_a_faint_one_is_free() -> None:
    light, dark = (float(halo_loss(with_rim(sky(), sign * 0.2), sky())) for sign in (1, -1))
    assert light == pytest.approx(dark, rel=1e-3)
    assert float(halo_loss(with_rim(sky(), 0.9 * FREE), sky())) == 0


def test_a_wider_rim_counts_more() -> None:
    narrow, wide = (float(halo_loss(with_rim(sky(), 0.2, reach), sky())) for reach in (4, 12))
    assert 0 <= narrow < wide


def test_a_photo_painted_as_it_is_is_free() -> None:
    photo = torch.rand(2, 3, 70, 90, generator=torch.Generator().manual_seed(1))
    assert halo_loss(photo, photo).tolist() == [0, 0]
    assert halo_loss(sky(), sky()).tolist() == [0]


def test_strokes_hardly_count() -> None:
    painted = sky()
    painted[..., ::8, :] += 0.2
    painted[..., 4::8, :] -= 0.2
    assert float(halo_loss(painted, sky())) < 0.05 * float(halo_loss(with_rim(sky(), 0.2), sky()))


def test_another_color_of_the_whole_sky_is_free() -> None:
    painted = sky()
    painted[:, 0] += 0.3
    assert float(halo_loss(painted, sky())) == 0


def test_what_the_photo_has_is_allowed_twice() -> None:
    photo = with_rim(sky(), 0.04)
    assert float(halo_loss(with_rim(sky(), 0.08), photo)) == 0
    assert float(halo_loss(with_rim(sky(), 0.25), photo)) > 0


def test_a_photo_smaller_than_a_window_has_none() -> None:
    small = sky()[..., :40, :40]
    assert halo_loss(small + 0.1, small).tolist() == [0]


def test_gradients_are_finite_and_lessen_the_rim() -> None:
    painted = with_rim(sky(), 0.2).requires_grad_()
    halo_loss(painted, sky()).sum().backward()  # type: ignore[no-untyped-call]
    assert painted.grad is not None
    assert bool(torch.isfinite(painted.grad).all())
    assert float(painted.grad[0, 0, 140, 73]) > 0  # lighter beside the tower is worse
