"""Keeps the asked frame rate by painting smaller, or with a lighter network."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

STEP = 2**-0.25
"""Sides shrink to 84 % a step: seven tenths of the pixels, and so of the work."""

STEPS_BEFORE_LIGHTER = 2
STEPS_OF_LIGHTEST = 6
LIGHTER_COST = 0.5
"""What a network is taken to cost against the one before it."""

LATE = 0.95
"""It steps down when painting takes more than this part of a frame's time ..."""

ROOMY = 0.75
"""... and up again when the rung above would take less than this."""

LOOK_FRAMES = 12
LOOK_S = 1.0
FEWEST_FRAMES = 3
CALM_FRAMES = 60
TRIAL_FRAMES = 120
MOST_PATIENCE = 16


@dataclass(frozen=True)
class Rung:
    """One way to paint.

    Attributes:
        network: index into the networks, the preferred one first.
        scale: what the sides are multiplied with before painting.
        cost: of a frame, in no particular unit.
    """

    network: int
    scale: float
    cost: float


def ladder(networks: int = 1) -> list[Rung]:
    """All rungs for so many networks, from the best to the quickest.

    Each network down to 71 % of the sides, and the last one down to 35 %.
    """
    rungs: list[Rung] = []
    for network in range(networks):
        cost = LIGHTER_COST**network
        last = network == networks - 1
        for step in range((STEPS_OF_LIGHTEST if last else STEPS_BEFORE_LIGHTER) + 1):
            scale = round(STEP**step, 2)
            rungs.append(Rung(network, scale, cost * scale**2))
    return rungs


class Governor:
    """Chooses the rung by the time that painting takes.

    It steps down as soon as the median of a dozen frames is too long, or of a second's when
    they are fewer. It steps up after sixty frames in which the rung above would have had room,
    by the ratio of their costs. When a step up has to be taken back at once, the next one
    waits twice as long, up to sixteen times: no swinging to and fro.

    Args:
        fps: to keep.
        rungs: from the best to the quickest.
    """

    def __init__(self, fps: float, rungs: Sequence[Rung]) -> None:
        self.fps = fps
        self.rungs = list(rungs)
        self._index = 0
        self._times_s: deque[float] = deque(maxlen=LOOK_FRAMES)
        self._calm_frames = 0
        self._frames_since_up: int | None = None
        self._patience = 1

    @property
    def rung(self) -> Rung:
        """The one in use."""
        return self.rungs[self._index]

    def note(self, painting_s: float) -> Rung | None:
        """Take notice of how long one frame took.

        Returns:
            The rung to use from now on, when it changes.
        """
        if self._frames_since_up is not None:
            self._frames_since_up += 1
        self._times_s.append(painting_s)
        if not self._seen_enough():
            return None
        median_s = statistics.median(self._times_s)
        if median_s > LATE / self.fps:
            return self._step_down()
        if self._index == 0:
            return None
        above = self.rungs[self._index - 1]
        roomy = median_s * above.cost / self.rung.cost < ROOMY / self.fps
        self._calm_frames = self._calm_frames + 1 if roomy else 0
        if self._calm_frames < CALM_FRAMES * self._patience:
            return None
        self._frames_since_up = 0
        return self._move(-1)

    def _seen_enough(self) -> bool:
        seen = len(self._times_s)
        return seen == LOOK_FRAMES or (seen >= FEWEST_FRAMES and sum(self._times_s) > LOOK_S)

    def _step_down(self) -> Rung | None:
        if self._index == len(self.rungs) - 1:
            return None
        too_bold = self._frames_since_up is not None and self._frames_since_up < TRIAL_FRAMES
        self._patience = min(2 * self._patience, MOST_PATIENCE) if too_bold else 1
        self._frames_since_up = None
        return self._move(1)

    def _move(self, steps: int) -> Rung:
        self._index += steps
        self._calm_frames = 0
        self._times_s.clear()
        return self.rung
