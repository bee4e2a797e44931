"""The governor against made-up machines."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from artem.media.governor import CALM_FRAMES, LOOK_FRAMES, Governor, Rung, ladder


def run(
    governor: Governor, frames: int, machine: Callable[[int, Rung], float]
) -> list[tuple[int, Rung]]:
    """The changes of rung on a machine that takes so long for a frame of some number."""
    changes = []
    for index in range(frames):
        rung = governor.note(machine(index, governor.rung))
        if rung is not None:
            changes.append((index, rung))
    return changes


def test_the_ladder_goes_down_in_small_steps() -> None:
    rungs = ladder(2)
    assert rungs[0] == Rung(0, 1.0, 1.0)
    assert [rung.network for rung in rungs] == [0] * 3 + [1] * 7
    assert rungs[-1].scale == pytest.approx(0.35)
    costs = [rung.cost for rung in rungs]
    assert costs == sorted(costs, reverse=True)
    assert min(b / a for a, b in pairwise(costs)) > 0.69


def test_a_quick_machine_is_left_alone() -> None:
    assert run(Governor(30, ladder()), 500, lambda index, rung: 0.02 * rung.cost) == []


def test_a_slow_machine_ends_where_the_rate_is_kept() -> None:
    governor = Governor(30, ladder())
    changes = run(governor, 600, lambda index, rung: 0.08 * rung.cost)
    assert 0.08 * governor.rung.cost <= 1 / 30
    assert governor.rung.scale == 0.59
    assert len(changes) == 3  # one step at a time, and not one too many
    assert changes[1][0] - changes[0][0] == LOOK_FRAMES


def test_a_machine_too_slow_for_anything_stays_at_the_end() -> None:
    governor = Governor(30, ladder())
    changes = run(governor, 1000, lambda index, rung: 5.0 * rung.cost)
    assert governor.rung == ladder()[-1]
    assert len(changes) == len(ladder()) - 1


def test_one_slow_frame_changes_nothing() -> None:
    def machine(index: int, rung: Rung) -> float:
        return 2.0 if index % 50 == 0 else 0.02

    assert run(Governor(30, ladder()), 1000, machine) == []


def test_it_comes_back_up_when_there_is_room() -> None:
    def busy_for_a_while(index: int, rung: Rung) -> float:
        return (0.07 if index < 100 else 0.01) * rung.cost

    governor = Governor(30, ladder())
    changes = run(governor, 600, busy_for_a_while)
    assert governor.rung == ladder()[0]
    ups = [index for index, _ in changes if index > 100]
    assert all(b - a >= CALM_FRAMES for a, b in pairwise(ups))


def test_on_the_edge_it_does_not_swing() -> None:
    """A rung that looks fine from below, and is not: the tries become rare."""

    def machine(index: int, rung: Rung) -> float:
        return 0.040 if rung.scale == 1 else 0.014

    changes = run(Governor(30, ladder()), 6000, machine)
    ups = [index for index, rung in changes if rung.scale == 1]
    waits = [b - a for a, b in pairwise(ups)]
    assert len(ups) <= 10
    assert waits == sorted(waits)
    assert waits[-1] > 6 * waits[0]


def test_a_lighter_network_comes_before_a_coarse_picture() -> None:
    governor = Governor(30, ladder(2))
    run(governor, 200, lambda index, rung: 0.08 * rung.cost)
    assert governor.rung == Rung(1, 0.84, pytest.approx(0.5 * 0.84**2))


def test_a_very_slow_machine_is_not_watched_for_a_dozen_frames() -> None:
    changes = run(Governor(30, ladder()), 12, lambda index, rung: 0.5)
    assert [index for index, _ in changes] == [2, 5, 8, 11]
