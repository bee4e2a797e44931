"""Frames into a video track."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from artem.core.picture import Frame
from artem.media.protocols import MediaError
from artem.media.pyav import SRGB, Colors, convertible, require_pyav

CODECS = {
    ".mp4": "libx264", ".m4v": "libx264", ".mov": "libx264", ".mkv": "libx264",
    ".webm": "libvpx-vp9",
}  # fmt: skip
"""What a video file's ending stands for."""

CODEC_OPTIONS = {
    # Without B-frames a track's packets stand in the order of their times, so that
    # pieces can be joined without writing new ones. It costs some size.
    "libx264": {"crf": "18", "preset": "fast", "bf": "0"},
    "libvpx-vp9": {
        "crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "5", "row-mt": "1",
        "lag-in-frames": "0", "auto-alt-ref": "0",
    },
}  # fmt: skip


def codec_of(path: Path) -> str:
    """The codec for a file name.

    Raises:
        MediaError: it does not end like a video that we write.
    """
    try:
        return CODECS[path.suffix.lower()]
    except KeyError:
        raise MediaError(
            f"'{path.name}' does not end like a video file.\n  Use one of: {' '.join(CODECS)}"
        ) from None


def even(side_px: int) -> int:
    """The next even number: H.264 with 4:2:0 colors has no odd sides."""
    return side_px + side_px % 2


class Encoder:
    """Writes one video file with one picture track.

    Args:
        path: the file; what it ends with decides on container and codec.
        width_px, height_px: of upright frames. An odd side gets one more line, a repeated one.
        rate: frames a second, as a hint for players and rate control.
        time_base_s: what ``pts`` counts.
        colors: tags to write, and the matrix to convert by.
        rotation: tag to write; frames are turned back by it before they are stored.
        pixel_aspect: tag to write, of pixels as they are stored; VP9 has none.
        survives: keep what was written readable even when the file is never closed (MP4 only).

    Raises:
        MediaError: the ending is unknown, or PyAV is missing.
    """

    def __init__(
        self,
        path: Path,
        *,
        width_px: int,
        height_px: int,
        rate: Fraction,
        time_base_s: Fraction,
        colors: Colors = SRGB,
        rotation: int = 0,
        pixel_aspect: Fraction = Fraction(1),
        survives: bool = False,
    ) -> None:
        require_pyav()
        import av

        codec = codec_of(path)
        fragments = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
        is_mp4 = path.suffix.lower() in (".mp4", ".m4v", ".mov")
        self._colors = colors
        self._turns = round(rotation / 90) % 4
        self._size = (even(width_px), even(height_px))
        self._container = av.open(
            str(path), "w", container_options=fragments if survives and is_mp4 else {}
        )
        stream: Any = self._container.add_stream(codec, rate=rate, options=CODEC_OPTIONS[codec])
        stored = self._size[::-1] if self._turns % 2 else self._size
        stream.width, stream.height = stored
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        stream.codec_context.time_base = time_base_s
        stream.codec_context.colorspace = colors.matrix
        stream.codec_context.color_range = colors.range
        stream.codec_context.color_primaries = colors.primaries
        stream.codec_context.color_trc = colors.transfer
        stream.codec_context.gop_size = max(1, round(2 * rate))
        if rotation % 360:
            stream.set_display_rotation(rotation)
        self._time_base_s = time_base_s
        self._stream = stream

    def put(self, frame: Frame, pts: int) -> None:
        """Write an upright frame of the size named before."""
        import av

        width, height = self._size
        if frame.shape[:2] != (height, width):
            missing = ((0, height - frame.shape[0]), (0, width - frame.shape[1]), (0, 0))
            frame = np.pad(frame, missing, mode="edge")
        turned = np.ascontiguousarray(np.rot90(frame, -self._turns))
        rgb = av.VideoFrame.from_ndarray(turned, format="rgb24")
        colors = self._colors
        picture = rgb.reformat(
            format="yuv420p",
            dst_colorspace=convertible(colors.matrix),
            dst_color_range=colors.range or 1,
        )
        picture.color_primaries, picture.color_trc = colors.primaries, colors.transfer
        picture.colorspace, picture.color_range = colors.matrix, colors.range
        picture.pts, picture.time_base = pts, self._time_base_s
        self._mux(self._stream.encode(picture))

    def close(self, *, flush: bool = True) -> None:
        """Write what the codec still holds, and the end of the file."""
        try:
            if flush:
                self._mux(self._stream.encode(None))
        finally:
            self._container.close()

    def _mux(self, packets: Any) -> None:
        self._container.mux(packets)
