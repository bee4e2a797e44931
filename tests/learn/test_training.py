from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from drawing import draw_picture
from torch import Tensor, nn

from artem.core.errors import ArtemError, LossError, TrainingError
from artem.learn.encoders import VGG, SqueezeNet
from artem.learn.losses import PerceptualLoss
from artem.learn.networks import SlimNet, style_vector
from artem.learn.networks.conditional import Grain
from artem.learn.training import Recipe, Trainer, loop
from artem.learn.training.checkpoints import load_checkpoint, save_checkpoint
from artem.learn.training.devices import find_device
from artem.learn.training.gradients import clip_gradients
from artem.learn.training.loop import Progress
from artem.learn.training.photos import PhotoFolder
from artem.learn.training.recipe import fitted_recipe, perceptual_loss, published_recipe

MakePhotos = Callable[[int], Path]

RECIPE = Recipe(
    steps=12,
    batch=2,
    crop_px=32,
    style_px=48,
    learning_rate=1e-2,
    coarse_weight=0.35,
    consistency_weight=0.0,
    even_weight=0.0,
    halo_weight=0.0,
    grid_weight=0.0,
    alternation_weight=0.0,
)


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEM_BFLOAT16", "0")


@pytest.fixture
def photos(make_photos: MakePhotos) -> PhotoFolder:
    return PhotoFolder(make_photos(4))


def make_trainer(
    photos: PhotoFolder,
    encoder: VGG,
    recipe: Recipe = RECIPE,
    *,
    styles: int = 2,
    stem: int = 8,
    train_network: bool = True,
) -> Trainer:
    torch.manual_seed(1)
    network = SlimNet(stem=stem, trunk=8, half=4, blocks=1, grain=1)
    return Trainer(
        network,
        style_vector(network).repeat(styles, 1),
        [draw_picture(48, 100 + n) for n in range(styles)],
        photos,
        encoder,
        recipe,
        train_network=train_network,
        device="cpu",
    )


def state(trainer: Trainer) -> dict[str, Tensor]:
    tensors = {name: tensor.clone() for name, tensor in trainer.network.state_dict().items()}
    return tensors | {"vectors": trainer.vectors.detach().clone()}


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


def finite(trainer: Trainer) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in state(trainer).values())


