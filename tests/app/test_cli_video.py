"""``artem video``, from films to films."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from app.conftest import Run
from media.conftest import draw_frame, pictures_of, sound_of, times_of, write_video
from PIL import Image

from artem.media.film import Film
from artem.runtime.stylizer import Stylizer

pytestmark = pytest.mark.usefixtures("tiny_library")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_video(tmp_path / "film.mp4", frames=12, sound="aac")


def difference(
    file: str, index: int, expected: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> float:
    return float(np.abs(pictures_of(file)[index].astype(int) - expected).mean())


def test_one_film(run: Run, film: Path) -> None:
    result = run("video", "film.mp4", "--style", "great-wave", "-o", "out/painted.mp4")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "wrote out/painted.mp4: 12 frames\n"
    painted = Stylizer("great-wave")(pictures_of(film)[5])
    assert difference("out/painted.mp4", 5, painted) < 12
    assert times_of("out/painted.mp4") == times_of(film)
    np.testing.assert_array_equal(sound_of("out/painted.mp4"), sound_of(film))


def test_strength_0_is_the_film(run: Run, film: Path) -> None:
    run("video", "film.mp4", "--style", "great-wave", "--strength", "0", "-o", "same.mp4")
    assert difference("same.mp4", 7, draw_frame(7)) < 5


def test_several_films_into_a_folder(run: Run, film: Path) -> None:
    write_video(Path("other.mkv"), frames=3)
    Path("broken.mp4").write_bytes(b"no film")
    result = run("video", "film.mp4", "broken.mp4", "other.mkv", "-s", "great-wave", "-o", "out")
    assert result.exit_code == 1
    assert "error: 'broken.mp4' is not a video that can be read here" in result.stderr
    assert sorted(file.name for file in Path("out").iterdir()) == ["film.mp4", "other.mkv"]


def test_what_cannot_be_read_or_kept_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    write_video(tmp_path / "old.avi", frames=3, codec="mpeg4", sound="pcm_s16le")
    write_video(tmp_path / "odd.mp4", frames=3, tagged=8)
    write_video(tmp_path / "nine.avi", frames=3, codec="mpeg4", sound="pcm_s16le", channels=9)
    write_video(tmp_path / "last.mp4", frames=3)
    files = ("odd.mp4", "old.avi", "nine.avi", "last.mp4")
    result = run("video", *files, "-s", "great-wave", "-o", "out")
    assert result.exit_code == 1
    assert "error: The colors of 'odd.mp4' are stored in a way that" in result.stderr
    assert "error: The sound of 'nine.avi' (Invalid argument) cannot be stored" in result.stderr
    assert sorted(file.name for file in Path("out").iterdir()) == ["last.mp4", "old.mp4"]
    np.testing.assert_array_equal(sound_of("out/old.mp4"), sound_of("old.avi"))


@pytest.mark.parametrize("options", [(), ("--fps", "30")])
def test_a_last_frame_that_is_held(run: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    write_video(tmp_path / "slides.mp4", held_s=Fraction(5))
    result = run("video", "slides.mp4", "-s", "great-wave", "-o", "out.mkv", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    with av.open("out.mkv") as painted:
        assert painted.duration == pytest.approx(6_900_000, abs=2_000)


def test_keyframes(run: Run, film: Path) -> None:
    result = run("video", "film.mp4", "--blend", "0:identity 1:great-wave", "-o", "out.mp4")
    assert result.exit_code == 0
    source = pictures_of(film)
    assert difference("out.mp4", 0, source[0]) < 5
    assert difference("out.mp4", 11, Stylizer("great-wave")(source[11])) < 12


def test_a_mask_from_a_file(run: Run, film: Path) -> None:
    mask = np.zeros((48, 64), np.uint8)
    mask[:, 32:] = 255
    Image.fromarray(mask).save("mask.png")
    arguments = "--style great-wave --mask mask.png -o out.mp4"
    assert run("video", "film.mp4", *arguments.split()).exit_code == 0
    left = pictures_of("out.mp4")[3][:, :24].astype(int) - draw_frame(3)[:, :24]
    right = pictures_of("out.mp4")[3][:, 40:].astype(int) - draw_frame(3)[:, 40:]
    assert np.abs(left).mean() < 8 < np.abs(right).mean()


def test_a_film_that_breaks_off(run: Run, tmp_path: Path) -> None:
    film = write_video(tmp_path / "cut.mp4", frames=60, options={"movflags": "faststart"})
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    result = run("video", "cut.mp4", "--style", "great-wave", "-o", "out.mp4")
    assert result.exit_code == 1
    assert "error: 'cut.mp4' ends early, after " in result.stderr
    assert result.stdout.startswith("wrote out.mp4: ")
    assert 10 < len(pictures_of("out.mp4")) < 50


def test_stopping_and_going_on(run: Run, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, frames = Stylizer.__call__, 0

    def stop(
        stylizer: Stylizer, frame: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], **options: Any
    ) -> object:
        nonlocal frames
        frames += 1
        if frames == 9:
            raise KeyboardInterrupt
        return whole(stylizer, frame, **options)

    begin = Film.__init__

    def in_small_pieces(self: Film, *arguments: object, **options: object) -> None:
        begin(self, *arguments, **(options | {"segment_s": 0.3}))  # type: ignore[arg-type]

    monkeypatch.setattr(Film, "__init__", in_small_pieces)
    arguments = ("video", "film.mp4", "--style", "great-wave", "-o", "out.mp4")
    with monkeypatch.context() as context:
        context.setattr(Stylizer, "__call__", stop)
        result = run(*arguments)
    assert result.exit_code == 130
    assert (
        "what is finished stays in 'out.mp4.parts', and the same command goes on" in result.stderr
    )
    assert not Path("out.mp4").exists()
    result = run(*arguments)
    assert result.exit_code == 0
    assert "from an earlier run)" in result.stdout
    assert times_of("out.mp4") == times_of(film)
    assert not Path("out.mp4.parts").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("film.mp4", "Say in which style"),
        ("film.mp4 --style great-wave --blend 0:great-wave", "Say in which style"),
        ("film.mp4 --style greatwave", "Did you mean 'great-wave'?"),
        ("film.mp4 --blend 0:gone", "'gone' is not a style here."),
        ("film.mp4 --blend 0:great-wave:0.5", "'great-wave:0.5' is not a style here."),
        ("film.mp4 --blend great-wave", "'great-wave' is no keyframe."),
        ("gone.mp4 --style great-wave", "There is no file 'gone.mp4'."),
        ("film.mp4 --style great-wave -o film.mp4", "'film.mp4' is an input."),
        ("film.mp4 --style great-wave -o .", "'film.mp4' is an input."),
        ("film.mp4 film.mp4 --style great-wave -o x.mp4", "'x.mp4' is one file"),
        ("film.mp4 --style great-wave -o x.avi", "'x.avi' does not end like a video"),
        ("film.mp4 --style great-wave -o there.mp4", "'there.mp4' exists already."),
        ("film.mp4 --style great-wave --only person", "--only person needs something that finds"),
        ("film.mp4 --style great-wave --only cat", "'cat' is no part to paint."),
        ("film.mp4 --style great-wave --mask gone.png", "There is no mask 'gone.png'."),
        ("film.mp4 --style great-wave --mask-model gone.onnx", "There is no mask model"),
        ("film.mp4 --style great-wave -o x.webm", "cannot be stored in .webm as it is"),
    ],
)
def test_refusals_before_any_work(run: Run, film: Path, arguments: str, sentence: str) -> None:
    Path("there.mp4").write_bytes(b"precious")
    if "--blend" in arguments:
        arguments = arguments.replace("--blend ", "--blend=")
    result = run("video", *arguments.split())
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert sentence in result.stderr
    assert Path("there.mp4").read_bytes() == b"precious"
    assert sorted(file.name for file in Path().iterdir() if file.name != "own-styles") == [
        "film.mp4", "there.mp4",
    ]  # fmt: skip
