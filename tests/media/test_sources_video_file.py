"""Reading films: times, turning, colors, and damage."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from media.conftest import draw_frame, later

from artem.media.protocols import MediaError, TimedFrame
from artem.media.sources.video_file import VideoFile

Film = Callable[..., Path]


def read(file: Path, **options: Fraction) -> tuple[VideoFile, list[TimedFrame]]:
    with VideoFile(file, **options) as source:
        return source, list(source)


def test_all_frames_with_their_times(film: Film) -> None:
    source, frames = read(film(frames=23))
    assert [one.time_s for one in frames] == [Fraction(index, 10) for index in range(23)]
    assert source.fps == 10
    assert (source.details.frames, source.details.seconds) == (23, pytest.approx(2.3))
    for index in (0, 7, 22):
        assert np.abs(frames[index].frame.astype(int) - draw_frame(index)).mean() < 4
    assert not source.cut_off


def test_uneven_times_are_exact(film: Film) -> None:
    ticks = [0, 40, 50, 210, 211, 900, 1400]
    _, frames = read(film("uneven.mkv", frames=7, ticks=ticks))
    assert [1000 * one.time_s for one in frames] == ticks


def test_times_count_from_the_first_frame(film: Film) -> None:
    source, frames = read(film("late.mkv", frames=4, ticks=[3000, 3100, 3200, 3300]))
    assert source.origin_s == 3
    assert [one.time_s for one in frames] == [0, Fraction(1, 10), Fraction(2, 10), Fraction(3, 10)]


def test_a_matroska_film_that_begins_late_is_not_cut_off(film: Film) -> None:
    source, _ = read(film("late.mkv", frames=4, ticks=[3000, 3100, 3200, 3300]))
    assert source.details.seconds == pytest.approx(0.4)
    assert not source.cut_off


@pytest.mark.parametrize("name", ["held.mp4", "held.mkv"])
def test_the_last_frame_is_shown_as_long_as_the_file_says(film: Film, name: str) -> None:
    source, frames = read(film(name, held_s=Fraction(5)))
    assert frames[-1].time_s == Fraction(19, 10)
    assert source.read_to_s == Fraction(69, 10)
    assert not source.cut_off


def test_the_last_frame_is_on_show_until_the_end(film: Film) -> None:
    with VideoFile(film(held_s=Fraction(5)), start_s=Fraction(4), and_shown=True) as source:
        assert [one.time_s for one in source] == [Fraction(19, 10)]


@pytest.mark.parametrize("begin", [100, 4999, 9000])
def test_a_second_recording_in_one_file_follows_the_first(
    film: Film, tmp_path: Path, begin: int
) -> None:
    plain = film("plain.mkv", frames=20)
    parts = [
        later(plain, tmp_path / f"{late_s}.ts", Fraction(late_s)).read_bytes()
        for late_s in (5000, begin)
    ]
    file = tmp_path / "joined.ts"
    file.write_bytes(b"".join(parts))
    source, whole = read(file)
    assert [one.time_s for one in whole] == [Fraction(index, 10) for index in range(40)]
    assert not source.cut_off
    _, rest = read(file, start_s=Fraction(27, 10))
    assert [one.time_s for one in rest] == [one.time_s for one in whole[27:]]
    np.testing.assert_array_equal(rest[0].frame, whole[27].frame)


def test_the_shape_of_pixels_is_told(film: Film) -> None:
    source, _ = read(film(frames=1, pixel_aspect=Fraction(64, 45)))
    assert source.details.pixel_aspect == Fraction(64, 45)
    source, _ = read(film("square.mkv", frames=1))
    assert source.details.pixel_aspect == 1


@pytest.mark.parametrize(("matrix", "stand_in"), [(3, 2), (10, 9)])
def test_a_matrix_without_coefficients_has_a_stand_in(
    film: Film, matrix: int, stand_in: int
) -> None:
    source, frames = read(film(frames=2, colors=(9, 1, 9, 1), tagged=matrix))
    assert source.details.colors.matrix == stand_in
    assert len(frames) == 2


def test_colors_that_cannot_be_converted_are_said(film: Film) -> None:
    for matrix, name in ((8, "YCgCo"), (14, "ICtCp")):
        with (
            pytest.raises(MediaError, match=rf"\({name}\)\.\n  Convert them"),
            VideoFile(film(frames=1, tagged=matrix)),
        ):
            pass


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_phones_film_stands_upright(film: Film, rotation: int) -> None:
    source, frames = read(film(frames=3, rotation=rotation))
    assert source.details.rotation == rotation
    assert frames[1].frame.shape == (48, 64, 3)
    assert np.abs(frames[1].frame.astype(int) - draw_frame(1)).mean() < 4


@pytest.mark.parametrize("colors", [(1, 1, 1, 1), (6, 1, 6, 6), (9, 1, 9, 14), (1, 2, 1, 13)])
def test_the_tagged_matrix_and_range_are_used(
    film: Film, colors: tuple[int, int, int, int]
) -> None:
    source, frames = read(film(frames=2, colors=colors, size=(48, 32)))
    told = source.details.colors
    assert (told.matrix, told.range, told.primaries, told.transfer) == colors
    flat = frames[0].frame[24:, 30:].astype(int) - draw_frame(0, 48, 32)[24:, 30:]
    assert np.abs(flat.mean(axis=(0, 1))).max() < 2


@pytest.mark.parametrize("start", [0, 1, 13, 22])
def test_starting_later_gives_the_same_frames(film: Film, start: int) -> None:
    file = film(frames=23)
    _, whole = read(file)
    _, rest = read(file, start_s=Fraction(start, 10))
    assert [one.time_s for one in rest] == [one.time_s for one in whole[start:]]
    for one, other in zip(rest, whole[start:], strict=True):
        np.testing.assert_array_equal(one.frame, other.frame)


def test_the_frame_on_show_at_the_start(film: Film) -> None:
    file = film("slides.mkv", frames=5, ticks=[0, 3000, 9000, 9500, 20000])
    for start_s, ticks in ((8, [3000, 9000, 9500, 20000]), (9, [9000, 9500, 20000])):
        with VideoFile(file, start_s=Fraction(start_s), and_shown=True) as source:
            assert [1000 * one.time_s for one in source] == ticks


def test_a_film_that_cannot_be_sought_is_read_from_its_beginning(film: Film) -> None:
    file = film("raw.h264", frames=12)
    _, whole = read(file)
    _, rest = read(file, start_s=whole[9].time_s)
    assert len(whole) == 12
    assert len(rest) == 3
    np.testing.assert_array_equal(rest[0].frame, whole[9].frame)


def test_a_film_that_breaks_off_is_read_as_far_as_it_goes(film: Film) -> None:
    for name, options in (("a.mp4", {"movflags": "faststart"}), ("a.mkv", {})):
        file = film(name, frames=60, options=options)
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        source, frames = read(file)
        assert 10 < len(frames) < 50
        assert source.cut_off
        assert float(source.read_to_s) == pytest.approx(len(frames) / 10)


def test_damage_in_the_middle_costs_only_some_frames(film: Film) -> None:
    file = film(frames=60)
    content = bytearray(file.read_bytes())
    begin = content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2
    content[begin : begin + 300] = bytes(300)
    file.write_bytes(content)
    source, frames = read(file)
    assert 40 < len(frames) <= 60
    assert not source.cut_off


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a video that can be read here"),
        (b"plain words, no film", "is not a video that can be read here"),
        (None, "There is no file"),
    ],
)
def test_what_is_no_film_is_said(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    file = tmp_path / "x.mp4"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(MediaError, match=sentence), VideoFile(file):
        pass


def test_a_film_without_its_table_of_contents_and_sound_alone(film: Film, tmp_path: Path) -> None:
    file = film(frames=30)
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(MediaError, match="table of contents is missing"), VideoFile(file):
        pass
    import av

    with av.open(str(tmp_path / "sound.wav"), "w") as out:
        out.add_stream("pcm_s16le", rate=8000, layout="mono")
        out.start_encoding()
        part = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        part.rate = 8000
        out.mux(out.streams.audio[0].encode(part))
    with pytest.raises(MediaError, match="has no picture track"), VideoFile(tmp_path / "sound.wav"):
        pass