class SpoiledLoss(PerceptualLoss):
    """Turns bad at the steps (counted from 0, undone ones too) that ``spoils`` says.

    ``with_gradient`` leaves the value as it is and spoils its gradient alone.
    """

    spoils: Callable[[int], bool] = staticmethod(lambda call: False)
    with_gradient = False
    calls = 0

    def terms(
        self, image: Tensor, content: Mapping[str, Tensor], style: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        terms = super().terms(image, content, style)
        call, self.calls = self.calls, self.calls + 1
        if self.spoils(call):
            # The root's slope at 0 is infinite, and infinity times 0 is not a number.
            nothing = (image * 0).sum()
            terms["tv"] = terms["tv"] + (nothing.sqrt() if self.with_gradient else nothing / 0)
        return terms


# It trains


def test_the_loss_falls(tiny_vgg: VGG, photos: PhotoFolder) -> None:
    trainer = make_trainer(photos, tiny_vgg, replace(RECIPE, steps=40))
    losses: list[float] = []
    trainer.run(lambda progress: losses.append(progress.loss))
    assert len(losses) == trainer.step == 40
    assert sum(losses[-8:]) < 0.7 * sum(losses[:8])
    assert finite(trainer)


def test_progress_reports_unweighted_terms_and_their_weighted_sum(
    tiny_vgg: VGG, photos: PhotoFolder
) -> None:
    recipe = replace(
        RECIPE, steps=3, crop_px=64, consistency_weight=7.0, grid_weight=11.0, range_weight=2.0,
        content_weight=2.0, style_weight=3.0, tv_weight=5.0, coarse_weight=0.5, even_weight=13.0,
        halo_weight=19.0, alternation_weight=17.0, style_losses={"gram": 1.0},
    )  # fmt: skip
    seen: list[Progress] = []
    make_trainer(photos, tiny_vgg, recipe).run(seen.append)
    assert [progress.step for progress in seen] == [1, 2, 3]
    weights = {"content": 2, "style": 3, "tv": 5, "range": 2, "consistency": 7, "grid": 11}
    weights |= {"coarse": 3 * 0.5, "even": 13, "halo": 19, "alternation": 17}
    for progress in seen:
        assert progress.terms.keys() == weights.keys()
        total = sum(weights[name] * value for name, value in progress.terms.items())
        assert progress.loss == pytest.approx(total, rel=1e-4)
        assert progress.terms["consistency"] > 0


def test_the_coarse_term_is_the_style_term_at_half_the_size(
    tiny_vgg: VGG, photos: PhotoFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer(photos, tiny_vgg, replace(RECIPE, crop_px=64))
    painted = draw_picture(trainer.frame_px + 2 * trainer.network.margin, 3)
    monkeypatch.setattr(trainer, "_paint", lambda window, vectors: painted)
    wide = draw_picture(trainer.wide_px, 4)
    at = torch.zeros(2, dtype=torch.long)
    terms, stylized = trainer._terms(wide, trainer._styles(torch.tensor([1])), at + 5, at, at)
    target = trainer.loss.style_target(F.avg_pool2d(draw_picture(48, 101), 2))
    features = tiny_vgg(F.avg_pool2d(stylized, 2), tiny_vgg.style_layers)
    torch.testing.assert_close(terms["coarse"], trainer.loss.style_term(features, target))


def test_small_crops_have_no_coarse_term(tiny_vgg: VGG, photos: PhotoFolder) -> None:
    seen: list[Progress] = []
    make_trainer(photos, tiny_vgg, replace(RECIPE, steps=1)).run(seen.append)
    assert "coarse" not in seen[0].terms


def test_every_style_s_vector_moves_with_its_own_picture(
    tiny_vgg: VGG, photos: PhotoFolder
) -> None:
    trainer = make_trainer(photos, tiny_vgg)
    before = trainer.vectors.detach().clone()
    trainer.run()
    assert bool((trainer.vectors != before).any(dim=1).all())
    assert not torch.equal(trainer.vectors[0], trainer.vectors[1])


def test_polishing_moves_the_vector_and_nothing_else(tiny_vgg: VGG, photos: PhotoFolder) -> None:
    trainer = make_trainer(photos, tiny_vgg, styles=1, train_network=False)
    before = state(trainer)
    trainer.run()
    after = state(trainer)
    assert not torch.equal(after.pop("vectors"), before["vectors"])
    assert same(after, before)


def test_the_grain_is_moved_for_each_step(tiny_vgg: VGG, photos: PhotoFolder) -> None:
    trainer = make_trainer(photos, tiny_vgg)
    grain = trainer.network.grain
    assert isinstance(grain, Grain)
    seen = []
    trainer.run(lambda progress: seen.append(tuple(grain.offset.tolist())))
    assert len(set(seen)) == len(seen) == RECIPE.steps


def test_crops_anywhere_in_larger_frames_are_judged(tiny_vgg: VGG, photos: PhotoFolder) -> None:
    trainer = make_trainer(photos, tiny_vgg, replace(RECIPE, steps=40))
    places: list[tuple[int, ...]] = []
    seen: set[tuple[int, ...]] = set()
    paint, terms = trainer._paint, trainer._terms

    def watched(window: Tensor, vectors: Tensor) -> Tensor:
        seen.add(tuple(window.shape))
        return paint(window, vectors)

    def placed(*inputs: Any) -> tuple[dict[str, Tensor], Tensor]:
        places.append(tuple(inputs[2].tolist()))
        found, stylized = terms(*inputs)
        assert stylized.shape == (RECIPE.batch, 3, RECIPE.crop_px, RECIPE.crop_px)
        return found, stylized

    trainer._paint, trainer._terms = watched, placed  # type: ignore[method-assign]
    trainer.run()
    side = RECIPE.crop_px * 3 // 2
    assert seen == {(RECIPE.batch, 3, *(side + 2 * trainer.network.margin,) * 2)}
    for along in zip(*places, strict=True):
        assert min(along) <= 2 and max(along) >= side - RECIPE.crop_px - 2


def test_what_is_judged_is_what_the_network_paints_there(
    tiny_vgg: VGG, photos: PhotoFolder
) -> None:
    trainer = make_trainer(photos, tiny_vgg)
    wide = torch.cat([draw_picture(trainer.wide_px, n) for n in (4, 5)])
    styles = trainer._styles(torch.tensor([0, 1]))
    down, right = place = torch.tensor([3, 7])
    still = torch.zeros(2, dtype=torch.long)
    with torch.no_grad():
        _, stylized = trainer._terms(wide, styles, place, still, still)
        whole = trainer.network.paint(
            wide[..., : trainer.frame_px, : trainer.frame_px], styles.vectors
        )
    side = RECIPE.crop_px
    expected = whole[..., down : down + side, right : right + side]
    torch.testing.assert_close(stylized, expected)


def test_a_caller_can_stop_it(tiny_vgg: VGG, photos: PhotoFolder) -> None:
    trainer = make_trainer(photos, tiny_vgg)
    trainer.run(lambda progress: progress.step == 5)
    assert trainer.step == 5


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (replace(RECIPE, crop_px=44), r"not a multiple of 8.*\n  Try 48\."),
        (replace(RECIPE, crop_px=24), r"too small.*\n  It must be 32"),
    ],
)
def test_crops_that_cannot_work_are_refused(
    tiny_vgg: VGG, photos: PhotoFolder, recipe: Recipe, words: str
) -> None:
    with pytest.raises(TrainingError, match=words):
        make_trainer(photos, tiny_vgg, recipe)


