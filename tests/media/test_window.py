"""The window, by SDL's dummy driver: it draws and takes keys, and no display is needed."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from media.conftest import draw_frame

from artem.core.picture import Frame
from artem.media.overlay import write_on
from artem.media.protocols import MediaError, SinkClosedError, TimedFrame
from artem.media.sinks.window import WindowSink, fitted

pygame = pytest.importorskip("pygame", reason="windows need pygame-ce")


def at(index: int) -> TimedFrame:
    return TimedFrame(draw_frame(index), Fraction(index, 10))


def press(keys: str) -> None:
    for key in keys:
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, unicode=key, key=ord(key)))


def seen(window: WindowSink) -> Frame:
    """What stands in the window."""
    pixels: Frame = pygame.surfarray.array3d(window._window.get_surface()).transpose(1, 0, 2)
    return pixels


@pytest.fixture(autouse=True)
def _dummy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


@pytest.fixture
def window() -> Iterator[Callable[..., WindowSink]]:
    """Opens windows, and closes them at the end."""
    opened: list[WindowSink] = []

    def open_window(told: Callable[[str], bool] | None = None) -> WindowSink:
        opened.append(WindowSink(told).__enter__())
        return opened[-1]

    yield open_window
    for one in opened:
        one.__exit__(None, None, None)
    assert not pygame.display.get_init()


def test_a_frame_stands_in_it_pixel_by_pixel(window: Callable[..., WindowSink]) -> None:
    sink = window()
    sink.put(at(3))
    assert sink._window.title == "Art'Em"
    np.testing.assert_array_equal(seen(sink), draw_frame(3))


def test_keys_are_told_and_q_ends_it(window: Callable[..., WindowSink]) -> None:
    told: list[str] = []
    sink = window(lambda key: bool(told.append(key)) or True)
    sink.put(at(0))
    press("n+q?")
    with pytest.raises(SinkClosedError):
        sink.idle()
    assert told == ["n", "+"]


def test_help_comes_and_goes(window: Callable[..., WindowSink]) -> None:
    sink = window()
    sink.put(at(0))
    press("h")
    sink.idle()
    assert (seen(sink) != draw_frame(0)).any()
    press("h")
    sink.idle()
    np.testing.assert_array_equal(seen(sink), draw_frame(0))


def test_full_screen_is_left_by_f_and_by_escape_which_then_ends_it(
    window: Callable[..., WindowSink],
) -> None:
    sink = window()
    sink.put(at(0))
    desktop = pygame.display.get_desktop_sizes()[0]
    for leave in "f\x1b":
        press("f")
        sink.put(at(1))
        sink.put(at(2))
        assert sink._window.size == desktop
        press(leave)
        sink.put(at(3))
        sink.put(at(4))
        assert sink._window.size == (64, 48)
    press("\x1b")
    with pytest.raises(SinkClosedError):
        sink.idle()


def test_in_a_window_of_another_shape_there_are_bars(window: Callable[..., WindowSink]) -> None:
    sink = window()
    sink.put(at(0))
    sink._window.size = (128, 48)
    sink.put(at(1))
    sink.put(at(2))
    shown = seen(sink)
    assert shown.shape == (48, 128, 3)
    assert not shown[:, :32].any() and not shown[:, 96:].any()
    np.testing.assert_array_equal(shown[:, 32:96], draw_frame(2))


def test_a_frame_larger_than_the_desktop_begins_smaller(window: Callable[..., WindowSink]) -> None:
    sink = window()
    width, height = pygame.display.get_desktop_sizes()[0]
    sink.put(TimedFrame(np.full((2 * height, 3 * width, 3), 7, np.uint8), Fraction(0)))
    assert sink._window.size == (round(0.9 * width), round(0.6 * height))
    assert (seen(sink) == 7).all()


def test_closing_it_while_nothing_comes(window: Callable[..., WindowSink]) -> None:
    sink = window()
    sink.idle()
    sink.put(at(0))
    pygame.event.post(pygame.event.Event(pygame.WINDOWCLOSE, window=sink._window))
    with pytest.raises(SinkClosedError):
        sink.idle()


def test_the_list_of_keys_fits_on_small_frames() -> None:
    assert write_on(draw_frame(0), "q  end\n" * 30).shape == (48, 64, 3)


@pytest.mark.parametrize(("size", "room", "expected"), [
    ((640, 480), (640, 480), (640, 480)), ((640, 480), (1280, 480), (640, 480)),
    ((640, 480), (320, 1000), (320, 240)), ((1, 1000), (50, 50), (1, 50)),
])  # fmt: skip
def test_fitted(size: tuple[int, int], room: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fitted(size, room) == expected


class TestRefusals:
    def test_without_a_display(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.platform", "linux")
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(MediaError, match="No window: there is no display"):
            WindowSink().__enter__()

    def test_with_a_display_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """SDL then draws where nobody can see it, and says nothing."""
        monkeypatch.delenv("SDL_VIDEODRIVER")
        monkeypatch.setenv("DISPLAY", ":gone")
        monkeypatch.setattr("pygame.display.init", lambda: None)
        monkeypatch.setattr("pygame.display.get_driver", lambda: "offscreen")
        with pytest.raises(MediaError, match="the display does not answer"):
            WindowSink().__enter__()

    def test_with_the_other_pygame(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr("pygame.Window")
        with pytest.raises(MediaError, match="in the place of pygame-ce"):
            WindowSink().__enter__()

    def test_with_a_display_that_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail() -> Any:
            raise pygame.error("no video")

        monkeypatch.setattr("pygame.display.init", fail)
        with pytest.raises(MediaError, match=r"does not open \(no video\)"):
            WindowSink().__enter__()
