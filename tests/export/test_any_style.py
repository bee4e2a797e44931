"""Whole trainings towards any style: files, resuming, what runs afterwards."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import Library, draw_photo, tiny_compact

from artem.core.errors import TrainingError
from artem.core.network_file import load_network_file
from artem.core.predictor_file import load_predictor_file
from artem.core.style_picture import load_style_frame
from artem.export import any_style
from artem.export.any_style import ADAIN, FREE, PREDICTOR, train_any_style
from artem.export.predictor import export_predictor
from artem.export.training import POLISH, polish_style
from artem.learn.networks import AdaINMoments, StylePredictor
from artem.learn.networks.build import load_network
from artem.learn.training.artworks import is_held_out
from artem.runtime import predictor as prediction
from artem.runtime.openvino import run_once as run_in_openvino
from artem.runtime.predictor import run_predictor
from artem.runtime.stylizer import Stylizer

FRAME = np.random.default_rng(0).integers(0, 256, (33, 47, 3), dtype=np.uint8)
SMALL = {"steps": 4, "batch": 2, "crop_px": 48, "style_px": 48}


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEM_BFLOAT16", "0")


@pytest.fixture
def materials(
    tmp_path: Path, make_photo: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    for n in range(24):
        make_photo(tmp_path / "artworks" / f"{n}.png", 60, 50, seed=n)
    for n in range(4):
        make_photo(tmp_path / "photos" / f"{n}.png", 60, 50, seed=100 + n)
    (tmp_path / "artworks" / "broken.jpg").write_text("no artwork")
    monkeypatch.setattr(any_style, "load_encoder", tiny_compact)
    monkeypatch.setattr(any_style, "LOOKED_AT", 4)
    monkeypatch.setattr(prediction, "predicted_styles_folder", lambda: tmp_path / "cache")
    return {"photos": tmp_path / "photos", "device": "cpu"}


def test_a_predictor_stopped_and_finished_serves_its_network(
    tmp_path: Path, materials: dict[str, Any], tiny_library: Library
) -> None:
    artworks, out = tmp_path / "artworks", tmp_path / "any"
    recipe = replace(PREDICTOR, **SMALL)

    def stop(progress: Any, steps: int) -> None:
        if progress.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_any_style(artworks, out=out, recipe=recipe, on_progress=stop, **materials)
    assert (out / "checkpoint.pt").is_file() and not (out / "network.onnx").exists()
    seen: list[int] = []
    outcome = train_any_style(
        artworks, out=out, recipe=recipe,
        on_progress=lambda progress, steps: seen.append(progress.step), **materials,
    )  # fmt: skip
    assert seen == [3, 4]
    assert all(file.is_file() for file in outcome.files)
    assert not (out / "checkpoint.pt").exists()
    assert (out / "network.onnx").read_bytes() == tiny_library.network.path.read_bytes()
    described = load_predictor_file(out / "network.predictor.onnx")
    assert described.network == tiny_library.network.identity
    held = sum(map(is_held_out, artworks.glob("*.png")))
    assert held and described.card["figures"]["held-out artworks"] == held
    card = (out / "network.predictor.md").read_text()
    assert card.startswith("# Predictor of `fast`")
    assert "| objective of the best named style for each |" in card
    painted = Stylizer(artworks / "1.png", network=out / "network.onnx")(FRAME)
    assert painted.shape == FRAME.shape
    with pytest.raises(TrainingError, match="already holds a trained network"):
        train_any_style(artworks, out=out, recipe=recipe, **materials)


def test_a_free_network_becomes_another_with_a_predictor_of_its_own(
    tmp_path: Path, materials: dict[str, Any], tiny_library: Library
) -> None:
    out = tmp_path / "free"
    recipe = replace(FREE, **SMALL | {"steps": 1})
    train_any_style(tmp_path / "artworks", out=out, free=True, recipe=recipe, **materials)
    described = load_network_file(out / "network.onnx")
    assert described.name == "free"
    assert described.identity != tiny_library.network.identity
    predictor = load_predictor_file(out / "network.predictor.onnx")
    assert predictor.network == described.identity
    assert not any("named style" in figure for figure in predictor.card["figures"])


@pytest.mark.usefixtures("tiny_library")
def test_adain_paints_in_the_style_of_any_picture(
    tmp_path: Path, materials: dict[str, Any]
) -> None:
    artworks, out = tmp_path / "artworks", tmp_path / "adain"
    with pytest.raises(TrainingError, match="Leave out --free"):
        train_any_style(artworks, out=out, adain=True, free=True, **materials)
    train_any_style(artworks, out=out, adain=True, recipe=replace(ADAIN, **SMALL), **materials)
    network = load_network(out / "network.onnx")
    kept = tiny_compact().state_dict()
    for name, weights in network.state_dict().items():
        if name.startswith("encoder."):
            assert torch.equal(weights, kept[name.removeprefix("encoder.")])
    painting = artworks / "1.png"
    stylizer = Stylizer(painting, network=out / "network.onnx")
    frame = load_style_frame(painting, 48).frame
    picture = torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None].float() / 255
    vector = AdaINMoments(tiny_compact())(picture)[0].detach().numpy()
    np.testing.assert_allclose(stylizer.style_vector(painting), vector, rtol=2e-2, atol=2e-2)
    assert (stylizer(FRAME) != FRAME).any()
    stylizer.set_style(painting, strength=0)
    assert (stylizer(FRAME) == FRAME).all()


def test_the_file_predicts_what_pytorch_does_in_both_engines(
    tmp_path: Path, tiny_library: Library
) -> None:
    torch.manual_seed(3)
    model = StylePredictor(tiny_compact(), tiny_library.network.style_size, hidden=16)
    model.look_at([torch.rand(1, 3, 64, 64) for _ in range(4)])
    torch.nn.init.normal_(model.out.weight, std=0.1)
    file = export_predictor(
        model, tmp_path / "x.predictor.onnx",
        network=tiny_library.network, short_px=64, card={"license": "none"},
    )  # fmt: skip
    frame = np.asarray(draw_photo(90, 66, seed=2))
    picture = torch.from_numpy(frame.copy()).permute(2, 0, 1)[None].float() / 255
    expected = model(picture)[0].detach().numpy()
    for vector in (
        run_predictor(file, frame),
        run_in_openvino(file.path, {"picture": frame[None]})[0],
    ):
        np.testing.assert_allclose(vector, expected, atol=2e-2 * expected.std())
    assert load_predictor_file(file.path).card == {"license": "none"}


def test_polishing_begins_with_the_predicted_style(
    tmp_path: Path, make_photo: Callable[..., Path], predicting_library: Library,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from artem.export import training

    make_photo(tmp_path / "photos" / "1.png", 60, 50)
    picture = make_photo(tmp_path / "painting.png", 90, 70, seed=3)
    offered: list[torch.Tensor] = []
    monkeypatch.setattr(training, "load_encoder", tiny_compact)
    monkeypatch.setattr(
        training.Trainer, "start_from", lambda self, vectors, contents: offered.append(vectors)
    )
    network = load_network_file(predicting_library.network.path)
    polish_style(
        picture, photos=tmp_path / "photos", out=tmp_path / "mine.safetensors", device="cpu",
        recipe=replace(POLISH, steps=1, batch=1, crop_px=48, style_px=48),
    )  # fmt: skip
    predicted = Stylizer(picture).style_vector(picture)
    assert len(offered[0]) == 4  # a new style's, two named ones, the predicted one
    np.testing.assert_allclose(offered[0][-1].numpy(), predicted, rtol=1e-5, atol=1e-6)
    assert network.style_size == offered[0].shape[1]
