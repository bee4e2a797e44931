"""The output of a live run: figures, recordings, names."""

import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from media.conftest import Collected, Frames, draw_frame, pictures_of, times_of

from artem.media.catalog import sink_by_name, source_by_name
from artem.media.controls import Controls, Settings
from artem.media.live import LiveOutput, run_live
from artem.media.overlay import write_on
from artem.media.painter import Painter
from artem.media.protocols import MediaError, Sink, TimedFrame
from artem.media.sinks.null import NullSink
from artem.media.sinks.video_file import VideoFileSink


def at(index: int) -> TimedFrame:
    return TimedFrame(draw_frame(index), Fraction(index, 10))


def output_to(
    sink: Sink, controls: Controls, said: list[str], record_to: Callable[[], Sink] = NullSink
) -> LiveOutput:
    return LiveOutput(
        sink, controls, describe=lambda: "25.0 fps", record_to=record_to, say=said.append
    )


def test_figures_are_written_at_the_bottom_of_a_copy() -> None:
    frame = draw_frame(0, 120, 90)
    before = frame.copy()
    written = write_on(frame, "25.0 fps")
    np.testing.assert_array_equal(frame, before)
    np.testing.assert_array_equal(written[:60], frame[:60])
    assert (written[70:] > 200).any()
    assert (written[-1] <= frame[-1] // 3 + 1).all()
    assert write_on(draw_frame(0, 8, 4), "too long\nfor this").shape == (4, 8, 3)


def test_a_recording_has_no_figures_and_begins_at_0(tmp_path: Path) -> None:
    controls, sink, said = Controls(Settings("x", overlay=True)), Collected(), []
    numbers = iter(range(9))
    output = output_to(
        sink, controls, said, lambda: VideoFileSink(tmp_path / f"{next(numbers)}.mp4")
    )
    with output:
        for index in range(12):
            if index in (3, 7, 10):
                controls.change(recording=not controls.settings.recording)
            output.put(at(index))
    assert said == [f"recorded {tmp_path / name}" for name in ("0.mp4", "1.mp4")]
    assert [float(time_s) for time_s in times_of(tmp_path / "0.mp4")] == pytest.approx(
        [0, 0.1, 0.2, 0.3]
    )
    assert len(times_of(tmp_path / "1.mp4")) == 2
    assert np.abs(pictures_of(tmp_path / "0.mp4")[0].astype(int) - draw_frame(3)).mean() < 8
    assert (sink.frames[3].frame[-3:] != draw_frame(3)[-3:]).any()


def test_a_recording_that_fails_does_not_end_the_run() -> None:
    controls, sink, said = Controls(Settings("x", recording=True)), Collected(), []
    full = Collected(fails_at=2, error=MediaError("The disk is full."))
    with output_to(sink, controls, said, lambda: full) as output:
        for index in range(6):
            output.put(at(index))
    assert len(sink.frames) == 6
    assert said[0] == "The disk is full."
    assert not controls.settings.recording


def test_a_whole_live_run(tiny_library: Any) -> None:
    controls, sink, said = Controls(Settings("great-wave")), Collected(), []
    painter = Painter(controls, threads=1, in_turn=True)
    source = Frames([at(index) for index in range(10)])
    begun: list[Any] = []
    figures = run_live(source, sink, painter, say=said.append, on_begin=begun.append)
    assert figures.shown == 10
    assert begun[0].figures.shown == 10
    np.testing.assert_array_equal(sink.frames[3].frame, painter(at(3)))


def test_recordings_of_one_second_do_not_replace_each_other(
    tiny_library: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Stopped":
            return cls(2026, 1, 2, 3, 4, 5)

    monkeypatch.setattr("artem.media.live.datetime", Stopped)
    for frames in (1, 2, 3):
        painter = Painter(Controls(Settings("identity", recording=True)), threads=1, in_turn=True)
        source = Frames([at(index) for index in range(frames)])
        run_live(source, NullSink(), painter, recordings=tmp_path)
    found = {file.name: len(pictures_of(file)) for file in tmp_path.glob("*.mp4")}
    name = "artem-2026-01-02-030405"
    assert found == {f"{name}.mp4": 1, f"{name}-2.mp4": 2, f"{name}-3.mp4": 3}


class TestNames:
    @pytest.mark.parametrize(("text", "name", "live"), [
        ("webcam", "webcam", True), ("webcam:2", "webcam:2", True), ("screen", "screen", True),
        ("pattern", "pattern", True), ("rtsp://camera/1", "rtsp://camera/1", True),
    ])  # fmt: skip
    def test_sources(self, text: str, name: str, live: bool) -> None:
        source = source_by_name(text)
        assert (source.name, source.live) == (name, live)

    def test_files_and_folders_play_at_their_pace_or_not(
        self, film: Callable[..., Path], tmp_path: Path
    ) -> None:
        for path in (film(frames=2), tmp_path):
            assert source_by_name(str(path)).live
            assert not source_by_name(str(path), every_frame=True).live
        assert source_by_name(str(tmp_path / "film.mp4")).fps == 10

    @pytest.mark.parametrize(("text", "name"), [
        ("window", "window"), ("null", "null"), ("camera", "virtual camera"), ("pipe", "pipe"),
        ("a/b.mp4", "a/b.mp4"), ("frames/", "frames"),
    ])  # fmt: skip
    def test_sinks(self, text: str, name: str) -> None:
        assert sink_by_name(text).name == name

    def test_refusals(self) -> None:
        for call, sentence in (
            (lambda: source_by_name("webcan"), "Did you mean 'webcam'?"),
            (lambda: source_by_name("pattern", region=(0, 0, 5, 5)), "from the screen only"),
            (lambda: sink_by_name("windw"), "Did you mean 'window'?"),
            (lambda: sink_by_name("film.txt"), "'film.txt' is no sink here."),
        ):
            with pytest.raises(MediaError, match=re.escape(sentence)):
                call()
