"""Files, folders, pipes, virtual cameras; and sinks that are full."""

import io
import os
import subprocess
import sys
import types
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from media.conftest import draw_frame, pictures_of, timed, times_of

from artem.core.picture import load_picture
from artem.media.protocols import MediaError, SinkClosedError, TimedFrame
from artem.media.sinks.image_folder import ImageFolderSink
from artem.media.sinks.pipe import PipeSink
from artem.media.sinks.video_file import VideoFileSink
from artem.media.sinks.virtual_camera import VirtualCameraSink
from artem.media.sources.video_file import VideoFile


def uneven(count: int = 6) -> list[TimedFrame]:
    """Frames at times that grow by more and more."""
    return [TimedFrame(draw_frame(i), Fraction(i * i, 10)) for i in range(count)]


class TestVideoFile:
    @pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
    def test_frames_at_the_times_they_were_shown(self, tmp_path: Path, suffix: str) -> None:
        file = tmp_path / "new" / f"film{suffix}"
        with VideoFileSink(file) as sink:
            for one in uneven():
                sink.put(one)
            assert not file.exists()
        got = [float(time_s) for time_s in times_of(file)]
        assert got == pytest.approx([i * i / 10 for i in range(6)], abs=1e-3)
        for index, picture in enumerate(pictures_of(file)):
            assert np.abs(picture.astype(int) - draw_frame(index)).mean() < 9
        assert os.listdir(file.parent) == [file.name]

    def test_an_odd_size_gets_a_line_and_later_frames_the_first_ones_size(
        self, tmp_path: Path
    ) -> None:
        file = tmp_path / "odd.mp4"
        with VideoFileSink(file) as sink:
            sink.put(TimedFrame(draw_frame(0, 33, 21), Fraction(0)))
            sink.put(TimedFrame(draw_frame(0, 66, 42), Fraction(1)))
        assert [picture.shape for picture in pictures_of(file)] == [(22, 34, 3)] * 2

    def test_what_was_shown_stays_when_the_run_fails(self, tmp_path: Path) -> None:
        file = tmp_path / "film.mp4"
        with pytest.raises(KeyboardInterrupt), VideoFileSink(file) as sink:
            for one in uneven():
                sink.put(one)
            raise KeyboardInterrupt
        assert len(pictures_of(file)) == 6

    def test_a_file_that_exists_is_kept_unless_it_may_be_replaced(self, tmp_path: Path) -> None:
        file = tmp_path / "film.mp4"
        file.write_bytes(b"a film that nobody has twice")
        assert "use --overwrite, or another name" in str(VideoFileSink(file).why_not())
        with pytest.raises(MediaError, match=r"There is a file '.*' already"):
            VideoFileSink(file).__enter__()
        with VideoFileSink(file, overwrite=True):
            pass
        assert file.read_bytes() == b"a film that nobody has twice"  # no frame, no new film
        with VideoFileSink(file, overwrite=True) as sink:
            sink.put(uneven()[0])
        assert len(pictures_of(file)) == 1
        assert os.listdir(tmp_path) == [file.name]

    def test_a_file_that_came_meanwhile_is_kept_too(self, tmp_path: Path) -> None:
        file = tmp_path / "film.mp4"
        with (
            pytest.raises(MediaError, match=r"(?s)exists.*What was shown is in '.*\.part\.mp4'"),
            VideoFileSink(file) as sink,
        ):
            sink.put(uneven()[0])
            file.write_bytes(b"another run's")
        assert file.read_bytes() == b"another run's"
        (kept,) = (one for one in tmp_path.iterdir() if one != file)
        assert len(pictures_of(kept)) == 1

    def test_a_name_that_was_taken_meanwhile_costs_no_frame(self, tmp_path: Path) -> None:
        file = tmp_path / "film.mp4"
        with (
            pytest.raises(MediaError, match=r"What was shown is in '.*\.part\.mp4'"),
            VideoFileSink(file) as sink,
        ):
            sink.put(uneven()[0])
            file.mkdir()
        (kept,) = (one for one in tmp_path.iterdir() if one != file)
        assert len(pictures_of(kept)) == 1

    def test_without_frames_there_is_no_file(self, tmp_path: Path) -> None:
        with VideoFileSink(tmp_path / "film.mp4"):
            pass
        assert os.listdir(tmp_path) == []

    def test_endings_and_places_that_do_not_work(self, tmp_path: Path) -> None:
        with pytest.raises(MediaError, match=r"Use one of: \.mp4"):
            VideoFileSink(tmp_path / "film.txt")
        (tmp_path / "file").write_text("in the way", encoding="utf-8")
        with pytest.raises(MediaError, match="Choose another place"):
            VideoFileSink(tmp_path / "file" / "film.mp4").__enter__()

    @pytest.mark.skipif(sys.platform == "win32", reason="limits on file sizes are POSIX's")
    def test_where_the_system_takes_no_more_the_beginning_stays(self, tmp_path: Path) -> None:
        """A true refusal by the system, in a process of its own: no file above 60 kB."""
        code = """
import resource, signal, sys
from fractions import Fraction
import numpy as np
from artem.media.protocols import MediaError, TimedFrame
from artem.media.sinks.video_file import VideoFileSink

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
draw = np.random.default_rng(0)
try:
    with VideoFileSink(sys.argv[1], fps=Fraction(4)) as sink:
        for index in range(400):
            noise = draw.integers(0, 256, (48, 64, 3), dtype=np.uint8)
            sink.put(TimedFrame(noise, Fraction(index, 4)))
except MediaError as error:
    print(error)
"""
        file = tmp_path / "film.mp4"
        finished = subprocess.run(
            [sys.executable, "-c", code, str(file)], capture_output=True, text=True, timeout=60,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert finished.stdout.startswith(f"'{file}' ends about "), finished.stderr
        assert "File too large" in finished.stdout
        assert os.listdir(tmp_path) == ["film.mp4"]
        with VideoFile(file) as source:  # its last fragment is not whole
            assert len(list(source)) >= 4

    def test_a_full_disk_is_called_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from artem.media.encoder import Encoder

        whole = Encoder.put

        def fill_up(encoder: Encoder, frame: Any, pts: int) -> None:
            if pts > 90_000:
                raise OSError(28, "No space left on device")
            whole(encoder, frame, pts)

        monkeypatch.setattr(Encoder, "put", fill_up)
        file = tmp_path / "film.mp4"
        with (
            pytest.raises(MediaError, match=r"The disk is full; .* ends about 2 s in"),
            VideoFileSink(file) as sink,
        ):
            for one in uneven():
                sink.put(one)
        assert len(pictures_of(file)) == 4


class TestImageFolder:
    def test_numbered_pictures(self, tmp_path: Path) -> None:
        with ImageFolderSink(tmp_path / "out") as sink:
            for one in timed(3):
                sink.put(one)
        assert sorted(os.listdir(tmp_path / "out")) == ["000001.png", "000002.png", "000003.png"]
        np.testing.assert_array_equal(
            load_picture(tmp_path / "out" / "000003.png").frame, timed(3)[2].frame
        )
        with pytest.raises(MediaError, match="There are pictures in"):
            ImageFolderSink(tmp_path / "out").__enter__()


class TestPipe:
    def test_y4m_fills_late_ticks_with_the_frame_before(self) -> None:
        out = io.BytesIO()
        with PipeSink(fps=Fraction(10), stream=out) as sink:
            for tick in (0, 1, 4, 5):
                frame = np.full((2, 4, 3), 10 * tick, np.uint8)
                sink.put(TimedFrame(frame, Fraction(tick, 10)))
        header, _, rest = out.getvalue().partition(b"\n")
        assert header == b"YUV4MPEG2 W4 H2 F10:1 Ip A1:1 C444 XCOLORRANGE=FULL"
        size = len(b"FRAME\n") + 3 * 8
        parts = [rest[start : start + size] for start in range(0, len(rest), size)]
        assert all(part.startswith(b"FRAME\n") and len(part) == size for part in parts)
        gray = [part[6] for part in parts]  # gray has its own value as luminance
        assert gray == [0, 10, 10, 10, 40, 50]
        assert set(parts[0][6 + 8 :]) == {128}

    def test_ffmpeg_reads_it(self, tmp_path: Path) -> None:
        file = tmp_path / "raw.y4m"
        with file.open("wb") as out, PipeSink(fps=Fraction(25), stream=out) as sink:
            for index in range(3):
                sink.put(TimedFrame(draw_frame(index), Fraction(index, 25)))
        assert times_of(file) == [Fraction(index, 25) for index in range(3)]
        for index, picture in enumerate(pictures_of(file)):
            assert np.abs(picture.astype(int) - draw_frame(index)).max() <= 4

    def test_rgb24_is_nothing_but_pixels(self) -> None:
        out = io.BytesIO()
        frames = timed(3)
        with PipeSink(fps=Fraction(10), format="rgb24", stream=out) as sink:
            for one in frames:
                sink.put(one)
        assert out.getvalue() == b"".join(one.frame.tobytes() for one in frames)

    def test_a_reader_that_leaves_ends_it_quietly(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with (
            os.fdopen(writer, "wb", buffering=0) as out,
            pytest.raises(SinkClosedError),
            PipeSink(stream=out) as sink,
        ):
            for one in timed(2):
                sink.put(one)

    def test_a_terminal_is_no_pipe(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdout", types.SimpleNamespace(isatty=lambda: True))
        with pytest.raises(MediaError, match="Standard output is a terminal"):
            PipeSink().__enter__()
        with pytest.raises(MediaError, match="Use y4m or rgb24"):
            PipeSink(format="yuv")


class FakeCamera:
    """Stands for pyvirtualcam's."""

    made: "list[FakeCamera]" = []  # noqa: RUF012

    def __init__(self, width: int, height: int, fps: float, device: str | None) -> None:
        if device == "none":
            raise RuntimeError("no\n  backend")
        self.width, self.height, self.fps = width, height, fps
        self.sent: list[Any] = []
        self.closed = False
        self.made.append(self)

    def send(self, frame: Any) -> None:
        self.sent.append(frame)

    def close(self) -> None:
        self.closed = True


class TestVirtualCamera:
    @pytest.fixture(autouse=True)
    def package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = types.ModuleType("pyvirtualcam")
        module.Camera = FakeCamera  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "pyvirtualcam", module)
        find_spec: Callable[[str], object] = lambda name: object()  # noqa: E731
        monkeypatch.setattr("importlib.util.find_spec", find_spec)

    def test_frames_arrive_in_one_size(self) -> None:
        with VirtualCameraSink(fps=Fraction(25)) as sink:
            for width in (32, 64):
                sink.put(TimedFrame(draw_frame(1, width, width // 2), Fraction(0)))
        camera = FakeCamera.made[-1]
        assert (camera.width, camera.height, camera.fps) == (32, 16, 25)
        assert [frame.shape for frame in camera.sent] == [(16, 32, 3)] * 2
        assert camera.closed

    def test_no_device(self) -> None:
        with pytest.raises(MediaError, match=r"No virtual camera \(no backend\)"):  # noqa: SIM117
            with VirtualCameraSink(device="none") as sink:
                sink.put(timed(1)[0])


def test_the_package_for_virtual_cameras_is_named_with_its_license(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "it is under the GPL" in str(VirtualCameraSink().why_not())
