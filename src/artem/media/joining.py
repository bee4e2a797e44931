"""Pieces into one film, with the sound of the one that was painted; nothing is encoded again."""

from __future__ import annotations

import heapq
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artem.core.files import replacing
from artem.media.protocols import MediaError
from artem.media.pyav import open_input, reason_of
from artem.media.segments import Segment

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}

KEPT_TRACKS = ("audio", "subtitle")


def check_sound(source: Path, target: Path) -> list[str]:
    """See that the sound can go along, before any work.

    Returns:
        What of the source cannot be kept, in words.

    Raises:
        MediaError: the target's container cannot hold the sound as it is.
    """
    import av

    left_out: list[str] = []
    with open_input(str(source)) as container, io.BytesIO() as nowhere:
        able = av.open(nowhere, "w", format=FORMATS[target.suffix.lower()]).supported_codecs
        for stream in container.streams:
            if stream.type == "video" and stream.index == container.streams.video[0].index:
                continue
            codec = stream.codec_context.name if stream.codec_context else "unknown"
            if stream.type not in KEPT_TRACKS:
                left_out.append(f"track {stream.index} ({stream.type})")
            elif codec not in able and stream.type == "audio":
                raise MediaError(
                    f"The sound of '{source}' ({codec}) cannot be stored in"
                    f" {target.suffix} as it is.\n  Write an .mkv instead."
                )
            elif codec not in able:
                left_out.append(f"track {stream.index} (subtitles, {codec})")
    return left_out


def join(
    segments: Sequence[Segment], source: Path, target: Path, *, origin_s: Fraction, rate: Fraction
) -> None:
    """Write the film.

    Args:
        segments: in order.
        source: whose sound, subtitles, chapters and tags go along.
        target: replaced at the end.
        origin_s: time of the first frame in the source's count.
        rate: frames a second.

    Raises:
        ArtemError: a piece cannot be read, or the target not written.
    """
    import av

    with ExitStack() as opened:
        partial = opened.enter_context(replacing(target))
        original = opened.enter_context(open_input(str(source)))
        out = opened.enter_context(av.open(str(partial), "w"))
        first = opened.enter_context(open_input(str(segments[0].file)))
        picture = out.add_stream_from_template(first.streams.video[0])
        _copy_rotation(first, picture)
        tracks = _add_tracks(original, out)
        out.metadata.update(original.metadata)
        out.metadata.pop("encoder", None)
        if original.chapters():
            out.set_chapters(original.chapters())
        try:
            pictures = _pictures(segments, picture, origin_s, 1 / rate)
            sounds = _sounds(original, tracks)
            for _, packet in heapq.merge(pictures, sounds, key=lambda timed: timed[0]):
                out.mux(packet)
        except av.error.FFmpegError as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise MediaError(f"'{target}' cannot be joined ({reason_of(error)}).") from None


def _add_tracks(original: InputContainer, out: OutputContainer) -> dict[int, Stream]:
    able = out.supported_codecs
    tracks: dict[int, Stream] = {}
    for stream in original.streams:
        if stream.type in KEPT_TRACKS and stream.codec_context.name in able:
            track = out.add_stream_from_template(stream)
            track.metadata.update(stream.metadata)
            tracks[stream.index] = track
    return tracks


def _copy_rotation(first: InputContainer, picture: Any) -> None:
    frame = next(first.decode(video=0))
    if frame.rotation % 360:
        picture.set_display_rotation(frame.rotation)


def _pictures(
    segments: Sequence[Segment], picture: Any, origin_s: Fraction, frame_s: Fraction
) -> Iterator[tuple[Fraction, Any]]:
    for segment in segments:
        with open_input(str(segment.file)) as container:
            for packet in container.demux(video=0):
                if packet.dts is None or packet.pts is None:
                    continue
                base_s = packet.time_base
                shift = round((segment.begin_s + origin_s) / base_s)
                packet.pts += shift
                packet.dts += shift
                packet.duration = packet.duration or round(frame_s / base_s)
                packet.stream = picture
                yield packet.dts * base_s, packet


def _sounds(original: InputContainer, tracks: dict[int, Stream]) -> Iterator[tuple[Fraction, Any]]:
    from av.error import FFmpegError

    if not tracks:
        return
    packets = original.demux(*(original.streams[index] for index in tracks))
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:  # the film breaks off; so does its sound
            return
        if packet is None:
            return
        if packet.dts is not None and not packet.is_corrupt:  # the last one may be half there
            time_s = packet.dts * packet.time_base
            packet.stream = tracks[packet.stream_index]
            yield time_s, packet
