"""A whole imitation: files that run, styles that serve both networks, stopping and going on."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from artem.core.errors import ArtemError, TrainingError
from artem.core.network_file import load_network_file
from artem.core.style_file import load_style
from artem.export.imitation import imitate_network
from artem.export.training import train_network
from artem.learn.training import Recipe
from artem.learn.training.imitator import ImitationRecipe
from artem.runtime import processor
from artem.runtime.stylizer import Stylizer

RECIPE = ImitationRecipe(steps=6, batch=2, crop_px=32, feature_weight=0.0)
FRAME = np.random.default_rng(0).integers(0, 256, (33, 47, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEM_BFLOAT16", "0")
    torch.set_num_threads(1)


@pytest.fixture
def photos(tmp_path: Path, make_photo: Callable[..., Path]) -> Path:
    for n in range(4):
        make_photo(tmp_path / "photos" / f"{n}.png", 60, 50, seed=n)
    return tmp_path / "photos"


def test_a_binary_student_and_styles_for_both(
    tmp_path: Path, photos: Path, tiny_library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "mine"
    int8 = all(find_spec(name) for name in ("nncf", "onnxruntime"))
    outcome = imitate_network(
        photos=photos, out=out, sizes={"binary": 64}, recipe=RECIPE, device="cpu", int8=int8
    )
    assert outcome.names == ("great-wave", "starry-night")
    assert outcome.files[0] == out / "network.binary.onnx"
    assert all(file.is_file() for file in outcome.files)
    assert not (out / "checkpoint.pt").exists()
    made = load_network_file(outcome.files[0])
    assert made.name == "mine.binary" and made.binary
    assert made.card["training"]["teacher"].startswith("fast ")
    assert "distance to the teacher" in (out / "network.binary.md").read_text()
    teacher = tiny_library.network
    style, before = (
        load_style(folder / "styles" / "great-wave.safetensors")
        for folder in (out, tiny_library.folder)
    )
    assert style.networks == {teacher.identity: "fast", made.identity: "mine.binary"}
    np.testing.assert_array_equal(style.vectors[teacher.identity], before.vectors[teacher.identity])
    assert style.title == before.title and "mine.binary, distance to fast" in style.figures
    shutil.copy(teacher.path, out / "fast.onnx")
    shutil.copy(made.path, out / "fast.binary.onnx")
    if int8:
        assert outcome.files[1] == out / "network.binary.int8.onnx"
        shutil.copy(outcome.files[1], out / "fast.binary.int8.onnx")
        for flags, taken in (((), "fast.binary.onnx"), (("avx512_vnni",), "fast.binary.int8.onnx")):
            monkeypatch.setattr(processor, "cpu_flags", lambda flags=flags: frozenset(flags))
            paint = Stylizer(style, network=out / "fast.onnx", precision="binary", threads=1)
            assert paint.network.path.name == taken and paint.precision == "binary"
            assert paint(FRAME).shape == FRAME.shape
        (out / "fast.binary.int8.onnx").write_bytes(b"damaged")
    for precision in ("float", "binary"):
        paint = Stylizer(style, network=out / "fast.onnx", precision=precision, threads=1)
        assert paint.precision == precision and paint(FRAME).shape == FRAME.shape
    with pytest.raises(TrainingError, match="already holds a trained network"):
        imitate_network(photos=photos, out=out, sizes={"binary": 64}, recipe=RECIPE)


@pytest.mark.usefixtures("tiny_library")
def test_a_stopped_imitation_goes_on_to_the_same_result(tmp_path: Path, photos: Path) -> None:
    def stop(progress: Any, steps: int) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    once, twice = tmp_path / "once", tmp_path / "twice"
    options: dict[str, Any] = {
        "photos": photos, "sizes": {"trunk": 4}, "styles": ["starry-night"],
        "recipe": RECIPE, "device": "cpu",
    }  # fmt: skip
    imitate_network(out=once, **options)
    with pytest.raises(KeyboardInterrupt):
        imitate_network(out=twice, on_progress=stop, **options)
    assert not (twice / "network.onnx").exists()
    with pytest.raises(TrainingError, match="other styles"):
        imitate_network(out=twice, **options | {"styles": ["great-wave"]})
    with pytest.raises(TrainingError, match="other settings"):
        imitate_network(out=twice, **options | {"recipe": replace(RECIPE, learning_rate=0.1)})
    imitate_network(out=twice, **options)
    first, second = (load_network_file(out / "network.onnx") for out in (once, twice))
    assert first.identity == second.identity and first.card == second.card
    styles = [load_style(out / "styles" / "starry-night.safetensors") for out in (once, twice)]
    np.testing.assert_array_equal(*(style.vectors[first.identity] for style in styles))
    assert [*styles[0].figures.values()] == [*styles[1].figures.values()]


@pytest.mark.usefixtures("tiny_library")
def test_what_cannot_be_learned_is_refused(tmp_path: Path, photos: Path) -> None:
    options: dict[str, Any] = {"photos": photos, "out": tmp_path / "mine", "recipe": RECIPE}
    with pytest.raises(TrainingError, match="nothing to learn"):
        imitate_network(sizes={"trunk": 8}, **options)
    with pytest.raises(ArtemError, match="unexpected keyword"):
        imitate_network(sizes={"chunk": 8}, **options)
    with pytest.raises(TrainingError, match="around a binary trunk"):
        imitate_network(sizes={"trunk": 4}, int8=True, **options)
    with pytest.raises(TrainingError, match="Two styles are called"):
        imitate_network(sizes={"trunk": 4}, styles=["great-wave", "great-wave"], **options)


@pytest.mark.usefixtures("tiny_library")
def test_a_binary_network_is_finetuned_and_grown_by_the_trainer(
    tmp_path: Path, photos: Path, make_photo: Callable[..., Path], tiny_encoder: Path
) -> None:
    recipe = replace(RECIPE, steps=1, feature_weight=0.3)
    taught = imitate_network(
        photos=photos, out=tmp_path / "taught", sizes={"binary": 64}, recipe=recipe,
        encoder=tiny_encoder, device="cpu",
    )  # fmt: skip
    assert load_network_file(taught.files[0]).card["training"]["encoder"] == "encoder"
    picture = make_photo(tmp_path / "wave.png", 70, 60, seed=9)
    still = Recipe(
        steps=1, batch=1, crop_px=48, style_px=48, learning_rate=0.0, style_learning_rate=0.0
    )
    frames = []
    for name, changes, sizes in (
        ("same", {}, None),
        ("grown", {}, {"blocks": 2, "trunk": 12}),
        ("tuned", {"steps": 3, "learning_rate": 0.02}, None),
    ):
        out = tmp_path / name
        tuned = train_network(
            [picture], photos=photos, out=out, start=taught.files[0], encoder=tiny_encoder,
            recipe=replace(still, **changes), device="cpu", sizes=sizes,
        )  # fmt: skip
        network = load_network_file(tuned.files[0])
        assert tuned.files[0].name == "network.binary.onnx" and network.binary
        style = out / "styles" / "wave.safetensors"
        frames.append(Stylizer(style, network=network.path, threads=1)(FRAME).astype(int))
    same, grown, changed = frames
    assert abs(same - grown).mean() < 0.05
    assert (same != changed).mean() > 0.1
