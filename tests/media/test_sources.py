"""Cameras, screens, patterns, folders, addresses; and what is wrapped around them."""

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from media.conftest import FakeClock, Frames, timed
from PIL import Image

from artem.media.protocols import MediaError, SourceLostError, TimedFrame
from artem.media.sources import screen as screen_module
from artem.media.sources.image_folder import ImageFolder
from artem.media.sources.paced import Paced
from artem.media.sources.pattern import PAN_PX, Pattern
from artem.media.sources.reopening import Reopening
from artem.media.sources.resampled import Resampled
from artem.media.sources.screen import Screen
from artem.media.sources.stream import Stream
from artem.media.sources.webcam import Webcam
from artem.media.ticks import Timer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def timer(clock: FakeClock) -> Timer:
    return Timer(clock, clock.sleep)


def frames_of(source: Any) -> list[TimedFrame]:
    return [one for one in source if one is not None]


class TestPattern:
    def test_it_is_the_same_for_a_seed_and_moves_by_whole_pixels(self) -> None:
        one, same, other = (Pattern(width_px=90, height_px=60, seed=s) for s in (3, 3, 4))
        np.testing.assert_array_equal(one.frame(17), same.frame(17))
        assert (one.frame(17) != other.frame(17)).any()
        x, y = PAN_PX
        np.testing.assert_array_equal(one.frame(5)[y:10, x:60], one.frame(6)[: 10 - y, : 60 - x])

    def test_it_repeats_without_a_seam(self) -> None:
        ground = Pattern(width_px=96, height_px=96)._ground.astype(int)
        seam = np.abs(ground[0] - ground[-1]).mean()
        inside = np.abs(np.diff(ground, axis=0)).mean(axis=(1, 2))
        assert seam <= inside.max() + 1

    def test_live_it_keeps_time(self, timer: Timer, clock: FakeClock) -> None:
        source = Pattern(width_px=16, height_px=16, fps=Fraction(2), frames=5, timer=timer)
        times_s = []
        for one in source:
            if one is not None:
                times_s.append((float(one.time_s), clock.now_s - 100))
        assert times_s == [(index / 2, pytest.approx(index / 2)) for index in range(5)]


class FakeCapture:
    """Stands for OpenCV's: gives so many pictures, then none."""

    def __init__(self, pictures: int, opens: bool = True) -> None:
        self.left = pictures
        self.opens = opens
        self.released = False
        self.asked: dict[int, float] = {}

    def isOpened(self) -> bool:
        return self.opens

    def set(self, key: int, value: float) -> None:
        self.asked[key] = value

    def get(self, key: int) -> float:
        return 25.0

    def read(self) -> tuple[bool, Any]:
        self.left -= 1
        if self.left < 0:
            return False, None
        return True, np.full((4, 6, 3), (10, 20, 30), np.uint8)  # blue, green, red

    def release(self) -> None:
        self.released = True


class TestWebcam:
    def test_frames_are_rgb_and_the_end_is_a_loss(self, timer: Timer) -> None:
        capture = FakeCapture(3)
        webcam = Webcam(1, width_px=640, height_px=480, open_capture=lambda n: capture, timer=timer)
        seen = []
        with pytest.raises(SourceLostError, match="camera 1 gives no more"), webcam as source:
            for one in source:
                seen.append(one)
        assert source.fps == 25
        assert [one.frame[0, 0].tolist() for one in seen if one] == [[30, 20, 10]] * 3
        assert capture.released
        assert {640, 480} <= set(capture.asked.values())

    def test_one_that_does_not_open(self) -> None:
        webcam = Webcam(open_capture=lambda number: FakeCapture(0, opens=False))
        with pytest.raises(MediaError, match="The camera 0 does not open"), webcam:
            pass

    def test_a_device_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.platform", "linux")
        assert "there is no /dev/video77" in str(Webcam(77).why_not())

    def test_unplugged_and_plugged_in_again(self, clock: FakeClock, timer: Timer) -> None:
        captures = [FakeCapture(2), FakeCapture(0, False), FakeCapture(0, False), FakeCapture(2)]
        opened: list[float] = []

        def open_capture(number: int) -> FakeCapture:
            opened.append(clock.now_s)
            return captures[len(opened) - 1]

        said: list[str] = []
        webcam = Webcam(open_capture=open_capture, timer=timer)
        with Reopening(webcam, say=said.append, timer=timer) as source:
            seen = list(islice((one for one in source if one is not None), 4))
        assert len(seen) == 4
        assert said == [
            "The camera 0 gives no more pictures; trying to open it again.",
            "webcam is there again.",
        ]
        np.testing.assert_allclose(np.diff(opened), [0.5, 1, 2])
        times_s = [one.time_s for one in seen]
        assert times_s == sorted(times_s)
        assert times_s[2] - times_s[1] == pytest.approx(3.5)
        assert captures[0].released


