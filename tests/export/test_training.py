"""Whole trainings on drawn photos, with a tiny encoder: files, resuming, refusals."""

import logging
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artem.core.errors import ArtemError, TrainingError
from artem.core.network_file import load_network_file
from artem.core.style_file import load_style
from artem.export import training
from artem.export.training import POLISH, polish_style, style_names, train_network
from artem.learn.training import Recipe
from artem.learn.training.recipe import published_recipe
from artem.runtime.stylizer import Stylizer

SMALL = {"stem": 4, "trunk": 8, "half": 4, "blocks": 1}
TINY = Recipe(steps=6, batch=2, crop_px=48, style_px=48)


@pytest.fixture
def materials(
    tmp_path: Path, make_photo: Callable[..., Path], tiny_encoder: Path
) -> dict[str, Any]:
    for n in range(4):
        make_photo(tmp_path / "photos" / f"{n}.png", 60, 50, seed=n)
    (tmp_path / "photos" / "broken.jpg").write_text("no photo")
    return {"photos": tmp_path / "photos", "encoder": tiny_encoder, "device": "cpu"}


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEM_BFLOAT16", "0")


@pytest.mark.usefixtures("tiny_library")
def test_training_leaves_a_network_and_styles_that_run(
    tmp_path: Path, make_photo: Callable[..., Path], materials: dict[str, Any]
) -> None:
    pictures = [make_photo(tmp_path / name, 70, 60, seed=9) for name in ("A Wave.png", "b_2.png")]
    out = tmp_path / "mine"
    with pytest.raises(TrainingError, match="author can be told of one picture only"):
        train_network(
            pictures, out=out, start=None, sizes=SMALL, credits={"author": "Me"}, **materials
        )
    outcome = train_network(pictures, out=out, start=None, sizes=SMALL, recipe=TINY, **materials)
    assert outcome.names == ("a-wave", "b-2")
    assert [file.name for file in outcome.broken] == ["broken.jpg"]
    assert all(file.is_file() for file in outcome.files)
    assert not (out / "checkpoint.pt").exists()
    assert (out / "preview.png").is_file()
    assert "| Networks | mine |" in (out / "styles" / "a-wave.md").read_text()
    paint = Stylizer(out / "styles" / "a-wave.safetensors", network=out / "network.onnx")
    frame = np.random.default_rng(0).integers(0, 256, (33, 47, 3), dtype=np.uint8)
    assert paint(frame).shape == frame.shape
    assert load_network_file(out / "network.onnx").card["recipe"]["steps"] == 6
    with pytest.raises(TrainingError, match="already holds a trained network"):
        train_network(pictures, out=out, start=None, sizes=SMALL, recipe=TINY, **materials)


@pytest.mark.usefixtures("tiny_library")
def test_a_stopped_training_goes_on_to_the_same_result(
    tmp_path: Path, make_photo: Callable[..., Path], materials: dict[str, Any]
) -> None:
    pictures = [make_photo(tmp_path / "wave.png", 70, 60, seed=9)]

    def stop(progress: Any, steps: int) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    once, twice = tmp_path / "once", tmp_path / "twice"
    train_network(pictures, out=once, start=None, sizes=SMALL, recipe=TINY, **materials)
    with pytest.raises(KeyboardInterrupt):
        train_network(
            pictures, out=twice, start=None, sizes=SMALL, recipe=TINY, on_progress=stop, **materials
        )
    assert (twice / "checkpoint.pt").is_file()
    assert not (twice / "network.onnx").exists()
    train_network(pictures, out=twice, start=None, sizes=SMALL, recipe=TINY, **materials)
    identities = {load_network_file(out / "network.onnx").identity for out in (once, twice)}
    assert len(identities) == 1
    first, second = (load_style(out / "styles" / "wave.safetensors") for out in (once, twice))
    for identity in identities:
        np.testing.assert_array_equal(first.vectors[identity], second.vectors[identity])


def test_polishing_changes_the_vector_alone(
    tmp_path: Path, make_photo: Callable[..., Path], materials: dict[str, Any], tiny_library: Any
) -> None:
    picture = make_photo(tmp_path / "wave.png", 70, 60, seed=9)
    before = tiny_library.network.path.read_bytes()
    out = tmp_path / "mine.safetensors"
    losses: list[float] = []
    recipe = Recipe(**(POLISH.as_dict() | {"steps": 12, "crop_px": 48, "style_px": 48}))  # type: ignore[arg-type]
    outcome = polish_style(
        picture, out=out, recipe=recipe,
        credits={"author": "Me"},
        on_progress=lambda progress, steps: losses.append(progress.loss), **materials,
    )  # fmt: skip
    assert "| Author | Me |" in out.with_suffix(".md").read_text()
    with pytest.raises(TrainingError, match="exists already"):
        polish_style(picture, out=out, recipe=recipe, **materials)
    assert outcome.files[0] == out
    style = load_style(out)
    assert list(style.vectors) == [tiny_library.network.identity]
    assert tiny_library.network.path.read_bytes() == before
    assert min(losses[-4:]) < losses[0]
    Stylizer(out)(np.zeros((40, 40, 3), np.uint8))


