"""Cuts, flow and blending, where the truth is known."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from artem.core.picture import Frame
from artem.media.cuts import Cuts
from artem.media.sources.pattern import PAN_PX, Pattern
from artem.media.steady import MOST, Steadier


def texture(width_px: int, height_px: int, seed: int = 0) -> Frame:
    """Spots of some pixels in all colors."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (height_px // 4, width_px // 4, 3), dtype=np.uint8)
    large = Image.fromarray(coarse).resize((width_px, height_px), Image.Resampling.BICUBIC)
    return np.asarray(large)


class TestCuts:
    def test_a_pan_is_none_and_another_scene_is_one(self) -> None:
        cuts = Cuts()
        first = Pattern(width_px=96, height_px=64, seed=0)
        other = Pattern(width_px=96, height_px=64, seed=5)
        found = [cuts(first.frame(index)) for index in range(12)]
        found += [cuts(120 + other.frame(index) // 2) for index in range(4)]
        assert [index for index, cut in enumerate(found) if cut] == [0, 12]

    def test_a_slow_fade_is_none(self) -> None:
        cuts, scene = Cuts(), texture(96, 64)
        found = [cuts((scene * (1 - step / 40)).astype(np.uint8)) for step in range(41)]
        assert found.index(True) == 0
        assert sum(found) == 1

    def test_a_cut_to_black(self) -> None:
        cuts = Cuts()
        assert cuts(np.full((40, 60, 3), 200, np.uint8))
        assert not cuts(np.full((40, 60, 3), 200, np.uint8))
        assert cuts(np.zeros((40, 60, 3), np.uint8))


def pan(count: int, step: tuple[int, int] = PAN_PX) -> list[Frame]:
    ground = texture(220, 180)
    return [
        np.ascontiguousarray(
            ground[step[1] * i : step[1] * i + 96, step[0] * i : step[0] * i + 128]
        )
        for i in range(count)
    ]


def noisy(frame: Frame, seed: int) -> Frame:
    """A painting that shimmers: the frame with noise of its own."""
    noise = np.random.default_rng(seed).normal(0, 20, frame.shape)
    return (frame + noise).clip(0, 255).astype(np.uint8)


def warp_error(before: Frame, now: Frame, step: tuple[int, int] = PAN_PX) -> float:
    """Root mean square between a painting and the one before, moved by the true flow."""
    x, y = step
    moved = before[y:, x:].astype(float)
    return float(np.sqrt(np.square(now[: len(moved), : moved.shape[1]] - moved).mean()))


def test_the_flow_of_a_pan_is_found_and_trusted() -> None:
    gray = [frame.mean(axis=2).astype(np.uint8) for frame in pan(2)]
    flow, trust = Steadier().motion(*gray)
    inner = (slice(16, -16), slice(16, -16))
    np.testing.assert_allclose(np.median(flow[inner], axis=(0, 1)), PAN_PX, atol=0.2)
    assert np.median(trust[inner]) > 0.9


def test_what_comes_into_view_is_not_trusted() -> None:
    before = texture(128, 96).mean(axis=2).astype(np.uint8)
    now = before.copy()
    now[30:66, 40:90] = texture(128, 96, seed=9).mean(axis=2).astype(np.uint8)[30:66, 40:90]
    _, trust = Steadier().motion(before, now)
    assert trust[36:60, 46:84].mean() < 0.5
    assert trust[:20].mean() > 0.8


@pytest.mark.parametrize(("amount", "part"), [(0.5, 0.75), (1.0, 0.4)])
def test_shimmer_along_a_pan_becomes_less(amount: float, part: float) -> None:
    frames = pan(8)
    paintings = [noisy(frame, index) for index, frame in enumerate(frames)]
    steadier = Steadier()
    steadied = [
        steadier(frame, painting, amount) for frame, painting in zip(frames, paintings, strict=True)
    ]
    before = warp_error(*paintings[-2:])
    assert warp_error(*steadied[-2:]) < part * before


def test_on_a_still_scene_it_is_the_running_mean() -> None:
    """With no motion the closed form holds: each result is the weighted mean with the last."""
    frame = texture(128, 96)
    steadier, expected = Steadier(), None
    for index in range(5):
        painting = noisy(frame, index)
        steadied = steadier(frame, painting, 0.5)
        if expected is None:
            expected = painting.astype(float)
        else:
            expected = painting + 0.5 * MOST * (expected - painting)
        inner = (slice(8, -8), slice(8, -8))
        assert np.abs(steadied[inner] - expected[inner]).max() <= 1


def test_a_small_change_of_the_painting_arrives() -> None:
    """Each frame brings a tenth of what is missing, however little that is."""
    frame, steadier = np.full((96, 128, 3), 128, np.uint8), Steadier()
    steadier(frame, np.full_like(frame, 100), 1.0)
    for index in range(1, 40):
        steadied = steadier(frame, np.full_like(frame, 105), 1.0)
        assert np.abs(steadied - (105 - 5 * MOST**index)).max() <= 0.6
    assert (steadied == 105).all()


def test_0_changes_nothing_and_a_cut_starts_anew() -> None:
    frames, steadier = pan(3), Steadier()
    for index, frame in enumerate(frames):
        painting = noisy(frame, index)
        np.testing.assert_array_equal(steadier(frame, painting, 0.0), painting)
    dark = (texture(128, 96, seed=4) // 4).astype(np.uint8)
    painting = noisy(dark, 9)
    np.testing.assert_array_equal(steadier(dark, painting, 1.0), painting)


def test_another_size_starts_anew() -> None:
    steadier = Steadier()
    steadier(texture(128, 96), texture(128, 96), 1.0)
    painting = noisy(texture(64, 48), 1)
    np.testing.assert_array_equal(steadier(texture(64, 48), painting, 1.0), painting)


@pytest.mark.parametrize("size", [(640, 48), (48, 640)])
@pytest.mark.parametrize("step", [(3, 1), (8, 0)])
def test_motion_in_a_narrow_picture_is_followed_along_both_sides(
    size: tuple[int, int], step: tuple[int, int]
) -> None:
    (width, height), (x, y) = size, step
    ground = texture(720, 720)
    frames = [
        np.ascontiguousarray(ground[y * i : y * i + height, x * i : x * i + width])
        for i in range(8)
    ]
    paintings = [noisy(frame, index) for index, frame in enumerate(frames)]
    steadier = Steadier()
    steadied = [steadier(*both, 1.0) for both in zip(frames, paintings, strict=True)]
    assert warp_error(*steadied[-2:], step) < 0.6 * warp_error(*paintings[-2:], step)


def test_a_picture_of_any_shape_is_survived() -> None:
    """In a process of its own, which OpenCV's flow ends where a side is too short for it."""
    code = """
from itertools import product
import cv2
import numpy as np
from artem.media.steady import Steadier

cv2.setNumThreads(1)
draw = np.random.default_rng(0)
sides = (1, 2, 5, 8, 15, 24, 33, 48, 64, 100, 256)
wide = [(640, 40), (640, 48), (640, 60), (640, 480), (1280, 90), (2000, 1), (2000, 8)]
for width, height in [*product(sides, sides), *wide, *(one[::-1] for one in wide)]:
    print(width, height, flush=True)
    steadier = Steadier()
    frame = draw.integers(0, 256, (height, width, 3), dtype=np.uint8)
    for shift in (0, 1, 2):
        moved = np.roll(frame, shift, axis=1)
        assert steadier(moved, moved, 1.0).shape == frame.shape
print("all of them")
"""
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    said = finished.stdout.splitlines()
    assert (finished.returncode, said[-1:]) == (0, ["all of them"]), finished.stderr
