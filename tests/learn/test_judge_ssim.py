"""SSIM against its formula written out position by position."""

import numpy as np
import pytest

from artem.learn.judge.luminance import luminance
from artem.learn.judge.ssim import ssim


def noise(seed: int, height: int = 19, width: int = 23) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def slow_ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Every window by itself, moments about the mean."""
    one, two = luminance(first), luminance(second)
    y, x = np.mgrid[-5:6, -5:6]
    weights = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    weights /= weights.sum()
    values = []
    for top in range(one.shape[0] - 10):
        for left in range(one.shape[1] - 10):
            a, b = (light[top : top + 11, left : left + 11] for light in (one, two))
            mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
            variance_a = (weights * (a - mean_a) ** 2).sum()
            variance_b = (weights * (b - mean_b) ** 2).sum()
            covariance = (weights * (a - mean_a) * (b - mean_b)).sum()
            brightness = (2 * mean_a * mean_b + 6.5025) / (mean_a**2 + mean_b**2 + 6.5025)
            structure = (2 * covariance + 58.5225) / (variance_a + variance_b + 58.5225)
            values.append(brightness * structure)
    return float(np.mean(values))


def test_it_is_the_formula() -> None:
    half = (noise(1).astype(int) + noise(2)) // 2
    for other in (noise(2), half.astype(np.uint8), 255 - noise(1)):
        assert ssim(noise(1), other) == pytest.approx(slow_ssim(noise(1), other), abs=1e-9)


def test_a_picture_is_like_itself() -> None:
    assert ssim(noise(1), noise(1)) == pytest.approx(1)


def test_flat_pictures_differ_in_brightness_alone() -> None:
    dark, light = np.full((20, 20, 3), 50, np.uint8), np.full((20, 20, 3), 100, np.uint8)
    assert ssim(dark, light) == pytest.approx((2 * 5000 + 6.5025) / (12500 + 6.5025))


def test_the_negative_is_unlike() -> None:
    assert ssim(noise(1), 255 - noise(1)) < -0.5
