"""Networks of one style with one thing changed: trained alike, kept, taken up again, measured."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawing import draw_picture
from safetensors.torch import load_file, save_file

from artem.core.errors import PictureError, TrainingError
from artem.core.picture import load_picture
from artem.learn.encoders import VGG
from artem.learn.networks.transformer import ConvLayer
from artem.learn.studies import bench, study_networks, train_variants
from artem.learn.studies.curve_plot import PAPER, Line, curve_plot
from artem.learn.studies.networks import CLOSE_PX, CLOSE_ZOOM, close_by, flattest
from artem.learn.studies.variant_training import _divided
from artem.learn.studies.variants import (
    VARIANTS,
    Trained,
    find_variants,
    load_variant,
    save_variant,
)

SMALL = {"steps": 2, "batch": 1, "crop_px": 32, "style_px": 64, "few": 3, "device": "cpu"}


@pytest.fixture(autouse=True)
def few_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "HELD_OUT_CROPS", 2)
    monkeypatch.setenv("ARTEM_BFLOAT16", "0")


@pytest.fixture
def painting(make_photo: Callable[..., Path], tmp_path: Path) -> Path:
    return make_photo(tmp_path / "painting.png", 64, 64, 7)


@pytest.fixture
def train(
    painting: Path, make_photos: Callable[[int], Path], tiny_vgg: VGG, tmp_path: Path
) -> Callable[..., list[str]]:
    """Trains variants on twelve photos and returns the lines said."""
    photos = make_photos(12)

    def run(*names: str, **settings: Any) -> list[str]:
        lines: list[str] = []
        told: dict[str, Any] = {"encoder": tiny_vgg, "on_line": lines.append, "names": names}
        train_variants(painting, photos, None, tmp_path / "out", **SMALL | told | settings)
        return lines

    return run


def kept(tmp_path: Path, name: str) -> Path:
    return tmp_path / "out" / "networks" / f"{name}.safetensors"


def test_each_variant_changes_what_its_name_says() -> None:
    networks = {name: variant.network() for name, variant in VARIANTS.items()}
    for name, network in networks.items():
        layers = [module for module in network.modules() if isinstance(module, ConvLayer)]
        assert any(layer.transposed for layer in layers) == (name in ("transposed", "johnson"))
        batch = any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
        assert batch == (name in ("batch-norm", "johnson"))
    assert [name for name, variant in VARIANTS.items() if variant.few] == ["few-photos"]
    assert [name for name, variant in VARIANTS.items() if not variant.clip] == ["unclipped"]
    assert [name for name, v in VARIANTS.items() if v.style_layers] == ["layer-weights"]
    assert list(find_variants(["johnson", "reported"])) == ["reported", "johnson"]
    assert find_variants(None) == VARIANTS


@pytest.mark.parametrize("name", ["reported", "johnson"])
def test_a_file_holds_the_network_nearly_as_it_was(name: str, tmp_path: Path) -> None:
    network = VARIANTS[name].network()
    image = draw_picture(32, 3)
    network(image)  # moves the statistics of batch norm
    curves = {"step": torch.arange(1.0, 4.0), "objective": torch.tensor([3.0, 2.0, 1.5])}
    file = tmp_path / "one.safetensors"
    save_variant(file, name, Trained(network, {"steps": 3}, curves, "cpu", 1.25))
    assert file.stat().st_size < 2_000_000
    again = load_variant(file, name)
    assert (again.settings, again.device, again.time_s) == ({"steps": 3}, "cpu", 1.2)
    assert again.curves["objective"].tolist() == [3.0, 2.0, 1.5]
    with torch.no_grad():
        painted, expected = again.network(image), network.eval()(image)
    assert (painted - expected).abs().mean() < 0.03 * expected.std()


def test_every_variant_is_trained_and_kept(train: Callable[..., list[str]], tmp_path: Path) -> None:
    lines = train(steps=1)
    for name in VARIANTS:
        trained = load_variant(kept(tmp_path, name), name)
        assert f"{name}: step 1, " in "\n".join(lines)
        assert trained.settings["photos"] == (3 if name == "few-photos" else 11)
        assert trained.settings["held-out photos"] == 1
        for column in ("objective", "style", "held-out objective", "held-out style relu1_2"):
            assert torch.isfinite(trained.curves[column]).all()
    first = {n: load_variant(kept(tmp_path, n), n).curves["objective"][0] for n in VARIANTS}
    assert first["reported"] == first["unclipped"]  # one seed, one first step
    assert first["reported"] != first["layer-weights"]
    assert sum(file.stat().st_size for file in kept(tmp_path, "x").parent.iterdir()) < 14_000_000


def test_what_is_there_is_not_trained_again(
    train: Callable[..., list[str]], painting: Path, tiny_vgg: VGG, tmp_path: Path
) -> None:
    train("reported")
    before = kept(tmp_path, "reported").read_bytes()
    assert train("reported", "unclipped")[0] == "reported: there already"
    assert kept(tmp_path, "reported").read_bytes() == before
    again = train_variants(
        painting, None, None, tmp_path / "out", names=["reported"], encoder=tiny_vgg,
        on_line=lambda line: None, **SMALL,
    )  # fmt: skip
    assert again == ["reported"]
    kept(tmp_path, "reported").unlink()
    train("reported")
    anew = load_file(kept(tmp_path, "reported"))
    save_file(anew, tmp_path / "anew")
    (tmp_path / "old").write_bytes(before)
    old = load_file(tmp_path / "old")
    assert all(torch.equal(old[key], anew[key]) for key in old)


def test_a_clock_that_has_run_out_keeps_nothing(
    train: Callable[..., list[str]], tmp_path: Path
) -> None:
    lines = train("reported", "unclipped", until_s=0.0)
    assert lines == ["reported: no time left", "unclipped: no time left"]
    lines = train("reported", "unclipped", until_s=0.5, steps=100_000)
    assert lines[-2:] == ["reported: dropped, as the time is up", "unclipped: no time left"]
    assert not kept(tmp_path, "x").parent.exists()


@pytest.mark.parametrize(
    ("names", "settings", "said"),
    [
        (["reportd"], {}, "Did you mean 'reported'?"),
        (["reported"], {"crop_px": 30}, "The crop's side of 30 px does not fit."),
        (["few-photos"], {"few": 11}, "has 11 photos to train on, no more than the 11"),
        (["reported"], {"device": "abacus"}, "There is no device 'abacus'"),
    ],
)
def test_refusals_come_before_any_training(
    train: Callable[..., list[str]], names: list[str], settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(TrainingError, match=said.replace("?", r"\?")):
        train(*names, **settings)


def test_networks_of_other_trainings_are_refused(
    train: Callable[..., list[str]], make_photo: Callable[..., Path], painting: Path, tmp_path: Path
) -> None:
    train("reported", steps=1)
    with pytest.raises(TrainingError, match="was trained with steps 1"):
        train("reported")
    make_photo(painting, 64, 64, 8)
    with pytest.raises(TrainingError, match="was trained with another painting"):
        train("reported", steps=1)
    kept(tmp_path, "reported").rename(kept(tmp_path, "unclipped"))
    with pytest.raises(TrainingError, match="holds no trained variant 'unclipped'"):
        train("unclipped", steps=1)
    kept(tmp_path, "unclipped").write_bytes(b"torn")
    with pytest.raises(TrainingError, match="Delete it to train that one again"):
        train("unclipped", steps=1)


def test_held_out_photos_are_never_trained_on(make_photos: Callable[[int], Path]) -> None:
    folder = make_photos(12)
    shown = {key: set(photos.files) for key, photos in _divided(folder, None, 3).items()}
    assert {key: len(files) for key, files in shown.items()} == {
        "all": 11, "few": 3, "held out": 1
    }  # fmt: skip
    assert shown["few"] < shown["all"] and not shown["all"] & shown["held out"]
    other = folder / "other"
    other.mkdir()
    (folder / "00.png").rename(other / "00.png")
    shown = {key: set(photos.files) for key, photos in _divided(folder, other, 3).items()}
    assert shown["held out"] == {other / "00.png"} and len(shown["all"]) == 11
    with pytest.raises(TrainingError, match="are held out"):
        _divided(folder, folder, 0)


def test_steps_without_finite_gradients_are_left_out(
    train: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench, "clip_gradients", lambda *_: False)
    lines = train("reported")
    assert "reported: 2 steps had gradients that were not finite, and were left out" in lines
    objective = load_variant(kept(tmp_path, "reported"), "reported").curves["held-out objective"]
    assert objective[0] == objective[-1]


def test_the_study_shows_every_network_beside_the_others(
    train: Callable[..., list[str]], painting: Path, tiny_vgg: VGG, tmp_path: Path
) -> None:
    train("reported", "batch-norm")
    panels = list(
        study_networks(
            tiny_vgg, painting, tmp_path / "out", pictures={"dots": draw_picture(70, 1)},
            names=["reported", "batch-norm"], **SMALL,
        )
    )  # fmt: skip
    rows: dict[str, list[str]] = {}
    for panel in panels:
        rows.setdefault(panel.row, []).append(panel.label)
    first, *others = rows.values()
    assert first == ["the painting", "as reported", "batch norm"]
    assert others == 2 * [["the photo", "as reported", "batch norm"]]
    assert {panel.frame.shape for panel in panels if panel.row == "dots"} == {(68, 68, 3)}
    told = [panel.figures for panel in panels if panel.row == "dots" and panel.figures]
    assert [list(figures) for figures in told] == 2 * [
        ["checkerboard 1/2", "checkerboard 1/4", "border"]
    ]
    trained = [p.figures for p in panels if p.row == next(iter(rows)) and p.figures]
    assert list(trained[0])[:2] == ["held-out objective", "held-out content"]
    assert trained[0]["border"] == pytest.approx(told[0]["border"])
    assert min(load_picture(tmp_path / "out" / "networks-curves.png").frame.shape[:2]) > 300
    with (tmp_path / "out" / "networks-curves.csv").open(encoding="utf-8", newline="") as lines:
        table = list(csv.DictReader(lines))
    assert [(line["variant"], line["step"]) for line in table] == [
        ("reported", "1"), ("reported", "2"), ("batch-norm", "1"), ("batch-norm", "2")
    ]  # fmt: skip
    with pytest.raises(PictureError, match="'thin' would be 72x60, too small"):
        next(
            study_networks(
                tiny_vgg, painting, tmp_path, pictures={"thin": torch.zeros(1, 3, 60, 72)}
            )
        )


def test_close_by_are_a_corner_and_the_flattest_place() -> None:
    draw = np.random.default_rng(0)
    frame = draw.integers(0, 256, (120, 140, 3), np.uint8)
    frame[40 : 40 + CLOSE_PX, 50 : 50 + CLOSE_PX] = 9
    place = flattest(frame, CLOSE_PX)
    assert max(abs(place[0] - 40), abs(place[1] - 50)) <= 1
    tiles = close_by(frame, (40, 50))
    side = CLOSE_PX * CLOSE_ZOOM
    assert tiles.shape == (side, 2 * side + 8, 3)
    assert (tiles[:CLOSE_ZOOM, :CLOSE_ZOOM] == frame[0, 0]).all()
    assert (tiles[:, -side:] == 9).all() and (tiles[:, side : side + 8] == PAPER).all()


def test_a_plot_draws_what_can_be_drawn() -> None:
    nothing = curve_plot("", [Line("", (200, 0, 0), [1, 2], [float("nan"), 0.0])], **SIZE)
    assert (nothing == PAPER).all()
    lines = [
        Line("falls", (200, 0, 0), list(range(1, 201)), [100 / n for n in range(1, 201)]),
        Line("stays", (0, 0, 200), [1, 200], [1.0, 1.0]),
    ]
    plot = curve_plot("losses", lines, **SIZE).astype(int)
    assert plot.shape == (150, 200, 3)
    red = np.argwhere(plot[..., 0] - plot[..., 2] > 100)
    blue = np.argwhere(plot[..., 2] - plot[..., 0] > 100)
    at_left, at_right = red[red[:, 1] < 60], red[red[:, 1] > 150]
    assert at_left[:, 0].min() < at_right[:, 0].max() - 50  # falls down the picture
    assert len(blue) > 50


SIZE = {"width_px": 200, "height_px": 150}
