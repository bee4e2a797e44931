"""Training towards any style: it learns, resumes to the same result, keeps what is frozen."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch
from drawing import draw_picture
from torch import Tensor

from artem.core.errors import TrainingError
from artem.learn.encoders import VGG
from artem.learn.networks import SlimNet, StylePredictor, style_vector
from artem.learn.training import PhotoFolder, Recipe
from artem.learn.training.any_style import AnyStyleTrainer

MakePhotos = Callable[[int], Path]

RECIPE = Recipe(
    steps=6, batch=2, crop_px=32, style_px=48, style_learning_rate=1e-2,
    consistency_weight=0.0, grid_weight=0.0, alternation_weight=0.0,
)  # fmt: skip


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEM_BFLOAT16", "0")


@pytest.fixture
def folder(make_photos: MakePhotos) -> PhotoFolder:
    return PhotoFolder(make_photos(5))


def make_trainer(
    folder: PhotoFolder, encoder: VGG, recipe: Recipe = RECIPE, *, train_network: bool = False
) -> AnyStyleTrainer:
    torch.manual_seed(1)
    # As a trainer leaves it; another order of the numbers in memory sums in another order.
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network = SlimNet(stem=8, trunk=8, half=4, blocks=1, grain=1)
    predictor = StylePredictor(encoder, network.style_size, hidden=16)
    predictor.look_at([draw_picture(48, n) for n in range(4)])
    predictor.start_from(network, style_vector(network)[None])
    return AnyStyleTrainer(
        network, predictor, folder, folder, encoder, recipe,
        train_network=train_network, device="cpu",
    )  # fmt: skip


def state(trainer: AnyStyleTrainer) -> dict[str, Tensor]:
    weights = {f"network {name}": t.clone() for name, t in trainer.network.state_dict().items()}
    predictor = trainer.predictor.state_dict()
    return weights | {f"predictor {name}": t.clone() for name, t in predictor.items()}


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_the_predictor_learns_and_nothing_else_does(tiny_vgg: VGG, folder: PhotoFolder) -> None:
    trainer = make_trainer(folder, tiny_vgg)
    before = state(trainer)
    trainer.run()
    learned = {"into.weight", "into.bias", "out.weight", "out.bias"}
    assert changed(before, state(trainer)) == {f"predictor {name}" for name in learned}


def test_a_free_network_learns_along(tiny_vgg: VGG, folder: PhotoFolder) -> None:
    trainer = make_trainer(folder, tiny_vgg, train_network=True)
    before = state(trainer)
    trainer.run()
    kinds = {name.partition(" ")[0] for name in changed(before, state(trainer))}
    assert kinds == {"network", "predictor"}


def test_the_objective_of_styles_never_seen_falls(tiny_vgg: VGG, folder: PhotoFolder) -> None:
    trainer = make_trainer(folder, tiny_vgg, replace(RECIPE, steps=40, style_learning_rate=3e-3))
    unseen, contents = [draw_picture(48, 50 + n) for n in range(9)], draw_picture(32, 60)
    rivals = style_vector(trainer.network)[None]
    before, nearest = trainer.judge(unseen, contents, rivals)
    assert before == pytest.approx(nearest)  # it begins with that one
    trainer.run()
    after, _ = trainer.judge(unseen, contents, rivals)
    # Five artworks are few: one or two of those never seen may be unlike all of them.
    assert median(after) < 0.95 * median(before)


def test_the_judged_objective_is_the_loss_of_the_painted_picture(
    tiny_vgg: VGG, folder: PhotoFolder
) -> None:
    trainer = make_trainer(folder, tiny_vgg)
    picture, contents = draw_picture(48, 7), draw_picture(32, 8)
    judged, none = trainer.judge([picture], contents, torch.zeros(0, trainer.network.style_size))
    with torch.no_grad():
        painted = trainer.network.paint(contents, trainer.predictor(picture))
        loss = trainer.loss
        terms = loss.terms(painted, loss.content_target(contents), loss.style_target(picture))
    assert judged == pytest.approx([float(loss.total(terms))], rel=1e-4)
    assert none == []


def test_one_look_at_the_artworks_tells_what_two_do(tiny_vgg: VGG, folder: PhotoFolder) -> None:
    trainer = make_trainer(folder, tiny_vgg)
    torch.nn.init.normal_(trainer.predictor.get_parameter("out.weight"))
    pictures = trainer._draw_styles(np.random.default_rng(0))
    once = trainer._styles(pictures)
    trainer.predictor.encoder = copy.deepcopy(tiny_vgg)
    twice = trainer._styles(pictures)
    torch.testing.assert_close(once.vectors, twice.vectors)
    assert once.targets.keys() == twice.targets.keys()
    for key, target in once.targets.items():
        torch.testing.assert_close(target, twice.targets[key])


def test_stopped_and_resumed_it_comes_to_the_same(
    tiny_vgg: VGG, folder: PhotoFolder, tmp_path: Path
) -> None:
    once = make_trainer(folder, tiny_vgg, train_network=True)
    once.run()
    first = make_trainer(folder, tiny_vgg, train_network=True)
    first.run(lambda progress: progress.step == 3)
    first.save(tmp_path / "checkpoint.pt")
    second = make_trainer(folder, tiny_vgg, train_network=True)
    torch.nn.init.ones_(second.predictor.get_parameter("into.weight"))  # comes from the file
    second.resume(tmp_path / "checkpoint.pt")
    second.run()
    assert second.step == once.step == 6
    assert not changed(state(once), state(second))


def test_a_checkpoint_of_other_artworks_is_refused(
    tiny_vgg: VGG, folder: PhotoFolder, tmp_path: Path
) -> None:
    trainer = make_trainer(folder, tiny_vgg)
    trainer.save(tmp_path / "checkpoint.pt")
    fewer = PhotoFolder(folder.folder, frozenset({folder.files[0].resolve()}))
    trainer = AnyStyleTrainer(
        trainer.network, trainer.predictor, fewer, folder, tiny_vgg, RECIPE, device="cpu"
    )
    with pytest.raises(TrainingError, match="other photos"):
        trainer.resume(tmp_path / "checkpoint.pt")


def test_the_adversarial_loss_is_refused(tiny_vgg: VGG, folder: PhotoFolder) -> None:
    recipe = replace(RECIPE, style_losses={"gram": 1.0, "adversarial": 0.1})
    with pytest.raises(TrainingError, match="cannot judge any style"):
        make_trainer(folder, tiny_vgg, recipe)
