"""Sources and sinks by the names that people give them."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from artem.core.errors import did_you_mean
from artem.media.encoder import CODECS
from artem.media.protocols import MediaError, Sink, Source
from artem.media.sinks.image_folder import ImageFolderSink
from artem.media.sinks.null import NullSink
from artem.media.sinks.pipe import PipeSink
from artem.media.sinks.video_file import VideoFileSink
from artem.media.sinks.virtual_camera import VirtualCameraSink
from artem.media.sinks.window import WindowSink
from artem.media.sources.image_folder import ImageFolder
from artem.media.sources.paced import Paced
from artem.media.sources.pattern import Pattern
from artem.media.sources.reopening import Reopening
from artem.media.sources.screen import Region, Screen
from artem.media.sources.stream import Stream
from artem.media.sources.video_file import VideoFile
from artem.media.sources.webcam import Webcam

SOURCE_NAMES = ("webcam", "screen", "pattern")
SINK_NAMES = ("window", "null", "camera", "pipe")


def source_by_name(
    text: str,
    *,
    fps: Fraction | None = None,
    size_px: tuple[int, int] | None = None,
    region: Region | None = None,
    every_frame: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Source:
    """A source: ``webcam``, ``webcam:1``, ``screen``, ``pattern``, a video, a folder, an address.

    Args:
        text: what it is called.
        fps: how many frames a second to ask for.
        size_px: what size to ask a camera or the pattern for.
        region: of the screen.
        every_frame: take a file's or the pattern's frames as fast as they can be painted;
            otherwise they are played at their own pace.
        say: told when a camera or a stream is lost, and when it is there again.

    Raises:
        MediaError: there is no such thing.
    """
    if region is not None and text != "screen":
        raise MediaError("A region can be taken from the screen only.\n  artem live screen ...")
    width_px, height_px = size_px or (None, None)
    if found := re.fullmatch(r"webcam(?::(\d+))?", text):
        webcam = Webcam(int(found[1] or 0), width_px=width_px, height_px=height_px, fps=fps)
        return Reopening(webcam, say=say)
    if text == "screen":
        return Reopening(Screen(region=region, fps=fps), say=say)
    if text == "pattern":
        return Pattern(
            width_px=width_px or 640, height_px=height_px or 480, fps=fps or Fraction(30),
            live=not every_frame,
        )  # fmt: skip
    if re.match(r"[a-z][a-z0-9+.-]+://", text):
        return Reopening(Stream(text), say=say)
    path = Path(text).expanduser()
    if path.is_dir():
        folder = ImageFolder(path, fps=fps)
        return folder if every_frame else Paced(folder)
    if path.is_file():
        file = VideoFile(path)
        if file.why_not() is None:
            with file:  # only opening it tells its rate, and whether it is a video
                pass
        return file if every_frame else Paced(file)
    raise MediaError(
        f"'{text}' is no source here.{did_you_mean(text, SOURCE_NAMES)}\n"
        f"  Give webcam, webcam:NUMBER, screen, pattern, a video, a folder of pictures,"
        f" or an address."
    )


def sink_by_name(
    text: str,
    *,
    fps: Fraction | None = None,
    pipe_format: str = "y4m",
    overwrite: bool = False,
    press: Callable[[str], bool] | None = None,
) -> Sink:
    """A sink: ``window``, ``null``, ``camera``, ``pipe``, a video file's name or a folder's.

    Args:
        text: what it is called; one that ends with a slash is a folder's.
        fps: how many frames a second come, for sinks that must say so.
        pipe_format: ``y4m`` or ``rgb24``.
        overwrite: a video may replace one that exists.
        press: told of the window's keys.

    Raises:
        MediaError: there is no such thing.
    """
    sinks: dict[str, Callable[[], Sink]] = {
        "window": lambda: WindowSink(press),
        "null": NullSink,
        "camera": lambda: VirtualCameraSink(fps=fps),
        "pipe": lambda: PipeSink(fps=fps, format=pipe_format),
    }
    if text in sinks:
        return sinks[text]()
    path = Path(text).expanduser()
    if path.suffix.lower() in CODECS and not path.is_dir():
        return VideoFileSink(path, fps=fps, overwrite=overwrite)
    if path.is_dir() or text.endswith("/"):
        return ImageFolderSink(path)
    raise MediaError(
        f"'{text}' is no sink here.{did_you_mean(text, SINK_NAMES)}\n"
        f"  Give window, null, camera, pipe, a video file ({' '.join(CODECS)}), or a folder/."
    )
