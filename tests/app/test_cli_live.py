"""``artem live``, without a camera and without a display."""

import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from app.conftest import Run
from conftest import Library
from media.conftest import pictures_of, times_of, write_video

from artem.core.errors import ArtemError
from artem.core.picture import Frame, load_picture
from artem.media.sources.pattern import Pattern
from artem.runtime.stylizer import Stylizer

pytestmark = pytest.mark.usefixtures("tiny_library")

PATTERN = ("live", "pattern", "--size", "64x48", "--style", "great-wave")


def test_a_pattern_into_a_video(run: Run) -> None:
    result = run(*PATTERN, "--every-frame", "--no-follow", "--frames", 8, "--sink", "out.mp4")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "8 frames in " in result.stderr
    assert "dropped 0" in result.stderr
    assert [float(time_s) for time_s in times_of("out.mp4")] == pytest.approx(
        [index / 30 for index in range(8)], abs=1e-4
    )
    painted = Stylizer("great-wave")(Pattern(width_px=64, height_px=48).frame(3))
    assert np.abs(pictures_of("out.mp4")[3].astype(int) - painted).mean() < 15


def test_a_live_pattern_ends_after_its_seconds(run: Run) -> None:
    result = run(*PATTERN, "--seconds", 0.3, "--fps", 20, "--sink", "null")
    assert result.exit_code == 0
    assert "great-wave 1.0   fast" in result.stderr


def test_a_film_into_a_folder_of_pictures(run: Run, tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.mp4", frames=4)
    arguments = ("--every-frame", "--style", "identity", "--sink", "frames/")
    assert run("live", film, *arguments).exit_code == 0
    files = sorted(file.name for file in Path("frames").iterdir())
    assert files == ["000001.png", "000002.png", "000003.png", "000004.png"]
    np.testing.assert_array_equal(load_picture("frames/000002.png").frame, pictures_of(film)[1])


def test_a_film_is_never_painted_over_itself(run: Run, tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.mp4", frames=4)
    before = film.read_bytes()
    for sink in (film, "film.mp4", f"../{tmp_path.name}/film.mp4"):
        for option in ((), ("--overwrite",)):
            result = run("live", film, "--sink", sink, "--every-frame", *option)
            assert result.exit_code == 1
            assert result.stderr == f"error: '{sink}' is the source.\n  Give another --sink.\n"
    assert film.read_bytes() == before


def test_a_video_that_exists_is_replaced_when_asked_for(run: Run) -> None:
    other = write_video(Path("other.mp4"), frames=4)
    before = other.read_bytes()
    arguments = (*PATTERN, "--every-frame", "--frames", 2, "--sink", "other.mp4")
    result = run(*arguments)
    assert result.exit_code == 1
    assert "there is a file 'other.mp4' already; use --overwrite" in result.stderr
    assert other.read_bytes() == before
    assert run(*arguments, "--overwrite").exit_code == 0
    assert len(pictures_of(other)) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_shutdown_ends_it_as_ctrl_c_does(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = Pattern.frame

    def draw_and_end(pattern: Pattern, index: int) -> Frame:
        if index == 12:
            os.kill(os.getpid(), signal.SIGTERM)
        return draw(pattern, index)

    monkeypatch.setattr(Pattern, "frame", draw_and_end)
    before = signal.getsignal(signal.SIGTERM)
    result = run(*PATTERN, "--every-frame", "--sink", "out.mp4")
    assert result.exit_code == 0
    assert "stopped; " in result.stderr
    assert 0 < len(pictures_of("out.mp4")) < 100
    assert signal.getsignal(signal.SIGTERM) == before


def test_figures_on_the_picture_when_asked_for(run: Run) -> None:
    shown = []
    for option in ("--overlay", "--no-overlay"):
        arguments = (option, "--every-frame", "--frames", 2, "--sink", f"{option[2:]}/")
        Path(option[2:]).mkdir()
        assert run(*PATTERN, *arguments).exit_code == 0
        shown.append(load_picture(f"{option[2:]}/000001.png").frame)
    assert (shown[0][-4:] != shown[1][-4:]).any()
    np.testing.assert_array_equal(shown[0][:10], shown[1][:10])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("webcan", "Did you mean 'webcam'?"),
        ("pattern --sink windw", "Did you mean 'window'?"),
        ("pattern --sink null --style greatwave", "Did you mean 'great-wave'?"),
        ("pattern --sink null --size 640", "'640' is not a frame size."),
        ("screen --sink null --region 1,2,3", "'1,2,3' is no region."),
        ("pattern --sink null --region 0,0,9,9", "from the screen only"),
        ("pattern --sink null --only person", "needs something that finds people"),
        ("pattern --sink null --network fats", "Did you mean 'fast'?"),
        ("webcam:99 --sink null", "there is no /dev/video99"),
        ("gone.mp4 --sink null", "'gone.mp4' is no source here."),
        ("empty --sink null", "there is no picture in 'empty'"),
    ],
)
def test_refusals(run: Run, arguments: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    Path("empty").mkdir()
    result = run("live", *arguments.split())
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert sentence in result.stderr


def test_without_a_display_it_says_what_else_there_is(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    result = run("live", "pattern")
    assert result.exit_code == 1
    assert "The sink 'window' cannot be used: there is no display" in result.stderr


def test_control_c_is_the_way_to_end_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from artem.media.sinks.null import NullSink

    taken = 0

    def interrupt(sink: NullSink, timed: object) -> None:
        nonlocal taken
        taken += 1
        if taken == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(NullSink, "put", interrupt)
    result = run(*PATTERN, "--every-frame", "--sink", "null")
    assert result.exit_code == 0
    assert "stopped; 4 frames in " in result.stderr


def test_a_source_that_fails_ends_with_its_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(pattern: Pattern, index: int) -> None:
        raise ArtemError("The pattern is torn.")

    monkeypatch.setattr(Pattern, "frame", fail)
    result = run(*PATTERN, "--sink", "null")
    assert result.exit_code == 1
    assert result.stderr == "error: The pattern is torn.\n"


def test_the_bench_of_a_live_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = ((64, 48), (40, 56))
    monkeypatch.setattr(import_module("artem.app.bench_live"), "SIZES", sizes)
    result = run("bench", "live", "--frames", 3, "--fps", 200, "--json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)["rows"]
    assert [(row["width_px"], row["height_px"], row["working_scale"]) for row in rows] == [
        (width, height, scale) for width, height in sizes for scale in (1.0, 0.5)
    ]
    assert all(row["frames"] == 3 and 0 < row["median_ms"] <= row["p95_ms"] for row in rows)


def test_the_bench_of_a_network_without_styles_by_name(
    run: Run, adain_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("artem.app.bench_live"), "SIZES", ((64, 48),))
    result = run("bench", "live", "--frames", 1, "--fps", 200, "--network", "adain", "--json")
    assert result.exit_code == 0
    assert {row["network"] for row in json.loads(result.stdout)["rows"]} == {"adain"}
