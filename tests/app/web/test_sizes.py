"""The working size, on machines that are imagined."""

import numpy as np
import pytest

from artem.app.web.sizes import BEGIN_PX, LONG_SIDES_PX, WorkingSize, fitted


def settle(size: WorkingSize, seconds_per_pixel: float, frames: int = 20_000) -> list[int]:
    """Frames of which each takes its number of pixels times a constant; the sizes on the way."""
    seen = [size.long_side]
    for _ in range(frames):
        side = size.long_side
        if size.follow(side, seconds_per_pixel * side**2 * 3 / 4):
            seen.append(size.long_side)
    return seen


def test_it_comes_to_rest_at_the_largest_size_that_keeps_the_rate() -> None:
    for side in LONG_SIDES_PX:
        # This size takes 60 % of the time there is, the next larger one at least 107 %.
        seen = settle(WorkingSize(20), 0.6 / 20 / (side**2 * 3 / 4))
        assert seen[0] == BEGIN_PX
        assert seen[-1] == side
        assert len(seen) <= len(LONG_SIDES_PX)


def test_a_hopeless_machine_gets_the_smallest_size() -> None:
    assert settle(WorkingSize(20), 1.0, frames=100)[-1] == min(LONG_SIDES_PX)


def test_the_first_frame_of_a_size_says_nothing_as_the_engine_compiles() -> None:
    size = WorkingSize(20)
    assert not any(size.follow(BEGIN_PX, 1e-9) or size.long_side != BEGIN_PX for _ in range(1))
    for _ in range(50):
        assert not size.follow(BEGIN_PX + 16, 100.0)
    assert size.long_side == BEGIN_PX


@pytest.mark.parametrize(
    ("size", "long_side", "expected"),
    [
        ((1280, 720), 480, (480, 272)),
        ((640, 480), 480, (480, 360)),
        ((480, 640), 480, (360, 480)),
        ((1080, 1920), 960, (544, 960)),
        ((512, 512), 640, (480, 480)),  # the next smaller size: nothing is enlarged
        ((100, 50), 480, (320, 160)),  # but below the ladder
        ((2000, 10), 320, (320, 32)),
    ],
)
def test_frames_are_fitted_to_few_sizes(
    size: tuple[int, int], long_side: int, expected: tuple[int, int]
) -> None:
    frame = np.zeros((size[1], size[0], 3), np.uint8)
    assert fitted(frame, long_side).shape == (expected[1], expected[0], 3)


def test_what_is_cut_off_is_cut_off_evenly() -> None:
    # 960 x 540 becomes 480 x 272: the height fits and four columns are lost on either side.
    frame = np.zeros((540, 960, 3), np.uint8)
    frame[:, 2:-2] = 255
    assert (fitted(frame, 480) >= 254).all()
    narrow = np.zeros((540, 960, 3), np.uint8)
    narrow[:, 20:-20] = 255
    middle = fitted(narrow, 480)[136, :, 0] > 128
    assert middle[:8].sum() == middle[-8:].sum() == 0
    assert middle[12:-12].all()
