"""``artem train`` and ``artem polish``: what they pass on and what they say."""

from pathlib import Path
from typing import Any

import pytest
from app.conftest import Run

from artem.export import training
from artem.export.running import Outcome
from artem.learn.training.loop import Progress
from artem.learn.training.recipe import Recipe

TRAIN = ("train", "wave.jpg", "night.jpg", "--photos", "photos", "-o", "mine")
POLISH = ("polish", "wave.jpg", "--photos", "photos", "-o", "my wave.safetensors")


class Calls:
    """Stands in for both trainings and keeps what they were called with."""

    def __init__(self, *, stop: bool = False, rollbacks: int = 0) -> None:
        self.arguments: Any = None
        self.options: dict[str, Any] = {}
        self.stop = stop
        self.rollbacks = rollbacks

    def __call__(self, pictures: Any, **options: Any) -> Outcome:
        on_progress = options.pop("on_progress")
        self.arguments, self.options = pictures, options
        for step in (5, 6):
            on_progress(Progress(step, {"style": 1.0}, 2.0, 3.0, self.rollbacks), 40)
        if self.stop:
            raise KeyboardInterrupt
        out = options["out"]
        first = out if out.suffix else out / "network.onnx"
        return Outcome((first,), ("wave", "night"), {Path("x.jpg"): "empty"})


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    made = Calls()
    monkeypatch.setattr(training, "train_network", made)
    monkeypatch.setattr(training, "polish_style", made)
    return made


def test_only_what_was_given_is_passed_on(run: Run, calls: Calls) -> None:
    assert run(*TRAIN).exit_code == 0
    assert calls.arguments == [Path("wave.jpg"), Path("night.jpg")]
    assert calls.options == {"photos": Path("photos"), "out": Path("mine"), "credits": {}}
    assert run(*POLISH).exit_code == 0
    assert calls.arguments == Path("wave.jpg")
    assert set(calls.options) == {"photos", "out", "credits"}


def test_train_passes_everything_on(run: Run, calls: Calls) -> None:
    options = (
        "--network fast --encoder vgg16 --steps 9 --batch 2 --crop-px 64 --style-px 128 "
        "--learning-rate 0.1 --content-weight 2 --style-weight 3 --tv-weight 4 --tv squared "
        "--coarse-weight 9 --consistency-weight 5 --even-weight 10 --halo-weight 11 "
        "--grid-weight 8 --alternation-weight 12 "
        "--optimizer adam --clip 6 "
        "--clip-by global --seed 7 --title Wave --author H --year 1831 --license CC0 --device cpu"
    )
    assert run(*TRAIN, *options.split()).exit_code == 0
    assert calls.options["start"] == "fast"
    assert calls.options["encoder"] == "vgg16"
    assert calls.options["device"] == "cpu"
    assert calls.options["credits"] == {
        "title": "Wave", "author": "H", "year": "1831", "license": "CC0"
    }  # fmt: skip
    assert calls.options["recipe"] == Recipe(
        steps=9, batch=2, crop_px=64, style_px=128, learning_rate=0.1, content_weight=2,
        style_weight=3, tv_weight=4, tv="squared", coarse_weight=9, consistency_weight=5,
        even_weight=10, halo_weight=11, grid_weight=8, alternation_weight=12, optimizer="adam",
        clip=6, clip_by="global", seed=7,
    )  # fmt: skip


def test_losses_and_layers_come_by_name_and_weight(run: Run, calls: Calls) -> None:
    options = (
        "--style-loss", "gram", "--style-loss", "mrf:0.25", "--content-layer", "relu4_2",
        "--style-layer", "relu1_1:2", "--style-layer", "relu3_1:0.5",
    )  # fmt: skip
    for command in (TRAIN, POLISH):
        assert run(*command, *options).exit_code == 0
        recipe = calls.options["recipe"]
        assert recipe.style_losses == {"gram": 1.0, "mrf": 0.25}
        assert recipe.content_layers == {"relu4_2": 1.0}
        assert recipe.style_layers == {"relu1_1": 2.0, "relu3_1": 0.5}


def test_a_published_recipe_is_a_start_that_given_options_beat(run: Run, calls: Calls) -> None:
    assert run(*TRAIN, "--as", "hpi", "--style-weight", "3", "--style-loss", "coral").exit_code == 0
    recipe = calls.options["recipe"]
    assert (recipe.published, recipe.normalization, recipe.tv) == ("hpi", "hpi", "isotropic")
    assert (recipe.content_weight, recipe.style_weight) == (25, 3)
    assert recipe.style_losses == {"coral": 1.0}
    assert recipe.steps == Recipe().steps
    run(*POLISH, "--as", "gatys")
    assert calls.options["recipe"].published == "gatys"
    assert calls.options["recipe"].steps == training.POLISH.steps


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--style-loss", "gramm"), "'gramm' is no style loss. Did you mean 'gram'?"),
        (("--style-loss", "gram:x"), "NAME:WEIGHT"),
        (("--style-loss", "gram", "--style-loss", "gram:2"), "given twice"),
        (("--style-loss", "gram:-1"), "Use a number from 0 up."),
        (("--as", "johnsen"), "Did you mean 'johnson'?"),
    ],
)
def test_losses_that_make_no_sense_are_sentences(
    run: Run, calls: Calls, options: tuple[str, ...], words: str
) -> None:
    result = run(*TRAIN, *options)
    assert result.exit_code in (1, 2)
    assert words in " ".join(result.stderr.replace("│", " ").split())
    assert calls.arguments is None


def test_from_scratch_is_no_start(run: Run, calls: Calls) -> None:
    run(*TRAIN, "--from-scratch")
    assert calls.options["start"] is None


def test_polish_changes_its_own_recipe(run: Run, calls: Calls) -> None:
    run(*POLISH, "--steps", "3", "--network", "x.onnx")
    assert calls.options["recipe"].steps == 3
    assert calls.options["recipe"].learning_rate == training.POLISH.learning_rate
    assert calls.options["network"] == "x.onnx"


def test_the_end_says_what_to_do_next(run: Run, calls: Calls) -> None:
    trained = run(*TRAIN)
    assert trained.stdout == "wrote mine/network.onnx\n"
    assert "note: 1 photo could not be read" in trained.stderr
    assert "artem stylize PHOTO --network mine/network.onnx --style mine/styles/wave" in (
        trained.stderr
    )
    assert "artem stylize PHOTO --style 'my wave.safetensors'" in run(*POLISH).stderr


def test_rollbacks_are_said(run: Run, calls: Calls) -> None:
    calls.rollbacks = 2
    assert "note: 2 steps went astray" in run(*TRAIN).stderr


@pytest.mark.parametrize("command", [TRAIN, POLISH])
def test_a_stopped_training_goes_on(run: Run, calls: Calls, command: tuple[str, ...]) -> None:
    calls.stop = True
    result = run(*command)
    assert result.exit_code == 130
    assert result.stderr == "stopped after step 6; the same command goes on from there.\n"


def test_refusals_of_the_trainer_are_sentences(run: Run) -> None:
    result = run(*POLISH[:-1], "mine.txt")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: 'mine.txt' is not a style file's name.")
