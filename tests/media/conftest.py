"""Media made by the tests, and stand-ins for what a pipeline is made of."""

import io
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
import pytest

from artem.core.picture import Frame
from artem.media.protocols import TimedFrame

RATE = 48_000


def draw_frame(index: int, width_px: int = 64, height_px: int = 48) -> Frame:
    """Soft colors with a bright bar that tells the number, and a dark corner at the top left."""
    rows, columns = np.mgrid[:height_px, :width_px]
    frame = np.stack([90 + rows, 60 + columns, np.full_like(rows, 120)], axis=2).clip(0, 255)
    x = (3 * index) % width_px
    frame[:, x : x + 6] = (230, 220, 60)
    frame[: height_px // 4, : width_px // 4] = 15
    return frame.astype(np.uint8)


def tone(seconds: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """One channel of two tones."""
    time_s = np.arange(int(seconds * RATE)) / RATE
    wave = 0.4 * np.sin(2 * np.pi * 440 * time_s) + 0.2 * np.sin(2 * np.pi * 1250 * time_s)
    return wave.astype(np.float32)[None]


def write_video(
    file: Path,
    *,
    frames: int = 20,
    size: tuple[int, int] = (64, 48),
    fps: int = 10,
    ticks: Sequence[int] | None = None,
    rotation: int = 0,
    sound: str | None = None,
    colors: tuple[int, int, int, int] = (1, 1, 1, 1),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    pixel_aspect: Fraction = Fraction(1),
    held_s: Fraction | None = None,
    channels: int = 1,
    tagged: int | None = None,
    draw: Callable[..., Frame] = draw_frame,
) -> Path:
    """A film whose frame ``i`` is ``draw_frame(i)``, or what else draws it.

    Args:
        ticks: times in thousandths of a second instead of an even rate.
        sound: codec of a track with :func:`tone`.
        colors: matrix, range, primaries and transfer to tag it with.
        pixel_aspect: a pixel's width over its height.
        held_s: how long the last frame is shown, where the others are so long as the rate says.
        channels: of the sound.
        tagged: as if its matrix were another.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), "w", options=options or {}) as out:
        stream: Any = out.add_stream(codec, rate=fps, options={"crf": "6", "preset": "ultrafast"})
        stream.width, stream.height = size if rotation % 180 == 0 else size[::-1]
        stream.pix_fmt = pix_fmt
        context = stream.codec_context
        context.colorspace, context.color_range = colors[:2]
        context.colorspace = context.colorspace if tagged is None else tagged
        context.color_primaries, context.color_trc = colors[2:]
        context.gop_size = 5
        context.sample_aspect_ratio = pixel_aspect
        if ticks is not None:
            context.time_base = Fraction(1, 1000)
        if rotation:
            stream.set_display_rotation(rotation)
        layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels}C")
        track: Any = out.add_stream(sound, rate=RATE, layout=layout) if sound else None
        packets: list[Any] = []
        for index in range(frames):
            upright = draw(index, *size)
            stored = np.ascontiguousarray(np.rot90(upright, -rotation // 90))
            rgb = av.VideoFrame.from_ndarray(stored, format="rgb24")
            picture = rgb.reformat(
                format=pix_fmt, dst_colorspace=colors[0], dst_color_range=colors[1]
            )
            picture.colorspace = picture.colorspace if tagged is None else tagged
            picture.pts = index if ticks is None else ticks[index]
            picture.time_base = Fraction(1, fps) if ticks is None else Fraction(1, 1000)
            packets += stream.encode(picture)
        packets += stream.encode(None)
        for packet in packets:
            if held_s is not None:
                shown_s = held_s if packet is packets[-1] else Fraction(1, fps)
                packet.duration = round(shown_s / packet.time_base)
            out.mux(packet)
        if track is not None:
            samples = np.repeat(tone(frames / fps), channels, axis=1)
            plain = av.AudioFrame.from_ndarray(samples, format="flt", layout=layout)
            plain.rate, plain.pts = RATE, 0
            fitting = av.AudioResampler(track.codec_context.format, layout, RATE)
            for part in fitting.resample(plain):
                out.mux(track.encode(part))
            out.mux(track.encode(None))
    return file


def later(source: Path, file: Path, late_s: Fraction, **tags: Any) -> Path:
    """The same packets in another file, whose clock is so much later.

    Args:
        tags: ``chapters``, and ``subtitles`` in SubRip's format.
    """
    subtitles: str | None = tags.get("subtitles")
    with av.open(str(source)) as film, av.open(str(file), "w") as out:
        inputs = [film]
        if subtitles is not None:
            inputs.append(av.open(io.BytesIO(subtitles.encode()), format="srt"))
        out.set_chapters(tags.get("chapters", []))
        tracks = [{s.index: out.add_stream_from_template(s) for s in one.streams} for one in inputs]
        for one, made in zip(inputs, tracks, strict=True):
            for packet in one.demux():
                if packet.dts is not None:
                    packet.pts += round(late_s / packet.time_base)
                    packet.dts += round(late_s / packet.time_base)
                    packet.stream = made[packet.stream_index]
                    out.mux(packet)
            one.close()
    return file


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Writes a film into the test's folder."""

    def write(name: str = "film.mp4", **options: Any) -> Path:
        return write_video(tmp_path / name, **options)

    return write


def pictures_of(file: str | Path) -> list[Frame]:
    """Frames as stored, unturned."""
    with av.open(str(file)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def times_of(file: str | Path) -> list[Fraction]:
    """Exact times of all frames, in seconds."""
    with av.open(str(file)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def sound_of(file: str | Path) -> np.ndarray[Any, Any]:
    """All samples, decoded."""
    with av.open(str(file)) as container:
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(parts, axis=1)


class Frames:
    """A source of frames at hand; ``None`` among them is handed on."""

    def __init__(
        self,
        frames: Sequence[TimedFrame | None],
        *,
        live: bool = False,
        error: Exception | None = None,
    ) -> None:
        self.name, self.live = "frames", live
        self.fps: Fraction | None = Fraction(10)
        self.entered = self.left = 0
        self._frames = frames
        self._error = error

    def why_not(self) -> str | None:
        return None

    def __enter__(self) -> Self:
        self.entered += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.left += 1

    def __iter__(self) -> Iterator[TimedFrame | None]:
        yield from self._frames
        if self._error is not None:
            raise self._error


class Collected:
    """A sink that keeps what it is given."""

    def __init__(self, *, fails_at: int | None = None, error: Exception | None = None) -> None:
        self.name = "collected"
        self.frames: list[TimedFrame] = []
        self.left_with: list[BaseException | None] = []
        self.idled = 0
        self._fails_at = fails_at
        self._error = error

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
        self.left_with.append(error)

    def put(self, timed: TimedFrame) -> None:
        if self._error is not None and len(self.frames) == self._fails_at:
            raise self._error
        self.frames.append(timed)

    def idle(self) -> None:
        self.idled += 1


class FakeClock:
    """Time that passes only when someone sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def timed(count: int, *, fps: int = 10, size: tuple[int, int] = (8, 6)) -> list[TimedFrame]:
    """So many frames, each filled with its number."""
    return [
        TimedFrame(np.full((size[1], size[0], 3), index % 256, np.uint8), Fraction(index, fps))
        for index in range(count)
    ]