# It goes on where it stopped


@pytest.mark.parametrize("optimizer", ["muon", "adam"])
def test_a_resumed_training_ends_bit_for_bit_where_an_uninterrupted_one_does(
    tiny_vgg: VGG, photos: PhotoFolder, tmp_path: Path, optimizer: str
) -> None:
    recipe = replace(
        RECIPE, crop_px=40, consistency_weight=1.0, grid_weight=1.0, optimizer=optimizer
    )
    whole = make_trainer(photos, tiny_vgg, recipe)
    whole.run()

    first = make_trainer(photos, tiny_vgg, recipe)
    first.run(lambda progress: progress.step == 5)
    first.save(tmp_path / "checkpoint.pt")
    second = make_trainer(photos, tiny_vgg, recipe)
    second.resume(tmp_path / "checkpoint.pt")
    assert second.step == 5
    assert same(state(second), state(first))
    assert second.smooth_loss == first.smooth_loss
    second.run()

    assert second.step == whole.step == 12
    assert same(state(second), state(whole))
    assert not same(state(second), state(first))


def test_what_the_adversarial_loss_has_learned_is_resumed_too(
    tiny_vgg: VGG, photos: PhotoFolder, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, steps=6, style_losses={"moments": 1.0, "adversarial": 0.5})
    whole = make_trainer(photos, tiny_vgg, recipe)
    seen: list[Progress] = []
    whole.run(seen.append)
    assert seen[-1].terms.keys() == {"content", "style", "tv", "adversarial", "range"}
    assert 0 < seen[-1].terms["adversarial"] < 2

    first = make_trainer(photos, tiny_vgg, recipe)
    first.run(lambda progress: progress.step == 3)
    first.save(tmp_path / "checkpoint.pt")
    second = make_trainer(photos, tiny_vgg, recipe)
    second.resume(tmp_path / "checkpoint.pt")
    second.run()
    assert same(state(second), state(whole))
    assert not same(state(first), state(whole))


def test_a_bad_step_undoes_what_the_adversarial_loss_learned(
    tiny_vgg: VGG, photos: PhotoFolder
) -> None:
    recipe = replace(RECIPE, steps=3, style_losses={"gram": 1.0, "adversarial": 0.5})
    trainer = make_trainer(photos, tiny_vgg, recipe)
    loss = SpoiledLoss(tiny_vgg, style_losses=recipe.style_losses)
    loss.spoils = lambda call: call == 2
    trainer.loss = loss
    assert trainer.adversary is not None
    learned: list[int] = []
    trainer.run(lambda progress: learned.append(trainer.adversary.step))  # type: ignore[union-attr]
    assert learned == [1, 2, 1, 2, 3]
    assert trainer.rollbacks == 1


def test_another_seed_ends_elsewhere(tiny_vgg: VGG, photos: PhotoFolder) -> None:
    ends = []
    for seed in (0, 1):
        trainer = make_trainer(photos, tiny_vgg, replace(RECIPE, seed=seed))
        trainer.run()
        ends.append(state(trainer))
    assert not same(*ends)