class TestReopening:
    def test_times_go_on_when_the_source_counts_anew(self, timer: Timer, clock: FakeClock) -> None:
        lost = SourceLostError("The stream ended.")
        source = Frames(timed(3), live=True, error=lost)
        with Reopening(source, say=lambda text: None, timer=timer) as reopening:
            times_s = [one.time_s for one in islice(frames(reopening), 9)]
        assert times_s == sorted(times_s)
        assert source.entered == source.left == 3

    def test_it_must_open_the_first_time(self, timer: Timer) -> None:
        webcam = Webcam(open_capture=lambda number: FakeCapture(0, opens=False))
        with (
            pytest.raises(MediaError, match="does not open"),
            Reopening(webcam, say=print, timer=timer),
        ):
            pass

    def test_it_gives_up_after_ten_minutes(self, timer: Timer, clock: FakeClock) -> None:
        captures = iter([FakeCapture(1)])
        webcam = Webcam(open_capture=lambda n: next(captures, FakeCapture(0, False)), timer=timer)
        with (
            pytest.raises(MediaError, match="did not come back in 10 minutes"),
            Reopening(webcam, say=lambda text: None, timer=timer) as source,
        ):
            for _ in source:
                pass
        assert 600 < clock.now_s - 100 < 630

    def test_whoever_waits_for_it_can_stop(self, timer: Timer) -> None:
        captures = iter([FakeCapture(1)])
        webcam = Webcam(open_capture=lambda n: next(captures, FakeCapture(0, False)), timer=timer)
        with Reopening(webcam, say=lambda text: None, timer=timer) as source:
            assert list(islice(source, 51))[1:] == [None] * 50

    def test_one_that_never_gave_a_frame_is_not_tried_again(self, timer: Timer) -> None:
        webcam = Webcam(open_capture=lambda number: FakeCapture(0), timer=timer)
        with (
            pytest.raises(MediaError, match="The camera 0 gives no pictures"),
            Reopening(webcam, say=print, timer=timer) as source,
        ):
            list(source)

    def test_one_that_opens_but_gives_nothing_is_not_there_again(
        self, timer: Timer, clock: FakeClock
    ) -> None:
        captures = iter([FakeCapture(1)])
        opened: list[float] = []

        def open_capture(number: int) -> FakeCapture:
            opened.append(clock.now_s)
            return next(captures, FakeCapture(0))

        said: list[str] = []
        webcam = Webcam(open_capture=open_capture, timer=timer)
        with (
            pytest.raises(MediaError, match="did not come back in 10 minutes"),
            Reopening(webcam, say=said.append, timer=timer) as source,
        ):
            list(source)
        assert said == ["The camera 0 gives no more pictures; trying to open it again."]
        np.testing.assert_allclose(np.diff(opened)[:7], [0.5, 1, 2, 4, 8, 10, 10])


def frames(source: Any) -> Iterator[TimedFrame]:
    return (one for one in source if one is not None)


class FakeGrabber:
    """Stands for mss: two screens beside each other, painted in blue."""

    monitors = tuple(
        {"left": left, "top": 0, "width": width, "height": 80}
        for left, width in ((-100, 300), (0, 200), (-100, 100))
    )
    closed = False

    def grab(self, place: dict[str, int]) -> Any:
        class Shot:
            width, height = place["width"], place["height"]
            bgra = bytes([200, 40, 10, 255]) * (width * height)

        return Shot()

    def close(self) -> None:
        FakeGrabber.closed = True


