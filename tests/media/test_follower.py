"""Where frames lie on a plane that stays with the scene, and what it does to their paintings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from media.conftest import pictures_of
from PIL import Image

from artem.core.picture import Frame, load_picture
from artem.media.controls import Controls, Settings
from artem.media.film import Film
from artem.media.follower import Follower
from artem.media.opencv import small_gray
from artem.media.painter import Painter
from artem.media.protocols import MediaError, TimedFrame
from artem.runtime.library import SAMPLES
from artem.runtime.stylizer import Stylizer

PAN_PX = (3, 2)
"""Down and right, a frame."""


def ground(height: int, width: int, seed: int = 0, spot_px: int = 6) -> Frame:
    """Spots of some pixels in all colors."""
    size = (-(-height // spot_px), -(-width // spot_px), 3)
    coarse = np.random.default_rng(seed).integers(0, 256, size, np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def pan(count: int, step: tuple[float, float] = PAN_PX, height: int = 96, width: int = 128) -> Any:
    scene = ground(height + 96, width + 96)
    for index in range(count):
        top, left = round(index * step[0]), round(index * step[1])
        yield np.ascontiguousarray(scene[top : top + height, left : left + width])


@pytest.mark.parametrize("step", [(3, 2), (0, 8), (-1, 4), (5, -3)])
def test_a_pan_is_followed_to_the_pixel(step: tuple[int, int]) -> None:
    follower = Follower()
    start = [60 * (side < 0) for side in step]
    scene = ground(220, 260)
    for index in range(8):
        top, left = (s + index * side for s, side in zip(start, step, strict=True))
        place = follower(np.ascontiguousarray(scene[top : top + 96, left : left + 128]))
        assert place == (index * step[0], index * step[1])


def test_motion_in_a_large_frame_is_found_in_a_small_one() -> None:
    follower = Follower()
    places = [follower(frame) for frame in pan(6, (8, 5), height=720, width=960)]
    steps = np.diff(places, axis=0)
    assert np.abs(steps - (8, 5)).max() <= 1
    assert np.abs(steps.mean(axis=0) - (8, 5)).max() <= 0.5


def test_noise_and_half_pixels_move_nothing() -> None:
    scene, follower = ground(480, 640), Follower()
    draw = np.random.default_rng(1)
    for _ in range(6):
        noisy = (scene + draw.normal(0, 6, scene.shape)).clip(0, 255).astype(np.uint8)
        assert follower(noisy) == (0, 0)


def test_the_place_counts_in_the_pixels_that_are_painted() -> None:
    follower = Follower()
    places = [follower(frame, (64, 48)) for frame in pan(6, (4, 8))]
    assert places[-1] == (10, 20)
    assert follower(next(pan(1)), (128, 96)) == (10, 20)  # another size: only the place is kept


def test_what_most_of_the_picture_does_counts() -> None:
    follower = Follower()
    passing = ground(36, 48, seed=5)
    for index, frame in enumerate(pan(6)):
        frame[20:56, 10 + 9 * index : 58 + 9 * index] = passing[:, : 128 - 10 - 9 * index]
        assert follower(frame) == (3 * index, 2 * index)


def test_another_size_and_a_start_elsewhere_keep_the_place() -> None:
    follower = Follower()
    follower.place = (100, -7)
    frames = list(pan(3))
    assert follower(frames[0]) == (100, -7)
    assert follower(frames[1]) == (103, -5)
    assert follower(ground(60, 200)) == (103, -5)
    assert follower(ground(60, 200)) == (103, -5)


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (64, 64)])
def test_a_picture_of_any_shape_is_survived(size: tuple[int, int]) -> None:
    follower = Follower()
    for seed in range(3):
        frame = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
        assert len(follower(frame)) == 2


@pytest.mark.parametrize("size", [(1080, 1200), (1081, 1200), (90, 4000), (300, 200)])
def test_the_reduced_size_and_its_values(size: tuple[int, int]) -> None:
    """Halved first or not, it is what averaging at once gives, to a level or two."""
    frame = ground(*size, spot_px=30)
    gray = small_gray(frame)
    assert max(gray.shape) <= 256
    weights = np.array([0.299, 0.587, 0.114])
    exact = Image.fromarray((frame @ weights).round().astype(np.uint8))
    expected = np.asarray(exact.resize(gray.shape[::-1], Image.Resampling.BOX)).astype(int)
    assert np.abs(gray - expected).mean() < 2


def test_it_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artem.media.opencv.why_no_opencv", lambda: "OpenCV is not installed")
    with pytest.raises(MediaError, match="Following the camera needs OpenCV"):
        Follower()


def test_strokes_of_the_shipped_network_stay_with_the_scene() -> None:
    """Along a pan, the painting changes a fraction of what it does when strokes stay put."""
    photo = load_picture(SAMPLES / "astronaut.jpg").frame
    stylizer, follower = Stylizer("starry-night", threads=1), Follower()
    changes: dict[bool, list[float]] = {False: [], True: []}
    last: dict[bool, Frame] = {}
    for index in range(5):
        frame = np.ascontiguousarray(photo[index : index + 200, 3 * index : 3 * index + 200])
        place = follower(frame)
        assert place == (index, 3 * index)
        for follows in changes:
            painted = stylizer(frame, place=place if follows else None)
            if index:
                apart = painted[16:-17, 16:-19].astype(int) - last[follows][17:-16, 19:-16]
                changes[follows].append(float(np.square(apart).mean()) ** 0.5)
            last[follows] = painted
    assert np.mean(changes[True]) < 0.4 * np.mean(changes[False])


@pytest.mark.usefixtures("tiny_library")
class TestPainting:
    def painter(self, **options: Any) -> Painter:
        return Painter(Controls(Settings("great-wave", **options)), in_turn=True, threads=1)

    def test_a_painter_gives_each_frame_its_place(self) -> None:
        painter, plain = self.painter(), Stylizer("great-wave", threads=1)
        for index, frame in enumerate(pan(5)):
            painted = painter(TimedFrame(frame, Fraction(index)))
            assert painter.place == (3 * index, 2 * index)
            np.testing.assert_array_equal(painted, plain(frame, place=painter.place))

    def test_it_does_not_where_it_is_told_or_cannot(self, monkeypatch: pytest.MonkeyPatch) -> None:
        plain, (_, frame) = Stylizer("great-wave", threads=1), pan(2)
        left_alone = self.painter(follow=False)
        np.testing.assert_array_equal(left_alone(TimedFrame(frame, Fraction(0))), plain(frame))
        assert left_alone.place == (0, 0)
        monkeypatch.setattr("artem.media.painter.why_no_opencv", lambda: "it is missing")
        unable = self.painter()
        np.testing.assert_array_equal(unable(TimedFrame(frame, Fraction(0))), plain(frame))
        unable.place = (3, 4)
        assert unable.place == (0, 0)

    @pytest.mark.parametrize(("even", "lead"), [(0.0, 1), (1.0, 5)])
    def test_a_film_that_goes_on_is_the_same_as_one_painted_at_once(
        self, film: Callable[..., Path], tmp_path: Path, even: float, lead: int
    ) -> None:
        """In an evened light all but the light is: that depends on frames long gone."""
        light = 1 + 0.3 * even * np.sin(np.arange(30))
        frames = [
            (frame * gain).clip(0, 255).astype(np.uint8)
            for frame, gain in zip(pan(30), light, strict=True)
        ]
        source = film(frames=30, size=(128, 96), draw=lambda index, *size: frames[index])
        whole, two = tmp_path / "whole.mp4", tmp_path / "two.mp4"
        one = self.painter(even=even)
        Film(source, whole, segment_s=0.5).paint(one, recipe={}, lead=lead)
        assert one.place[0] > 60

        stopping: Any = Stopping(self.painter(even=even), after=17)
        with pytest.raises(KeyboardInterrupt):
            Film(source, two, segment_s=0.5).paint(stopping, recipe={}, lead=lead)
        rest = self.painter(even=even)
        report = Film(source, two, segment_s=0.5).paint(rest, recipe={}, lead=lead)
        assert report.resumed_frames >= 10
        assert rest.place == one.place
        if not even:
            for first, second in zip(pictures_of(whole), pictures_of(two), strict=True):
                np.testing.assert_array_equal(first, second)


@dataclass
class Stopping:
    """Stops after some frames, as by Ctrl-C."""

    painter: Painter
    after: int
    seen: int = field(default=0, init=False)

    @property
    def place(self) -> tuple[int, int]:
        return self.painter.place

    def __call__(self, timed: TimedFrame) -> Frame:
        if self.seen == self.after:
            raise KeyboardInterrupt
        self.seen += 1
        return self.painter(timed)