def test_a_network_can_grow_and_keeps_the_style_that_serves_best(
    tmp_path: Path, make_photo: Callable[..., Path], materials: dict[str, Any], tiny_library: Any
) -> None:
    picture = make_photo(tmp_path / "wave.png", 70, 60, seed=9)
    before = tiny_library.network.architecture
    sizes = {"trunk": before["trunk"] + 8, "blocks": before["blocks"] + 1}
    recipe = replace(TINY, steps=1, learning_rate=0.0, style_learning_rate=0.0)
    start = tiny_library.network.path
    for out, options in (("same", {}), ("grown", {"sizes": sizes})):
        train_network(
            [picture], out=tmp_path / out, start=start, recipe=recipe, **options, **materials
        )
    described = load_network_file(tmp_path / "grown" / "network.onnx")
    assert described.architecture == {**before, **sizes}
    frame = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    same, grown = (
        Stylizer(tmp_path / out / "styles" / "wave.safetensors",
                 network=tmp_path / out / "network.onnx")(frame).astype(int)
        for out in ("same", "grown")
    )  # fmt: skip
    assert abs(same - grown).max() <= 1


@pytest.mark.usefixtures("tiny_library")
def test_a_published_recipe_is_fitted_to_the_encoder_and_said(
    tmp_path: Path, make_photo: Callable[..., Path], materials: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    picture = make_photo(tmp_path / "wave.png", 70, 60, seed=9)
    recipe = published_recipe(
        replace(POLISH, steps=2, crop_px=48, style_px=48, style_losses={"gram": 1.0}), "johnson"
    )
    recipe = replace(recipe, style_losses={"histogram": 1.0, "adversarial": 0.5})
    with caplog.at_level(logging.INFO, logger="artem"):
        polish_style(picture, out=tmp_path / "mine.safetensors", recipe=recipe, **materials)
    assert "The encoder 'encoder' has no relu3_3; relu3_1 stands in." in caplog.messages
    style = load_style(tmp_path / "mine.safetensors")
    assert style.recipe["published"] == "johnson"
    assert style.recipe["content_layers"] == {"relu3_1": 1.0}
    card = (tmp_path / "mine.md").read_text()
    assert "| style_losses | histogram 1.0, adversarial 0.5 |" in card
    assert "| training adversarial |" in card


@pytest.mark.usefixtures("tiny_library")
def test_a_published_recipe_brings_its_encoder(
    tmp_path: Path, make_photo: Callable[..., Path], materials: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    asked: list[Any] = []

    def load(encoder: Any) -> Any:
        asked.append(encoder)
        raise ArtemError("enough")

    monkeypatch.setattr(training, "load_encoder", load)
    picture = make_photo(tmp_path / "wave.png", 70, 60, seed=9)
    for given in (None, "mine"):
        with pytest.raises(ArtemError, match="enough"):
            polish_style(
                picture, out=tmp_path / "mine.safetensors",
                recipe=published_recipe(POLISH, "johnson"), **materials | {"encoder": given},
            )  # fmt: skip
    assert asked == ["vgg16", "mine"]


def test_names_come_from_files() -> None:
    assert style_names([Path("The Great_Wave (1831).jpg"), Path("x/ß.png")]) == [
        "the-great-wave-1831",
        "ß",
    ]
    with pytest.raises(TrainingError, match="Two style pictures"):
        style_names([Path("a/x.jpg"), Path("b/X.png")])
    with pytest.raises(TrainingError, match="no style picture"):
        style_names([])


@pytest.mark.usefixtures("tiny_library")
def test_a_checkpoint_of_another_style_picture_is_refused(
    tmp_path: Path, make_photo: Callable[..., Path], materials: dict[str, Any]
) -> None:
    def stop(progress: Any, steps: int) -> None:
        raise KeyboardInterrupt

    one = make_photo(tmp_path / "one.png", 70, 60, seed=9)
    two = make_photo(tmp_path / "two.png", 70, 60, seed=10)
    options = materials | {"out": tmp_path / "mine", "start": None, "recipe": TINY}
    with pytest.raises(KeyboardInterrupt):
        train_network([one], on_progress=stop, **options)
    with pytest.raises(TrainingError, match="other style pictures"):
        train_network([two], **options)


@pytest.mark.usefixtures("tiny_library")
def test_ctrl_c_lets_the_step_finish_and_leaves_a_checkpoint(
    tmp_path: Path, make_photo: Callable[..., Path], materials: dict[str, Any]
) -> None:
    picture = make_photo(tmp_path / "one.png", 70, 60, seed=9)
    steps: list[int] = []

    def press(progress: Any, total: int) -> None:
        steps.append(progress.step)
        if progress.step == 2:
            signal.raise_signal(signal.SIGINT)

    options = materials | {"out": tmp_path / "mine", "start": None, "recipe": TINY}
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train_network([picture], on_progress=press, **options)
    assert signal.getsignal(signal.SIGINT) is before
    assert (tmp_path / "mine" / "checkpoint.pt").is_file()
    train_network([picture], on_progress=press, **options)
    assert steps == [1, 2, 3, 4, 5, 6]


@pytest.mark.usefixtures("tiny_library")
def test_a_place_that_cannot_be_written_is_refused_before_the_first_step(
    tmp_path: Path, make_photo: Callable[..., Path], materials: dict[str, Any]
) -> None:
    picture = make_photo(tmp_path / "one.png", 70, 60, seed=9)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtemError, match="cannot be written"):
        train_network(
            [picture], out=tmp_path / "file", start=None, sizes=SMALL, recipe=TINY,
            on_progress=lambda progress, steps: pytest.fail("a step was taken"), **materials,
        )  # fmt: skip