class TestScreen:
    @pytest.fixture(autouse=True)
    def on_x11(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import mss

        monkeypatch.setattr(mss, "MSS", FakeGrabber)
        monkeypatch.setenv("DISPLAY", ":0")
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    def test_the_first_screen_at_an_even_rate(self, timer: Timer) -> None:
        with Screen(fps=Fraction(4), timer=timer) as source:
            seen = list(islice(frames(source), 5))
        assert seen[0].frame.shape == (80, 200, 3)
        assert seen[0].frame[3, 3].tolist() == [10, 40, 200]
        assert [float(one.time_s) for one in seen] == pytest.approx([0, 0.25, 0.5, 0.75, 1])
        assert FakeGrabber.closed

    def test_a_region_on_the_screen_to_the_left(self) -> None:
        with Screen(region=(-50, 10, 60, 30)) as source:
            assert next(frames(source)).frame.shape == (30, 60, 3)

    @pytest.mark.parametrize(
        "region", [(0, 0, 201, 80), (-101, 0, 5, 5), (0, 60, 5, 21), (0, 0, 0, 5)]
    )
    def test_a_region_beyond_the_screen(self, region: tuple[int, int, int, int]) -> None:
        with pytest.raises(MediaError, match="does not lie on the screen, which is 300x80"):
            Screen(region=region).__enter__()

    def test_wayland_forbids_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(screen_module.sys, "platform", "linux")
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
        assert "under Wayland no program may look at the screen" in str(Screen().why_not())
        monkeypatch.delenv("WAYLAND_DISPLAY")
        monkeypatch.delenv("DISPLAY")
        assert "$DISPLAY is not set" in str(Screen().why_not())


class TestImageFolder:
    def test_pictures_in_the_order_of_their_numbers(self, tmp_path: Path) -> None:
        for number in (10, 9, 100):
            Image.new("RGB", (5, 4), (number, 0, 0)).save(tmp_path / f"shot{number}.png")
        (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
        with ImageFolder(tmp_path, fps=Fraction(5)) as source:
            seen = list(source)
        assert [int(one.frame[0, 0, 0]) for one in seen] == [9, 10, 100]
        assert [one.time_s for one in seen] == [0, Fraction(1, 5), Fraction(2, 5)]

    def test_without_pictures(self, tmp_path: Path) -> None:
        with pytest.raises(MediaError, match="There is no picture in"):
            ImageFolder(tmp_path).__enter__()
        assert "there is no folder" in str(ImageFolder(tmp_path / "gone").why_not())


class TestPaced:
    def test_frames_wait_for_their_time(self, timer: Timer, clock: FakeClock) -> None:
        seen = []
        with Paced(Frames(timed(12)), timer=timer) as source:
            for one in frames(source):
                seen.append((float(one.time_s), clock.now_s - 100))
        assert seen == [(index / 10, pytest.approx(index / 10)) for index in range(12)]
        assert source.live


class Film(Frames):
    """Frames whose last one is shown for so long."""

    def __init__(self, frames: list[TimedFrame], last_s: Fraction = Fraction(1, 10)) -> None:
        super().__init__(frames)
        self.read_to_s = frames[-1].time_s + last_s


class TestResampled:
    @pytest.mark.parametrize(("fps", "numbers"), [
        (10, [0, 1, 2, 3, 4, 5]), (5, [0, 2, 4]), (20, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
        (4, [0, 2, 5]),
    ])  # fmt: skip
    def test_the_newest_frame_at_each_tick(self, fps: int, numbers: list[int]) -> None:
        with Resampled(Film(timed(6)), Fraction(fps)) as source:
            seen = frames_of(source)
        assert [int(one.frame[0, 0, 0]) for one in seen] == numbers
        assert [one.time_s for one in seen] == [Fraction(tick, fps) for tick in range(len(numbers))]

    def test_the_last_frame_stays_as_long_as_it_is_shown(self) -> None:
        seen = frames_of(Resampled(Film(timed(6), last_s=Fraction(2)), Fraction(30)))
        assert [int(one.frame[0, 0, 0]) for one in seen] == [0] * 3 + [1] * 3 + [2] * 3 + [
            3] * 3 + [4] * 3 + [5] * 60  # fmt: skip
        assert [one.time_s for one in seen] == [Fraction(tick, 30) for tick in range(75)]

    def test_starting_later_gives_the_same_ticks(self) -> None:
        whole = frames_of(Resampled(Film(timed(20)), Fraction(7)))
        start_s = whole[5].time_s
        rest = frames_of(Resampled(Film(timed(20)[4:]), Fraction(7), start_s=start_s))
        assert [one.time_s for one in rest] == [one.time_s for one in whole[5:]]
        assert [one.frame[0, 0, 0] for one in rest] == [one.frame[0, 0, 0] for one in whole[5:]]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


class TestStream:
    def test_a_film_on_a_server_is_played_at_its_pace(
        self, film: Callable[..., Path], tmp_path: Path, timer: Timer, clock: FakeClock
    ) -> None:
        film("film.mp4", frames=8, options={"movflags": "faststart"})
        handler = functools.partial(Quiet, directory=str(tmp_path))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{server.server_address[1]}/film.mp4"
            with Stream(address, timer=timer) as source:
                seen = frames_of(source)
            with pytest.raises(MediaError, match="cannot be opened"):
                Stream(address.replace("film", "gone")).__enter__()
            server.shutdown()
        assert len(seen) == 8
        assert clock.now_s - 100 == pytest.approx(0.7)

    def test_a_film_that_breaks_off_is_not_begun_again(
        self, film: Callable[..., Path], tmp_path: Path, timer: Timer
    ) -> None:
        """Its table of contents stands at the end, and this server cannot go back from there."""
        film("film.mp4", frames=200, size=(320, 240))
        handler = functools.partial(Quiet, directory=str(tmp_path))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stream = Stream(f"http://127.0.0.1:{server.server_address[1]}/film.mp4", timer=timer)
            said: list[str] = []
            with (
                pytest.raises(MediaError, match=r"breaks off here .*\n  Download it"),
                Reopening(stream, say=said.append, timer=timer) as source,
            ):
                frames_of(source)
            server.shutdown()
        assert not said

    def test_nobody_there(self) -> None:
        with pytest.raises(MediaError, match=r"cannot be opened \(Connection refused\)"):
            Stream("tcp://127.0.0.1:9").__enter__()
