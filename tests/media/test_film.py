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
from media.conftest import draw_frame, later, pictures_of, sound_of, times_of

from artem.core.errors import ArtemError
from artem.core.picture import Frame
from artem.media.encoder import Encoder
from artem.media.film import Film
from artem.media.protocols import MediaError, TimedFrame
from artem.media.segments import LEAD_FRAMES

Write = Callable[..., Path]


class Recorder:
    """Paints nothing, or the negative; remembers the times it was asked for."""

    place = (0, 0)

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
    lead, recipe = options.pop("lead", 0), options.pop("recipe", {})
    painter = painter or Recorder()
    if not hasattr(painter, "place"):
        painter.place = (0, 0)
    return Film(source, target, **options).paint(painter, recipe=recipe, lead=lead)


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
    ticks = [0, 160, 170, 330, 331, 1020, 1520, 1999, 2600]
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


def begins_of(file: Path) -> dict[str, Fraction]:
    """When the first packet of each kind of track is shown."""
    begins: dict[str, Fraction] = {}
    with av.open(str(file)) as container:
        for packet in container.demux():
            if packet.dts is not None:
                begins.setdefault(packet.stream.type, packet.pts * packet.time_base)
    return begins


class TestAClockThatBeginsLate:
    @pytest.mark.parametrize("name", ["late.ts", "late.mkv"])
    @pytest.mark.parametrize("target", ["painted.mp4", "painted.mkv"])
    def test_the_film_begins_at_nought_and_the_sound_keeps_step(
        self, film: Write, tmp_path: Path, name: str, target: str
    ) -> None:
        source = later(film("plain.mkv", frames=12, sound="aac"), tmp_path / name, Fraction(17280))
        report = paint(source, tmp_path / target, segment_s=0.5)
        assert (report.frames, report.cut_off_s) == (12, None)
        with av.open(str(tmp_path / target)) as painted:
            assert abs(painted.start_time) < 30_000  # AAC's first packet may come before
            assert painted.duration < 1_300_000
        late_s = times_of(source)[0] - times_of(tmp_path / target)[0]
        assert [time_s - late_s for time_s in times_of(source)] == pytest.approx(
            times_of(tmp_path / target), abs=0.001
        )
        old, new = begins_of(source), begins_of(tmp_path / target)
        assert new["audio"] - new["video"] == pytest.approx(old["audio"] - old["video"], abs=0.001)

    def test_pictures_that_begin_after_the_sound_still_do(
        self, film: Write, tmp_path: Path
    ) -> None:
        ticks = list(range(1500, 2500, 100))
        source, target = film("a.mkv", frames=10, ticks=ticks, sound="flac"), tmp_path / "b.mp4"
        paint(source, target)
        assert [1000 * time_s for time_s in times_of(target)] == ticks
        assert begins_of(target)["audio"] == 0

    def test_subtitles_and_chapters_come_along(self, film: Write, tmp_path: Path) -> None:
        base: Any = {"time_base": Fraction(1, 1000)}
        chapters = [
            {"id": 1, "start": 100_000, "end": 600_500, "metadata": {"title": "Sea"}, **base},
            {"id": 2, "start": 600_500, "end": 601_000, "metadata": {"title": "Land"}, **base},
        ]
        source = later(
            film("plain.mkv", frames=12), tmp_path / "late.mkv", Fraction(600), chapters=chapters,
            subtitles="1\n00:00:00,700 --> 00:00:01,000\nWind\n",
        )  # fmt: skip
        paint(source, tmp_path / "painted.mkv")
        with av.open(str(tmp_path / "painted.mkv")) as painted:
            told = [(one["start"], one["end"]) for one in painted.chapters()]
            scale = Fraction(painted.chapters()[0]["time_base"] or 0)
        assert [(begin * scale, end * scale) for begin, end in told] == [
            (0, Fraction(1, 2)), (Fraction(1, 2), 1)
        ]  # fmt: skip
        assert begins_of(tmp_path / "painted.mkv") == {"video": 0, "subtitle": Fraction(7, 10)}


