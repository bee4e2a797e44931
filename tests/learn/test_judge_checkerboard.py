"""Grids are found by their period, and nothing is found where there is none."""

import numpy as np
import pytest

from artem.learn.judge.checkerboard import PERIODS_PX, checkerboard


def frame_of(light: np.ndarray) -> np.ndarray:
    gray = np.clip(light, 0, 255).round().astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


def falling_noise(exponent: float, seed: int = 0, side: int = 192) -> np.ndarray:
    """Noise whose power falls with the frequency, as photos' does; 128 +- 40."""
    frequency = np.fft.fftfreq(2 * side)
    radius = np.hypot(frequency[:, None], frequency)
    radius[0, 0] = 1
    white = np.random.default_rng(seed).normal(size=radius.shape)
    light = np.fft.ifft2(np.fft.fft2(white) / radius ** (exponent / 2)).real[:side, :side]
    return 128 + 40 * (light - light.mean()) / light.std()


def grid(period: int, side: int = 192) -> np.ndarray:
    """A checkerboard of +-1 that repeats every ``period`` pixels."""
    along = np.where(np.arange(side) // (period // 2) % 2, 1.0, -1.0)
    return np.outer(along, along)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3])
def test_a_falling_spectrum_has_no_grid(exponent: float) -> None:
    found = np.mean(
        [[*checkerboard(frame_of(falling_noise(exponent, n))).values()] for n in range(4)], axis=0
    )
    np.testing.assert_allclose(found[1:], 1, atol=0.12)
    assert 0.6 < found[0] < 1.3


@pytest.mark.parametrize("period", PERIODS_PX)
def test_a_faint_grid_raises_its_own_period_alone(period: int) -> None:
    plain = falling_noise(2)
    before, after = (checkerboard(frame_of(plain + add)) for add in (0, 4 * grid(period)))
    for name in before:
        if name == f"1/{period}":
            assert after[name] > 1.5 * before[name]
        else:
            assert after[name] == pytest.approx(before[name], rel=0.05)


def test_energy_grows_with_the_square_of_the_grid() -> None:
    plain = falling_noise(2)
    none, one, two = (checkerboard(frame_of(plain + a * grid(4)))["1/4"] for a in (0, 8, 16))
    assert (two - none) / (one - none) == pytest.approx(4, rel=0.15)


def test_where_the_grid_begins_does_not_matter() -> None:
    plain = falling_noise(2)
    values = [
        checkerboard(frame_of(plain + 8 * np.roll(grid(8), shift, axis=(0, 1))))["1/8"]
        for shift in ((0, 0), (3, 0), (2, 5))
    ]
    assert np.ptp(values) < 0.2 * np.mean(values)


def test_stripes_along_an_axis_are_a_grid_too() -> None:
    stripes = 128 + 10 * np.where(np.arange(128) % 2, 1.0, -1.0)[None].repeat(128, axis=0)
    noise = np.random.default_rng(0).normal(scale=4, size=(128, 128))
    assert checkerboard(frame_of(stripes + noise))["1/2"] > 50


def test_an_edge_is_no_grid() -> None:
    """A horizon puts energy on the axis, at all frequencies alike."""
    light = falling_noise(2)
    light[100:] += 60
    assert max(checkerboard(frame_of(light)).values()) < 1.4


def test_a_flat_picture_has_none() -> None:
    assert checkerboard(np.full((64, 64, 3), 200, np.uint8)) == pytest.approx(
        {"1/2": 1, "1/4": 1, "1/8": 1}
    )
