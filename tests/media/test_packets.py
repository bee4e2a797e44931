"""Times that go on where a file's clock jumps."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from artem.media.packets import AVFMT_TS_DISCONT, demux_unbroken, may_jump

PICTURE, SOUND = 0, 1


@dataclass
class Packet:
    """Of a track that counts in tenths of a second; each lasts one."""

    stream_index: int
    dts: int | None
    duration: int | None = 1
    time_base = Fraction(1, 10)

    def __post_init__(self) -> None:
        self.pts = self.dts


def container(packets: list[Packet], *, flags: int = AVFMT_TS_DISCONT) -> Any:
    def demux(*tracks: Any) -> Iterator[Packet]:
        asked = {track.index for track in tracks}
        yield from (packet for packet in packets if packet.stream_index in asked)

    picture = SimpleNamespace(index=PICTURE, average_rate=Fraction(10), guessed_rate=None)
    return SimpleNamespace(
        format=SimpleNamespace(flags=flags), streams=SimpleNamespace(video=[picture]), demux=demux
    )


def times(packets: list[tuple[int, int]], **options: Any) -> dict[int, list[int | None]]:
    """Tenths of a second of both tracks, made of pairs of track and time."""
    sound: Any = SimpleNamespace(index=SOUND)
    made = container([Packet(*one) for one in packets], **options)
    seen: dict[int, list[int | None]] = {PICTURE: [], SOUND: []}
    for packet in demux_unbroken(made, sound):
        assert packet.pts == packet.dts
        seen[packet.stream_index].append(packet.dts)
    return seen


def both(begin: int, end: int) -> list[tuple[int, int]]:
    """Two tracks side by side, the sound a second later."""
    return [(track, time + 10 * track) for time in range(begin, end) for track in (PICTURE, SOUND)]


@pytest.mark.parametrize("begin", [0, 420, 500, 505, 517, 621, 5000, 954_437])
def test_a_second_recording_follows_the_first_and_its_sound_keeps_step(begin: int) -> None:
    seen = times(both(500, 520) + both(begin, begin + 20))
    assert seen[PICTURE] == list(range(500, 540))
    assert seen[SOUND] == list(range(510, 550))


def test_what_lies_on_neither_side_is_left_out() -> None:
    first = [(PICTURE, 500), (SOUND, 500), (PICTURE, 501), (SOUND, 501)]
    early = [(SOUND, 101), (PICTURE, 502), (SOUND, 502)]  # a packet of the second, too early
    second = [(PICTURE, 102), (SOUND, 102), (SOUND, 503), (PICTURE, 103), (SOUND, 103)]
    seen = times(first + early + second)
    assert seen == {PICTURE: [500, 501, 502, 503, 504], SOUND: [500, 501, 502, 503, 504]}


def test_sound_that_pauses_or_begins_late_is_not_moved() -> None:
    pictures = [(PICTURE, time) for time in range(400)]
    sounds = {time: (SOUND, time) for time in (150, 151, 390)}
    packets = [one for time in range(400) for one in (pictures[time], sounds.get(time)) if one]
    assert times(packets) == {PICTURE: list(range(400)), SOUND: [150, 151, 390]}


def test_a_gap_that_is_short_stays() -> None:
    assert times([(PICTURE, 0), (PICTURE, 1), (PICTURE, 100)])[PICTURE] == [0, 1, 100]


def test_a_format_whose_clock_does_not_jump_is_left_alone() -> None:
    packets = both(0, 3) + both(1000, 1003) + both(10, 12)
    seen = times(packets, flags=0)
    assert seen == {track: [time for one, time in packets if one == track] for track in (0, 1)}
    assert not may_jump(container([], flags=0x100))


def test_what_has_no_time_is_handed_on_and_a_step_is_guessed() -> None:
    packets = [Packet(PICTURE, 90, None), Packet(PICTURE, None), Packet(PICTURE, 3, None)]
    assert [packet.dts for packet in demux_unbroken(container(packets))] == [90, None, 91]
