"""A session's working size and figures, and its place; with a clock that the tests turn."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from artem.app.web.look import Look
from artem.app.web.session import IDLE_S, SIZES_APART_S, Seats, Session
from artem.app.web.streams import Streams, Viewer
from artem.core.errors import ArtemError
from artem.core.picture import Frame


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Studio:
    """Paints everything black, in a time that depends on the number of pixels."""

    engine = {"engine": "none"}  # noqa: RUF012
    styles = ("great-wave",)

    def __init__(self, clock: Clock, seconds_per_pixel: float = 0.0) -> None:
        self.clock = clock
        self.seconds_per_pixel = seconds_per_pixel

    async def prepare(self, look: Look) -> Look:
        return look

    async def beside(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return work(*arguments)

    async def paint(self, frame: Frame, brush: object, place: object) -> Frame:
        self.clock.now_s += self.seconds_per_pixel * frame.shape[0] * frame.shape[1]
        return np.zeros_like(frame)


def make_session(clock: Clock, told: list[dict[str, Any]], seconds_per_pixel: float = 0) -> Session:
    async def tell(message: dict[str, Any]) -> None:
        told.append(message)

    studio: Any = Studio(clock, seconds_per_pixel)
    return Session(studio, Streams(), Look("great-wave"), fps=20, tell=tell, clock=clock)


def frame_of(long_side: int) -> Frame:
    return np.zeros((long_side * 3 // 4, long_side, 3), np.uint8)


def long_sides(told: list[dict[str, Any]]) -> list[int]:
    return [message["long_side"] for message in told if message["type"] == "size"]


def test_a_slow_machine_is_asked_for_smaller_frames_until_it_keeps_up() -> None:
    async def run() -> None:
        clock, told = Clock(), []
        session = make_session(clock, told, seconds_per_pixel=0.045 / (320 * 240))
        await session.greet()
        side = told[0]["long_side"]
        for _ in range(200):
            await session.paint(frame_of(side))
            side = [side, *long_sides(told)][-1]
        assert long_sides(told) == [320]

    asyncio.run(run())


def test_what_does_not_move_is_not_governed() -> None:
    async def run() -> None:
        clock, told = Clock(), []
        session = make_session(clock, told, seconds_per_pixel=1.0)
        await session.greet()
        await session.hear('{"type": "source", "live": false}')
        for _ in range(100):
            await session.paint(frame_of(480))
        assert long_sides(told) == []
        await session.hear('{"type": "source", "live": true}')
        for _ in range(100):
            await session.paint(frame_of(480))
        assert long_sides(told) == [320]

    asyncio.run(run())


def test_a_size_that_was_asked_for_stays_until_none_is() -> None:
    async def run() -> None:
        clock, told = Clock(), []
        session = make_session(clock, told, seconds_per_pixel=1.0)
        await session.greet()
        await session.hear('{"type": "size", "long_side": 640}')
        for _ in range(50):
            await session.paint(frame_of(480))
        assert session.long_side == 640
        for wrong in ("641", "[640]", '"640"', "-1", "1e9"):
            await session.hear(f'{{"type": "size", "long_side": {wrong}}}')
            assert told[-1] == {
                "type": "error", "error": "The working size is none of those offered."
            }  # fmt: skip
        assert session.long_side == 640
        await session.hear('{"type": "size", "long_side": null}')
        assert session.long_side == 320

    asyncio.run(run())


def test_figures_come_once_a_second() -> None:
    async def run() -> None:
        clock, told = Clock(), []
        session = make_session(clock, told, seconds_per_pixel=0.25 / (320 * 240))
        await session.greet()
        for _ in range(41):
            await session.paint(frame_of(320))
        figures = [message for message in told if message["type"] == "figures"]
        assert len(figures) == 10
        assert {message["paint_ms"] for message in figures} == {250.0}

    asyncio.run(run())


def test_frames_of_new_sizes_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        clock, told = Clock(), []
        session = make_session(clock, told)
        await session.greet()
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            clock.now_s += seconds

        monkeypatch.setattr("asyncio.sleep", sleep)
        for side in (320, 320, 480, 480, 320):
            clock.now_s += 0.25
            await session.paint(frame_of(side))
        # The second size came half a second after the first, the third half after that.
        assert waits == [SIZES_APART_S - 0.5, SIZES_APART_S - 0.5]

    asyncio.run(run())


def test_the_last_to_be_idle_keeps_its_place() -> None:
    async def run() -> None:
        clock = Clock()
        seats = Seats(2)
        first = make_session(clock, [])
        seats.take(first)
        clock.now_s += 1
        second = make_session(clock, [])
        seats.take(second)
        clock.now_s += IDLE_S - 2
        with pytest.raises(ArtemError, match="All places for painting are taken"):
            seats.take(make_session(clock, []))
        assert not first.dismissed.is_set()
        clock.now_s += 1
        seats.take(make_session(clock, []))
        assert first.dismissed.is_set() and not second.dismissed.is_set()
        seats.leave(first)  # its place is taken; nothing is freed
        clock.now_s += 0.5
        with pytest.raises(ArtemError, match="taken"):
            seats.take(make_session(clock, []))
        seats.leave(second)
        seats.take(make_session(clock, []))

    asyncio.run(run())


def test_a_viewer_counts_once_wherever_it_looks() -> None:
    async def run() -> None:
        streams = Streams()
        viewer = Viewer(streams, None)
        assert streams.viewers == 1
        first = streams.open()
        streams.put(first, b"1")
        assert await viewer.next() == b"1"
        second = streams.open()
        streams.put(second, b"2")
        assert await viewer.next() == b"2"
        assert (first.viewers, second.viewers) == (0, 1)
        streams.close(second)
        assert await viewer.next() == b"1"  # back to the one that is left
        streams.close(first)
        assert await viewer.next() is None
        waiting = asyncio.create_task(viewer.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        third = streams.open()
        streams.put(third, b"3")
        assert await waiting == b"3"
        viewer.leave()
        assert (streams.viewers, third.viewers) == (0, 0)

    asyncio.run(run())


def test_live_frames_follow_the_scene_and_others_do_not() -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed")

    async def run() -> None:
        clock, told = Clock(), []
        session = make_session(clock, told)
        places: list[object] = []

        async def paint(frame: Frame, brush: object, place: object) -> Frame:
            places.append(place)
            return frame

        studio: Any = session._studio
        studio.paint = paint
        await session.greet()
        scene = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
        scene = scene.repeat(8, axis=0).repeat(8, axis=1)
        for index in range(3):
            await session.paint(np.ascontiguousarray(scene[:160, 4 * index : 4 * index + 240]))
        await session.hear('{"type": "source", "live": false}')
        await session.paint(scene)
        await session.hear('{"type": "source", "live": true}')
        await session.paint(scene)
        assert places == [(0, 0), (0, 4), (0, 8), (0, 0), (0, 0)]

    asyncio.run(run())