def test_a_checkpoint_of_another_recipe_is_refused_by_name(
    tiny_vgg: VGG, photos: PhotoFolder, tmp_path: Path
) -> None:
    make_trainer(photos, tiny_vgg).save(tmp_path / "checkpoint.pt")
    other = make_trainer(photos, tiny_vgg, replace(RECIPE, batch=3, seed=9))
    before = state(other)
    with pytest.raises(TrainingError, match="another setting of batch, seed"):
        other.resume(tmp_path / "checkpoint.pt")
    assert same(state(other), before)


@pytest.mark.parametrize("difference", [{"stem": 16}, {"styles": 1}, {"train_network": False}])
def test_a_checkpoint_of_another_network_is_refused(
    tiny_vgg: VGG, photos: PhotoFolder, tmp_path: Path, difference: dict[str, int]
) -> None:
    make_trainer(photos, tiny_vgg, **difference).save(tmp_path / "checkpoint.pt")  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match=r"of another network|other style pictures"):
        make_trainer(photos, tiny_vgg).resume(tmp_path / "checkpoint.pt")


def test_a_damaged_checkpoint_is_refused_with_a_sentence(
    tiny_vgg: VGG, photos: PhotoFolder, tmp_path: Path
) -> None:
    file = tmp_path / "checkpoint.pt"
    trainer = make_trainer(photos, tiny_vgg)
    trainer.save(file)
    content = file.read_bytes()
    damaged = [content[: len(content) * part // 10] for part in range(10)]
    for bad in (*damaged, b"no checkpoint", bytes(100)):
        file.write_bytes(bad)
        with pytest.raises(TrainingError, match=r"cannot be read.*\n  Delete it"):
            trainer.resume(file)
    with pytest.raises(TrainingError, match="cannot be read"):
        trainer.resume(tmp_path / "missing.pt")
    torch.save([1, 2], file)
    with pytest.raises(TrainingError, match="is not a checkpoint"):
        trainer.resume(file)


class Trap:
    """Unpickling it would write a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.file,)


def test_a_checkpoint_executes_nothing(tmp_path: Path) -> None:
    torch.save({"recipe": Trap(tmp_path / "sprung")}, tmp_path / "checkpoint.pt")
    with pytest.raises(TrainingError):
        load_checkpoint(tmp_path / "checkpoint.pt")
    assert not (tmp_path / "sprung").exists()


def test_checkpoints_keep_what_they_are_given(tmp_path: Path) -> None:
    kept = {"tensor": torch.randn(3), "step": 3, "nested": {"name": "udnie", "list": [1, 2.5]}}
    save_checkpoint(tmp_path / "checkpoint.pt", kept)
    loaded = load_checkpoint(tmp_path / "checkpoint.pt")
    assert torch.equal(loaded.pop("tensor"), kept.pop("tensor"))  # type: ignore[arg-type]
    assert loaded == kept


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that root cannot write, too")
def test_a_checkpoint_that_cannot_be_written_is_told() -> None:
    with pytest.raises(ArtemError, match="cannot be written"):
        save_checkpoint(Path("/proc/checkpoint.pt"), {})


# It survives bad steps


@pytest.mark.parametrize("with_gradient", [False, True])
def test_a_bad_step_is_undone_and_the_training_goes_on(
    tiny_vgg: VGG, photos: PhotoFolder, monkeypatch: pytest.MonkeyPatch, with_gradient: bool
) -> None:
    monkeypatch.setattr(loop, "SNAPSHOT_STEPS", 5)
    loss = SpoiledLoss(tiny_vgg)
    loss.spoils, loss.with_gradient = lambda call: call == 7, with_gradient
    trainer = make_trainer(photos, tiny_vgg)
    trainer.loss = loss
    steps: list[int] = []
    rates: dict[int, list[float]] = {}

    def watch(progress: Progress) -> None:
        steps.append(progress.step)
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        rates.setdefault(progress.step, []).append(rate)
        assert progress.rollbacks == (1 if len(steps) > 7 else 0)

    trainer.run(watch)
    assert steps == [1, 2, 3, 4, 5, 6, 7, 6, 7, 8, 9, 10, 11, 12]
    assert trainer.rollbacks == 1
    assert rates[6][1] == pytest.approx(rates[6][0] / 2)
    assert finite(trainer)


def test_after_a_bad_step_the_weights_are_the_snapshot_s(
    tiny_vgg: VGG, photos: PhotoFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SNAPSHOT_STEPS", 5)
    trainer = make_trainer(photos, tiny_vgg)
    trainer.loss = loss = SpoiledLoss(tiny_vgg)
    snapshots: list[dict[str, Tensor]] = []

    def spoils(call: int) -> bool:
        if call == 8:  # the first step after the bad one
            snapshots.append(state(trainer))
        return call == 7

    loss.spoils = spoils
    trainer.run(lambda p: snapshots.append(state(trainer)) if p.step == 5 else None)
    assert len(snapshots) == 2
    assert same(*snapshots)


def test_a_loss_that_stays_bad_ends_the_training(tiny_vgg: VGG, photos: PhotoFolder) -> None:
    trainer = make_trainer(photos, tiny_vgg)
    trainer.loss = loss = SpoiledLoss(tiny_vgg)
    loss.spoils = lambda call: True
    before = state(trainer)
    with pytest.raises(TrainingError, match=r"turned bad.*\n  Lower the learning rate"):
        trainer.run()
    assert loss.calls == loop.MOST_ROLLBACKS + 1
    assert same(state(trainer), before)


def test_a_loss_far_above_its_mean_is_a_bad_step_too(tiny_vgg: VGG, photos: PhotoFolder) -> None:
    trainer = make_trainer(photos, tiny_vgg, replace(RECIPE, steps=200))
    trainer.step, trainer.smooth_loss = 150, 1e-6
    seen: list[Progress] = []

    def stop(progress: Progress) -> bool:
        seen.append(progress)
        return True

    trainer.run(stop)
    assert [(progress.step, progress.rollbacks) for progress in seen] == [(1, 1)]


# Gradients


def with_gradients(*gradients: list[float]) -> list[nn.Parameter]:
    parameters = [nn.Parameter(torch.zeros(len(gradient))) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = torch.tensor(gradient)
    return parameters


@pytest.mark.parametrize(
    ("most", "by", "expected"),
    [
        # Norms are 5 and 0.5; by parameter the second is short enough.
        (1.0, "parameter", [[0.6, 0.8], [0.0, 0.5]]),
        (10.0, "parameter", [[3.0, 4.0], [0.0, 0.5]]),
        (0.0, "parameter", [[3.0, 4.0], [0.0, 0.5]]),
        # Together their norm is sqrt(25.25).
        (25.25**0.5 / 5, "global", [[0.6, 0.8], [0.0, 0.1]]),
        (6.0, "global", [[3.0, 4.0], [0.0, 0.5]]),
        (0.0, "global", [[3.0, 4.0], [0.0, 0.5]]),
    ],
)
def test_clipping_closed_forms(most: float, by: str, expected: list[list[float]]) -> None:
    parameters = [*with_gradients([3.0, 4.0], [0.0, 0.5]), nn.Parameter(torch.zeros(1))]
    assert clip_gradients(parameters, most, by)
    for parameter, gradient in zip(parameters, expected, strict=False):
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, torch.tensor(gradient))


def test_clipping_leaves_nothing_as_nothing() -> None:
    (parameter,) = with_gradients([0.0, 0.0])
    assert clip_gradients([parameter], 1.0)
    assert parameter.grad is not None and parameter.grad.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_gradients_that_are_no_numbers_are_reported_and_left(bad: float) -> None:
    parameters = with_gradients([3.0, 4.0], [bad, 0.0])
    assert not clip_gradients(parameters, 1.0)
    assert parameters[0].grad is not None and parameters[0].grad.tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("tv", "isotropc", "Did you mean 'isotropic'"),
        ("clip_by", "tensor", "Use one of: parameter, global"),
        ("steps", 0, "Use a number from 1 up"),
        ("learning_rate", float("nan"), "Use a number from 0 up"),
        ("style_weight", -1.0, "Use a number from 0 up"),
        ("style_losses", {"gram": -1.0}, "Use a number from 0 up"),
        ("style_losses", {"gram": 0.0}, "style_losses has no weight"),
        ("style_layers", {"relu1_1": float("inf")}, "Use a number from 0 up"),
        ("normalization", "gattys", "Did you mean 'gatys'"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(option: str, value: object, sentence: str) -> None:
    with pytest.raises(TrainingError, match=sentence):
        replace(RECIPE, **{option: value})  # type: ignore[arg-type]


def test_a_style_loss_that_is_unknown_is_refused() -> None:
    with pytest.raises(
        LossError, match=r"'adversary' is no style loss. Did you mean 'adversarial'"
    ):
        replace(RECIPE, style_losses={"adversary": 1.0})


def test_the_loss_is_what_the_recipe_says(tiny_vgg: VGG) -> None:
    recipe = replace(
        RECIPE, content_layers={"relu1_2": 2.0}, style_layers={"relu2_1": 3.0},
        style_losses={"mrf": 4.0}, content_weight=5.0, style_weight=6.0, tv_weight=7.0,
        tv="squared", normalization="hpi", pixel_range=8.0, feature_scale=9.0,
    )  # fmt: skip
    settings = perceptual_loss(tiny_vgg, recipe).settings
    assert settings == {name: getattr(recipe, name) for name in settings}


def test_layers_that_nobody_chose_are_those_that_the_encoder_has(tiny_vgg: VGG) -> None:
    loss = perceptual_loss(tiny_vgg, Recipe())
    assert loss.content_layers == {"relu2_1": 1}  # stands in for relu3_1
    assert loss.style_layers == {"relu1_1": 1, "relu2_1": 3}
    fitted, stand_ins = fitted_recipe(Recipe(), tiny_vgg)
    assert stand_ins == dict.fromkeys(("relu3_1", "relu4_1"), "relu2_1")
    assert fitted_recipe(fitted, tiny_vgg) == (fitted, {})
    fire = SqueezeNet()
    loss = perceptual_loss(fire, Recipe())
    assert tuple(loss.content_layers) == fire.content_layers
    assert tuple(loss.style_layers) == fire.style_layers


def test_a_published_recipe_s_layers_are_fitted_and_given_ones_are_not(tiny_vgg: VGG) -> None:
    recipe = published_recipe(RECIPE, "engstrom")
    assert recipe.published == "engstrom"
    assert recipe.style_weight == 100
    assert recipe.steps == RECIPE.steps
    fitted, stand_ins = fitted_recipe(recipe, tiny_vgg)
    assert fitted.content_layers == {"relu2_1": 1}
    assert fitted.style_layers == {"relu1_1": 1, "relu2_1": 4}
    assert stand_ins == dict.fromkeys(("relu4_2", "relu3_1", "relu4_1", "relu5_1"), "relu2_1")
    given = replace(recipe, content_layers={"relu9_1": 1.0})
    assert fitted_recipe(given, tiny_vgg)[0].content_layers == {"relu9_1": 1.0}


def test_a_device_that_is_not_here_is_refused() -> None:
    for device in ("meta", "nonsense", "cuda:99"):
        with pytest.raises(TrainingError, match="There is no device"):
            find_device(device)


# By the clock


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is six seconds after the one before."""
    now = iter(range(0, 10**6, 6))
    monkeypatch.setattr(loop, "perf_counter", lambda: float(next(now)))


@pytest.mark.usefixtures("slow_clock")
def test_a_training_lasts_the_minutes_asked_for(tiny_vgg: VGG, photos: PhotoFolder) -> None:
    trainer = make_trainer(photos, tiny_vgg, replace(RECIPE, minutes=1.0, steps=3))
    shares, expected, rates = [], [], []

    def on_step(progress: Progress) -> None:
        shares.append(trainer.share)
        expected.append(trainer.expected_steps)
        rates.append(trainer.optimizers[0].param_groups[0]["lr"])

    trainer.run(on_step)
    assert shares == pytest.approx([n / 10 for n in range(1, 11)])
    assert expected == [10] * 10
    assert rates[-1] < 0.2 * max(rates)


@pytest.mark.usefixtures("slow_clock")
def test_stopped_and_resumed_it_lasts_as_long_in_all(
    tiny_vgg: VGG, photos: PhotoFolder, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, minutes=1.0)
    first = make_trainer(photos, tiny_vgg, recipe)
    first.run(lambda progress: progress.step == 4)
    first.save(tmp_path / "checkpoint.pt")
    second = make_trainer(photos, tiny_vgg, recipe)
    second.resume(tmp_path / "checkpoint.pt")
    assert second.share == pytest.approx(0.4)
    second.run()
    assert second.step == 10
