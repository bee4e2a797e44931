"""A recorded training is the same training. What records is emulated: graphs need CUDA."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from drawing import draw_picture
from torch import Tensor

from artem.learn.encoders import VGG
from artem.learn.networks import SlimNet, style_vector
from artem.learn.training import Recipe, Trainer, loop
from artem.learn.training.photos import PhotoFolder
from artem.learn.training.recording import REHEARSALS, Recorded

RECIPE = Recipe(steps=7, batch=2, crop_px=64, style_px=48)


class Replayed:
    """What a CUDA graph does: the same work, on the same memory."""

    def __init__(self, recorded: Recorded[Any], idempotent: bool) -> None:
        self.recorded = recorded
        if idempotent:
            recorded._result = recorded.function(*recorded._inputs)
        else:
            recorded._result = None

    def replay(self) -> None:
        result = self.recorded.function(*self.recorded._inputs)
        if result is not None:
            _copy(self.recorded._result, result)


def _copy(kept: Any, given: Any) -> None:
    if isinstance(kept, Tensor):
        kept.copy_(given)
    else:
        pairs = kept if isinstance(kept, dict) else vars(kept)
        other = given if isinstance(given, dict) else vars(given)
        for name in pairs:
            _copy(pairs[name], other[name])


@pytest.fixture
def emulated(monkeypatch: pytest.MonkeyPatch) -> list[Recorded[Any]]:
    """Everything recorded so far."""
    everything: list[Recorded[Any]] = []

    def record(self: Recorded[Any], inputs: tuple[Tensor, ...]) -> Replayed:
        everything.append(self)
        self._inputs = tuple(given.clone() for given in inputs)
        if self.rehearsed:
            for _ in range(REHEARSALS):
                self.function(*self._inputs)
        return Replayed(self, self.rehearsed)

    monkeypatch.setattr(Recorded, "_record", record)
    monkeypatch.setenv("ARTEM_BFLOAT16", "0")
    return everything


def make_trainer(
    folder: Path, encoder: VGG, *, records: bool, train_network: bool = True
) -> Trainer:
    torch.manual_seed(1)
    network = SlimNet(stem=8, trunk=8, half=4, blocks=1, grain=1)
    pictures = [draw_picture(48, 100), draw_picture(48, 101)]
    vectors = style_vector(network).repeat(2, 1)
    photos = PhotoFolder(folder)
    trainer = Trainer(
        network, vectors, pictures, photos, encoder, RECIPE,
        train_network=train_network, device="cpu",
    )  # fmt: skip
    trainer.records = records
    return trainer


def assert_same(one: Trainer, other: Trainer) -> None:
    """The same pictures; numbers that a normalization cancels may wander by rounding."""
    assert difference(one, other) < 1e-3


def difference(one: Trainer, other: Trainer) -> float:
    """The largest between their pictures."""
    photos = torch.cat([draw_picture(64, 5), draw_picture(64, 6)])
    with torch.no_grad():
        first, second = (trainer.network(photos, trainer.vectors) for trainer in (one, other))
    return float((first - second).abs().max())


def test_a_recorded_training_comes_to_the_same(
    tiny_vgg: VGG, make_photos: Callable[[int], Path], emulated: list[Recorded[Any]]
) -> None:
    folder = make_photos(4)
    plain = make_trainer(folder, tiny_vgg, records=False)
    recorded = make_trainer(folder, tiny_vgg, records=True)
    seen: list[list[Any]] = [[], []]
    plain.run(lambda progress: seen[0].append(progress))
    assert not emulated
    recorded.run(lambda progress: seen[1].append(progress))
    assert len(emulated) == 2  # the losses with their gradients, and the update
    for step, (one, other) in enumerate(zip(*seen, strict=True)):
        assert one.terms.keys() == other.terms.keys()
        rel = 1e-5 if step == 0 else 1e-3  # rounding grows with each step
        assert other.terms == pytest.approx(one.terms, rel=rel, abs=1e-6)
    assert_same(plain, recorded)
    shorter = make_trainer(folder, tiny_vgg, records=True)
    shorter.run(lambda progress: progress.step == RECIPE.steps - 1)
    assert difference(plain, shorter) > 1e-2


def test_recorded_stopped_and_resumed_it_comes_to_the_same(
    tiny_vgg: VGG,
    make_photos: Callable[[int], Path],
    emulated: list[Recorded[Any]],
    tmp_path: Path,
) -> None:
    folder = make_photos(4)
    once = make_trainer(folder, tiny_vgg, records=True)
    once.run()
    first = make_trainer(folder, tiny_vgg, records=True)
    first.run(lambda progress: progress.step == 3)
    first.save(tmp_path / "checkpoint.pt")
    second = make_trainer(folder, tiny_vgg, records=True)
    second.resume(tmp_path / "checkpoint.pt")
    second.run()
    assert_same(once, second)


def test_after_a_bad_step_it_is_recorded_anew(
    tiny_vgg: VGG,
    make_photos: Callable[[int], Path],
    emulated: list[Recorded[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer = make_trainer(make_photos(4), tiny_vgg, records=True)
    real = trainer._evaluate
    spoiled = []

    def spoil(*inputs: Any) -> loop.Evaluation:
        found = real(*inputs)
        if trainer.step == 4 and not spoiled:
            spoiled.append(True)
            return replace(found, loss=found.loss * float("nan"))
        return found

    monkeypatch.setattr(trainer, "_evaluate", spoil)
    trainer.run()
    assert trainer.step == RECIPE.steps
    assert trainer.rollbacks == 1
    assert len(emulated) == 4
    assert all(bool(torch.isfinite(p).all()) for p in trainer.network.parameters())


def test_a_style_alone_is_recorded_too(
    tiny_vgg: VGG, make_photos: Callable[[int], Path], emulated: list[Recorded[Any]]
) -> None:
    trainer = make_trainer(make_photos(4), tiny_vgg, records=True, train_network=False)
    before = trainer.vectors.detach().clone()
    kernels = [parameter.clone() for parameter in trainer.network.parameters()]
    trainer.run(lambda progress: progress.step == 2)
    assert not torch.equal(before, trainer.vectors)
    assert all(map(torch.equal, kernels, trainer.network.parameters()))
