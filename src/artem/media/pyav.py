"""PyAV: opening files and streams, and what its errors mean."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from artem.media.protocols import MediaError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

INSTALL = "pip install 'artem-style[video]'"

MATRICES = {1, 4, 5, 6, 7, 9}
"""Numbers of ``AVColorSpace`` for which libswscale has coefficients."""

STAND_INS = {3: 2, 10: 9}
"""What is read and written as another: a number without meaning as unknown, and BT.2020's
constant luminance as its usual, non-constant one."""

OTHER_COLORS = {
    8: "YCgCo", 11: "Y'D'zD'x", 12: "chroma-derived", 13: "chroma-derived", 14: "ICtCp",
    15: "IPT-C2", 16: "YCgCo-Re", 17: "YCgCo-Ro",
}  # fmt: skip
"""What none of them comes near to."""


@dataclass(frozen=True)
class Colors:
    """How a video's numbers stand for colors, as FFmpeg numbers it; 2 (range: 0) is unknown."""

    matrix: int = 2
    range: int = 0
    primaries: int = 2
    transfer: int = 2


SRGB = Colors(matrix=1, range=1, primaries=1, transfer=13)
"""For videos that begin here: BT.709's matrix and primaries, sRGB's curve."""


@dataclass(frozen=True)
class Details:
    """A video track, as its container describes it.

    Attributes:
        width_px, height_px: as stored, before rotation.
        rotation: degrees, counter-clockwise, to turn it by for showing.
        rate: mean frames a second, or ``None``.
        time_base_s: what timestamps count.
        frames: how many there are, or ``None`` when it is not said.
        seconds: how long it should be, or ``None``.
        colors: their meaning.
        bits: of each color value.
        pixel_aspect: width of a pixel over its height, as stored; 1 when it is not said.
    """

    width_px: int
    height_px: int
    rotation: int
    rate: Fraction | None
    time_base_s: Fraction
    frames: int | None
    seconds: float | None
    colors: Colors
    bits: int
    pixel_aspect: Fraction = Fraction(1)


def why_no_pyav() -> str | None:
    """Why videos cannot be read or written, in words; ``None`` when they can."""
    if importlib.util.find_spec("av") is None:
        return f"videos need PyAV, which is not installed ({INSTALL})"
    return None


def require_pyav() -> None:
    """Raise a :class:`MediaError` when PyAV is missing."""
    reason = why_no_pyav()
    if reason is not None:
        raise MediaError(f"{reason[0].upper()}{reason[1:]}.")


def open_input(name: str, *, timeout_s: float | None = None) -> InputContainer:
    """Open a file or a stream that has a video track.

    Raises:
        MediaError: it is missing, damaged, no video, or does not answer in time.
    """
    require_pyav()
    import av

    try:
        container = av.open(name, timeout=timeout_s, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise MediaError(_why_not_open(name, error)) from None
    if not container.streams.video:
        container.close()
        raise MediaError(f"'{name}' has no picture track.\n  Give a video.")
    return container


def details_of(container: InputContainer, stream: VideoStream, first: VideoFrame) -> Details:
    """What is known of the track, once its first frame is decoded.

    Raises:
        MediaError: its colors are none that can be converted here.
    """
    rate = stream.average_rate or stream.guessed_rate
    matrix = int(first.colorspace)
    colors = Colors(
        STAND_INS.get(matrix, matrix), int(first.color_range), int(first.color_primaries),
        int(first.color_trc),
    )  # fmt: skip
    if first.format.is_rgb:  # stored as YUV from now on
        colors = SRGB
    elif matrix in OTHER_COLORS:
        raise MediaError(
            f"The colors of '{container.name}' are stored in a way that cannot be converted here"
            f" ({OTHER_COLORS[matrix]}).\n  Convert them to BT.709 first."
        )
    return Details(
        width_px=first.width, height_px=first.height, rotation=first.rotation % 360,
        rate=rate or None, time_base_s=stream.time_base or Fraction(1, 90_000),
        frames=stream.frames or None, seconds=_seconds_of(container, stream, first), colors=colors,
        bits=max((part.bits for part in first.format.components), default=8),
        pixel_aspect=stream.sample_aspect_ratio or Fraction(1),
    )  # fmt: skip


def convertible(matrix: int) -> int:
    """The matrix to convert by: the one named, where libswscale has it, else BT.601's."""
    matrix = STAND_INS.get(matrix, matrix)
    return matrix if matrix in MATRICES else 5


def reason_of(error: Exception) -> str:
    """What FFmpeg says of an error, without numbers and function names."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _seconds_of(container: InputContainer, stream: VideoStream, first: VideoFrame) -> float | None:
    base_s = stream.time_base or Fraction(0)
    if stream.duration is not None and base_s:
        seconds: float | None = float(stream.duration * base_s)
    elif container.duration is not None and len(container.streams) == 1:
        seconds = container.duration / 1_000_000
    else:
        seconds = _clock_seconds(stream.metadata.get("DURATION", ""))
    if seconds is not None and container.format.name.startswith("matroska"):
        seconds -= float((first.pts or 0) * base_s)  # it counts from nought, not from the first
    return seconds


def _clock_seconds(text: str) -> float | None:
    """``00:00:02.733000000``, as Matroska writes it."""
    try:
        hours, minutes, seconds = text.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return None


def _why_not_open(name: str, error: Any) -> str:
    import av

    if isinstance(error, av.error.FileNotFoundError):
        return f"There is no file '{name}'.\n  Check the name."
    if isinstance(error, av.error.IsADirectoryError):
        return f"'{name}' is a folder, not a video."
    if isinstance(error, av.error.PermissionError):
        return f"'{name}' may not be read.\n  Check its permissions."
    if isinstance(error, (av.error.InvalidDataError, av.error.EOFError, av.error.ArgumentError)):
        return (
            f"'{name}' is not a video that can be read here, or its end with the table of"
            f" contents is missing.\n  Copy or record it again."
        )
    if isinstance(error, (av.error.ExitError, av.error.TimeoutError)):
        return f"'{name}' did not answer in time.\n  Check the address and the network."
    return f"'{name}' cannot be opened ({reason_of(error)}).\n  Check the address."
