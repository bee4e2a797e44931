"""Both optimizers: where they end, and that stopping and going on changes nothing."""

import io
import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from artem.core.errors import LossError, TrainingError
from artem.learn.optimization.descent import Descent, history_size

GOAL = torch.linspace(-1, 2, 48).view(1, 3, 4, 4)


class Valley:
    """Rosenbrock's curved valley between neighboring values, and a bowl around the goal."""

    learns = False

    def __call__(self, image: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        off = (image - GOAL).flatten()
        bend = (off[1:] - off[:-1].square()).square().sum()
        return 10 * bend + off.square().sum(), {"bend": float(bend.detach())}

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        assert state == {}


class Drifting(Valley):
    """Learns: it remembers how often it was asked, and changes with that."""

    learns = True

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, image: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        self.asked += 1
        objective, terms = super().__call__(image)
        return objective * (1 + 0.1 * math.sin(self.asked)), terms

    def state(self) -> dict[str, Any]:
        return {"asked": self.asked}

    def restore(self, state: dict[str, Any]) -> None:
        self.asked = state["asked"]


class StopError(Exception):
    pass


def descend(objective: Any, optimizer: str, evaluations: int = 40) -> Descent:
    start = torch.zeros(1, 3, 4, 4)
    return Descent(
        objective, start, evaluations=evaluations, optimizer=optimizer, learning_rate=0.1
    )


def stop_at(count: int) -> Any:
    def on_evaluation(descent: Descent) -> None:
        if len(descent.curve) == count:
            raise StopError

    return on_evaluation


def through_a_file(state: Mapping[str, Any]) -> Any:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def test_lbfgs_finds_the_bottom_of_the_valley() -> None:
    descent = descend(Valley(), "l-bfgs", 300)
    descent.run()
    torch.testing.assert_close(descent.best_image, GOAL, atol=2e-3, rtol=0)


def test_adam_comes_near_it() -> None:
    descent = descend(Valley(), "adam", 400)
    descent.run()
    assert descent.curve[-1] < 1e-3 * descent.curve[0]


@pytest.mark.parametrize("stop", range(1, 26))
def test_lbfgs_goes_on_as_if_it_had_never_stopped(stop: int) -> None:
    whole = descend(Valley(), "l-bfgs")
    whole.run()
    stopped = descend(Valley(), "l-bfgs")
    with pytest.raises(StopError):
        stopped.run(stop_at(stop))  # mostly amid a line search
    resumed = descend(Valley(), "l-bfgs")
    resumed.resume(through_a_file(stopped.state()))
    assert stop - 6 <= len(resumed.curve) <= stop
    resumed.run()
    assert torch.equal(resumed.best_image, whole.best_image)
    assert resumed.curve == whole.curve


@pytest.mark.parametrize("objective", [Valley, Drifting])
@pytest.mark.parametrize("stop", [1, 2, 17, 39])
def test_adam_goes_on_as_if_it_had_never_stopped(objective: type[Valley], stop: int) -> None:
    whole = descend(objective(), "adam")
    whole.run()
    stopped = descend(objective(), "adam")
    with pytest.raises(StopError):
        stopped.run(stop_at(stop))
    resumed = descend(objective(), "adam")
    resumed.resume(through_a_file(stopped.state()))
    assert len(resumed.curve) == stop - 1  # the step under way is done again
    resumed.run()
    assert torch.equal(resumed.image, whole.image)
    assert torch.equal(resumed.best_image, whole.best_image)
    assert resumed.curve == whole.curve


def test_a_state_stays_what_it_was_while_the_descent_goes_on() -> None:
    for optimizer in ("l-bfgs", "adam"):
        stopped = descend(Valley(), optimizer)
        with pytest.raises(StopError):
            stopped.run(stop_at(9))
        state = stopped.state()
        kept = through_a_file(state)
        with pytest.raises(StopError):
            stopped.run(stop_at(20))
        first, second = descend(Valley(), optimizer), descend(Valley(), optimizer)
        first.resume(state)
        second.resume(kept)
        first.run()
        second.run()
        assert torch.equal(first.best_image, second.best_image)


def test_an_objective_that_learns_keeps_its_last_image() -> None:
    descent = descend(Drifting(), "adam", 5)
    seen: list[Tensor] = []
    descent.run(lambda descent: seen.append(descent.image.detach().clone()))
    assert torch.equal(descent.best_image, seen[-1])


def test_lbfgs_refuses_an_objective_that_learns() -> None:
    with pytest.raises(LossError, match="the adversarial loss learns"):
        descend(Drifting(), "l-bfgs")


def test_an_unknown_optimizer_is_refused() -> None:
    with pytest.raises(TrainingError, match="Did you mean 'l-bfgs'"):
        descend(Valley(), "lbfgs")


class Flat(Valley):
    """Nothing to gain anywhere."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, image: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        self.asked += 1
        return 0 * image.sum() + 3, {}


@pytest.mark.parametrize("optimizer", ["l-bfgs", "adam"])
def test_nothing_is_computed_where_nothing_is_to_gain(optimizer: str) -> None:
    flat = Flat()
    descent = descend(flat, optimizer, 50)
    descent.run()
    assert descent.curve == [3.0] * 50
    assert flat.asked == 1
    assert torch.equal(descent.best_image, torch.zeros(1, 3, 4, 4))


class Cliff(Valley):
    """No number beyond a wall, and the way down leads through it."""

    def __call__(self, image: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        objective, terms = super().__call__(image)
        beyond = image.detach().abs().max() > 0.4
        return (objective * math.nan if beyond else objective), terms


@pytest.mark.parametrize("optimizer", ["l-bfgs", "adam"])
def test_what_is_no_number_does_not_spoil_the_best(optimizer: str) -> None:
    descent = descend(Cliff(), optimizer, 30)
    descent.run()
    assert len(descent.curve) == 30
    assert descent.curve[-1] < descent.curve[0]
    assert float(descent.best_image.abs().max()) <= 0.4
    assert descent.curve[-1] == float(Cliff()(descent.best_image)[0])


def test_history_is_bounded_by_size() -> None:
    def size(side_px: int) -> int:
        return history_size(torch.empty(1, 3, side_px, side_px, device="meta"))

    assert [size(512), size(1024), size(2048), size(8192)] == [20, 20, 5, 3]