class TestTwoRecordingsInOneFile:
    """Their clocks have nothing to do with each other."""

    @pytest.fixture(params=[100, 4999, 5000.5, 9000])
    def joined(self, request: pytest.FixtureRequest, film: Write, tmp_path: Path) -> Path:
        one = film("one.mkv", frames=20, sound="aac")
        other = film("other.mkv", frames=15, sound="aac")
        parts = (
            later(one, tmp_path / "one.ts", Fraction(5000)),
            later(other, tmp_path / "other.ts", Fraction(request.param)),
        )
        file = tmp_path / "joined.ts"
        file.write_bytes(b"".join(part.read_bytes() for part in parts))
        return file

    def test_the_second_goes_on_where_the_first_ends(self, joined: Path, tmp_path: Path) -> None:
        target = tmp_path / "painted.mp4"
        report = paint(joined, target, segment_s=1)
        assert (report.frames, report.cut_off_s, report.damaged) == (35, None, 0)
        times_s = times_of(target)
        assert [time_s - times_s[0] for time_s in times_s] == [Fraction(i, 10) for i in range(35)]
        offsets_s = []
        for part in (target, tmp_path / "other.ts"):  # they end together as in the second part
            with av.open(str(part)) as container:
                packets = [one for one in container.demux() if one.dts is not None]
                ends_s = {one.stream.type: one.pts * one.time_base for one in packets}
            offsets_s.append(ends_s["audio"] - ends_s["video"])
        assert offsets_s[0] == pytest.approx(offsets_s[1], abs=0.001)

    def test_a_run_that_stopped_in_the_second_goes_on_there(
        self, joined: Path, tmp_path: Path
    ) -> None:
        paint(joined, tmp_path / "whole.mp4", segment_s=0.5)
        target = tmp_path / "painted.mp4"
        with pytest.raises(KeyboardInterrupt):
            paint(joined, target, Recorder(fails_after=33), segment_s=0.5)
        again = Recorder()
        report = paint(joined, target, again, segment_s=0.5)
        assert report.resumed_frames >= 25
        assert len(again.times_s) == 35 - report.resumed_frames
        assert times_of(target) == times_of(tmp_path / "whole.mp4")
        for one, same in zip(pictures_of(target), pictures_of(tmp_path / "whole.mp4"), strict=True):
            assert np.abs(one.astype(int) - same).mean() < 1


class TestSoundThatSaysTooLittle:
    @pytest.mark.parametrize("channels", [1, 2])
    @pytest.mark.parametrize("name", ["painted.mp4", "painted.mkv", "painted.mov"])
    def test_channels_without_names_get_the_usual_ones(
        self, film: Write, tmp_path: Path, channels: int, name: str
    ) -> None:
        source = film("a.avi", frames=5, codec="mpeg4", sound="pcm_s16le", channels=channels)
        paint(source, tmp_path / name)
        np.testing.assert_array_equal(sound_of(tmp_path / name), sound_of(source))
        with av.open(str(tmp_path / name)) as painted:
            assert painted.streams.audio[0].layout.nb_channels == channels

    def test_what_is_refused_with_the_header_or_the_end_is_refused_first(
        self, film: Write, tmp_path: Path
    ) -> None:
        many = film("a.avi", frames=5, codec="mpeg4", sound="pcm_s16le", channels=9)
        with pytest.raises(MediaError, match=r"The sound of .* cannot be stored in \.mp4 as it is"):
            Film(many, tmp_path / "painted.mp4")
        with pytest.raises(MediaError, match=r"The sound of .* cannot be stored in \.mov as it is"):
            Film(film("a.mkv", frames=5, sound="flac"), tmp_path / "painted.mov")


