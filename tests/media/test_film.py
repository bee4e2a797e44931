"""Whole films: what is kept, and what a run that was killed leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from media.conftest import draw_frame, pictures_of, sound_of, times_of

from artem.core.errors import ArtemError
from artem.core.picture import Frame
from artem.media.encoder import Encoder
from artem.media.film import Film
from artem.media.protocols import MediaError, TimedFrame

Write = Callable[..., Path]


class Recorder:
    """Paints nothing, or the negative; remembers the times it was asked for."""

    def __init__(self, *, negative: bool = False, fails_after: int | None = None) -> None:
        self.times_s: list[Fraction] = []
        self._negative = negative
        self._fails_after = fails_after

    def __call__(self, timed: TimedFrame) -> Frame:
        if len(self.times_s) == self._fails_after:
            raise KeyboardInterrupt
        self.times_s.append(timed.time_s)
        return 255 - timed.frame if self._negative else timed.frame


def paint(source: Path, target: Path, painter: Any = None, **options: Any) -> Any:
    carries = options.pop("carries", False)
    recipe = options.pop("recipe", {})
    film = Film(source, target, **options)
    return film.paint(painter or Recorder(), recipe=recipe, carries=carries)


def video_stream(file: Path) -> Any:
    return av.open(str(file)).streams.video[0]


@pytest.mark.parametrize("segment_s", [10, 0.5])
def test_frames_times_rate_and_colors_are_kept(
    film: Write, tmp_path: Path, segment_s: float
) -> None:
    source, target = film(frames=23), tmp_path / "out" / "painted.mp4"
    report = paint(source, target, Recorder(negative=True), segment_s=segment_s)
    assert (report.frames, report.resumed_frames, report.cut_off_s, report.damaged) == (
        23,
        0,
        None,
        0,
    )
    assert times_of(target) == times_of(source)
    one, other = video_stream(source), video_stream(target)
    assert other.average_rate == one.average_rate == 10
    assert (other.frames, other.duration * other.time_base) == (23, Fraction(23, 10))
    for tag in ("colorspace", "color_range", "color_primaries", "color_trc", "width", "height"):
        assert getattr(other.codec_context, tag) == getattr(one.codec_context, tag)
    for index, picture in enumerate(pictures_of(target)):
        assert np.abs(picture.astype(int) - (255 - draw_frame(index))).mean() < 6
    assert os.listdir(target.parent) == ["painted.mp4"]


def test_uneven_times_are_kept_exactly(film: Write, tmp_path: Path) -> None:
    ticks = [120, 160, 170, 330, 331, 1020, 1520, 1999, 2600]
    source = film("uneven.mkv", frames=9, ticks=ticks)
    for name in ("a.mkv", "a.mp4"):
        paint(source, tmp_path / name, segment_s=0.6)
        assert [1000 * time_s for time_s in times_of(tmp_path / name)] == ticks


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_phones_film_is_painted_upright_and_stored_as_it_was(
    film: Write, tmp_path: Path, rotation: int
) -> None:
    source, target = film(frames=4, rotation=rotation), tmp_path / "painted.mp4"
    seen: list[Frame] = []

    def painter(timed: TimedFrame) -> Frame:
        seen.append(timed.frame)
        return timed.frame

    paint(source, target, painter)
    assert np.abs(seen[2].astype(int) - draw_frame(2)).mean() < 4
    with av.open(str(target)) as container:
        assert next(container.decode(video=0)).rotation % 360 == rotation
    for one, other in zip(pictures_of(source), pictures_of(target), strict=True):
        assert np.abs(one.astype(int) - other).mean() < 5


@pytest.mark.parametrize(
    ("name", "sound"),
    [("a.mp4", "aac"), ("a.mkv", "pcm_s16le"), ("a.mkv", "flac"), ("a.mov", "pcm_s16le")],
)
def test_the_sound_is_the_same_to_the_sample(
    film: Write, tmp_path: Path, name: str, sound: str
) -> None:
    source, target = film(name, frames=25, sound=sound), tmp_path / "out" / name
    paint(source, target, segment_s=0.7)
    np.testing.assert_array_equal(sound_of(target), sound_of(source))
    with av.open(str(source)) as one, av.open(str(target)) as other:
        packets = (
            [bytes(p) for p in one.demux(audio=0) if p.size],
            [bytes(p) for p in other.demux(audio=0) if p.size],
        )
    assert packets[0] == packets[1]


def test_sound_that_the_container_cannot_hold_is_refused_first(film: Write, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"The sound of .* \(aac\) cannot be stored in \.webm"):
        Film(film(sound="aac"), tmp_path / "painted.webm")
    assert not (tmp_path / "painted.webm.parts").exists()


def test_tags_and_chapters_go_along(film: Write, tmp_path: Path) -> None:
    source, target = tmp_path / "tagged.mkv", tmp_path / "painted.mkv"
    with av.open(str(film(frames=20))) as plain, av.open(str(source), "w") as out:
        out.metadata["title"] = "A holiday"
        times: Any = {"start": 0, "end": 1000, "time_base": Fraction(1, 1000)}
        out.set_chapters([{"id": 1, **times, "metadata": {"title": "Sea"}}])
        track = out.add_stream_from_template(plain.streams.video[0])
        for packet in plain.demux(video=0):
            if packet.dts is not None:
                packet.stream = track
                out.mux(packet)
    paint(source, target)
    with av.open(str(target)) as painted:
        assert painted.metadata["title"] == "A holiday"
        assert [chapter["metadata"]["title"] for chapter in painted.chapters()] == ["Sea"]


def test_an_odd_size_and_deep_colors_are_said(film: Write, tmp_path: Path) -> None:
    source = film("deep.mkv", frames=3, size=(33, 21), codec="ffv1", pix_fmt="yuv420p10le")
    made = Film(source, tmp_path / "painted.mp4")
    assert made.notes == [
        "its 10-bit colors become 8-bit", "H.264 needs even sides: 33x21 becomes 34x22"
    ]  # fmt: skip
    made.paint(Recorder(), recipe={})
    assert pictures_of(made.target)[0].shape == (22, 34, 3)


def test_another_rate_and_a_smaller_size(film: Write, tmp_path: Path) -> None:
    source, target = film(frames=30, sound="aac"), tmp_path / "painted.mp4"
    made = Film(source, target, fps=Fraction(4), longest_px=40, segment_s=1)
    assert (made.frames, made.size_px) == (12, (40, 30))
    made.paint(Recorder(), recipe={})
    assert times_of(target) == [Fraction(index, 4) for index in range(12)]
    assert pictures_of(target)[0].shape == (30, 40, 3)
    np.testing.assert_array_equal(sound_of(target), sound_of(source))


def test_a_film_that_breaks_off_is_painted_as_far_as_it_goes(film: Write, tmp_path: Path) -> None:
    source = film(frames=60, sound="aac", options={"movflags": "faststart"})
    content = source.read_bytes()
    source.write_bytes(content[: len(content) * 6 // 10])
    target = tmp_path / "painted.mp4"
    report = paint(source, target, segment_s=1)
    assert 20 < report.frames < 50
    assert report.cut_off_s == pytest.approx(report.frames / 10, abs=0.11)
    assert len(pictures_of(target)) == report.frames
    assert 0 < sound_of(target).shape[1] < 6 * 48_000


class TestGoingOn:
    def test_finished_pieces_are_not_painted_again(self, film: Write, tmp_path: Path) -> None:
        source, target = film(frames=30, sound="aac"), tmp_path / "painted.mp4"
        first = Recorder(fails_after=17)
        with pytest.raises(KeyboardInterrupt):
            paint(source, target, first, segment_s=0.5)
        assert not target.exists()
        parts = tmp_path / "painted.mp4.parts"
        finished = sorted(file.name for file in parts.glob("*.mp4"))
        assert finished[:2] == ["00000.mp4", "00001.mp4"]
        second = Recorder()
        report = paint(source, target, second, segment_s=0.5)
        assert report.resumed_frames == 5 * len(finished)
        assert second.times_s[0] == Fraction(report.resumed_frames, 10)
        assert report.frames == report.resumed_frames + len(second.times_s) == 30
        assert times_of(target) == times_of(source)
        np.testing.assert_array_equal(sound_of(target), sound_of(source))
        assert not parts.exists()

    def test_it_is_the_same_film_as_one_painted_at_once(self, film: Write, tmp_path: Path) -> None:
        source = film(frames=30)
        paint(source, tmp_path / "whole.mp4", segment_s=0.5)
        with pytest.raises(KeyboardInterrupt):
            paint(source, tmp_path / "two.mp4", Recorder(fails_after=12), segment_s=0.5)
        paint(source, tmp_path / "two.mp4", segment_s=0.5)
        for one, other in zip(
            pictures_of(tmp_path / "whole.mp4"), pictures_of(tmp_path / "two.mp4"), strict=True
        ):
            np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize("options", [{}, {"fps": Fraction(7)}])
    def test_a_painter_that_carries_something_over_sees_some_frames_again(
        self, film: Write, tmp_path: Path, options: dict[str, Any]
    ) -> None:
        source, target = film(frames=40), tmp_path / "painted.mp4"
        with pytest.raises(KeyboardInterrupt):
            paint(source, target, Recorder(fails_after=25), segment_s=0.5, carries=True, **options)
        again = Recorder()
        report = paint(source, target, again, segment_s=0.5, carries=True, **options)
        rate = options.get("fps", 10)
        lead = report.frames - report.resumed_frames - len(again.times_s)
        assert -lead in (3, 4, 5)  # all of a piece so short
        assert again.times_s[0] == (report.resumed_frames + lead) / Fraction(rate)
        assert times_of(target) == [Fraction(index) / rate for index in range(report.frames)]

    def test_other_options_begin_anew(self, film: Write, tmp_path: Path) -> None:
        source, target = film(frames=20), tmp_path / "painted.mp4"
        with pytest.raises(KeyboardInterrupt):
            paint(source, target, Recorder(fails_after=15), segment_s=0.5, recipe={"style": "a"})
        said: list[str] = []
        again = Recorder()
        Film(source, target, segment_s=0.5).paint(again, recipe={"style": "b"}, say=said.append)
        assert len(again.times_s) == 20
        assert "with other options" in said[0]

    def test_a_changed_source_begins_anew(self, film: Write, tmp_path: Path) -> None:
        source, target = film(frames=20), tmp_path / "painted.mp4"
        with pytest.raises(KeyboardInterrupt):
            paint(source, target, Recorder(fails_after=15), segment_s=0.5)
        os.utime(source, ns=(1, 1))
        again = Recorder()
        paint(source, target, again, segment_s=0.5)
        assert len(again.times_s) == 20

    def test_what_others_put_into_the_folder_stays(self, film: Write, tmp_path: Path) -> None:
        source, target = film(frames=5), tmp_path / "painted.mp4"
        (tmp_path / "painted.mp4.parts").mkdir()
        (tmp_path / "painted.mp4.parts" / "notes.txt").write_text("mine", encoding="utf-8")
        paint(source, target)
        assert os.listdir(tmp_path / "painted.mp4.parts") == ["notes.txt"]

    def test_a_run_that_died_while_joining(
        self, film: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source, target = film(frames=20), tmp_path / "painted.mp4"

        def die(*arguments: object, **options: object) -> None:
            raise MediaError("killed")

        with monkeypatch.context() as context:
            context.setattr("artem.media.film.join", die)
            with pytest.raises(MediaError, match="killed"):
                paint(source, target, segment_s=0.5)
        again = Recorder()
        assert paint(source, target, again, segment_s=0.5).frames == 20
        assert again.times_s == []

    def test_a_run_that_died_just_before_the_last_word(self, film: Write, tmp_path: Path) -> None:
        source, target = film(frames=20), tmp_path / "painted.mp4"
        with pytest.raises(KeyboardInterrupt):
            paint(source, target, Recorder(fails_after=15), segment_s=1)
        told = tmp_path / "painted.mp4.parts" / "00000.json"
        facts = json.loads(told.read_text(encoding="utf-8"))
        assert (facts["begin_s"], facts["frames"], facts["next_s"]) == ("0", 10, "1")
        paint(source, target, segment_s=1)
        assert times_of(target) == times_of(source)

    @pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
    def test_after_a_kill(self, film: Write, tmp_path: Path) -> None:
        """A process of its own, killed in the middle of the third piece."""
        source, target = film(frames=40, sound="aac"), tmp_path / "painted.mp4"
        code = """
