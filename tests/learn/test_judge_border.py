"""Borders: ratios worked out by hand."""

import numpy as np
import pytest

from artem.learn.judge.border import border_ratio


def frame_of(light: np.ndarray) -> np.ndarray:
    return np.repeat(light.astype(np.uint8)[..., None], 3, axis=2)


def depth(side: int) -> np.ndarray:
    along = np.minimum(np.arange(side), np.arange(side)[::-1])
    return np.minimum.outer(along, along)


def test_the_same_everywhere_is_no_border() -> None:
    checkers = 100 + 50 * (np.indices((128, 96)).sum(axis=0) % 2)
    assert border_ratio(frame_of(checkers)) == pytest.approx({"gradient": 1, "deviation": 1}, 1e-3)
    flat = np.full((64, 64, 3), 9, np.uint8)
    assert border_ratio(flat) == {"gradient": 1, "deviation": 1}


def test_a_comb_at_the_edge_shows() -> None:
    """Checkers of twice the contrast in the outer 16 pixels; the pairs across count outside."""
    amplitude = np.where(depth(128) < 16, 40, 20)
    checkers = 100 + amplitude * (np.indices((128, 128)).sum(axis=0) % 2)
    found = border_ratio(frame_of(checkers))
    assert found["gradient"] == pytest.approx(2, rel=0.02)
    assert found["deviation"] == pytest.approx(2, rel=0.01)


def test_a_blurred_edge_shows() -> None:
    checkers = 100 + 40 * (np.indices((128, 128)).sum(axis=0) % 2)
    checkers[depth(128) < 16] = 120
    found = border_ratio(frame_of(checkers))
    assert found["gradient"] < 0.05
    assert found["deviation"] < 0.05


def test_what_lies_deeper_does_not_count() -> None:
    draw = np.random.default_rng(0)
    light = draw.integers(0, 256, (160, 160))
    before = border_ratio(frame_of(light))
    light[depth(160) >= 49] = 0
    assert border_ratio(frame_of(light)) == before
