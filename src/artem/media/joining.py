"""Pieces into one film, with the sound of the one that was painted; nothing is encoded again."""

from __future__ import annotations

import heapq
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artem.core.files import replacing
from artem.media.packets import demux_unbroken
from artem.media.protocols import MediaError
from artem.media.pyav import open_input, reason_of
from artem.media.segments import Segment

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.container.core import Chapter
    from av.stream import Stream

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}

KEPT_TRACKS = ("audio", "subtitle")

TRIED_PACKETS = 100
"""So many of the sound are written to nowhere first."""


def check_sound(source: Path, target: Path) -> list[str]:
    """See that the sound can go along, before any work.

    Returns:
        What of the source cannot be kept, in words.

    Raises:
        MediaError: the target's container cannot hold the sound as it is.
    """
    import av

    left_out: list[str] = []
    reason = None
    with open_input(str(source)) as container, io.BytesIO() as nowhere:
        try:
            with av.open(nowhere, "w", format=FORMATS[target.suffix.lower()]) as out:
                tracks = _add_tracks(container, out)
                for stream in container.streams:
                    if stream.index == container.streams.video[0].index or stream.index in tracks:
                        continue
                    codec = stream.codec_context.name if stream.codec_context else "unknown"
                    if stream.type == "audio":
                        reason = codec
                    kind = f"subtitles, {codec}" if stream.type == "subtitle" else stream.type
                    left_out.append(f"track {stream.index} ({kind})")
                # Some is refused only with the header, or with the table at the end.
                for _, packet in islice(_sounds(container, tracks, Fraction(0)), TRIED_PACKETS):
                    out.mux(packet)
        except av.error.FFmpegError as error:
            reason = reason_of(error)
    if reason is not None:
        another = "a .mov" if target.suffix.lower() == ".mkv" else "an .mkv"
        raise MediaError(
            f"The sound of '{source}' ({reason}) cannot be stored in {target.suffix} as it is.\n"
            f"  Write {another} instead."
        )
    return left_out


def join(
    segments: Sequence[Segment],
    source: Path,
    target: Path,
    *,
    origin_s: Fraction,
    end_s: Fraction,
) -> None:
    """Write the film. It begins at nought, with the first of its tracks.

    Args:
        segments: in order.
        source: whose sound, subtitles, chapters and tags go along.
        target: replaced at the end.
        origin_s: time of the first frame in the source's count.
        end_s: until when the last frame is shown, counted from the first one.

    Raises:
        ArtemError: a piece cannot be read, or the target not written.
    """
    import av

    with (
        replacing(target) as partial,
        open_input(str(source)) as original,
        open_input(str(segments[0].file)) as first,
    ):
        try:
            with av.open(str(partial), "w") as out:
                picture = out.add_stream_from_template(first.streams.video[0])
                _copy_rotation(first, picture)
                tracks = _add_tracks(original, out)
                begin_s = min([origin_s, *_begins(original, tracks)])
                out.metadata.update(original.metadata)
                out.metadata.pop("encoder", None)
                if chapters := list(_chapters(original, begin_s)):
                    out.set_chapters(chapters)
                pictures = _pictures(segments, picture, origin_s - begin_s, end_s)
                sounds = _sounds(original, tracks, begin_s)
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
        codec = stream.codec_context  # a decoder, if there is one
        if stream.type in KEPT_TRACKS and codec is not None and codec.name in able:
            track: Any = out.add_stream_from_template(stream)
            track.metadata.update(stream.metadata)
            if stream.type == "audio" and track.layout.name.endswith(" channels"):
                # AVI tells only how many there are; others must know which. "2c" is stereo.
                with suppress(ValueError):  # for nine there is no usual layout
                    track.layout = f"{track.layout.nb_channels}c"
            tracks[stream.index] = track
    return tracks


def _begins(original: InputContainer, tracks: Iterable[int]) -> Iterator[Fraction]:
    """When each track begins that says so, as the source counts."""
    for index in tracks:
        stream = original.streams[index]
        if stream.start_time is not None and stream.time_base is not None:
            yield stream.start_time * stream.time_base


def _chapters(original: InputContainer, begin_s: Fraction) -> Iterator[Chapter]:
    for chapter in original.chapters():
        shift = round(begin_s / (chapter["time_base"] or 1))
        begin, end = max(0, chapter["start"] - shift), chapter["end"] - shift
        if end > 0:
            yield {**chapter, "start": begin, "end": end}


def _copy_rotation(first: InputContainer, picture: Any) -> None:
    frame = next(first.decode(video=0))
    if frame.rotation % 360:
        picture.set_display_rotation(frame.rotation)


def _pictures(
    segments: Sequence[Segment], picture: Any, shift_s: Fraction, end_s: Fraction
) -> Iterator[tuple[Fraction, Any]]:
    for segment in segments:
        until_s = end_s if segment.next_s is None else segment.next_s
        with open_input(str(segment.file)) as container:
            for number, packet in enumerate(container.demux(video=0), start=1):
                if packet.dts is None or packet.pts is None:
                    continue
                base_s = packet.time_base
                if number == segment.frames:  # the piece itself does not know how long it is shown
                    packet.duration = round((until_s - segment.lead_s[-1]) / base_s)
                shift = round((segment.begin_s + shift_s) / base_s)
                packet.pts += shift
                packet.dts += shift
                packet.stream = picture
                yield packet.dts * base_s, packet


def _sounds(
    original: InputContainer, tracks: dict[int, Stream], begin_s: Fraction
) -> Iterator[tuple[Fraction, Any]]:
    from av.error import FFmpegError

    if not tracks:
        return
    packets = demux_unbroken(original, *(original.streams[index] for index in tracks))
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:  # the film breaks off; so does its sound
            return
        if packet is None:
            return
        if packet.stream_index not in tracks or packet.dts is None or packet.is_corrupt:
            continue  # pictures; the word of the end; a last one that is half there
        shift = round(begin_s / packet.time_base)
        packet.dts -= shift
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.stream = tracks[packet.stream_index]
        yield packet.dts * packet.time_base, packet