def test_a_film_that_cannot_be_ended_is_said(
    film: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = film(frames=3), tmp_path / "painted.mp4"
    whole = av.open

    class Failing:
        def __init__(self, out: Any) -> None:
            self.out = out

        def __enter__(self) -> Any:
            return self.out

        def __exit__(self, *error: object) -> None:
            self.out.close()
            raise av.error.ArgumentError(22, "Invalid argument")

    def fail_at_the_end(file: Any, mode: str = "r", **options: Any) -> Any:
        out = whole(file, mode, **options)
        return Failing(out) if mode == "w" and ".parts" not in str(file) else out

    made = Film(source, target)
    monkeypatch.setattr(av, "open", fail_at_the_end)
    with pytest.raises(MediaError, match=r"painted\.mp4' cannot be joined \(Invalid argument\)"):
        made.paint(Recorder(), recipe={})
    assert not target.exists()


def test_constant_luminance_is_read_and_written_as_the_usual_one(
    film: Write, tmp_path: Path
) -> None:
    source, target = film(frames=2, colors=(9, 1, 9, 1), tagged=10), tmp_path / "painted.mp4"
    paint(source, target)
    assert video_stream(source).codec_context.colorspace == 10
    assert video_stream(target).codec_context.colorspace == 9
    assert np.abs(pictures_of(target)[1].astype(int) - draw_frame(1)).mean() < 5


def test_colors_that_no_matrix_comes_near_to_are_refused_first(film: Write, tmp_path: Path) -> None:
    source = film(frames=2, tagged=8)
    with pytest.raises(MediaError, match=r"'.*film\.mp4' are stored in a way .* \(YCgCo\)"):
        Film(source, tmp_path / "painted.mp4")


class TestPixelsThatAreNoSquares:
    ASPECT = Fraction(64, 45)

    @pytest.mark.parametrize("name", ["painted.mp4", "painted.mkv", "painted.mov"])
    @pytest.mark.parametrize("rotation", [0, 90])
    @pytest.mark.parametrize("options", [{}, {"longest_px": 32}, {"fps": Fraction(5)}])
    def test_their_shape_is_kept(
        self, film: Write, tmp_path: Path, name: str, rotation: int, options: dict[str, Any]
    ) -> None:
        source = film("dvd.mp4", frames=4, rotation=rotation, pixel_aspect=self.ASPECT)
        paint(source, tmp_path / name, segment_s=0.2, **options)
        stream = video_stream(tmp_path / name)
        assert stream.sample_aspect_ratio == self.ASPECT
        assert stream.display_aspect_ratio == video_stream(source).display_aspect_ratio

    @pytest.mark.parametrize("rotation", [0, 90])
    def test_vp9_has_squares_only(self, film: Write, tmp_path: Path, rotation: int) -> None:
        source = film("dvd.mkv", frames=4, rotation=rotation, pixel_aspect=self.ASPECT)
        made = Film(source, tmp_path / "painted.webm")
        size = "91x48" if rotation == 0 else "64x68"
        assert f"WebM has square pixels only: it becomes {size}" in made.notes
        made.paint(Recorder(), recipe={})
        stream = video_stream(made.target)
        width = stream.width * (stream.sample_aspect_ratio or 1)
        shape = Fraction(width) / stream.height
        told = video_stream(source).display_aspect_ratio
        assert float(shape) == pytest.approx(float(told), rel=0.03)


class TestALastFrameThatIsHeld:
    """Twenty frames, ten a second, the last one five seconds: 6.9 in all."""

    @pytest.mark.parametrize("name", ["held.mp4", "held.mkv", "held.gif"])
    @pytest.mark.parametrize("target", ["painted.mp4", "painted.mkv"])
    @pytest.mark.parametrize("fps", [None, Fraction(30)])
    def test_it_is_held_as_long(
        self, film: Write, tmp_path: Path, name: str, target: str, fps: Fraction | None
    ) -> None:
        gif = {"codec": "gif", "pix_fmt": "rgb8"} if name.endswith("gif") else {}
        source = film(name, held_s=Fraction(5), **gif)
        report = paint(source, tmp_path / target, segment_s=0.5, fps=fps)
        assert (report.frames, report.cut_off_s) == (20 if fps is None else 207, None)
        with av.open(str(tmp_path / target)) as painted:
            assert painted.duration == pytest.approx(6_900_000, abs=40_000)
        assert times_of(tmp_path / target) == [
            pytest.approx(index / (fps or 10), abs=0.001) for index in range(report.frames)
        ]

    def test_a_run_that_stopped_meanwhile_goes_on(self, film: Write, tmp_path: Path) -> None:
        source, target = film(held_s=Fraction(5)), tmp_path / "painted.mp4"
        with pytest.raises(KeyboardInterrupt):
            paint(source, target, Recorder(fails_after=150), segment_s=1, fps=Fraction(30))
        again = Recorder()
        report = paint(source, target, again, segment_s=1, fps=Fraction(30))
        assert (report.frames, len(again.times_s)) == (207, 207 - report.resumed_frames)
        assert report.resumed_frames >= 90

    @pytest.mark.parametrize("fps", [None, Fraction(30)])
    def test_the_run_died_before_the_last_word(
        self, film: Write, tmp_path: Path, fps: Fraction | None
    ) -> None:
        source, target = film(held_s=Fraction(5)), tmp_path / "painted.mp4"
        with pytest.MonkeyPatch.context() as context:
            context.setattr("artem.media.film.SegmentFolder.write_end", lambda *facts: None)
            with pytest.raises(AssertionError):
                paint(source, target, segment_s=1, fps=fps)
        again = Recorder()
        assert paint(source, target, again, segment_s=1, fps=fps).cut_off_s is None
        assert again.times_s == []
        with av.open(str(target)) as painted:
            assert painted.duration == 6_900_000


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
        source, target = film(frames=90), tmp_path / "painted.mp4"
        with pytest.raises(KeyboardInterrupt):
            paint(
                source, target, Recorder(fails_after=57), segment_s=0.5, lead=LEAD_FRAMES, **options
            )
        again = Recorder()
        report = paint(source, target, again, segment_s=0.5, lead=LEAD_FRAMES, **options)
        rate = options.get("fps", 10)
        assert report.resumed_frames > LEAD_FRAMES
        assert len(again.times_s) == report.frames - report.resumed_frames + LEAD_FRAMES
        assert again.times_s[0] == (report.resumed_frames - LEAD_FRAMES) / Fraction(rate)
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

painter.place = (0, 0)
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
