"""Even light, against what it is by definition."""

import numpy as np
import pytest

from artem.core.picture import Frame
from artem.media.evener import MOST, Evener

SCENE = np.random.default_rng(5).normal(110, 18, (27, 48, 3)).clip(40, 180)
"""As small as a thumbnail, so that the statistics are those of every pixel."""


def lit(gain: float, lift: float = 0.0, scene: np.ndarray = SCENE) -> Frame:
    return (scene * gain + lift).clip(0, 255).round().astype(np.uint8)


def jumps(frames: list[Frame]) -> float:
    """Mean change of the brightness from frame to frame, in levels."""
    return float(np.abs(np.diff([frame.mean() for frame in frames])).mean())


def test_at_0_nothing_is_touched() -> None:
    evener = Evener()
    for gain in (1.0, 0.7, 1.3):
        frame = lit(gain)
        assert evener(frame, 0.0) is frame


@pytest.mark.parametrize("amount", [0.5, 1.0])
def test_mean_and_spread_are_exponential_averages(amount: float) -> None:
    evener, mean, spread = Evener(), 0.0, 0.0
    kept = MOST * amount
    for index, gain in enumerate((1.0, 0.8, 1.2, 0.9, 0.9, 1.1)):
        frame = lit(gain, 3.0 * index)
        now = frame[..., 1].mean(), frame[..., 1].std() + 1
        mean = kept * mean + (1 - kept) * now[0] if index else now[0]
        spread = kept * spread + (1 - kept) * now[1] if index else now[1]
        even = evener(frame, amount)[..., 1]
        assert even.mean() == pytest.approx(mean, abs=0.3)
        assert even.std() == pytest.approx(spread * frame[..., 1].std() / now[1], abs=0.3)


def test_jumps_of_exposure_become_a_fraction() -> None:
    draw = np.random.default_rng(0)
    frames = [lit(gain) for gain in draw.uniform(0.7, 1.3, 60)]
    evener = Evener()
    assert jumps([evener(frame, 1.0) for frame in frames]) < 0.25 * jumps(frames)


def test_a_lasting_change_is_followed() -> None:
    evener = Evener()
    evener(lit(1.0), 1.0)
    darker = lit(0.7)
    for _ in range(40):
        even = evener(darker, 1.0)
    assert np.abs(even.astype(int) - darker).max() <= 1


def test_it_begins_anew_with_another_scene() -> None:
    evener = Evener()
    evener(lit(1.0), 1.0)
    other = lit(0.8, scene=np.random.default_rng(6).normal(150, 20, (27, 48, 3)).clip(0, 255))
    np.testing.assert_array_equal(evener(other, 1.0), other)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (300, 200)])
def test_odd_sizes_and_frames_of_one_color(size: tuple[int, int]) -> None:
    evener = Evener()
    for level in (0, 200, 255, 3):
        flat = np.full((*size, 3), level, np.uint8)
        np.testing.assert_array_equal(evener(flat, 1.0), flat)