import sys, time
from pathlib import Path
from artem.media.film import Film

def painter(timed):
    if timed.time_s > 1.2:
        print("there", flush=True)
        time.sleep(60)
    return timed.frame

Film(Path(sys.argv[1]), Path(sys.argv[2]), segment_s=0.5).paint(painter, recipe={})
"""
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(source), str(target)], stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        finished = tmp_path / "painted.mp4.parts" / "00000.json"
        while not finished.exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        process.stdout.close()
        assert not target.exists()
        again = Recorder()
        report = paint(source, target, again, segment_s=0.5)
        assert report.resumed_frames >= 5
        assert len(again.times_s) == 40 - report.resumed_frames
        assert times_of(target) == times_of(source)
        np.testing.assert_array_equal(sound_of(target), sound_of(source))
        assert sorted(os.listdir(tmp_path)) == ["film.mp4", "painted.mp4"]


def test_a_full_disk_keeps_what_is_finished(
    film: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = film(frames=30), tmp_path / "painted.mp4"
    whole, written = Encoder.put, 0

    def fill_up(encoder: Encoder, frame: Frame, pts: int) -> None:
        nonlocal written
        written += 1
        if written > 13:
            raise OSError(28, "No space left on device")
        whole(encoder, frame, pts)

    with monkeypatch.context() as context:
        context.setattr(Encoder, "put", fill_up)
        with pytest.raises(ArtemError, match=r"The disk is full; .*00002\.mp4' was not written"):
            paint(source, target, segment_s=0.5)
    parts = sorted(os.listdir(tmp_path / "painted.mp4.parts"))
    assert parts == ["00000.json", "00000.mp4", "00001.json", "00001.mp4", "recipe.json"]
    assert paint(source, target, segment_s=0.5).resumed_frames == 10


def test_nothing_is_left_open_when_the_target_cannot_be_written(
    film: Write, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(ArtemError, match="cannot be written"):
        paint(film(frames=3), tmp_path / "file" / "painted.mp4")
