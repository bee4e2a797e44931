"""Colors of one picture on another, against what linear algebra says."""

import numpy as np
import pytest

from artem.core.color import LUMINANCE, gray, match_colors, with_colors_of
from artem.core.picture import Frame


def draw_colors(mean: list[float], mixing: list[list[float]], seed: int = 0) -> Frame:
    """Normal colors around ``mean``, well inside 0 to 255, ``(60, 50, 3)``."""
    draw = np.random.default_rng(seed)
    colors = np.array(mean) + draw.normal(size=(60, 50, 3)) @ np.array(mixing)
    return np.clip(colors.round(), 0, 255).astype(np.uint8)


PHOTO = draw_colors([120, 130, 110], [[14, 4, 0], [0, 10, 5], [3, 0, 8]])
PAINTING = draw_colors([90, 140, 150], [[9, -3, 6], [2, 12, 0], [0, 1, 10]], seed=1)


def test_matched_colors_have_the_others_mean_and_covariance() -> None:
    matched = match_colors(PAINTING, PHOTO).reshape(-1, 3).astype(float)
    wanted = PHOTO.reshape(-1, 3).astype(float)
    np.testing.assert_allclose(matched.mean(axis=0), wanted.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(matched.T), np.cov(wanted.T), atol=1.5)


def test_a_picture_matched_to_itself_stays_as_it_is() -> None:
    np.testing.assert_array_equal(match_colors(PHOTO, PHOTO), PHOTO)


def test_where_things_are_does_not_count() -> None:
    draw = np.random.default_rng(2)
    shuffled = draw.permutation(PHOTO.reshape(-1, 3)).reshape(PHOTO.shape)
    np.testing.assert_array_equal(match_colors(PAINTING, shuffled), match_colors(PAINTING, PHOTO))


def test_gray_matched_to_gray_stays_gray_with_the_others_spread() -> None:
    matched = match_colors(gray(PAINTING), gray(PHOTO))
    assert (np.ptp(matched, axis=2) == 0).all()
    assert matched.std() == pytest.approx(gray(PHOTO).std(), abs=0.1)
    assert matched.mean() == pytest.approx(gray(PHOTO).mean(), abs=0.1)


def test_a_picture_of_one_color_becomes_the_others_mean() -> None:
    flat = np.full((8, 9, 3), 77, np.uint8)
    matched = match_colors(flat, PHOTO)
    np.testing.assert_allclose(matched[0, 0], PHOTO.mean(axis=(0, 1)), atol=0.5)
    assert (matched == matched[0, 0]).all()


def test_what_leaves_the_range_is_clipped() -> None:
    bright = np.array([[[250, 250, 250], [20, 20, 20]]], np.uint8)
    harsh = np.array([[[255, 255, 255], [0, 0, 0]]], np.uint8)
    assert match_colors(bright, harsh).tolist() == harsh.tolist()
    lopsided = np.array([[[0, 0, 0], [0, 0, 0], [0, 0, 0], [255, 255, 255]]], np.uint8)
    matched = match_colors(harsh, lopsided)  # would reach from -47 to 174
    assert matched.min() == 0 and 173 <= matched.max() <= 175


def test_gray_is_the_luminance() -> None:
    np.testing.assert_allclose(gray(PHOTO)[..., 1], PHOTO @ LUMINANCE, atol=0.5)


def test_taking_over_ones_own_colors_changes_nothing() -> None:
    np.testing.assert_array_equal(with_colors_of(PHOTO, PHOTO), PHOTO)
