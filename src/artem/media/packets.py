"""Packets of a film whose clock may jump: two recordings in one file, a receiver that was off."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

AVFMT_TS_DISCONT = 0x200

LEAP_S = 10
BACK_S = Fraction(1, 10)
"""Pictures that come so much too late or too early are of another recording: as in ffmpeg."""


def may_jump(container: InputContainer) -> bool:
    """Whether its format allows for jumps in time: MPEG's streams and Ogg do."""
    return bool(container.format.flags & AVFMT_TS_DISCONT)


def demux_unbroken(container: InputContainer, *tracks: Stream) -> Iterator[Any]:
    """Packets of the picture track and others, in the file's order, with times that go on.

    Where the pictures' times jump, the next picture follows the last one, and all tracks move
    along, so that they stay in step. Packets of other tracks that fit on neither side are left
    out. What the times become does not depend on the other tracks that are asked for.

    Args:
        container: at its beginning, unless it cannot jump.
        tracks: beside the picture track.

    Raises:
        FFmpegError: the file breaks off.
    """
    picture = container.streams.video[0]
    jumps = may_jump(container)
    step_s = 1 / (picture.average_rate or picture.guessed_rate or Fraction(25))
    shift_s = Fraction(0)
    last_s: dict[int, Fraction] = {}
    for packet in container.demux(picture, *tracks):
        base_s, index = packet.time_base, packet.stream_index
        if jumps and packet.dts is not None:
            time_s = packet.dts * base_s + shift_s
            leap_s = time_s - last_s.get(index, time_s)
            if index == picture.index:
                if not -BACK_S <= leap_s <= LEAP_S:
                    moved_s = (packet.duration or 0) * base_s or step_s
                    shift_s += moved_s - leap_s
                    time_s += moved_s - leap_s
            elif leap_s < 0 or min(leap_s, time_s - last_s.get(picture.index, time_s)) > LEAP_S:
                continue
            last_s[index] = time_s
        if shift_s:
            shift = round(shift_s / base_s)
            packet.pts = None if packet.pts is None else packet.pts + shift
            packet.dts = None if packet.dts is None else packet.dts + shift
        yield packet
