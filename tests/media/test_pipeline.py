"""Threads, order, drops and errors; and two hours of frames."""

import gc
import threading
from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import Self

import numpy as np
import pytest
from media.conftest import Collected, FakeClock, Frames, timed

from artem.core.picture import Frame
from artem.media.pipeline import Pipeline
from artem.media.protocols import MediaError, SinkClosedError, SourceLostError, TimedFrame
from artem.media.sinks.null import NullSink


def negative(one: TimedFrame) -> Frame:
    return 255 - one.frame


def test_every_frame_of_a_file_arrives_in_order() -> None:
    source, sink = Frames([None, *timed(50), None]), Collected()
    figures = Pipeline(source, negative, sink).run()
    assert [one.time_s for one in sink.frames] == [Fraction(index, 10) for index in range(50)]
    assert [int(255 - one.frame[0, 0, 0]) for one in sink.frames] == list(range(50))
    assert (figures.shown, figures.dropped) == (50, 0)
    assert (source.entered, source.left, sink.left_with) == (1, 1, [None])


def test_a_slow_painter_gets_the_newest_frame_of_a_camera() -> None:
    all_there = threading.Event()

    class Camera(Frames):
        def __iter__(self) -> Iterator[TimedFrame | None]:
            yield from timed(30)
            all_there.set()

    painted: list[int] = []

    def paint(one: TimedFrame) -> Frame:
        if not painted:
            all_there.wait(10)
        painted.append(int(one.frame[0, 0, 0]))
        return one.frame

    figures = Pipeline(Camera([], live=True), paint, NullSink()).run()
    assert painted[-1] == 29
    assert len(painted) <= 2
    assert figures.shown == len(painted)
    assert figures.shown + figures.dropped == 30


def test_capture_painting_and_output_overlap() -> None:
    """Each of the three can only go on when the other two are at work."""
    meet = threading.Barrier(3, timeout=20)
    met: list[str] = []

    class Meeting(Frames):
        def __iter__(self) -> Iterator[TimedFrame | None]:
            for index, one in enumerate(timed(9)):
                if index == 5:
                    meet.wait()
                    met.append("source")
                yield one

    def paint(one: TimedFrame) -> Frame:
        if one.time_s == Fraction(2, 10):
            meet.wait()
            met.append("painter")
        return one.frame

    class Output(Collected):
        def put(self, timed: TimedFrame) -> None:
            super().put(timed)
            if len(self.frames) == 1:
                meet.wait()
                met.append("sink")

    sink = Output()
    Pipeline(Meeting([]), paint, sink).run()
    assert sorted(met) == ["painter", "sink", "source"]
    assert len(sink.frames) == 9


def test_it_ends_after_so_many_frames_or_seconds() -> None:
    for options, count in (({"frames": 7}, 7), ({"seconds": 1.25}, 13), ({"seconds": 0}, 0)):
        sink = Collected()
        Pipeline(Frames(timed(50)), negative, sink).run(**options)  # type: ignore[arg-type]
        assert len(sink.frames) == count


def test_a_source_that_dies_leaves_what_came_before() -> None:
    source, sink = Frames(timed(5), error=SourceLostError("It is gone.")), Collected()
    with pytest.raises(SourceLostError, match=r"It is gone\."):
        Pipeline(source, negative, sink).run()
    assert len(sink.frames) == 5
    assert source.left == 1
    assert isinstance(sink.left_with[0], SourceLostError)


def test_a_painter_that_fails_ends_the_run() -> None:
    def fail(one: TimedFrame) -> Frame:
        if one.time_s == 1:
            raise MediaError("No more paint.")
        return one.frame

    source, sink = Frames(timed(500)), Collected()
    with pytest.raises(MediaError, match=r"No more paint\."):
        Pipeline(source, fail, sink).run()
    assert len(sink.frames) == 10
    assert source.left == 1


def test_a_full_sink_ends_the_run_with_its_sentence() -> None:
    source = Frames(timed(500))
    sink = Collected(fails_at=3, error=MediaError("The disk is full."))
    with pytest.raises(MediaError, match=r"The disk is full\."):
        Pipeline(source, negative, sink).run()
    assert len(sink.frames) == 3
    assert source.left == 1


def test_a_closed_window_is_no_error() -> None:
    sink = Collected(fails_at=3, error=SinkClosedError("closed"))
    figures = Pipeline(Frames(timed(500)), negative, sink).run()
    assert figures.shown == 3


def test_control_c_closes_everything_first() -> None:
    class Interrupted(Collected):
        def put(self, timed: TimedFrame) -> None:
            super().put(timed)
            if len(self.frames) == 4:
                raise KeyboardInterrupt

    source, sink = Frames(timed(500)), Interrupted()
    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        Pipeline(source, negative, sink).run()
    assert source.left == 1
    assert isinstance(sink.left_with[0], KeyboardInterrupt)
    assert not set(threading.enumerate()) - before


def test_the_sink_is_asked_now_and_then_while_nothing_comes() -> None:
    stop = threading.Event()

    class Silent(Frames):
        def __iter__(self) -> Iterator[TimedFrame | None]:
            while not stop.wait(0.01):
                yield None

    class Impatient(Collected):
        def idle(self) -> None:
            raise SinkClosedError("the key q")

    source = Silent([], live=True)
    assert Pipeline(source, negative, Impatient()).run().shown == 0
    stop.set()
    assert source.left == 1


FPS = 5
HOURS_2 = 2 * 3600 * FPS


class TwoHours:
    """A camera whose painter gets through one frame in three."""

    name, live, fps = "two hours", True, Fraction(FPS)

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.painted = threading.Semaphore(0)
        self.objects: list[int] = []

    def why_not(self) -> str | None:
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def __iter__(self) -> Iterator[TimedFrame | None]:
        picture = np.zeros((2, 2, 3), np.uint8)
        for index in range(HOURS_2):
            self.clock.now_s = index / FPS
            yield TimedFrame(picture, Fraction(index, FPS))
            if index % 3 == 2:
                self.painted.acquire()
            if index % (HOURS_2 // 8) == 0:
                gc.collect()
                self.objects.append(len(gc.get_objects()))


def test_two_hours_do_not_make_it_slower_or_larger() -> None:
    clock = FakeClock()
    source = TwoHours(clock)
    latest_s: list[float] = []

    class Watching(NullSink):
        def put(self, timed: TimedFrame) -> None:
            latency_s = clock.now_s - float(timed.time_s)
            if not latest_s or latency_s > latest_s[-1]:
                latest_s.append(latency_s)
            source.painted.release()

    pipeline = Pipeline(source, lambda one: one.frame, Watching(), clock=clock)
    figures = pipeline.run()
    assert figures.shown + figures.dropped == HOURS_2
    assert figures.shown >= HOURS_2 // 3
    assert latest_s[-1] <= 3 / FPS + 1e-9  # never more than the frames that came meanwhile
    assert figures.p95_ms <= 1000 * 3 / FPS * 1.03
    assert figures.seconds == pytest.approx(7200, abs=1)
    assert max(source.objects[2:]) - min(source.objects[2:]) < 200
