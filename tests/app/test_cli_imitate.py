"""``artem imitate``: what it passes on and what it says."""

from pathlib import Path
from typing import Any

import pytest
from app.conftest import Run

from artem.export import imitation
from artem.export.running import Outcome
from artem.learn.training.imitator import ImitationRecipe
from artem.learn.training.loop import Progress

IMITATE = ("imitate", "--photos", "photos", "-o", "mine", "--size", "binary=128")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    made: dict[str, Any] = {}

    def imitate(**options: Any) -> Outcome:
        options.pop("on_progress")(Progress(5, {"pixels": 1.0}, 2.0, 3.0, 0), 40)
        made.update(options)
        if options["out"] == Path("stopped"):
            raise KeyboardInterrupt
        return Outcome((options["out"] / "network.binary.onnx",), ("wave",), {})

    monkeypatch.setattr(imitation, "imitate_network", imitate)
    return made


def test_only_what_was_given_is_passed_on(run: Run, calls: dict[str, Any]) -> None:
    said = run(*IMITATE)
    assert calls == {"photos": Path("photos"), "out": Path("mine"), "sizes": {"binary": 128}}
    assert "--network mine/network.binary.onnx --style mine/styles/wave.safetensors" in said.stderr


def test_everything_given_is_passed_on(run: Run, calls: dict[str, Any]) -> None:
    options = (
        "--size trunk=32 --network fast --style a --style b --steps 9 --batch 2 --crop-px 64 "
        "--optimizer adam --learning-rate 0.1 --style-learning-rate 0.2 --feature-weight 0.4 "
        "--encoder vgg16 --feature-layer relu1_1 --feature-layer relu2_1 --clip 6 --seed 7 "
        "--inherited-rate 0.5 --device cpu --int8"
    )
    assert run(*IMITATE, *options.split()).exit_code == 0
    assert calls["recipe"] == ImitationRecipe(
        steps=9, batch=2, crop_px=64, optimizer="adam", learning_rate=0.1,
        style_learning_rate=0.2, feature_weight=0.4, feature_layers=("relu1_1", "relu2_1"),
        inherited_rate=0.5, clip=6, seed=7,
    )  # fmt: skip
    assert calls["sizes"] == {"binary": 128, "trunk": 32}
    assert (calls["network"], calls["styles"]) == ("fast", ["a", "b"])
    assert (calls["encoder"], calls["device"], calls["int8"]) == ("vgg16", "cpu", True)


def test_sizes_are_needed_and_numbers(run: Run, calls: dict[str, Any]) -> None:
    assert "--size" in run(*IMITATE[:-2]).stderr
    assert "not of the form NAME=N" in run(*IMITATE, "--size", "trunk").stderr
    assert not calls


def test_a_stopped_imitation_goes_on(run: Run, calls: dict[str, Any]) -> None:
    result = run(*IMITATE, "-o", "stopped")
    assert result.exit_code == 130
    assert result.stderr == "stopped after step 5; the same command goes on from there.\n"
