"""Studies of layers, weights and losses: what they show, and that their figures are right."""

import itertools

import pytest
import torch
from drawing import draw_picture

from artem.core.errors import EncoderError, LossError
from artem.learn.encoders import VGG
from artem.learn.losses import ADVERSARIAL, STYLE_LOSSES
from artem.learn.studies import (
    Panel,
    Progress,
    propose_weights,
    study_layer_weights,
    study_layers,
    study_losses,
    sweep_content,
    sweep_style,
)
from artem.learn.studies.layer_weights import LEAST_ERROR
from artem.learn.studies.style_losses import ADVERSARIAL_EFFORT

LAYERS = ["relu1_1", "relu1_2", "relu2_1"]


def made(panels: list[Panel]) -> list[Panel]:
    return [panel for panel in panels if panel.figures]


def figure(panel: Panel, name: str) -> float:
    value = panel.figures[name]
    assert isinstance(value, float)
    return value


def test_each_layer_has_a_picture_that_suits_it_best(tiny_vgg: VGG) -> None:
    panels = list(
        study_layers(tiny_vgg, draw_picture(24, 1), photo=draw_picture(24, 0), evaluations=40)
    )
    labels = [panel.label for panel in panels]
    assert labels == ["the painting", *LAYERS, "the photo", *LAYERS]
    assert [bool(panel.figures) for panel in panels] == 2 * [False, True, True, True]
    assert len({panel.row for panel in panels[:4]} | {panel.row for panel in panels[4:]}) == 2
    styles, contents = panels[1:4], panels[5:]
    for panel in styles:
        name = f"style {panel.label}"
        assert figure(panel, name) == min(figure(other, name) for other in styles)
    lost = [figure(panel, "content relu1_1") for panel in contents]
    assert lost == sorted(lost) and lost[-1] > 2 * lost[0]  # deeper layers know less of the photo
    for kind, row in (("style", styles), ("content", contents)):
        for panel in row:
            assert figure(panel, "objective") < 0.1 * figure(panel, "objective at first")
            assert all(name.startswith((kind, "objective")) for name in panel.figures)


def test_a_layer_that_keeps_all_gives_the_photo_back() -> None:
    colors = VGG("colors", ((3,),), padding="reflect").frozen()
    for layer in (colors.conv0, colors.get_submodule("conv11")):
        torch.nn.init.dirac_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    photo = draw_picture(16, 0)
    *_, panel = study_layers(colors, photo, photo=photo, evaluations=40)
    rebuilt = torch.from_numpy(panel.frame.copy()).permute(2, 0, 1)[None] / 255
    torch.testing.assert_close(rebuilt, photo, atol=0.02, rtol=0)
    assert figure(panel, "content relu1_1") < 1e-4


def test_a_seed_is_a_picture(tiny_vgg: VGG) -> None:
    def last(seed: int) -> bytes:
        *_, panel = study_layers(
            tiny_vgg, draw_picture(16, 1), layers=["relu1_1"], evaluations=4, seed=seed
        )
        return panel.frame.tobytes()

    assert last(1) == last(1) != last(2)


def test_progress_counts_every_evaluation(tiny_vgg: VGG) -> None:
    seen: list[Progress] = []
    panels = study_layers(
        tiny_vgg, draw_picture(16, 1), layers=["relu2_1", "relu1_1"], evaluations=5,
        on_progress=seen.append,
    )  # fmt: skip
    next(panels)
    next(panels)
    assert [(progress.done, progress.total) for progress in seen] == [(n, 10) for n in range(1, 6)]
    list(panels)
    assert [progress.done for progress in seen] == list(range(1, 11))
    assert [progress.label for progress in seen] == 5 * ["relu1_1"] + 5 * ["relu2_1"]


def test_more_style_weight_is_more_style(tiny_vgg: VGG) -> None:
    panels = list(
        sweep_style(
            tiny_vgg, draw_picture(24, 0), draw_picture(24, 1), layers=["relu1_1", "relu2_1"],
            style_weights=[0.01, 0.1, 1], evaluations=30, tv_weight=0,
        )
    )  # fmt: skip
    assert [panel.label for panel in panels[:2]] == ["the photo", "the painting"]
    rows = {row: list(group) for row, group in itertools.groupby(panels[2:], lambda p: p.row)}
    assert list(rows) == ["relu1_1", "relu1_1 to relu2_1"]
    for row in rows.values():
        assert [panel.label for panel in row] == [
            "style alone, from noise", "style weight 0.01", "style weight 0.1", "style weight 1"
        ]  # fmt: skip
        assert not any(name.startswith("content") for name in row[0].figures)
        styles = [figure(panel, "style relu1_1") for panel in row[1:]]
        contents = [figure(panel, "content relu2_1") for panel in row[1:]]
        assert styles[-1] < 0.5 * styles[0]
        assert contents[0] < 0.8 * contents[-1]


def test_a_sweep_may_hold_no_style_at_all(tiny_vgg: VGG) -> None:
    pictures = draw_picture(24, 0), draw_picture(24, 1)
    panels = list(
        sweep_style(tiny_vgg, *pictures, layers=["relu1_1"], style_weights=[0], evaluations=20)
    )
    alone, without = made(panels)
    assert figure(alone, "style relu1_1") < 0.1
    assert not any(name.startswith("style") for name in without.figures)


def test_content_comes_through_its_layer(tiny_vgg: VGG) -> None:
    photo, painting = draw_picture(24, 0), draw_picture(24, 1)
    panels = list(
        sweep_content(tiny_vgg, photo, painting, style_weight=0.01, tv_weight=0, evaluations=30)
    )
    assert [panel.label for panel in panels] == ["the photo", "the painting", *LAYERS]
    lost = [figure(panel, "content relu1_1") for panel in made(panels)]
    assert lost == sorted(lost) and lost[-1] > 2 * lost[0]
    for panel in made(panels):
        assert figure(panel, f"content {panel.label}") < 0.1
        assert {f"style {layer}" for layer in LAYERS} < set(panel.figures)


def test_proposed_weights_give_all_layers_the_same_say() -> None:
    weights = propose_weights({"a": 0.01, "b": 0.04, "c": 0.2})
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["a"] * 0.01 == pytest.approx(weights["b"] * 0.04)
    assert weights["a"] * 0.01 == pytest.approx(weights["c"] * 0.2)
    assert propose_weights({"a": 0.5, "b": 0.5}) == {"a": 0.5, "b": 0.5}
    assert propose_weights({"a": 0.0, "b": 3 * LEAST_ERROR}) == pytest.approx(
        {"a": 0.75, "b": 0.25}
    )


def test_layer_weights_come_from_what_single_layers_leave(tiny_vgg: VGG) -> None:
    panels = list(
        study_layer_weights(
            tiny_vgg, draw_picture(24, 0), draw_picture(24, 1), evaluations=12, tv_weight=0
        )
    )
    singles, (alike, proposed) = panels[2:-2], panels[-2:]
    names = list(tiny_vgg.style_layers)
    assert [panel.label for panel in singles] == names
    for panel in singles:
        assert {name: figure(panel, f"weight {name}") for name in names} == {
            name: float(name == panel.label) for name in names
        }
    left = {panel.label: figure(panel, f"style {panel.label}") for panel in singles}
    assert all(figure(alike, f"weight {name}") == 1 / len(names) for name in names)
    told = {name: figure(proposed, f"weight {name}") for name in names}
    assert told == pytest.approx(propose_weights(left))
    assert any(told[name] != pytest.approx(1 / len(names), rel=0.01) for name in names)
    first = {panel.label: figure(panel, "objective at first") for panel in singles}
    for panel in (alike, proposed):  # all start from the photo, whose errors add up by weight
        expected = sum(figure(panel, f"weight {name}") * first[name] for name in names)
        assert figure(panel, "objective at first") == pytest.approx(expected, rel=1e-4)


def test_every_style_loss_has_its_picture(tiny_vgg: VGG) -> None:
    seen: list[Progress] = []
    panels = list(
        study_losses(tiny_vgg, draw_picture(32, 1), evaluations=12, on_progress=seen.append)
    )
    count = 12 * (len(STYLE_LOSSES) + ADVERSARIAL_EFFORT)
    assert [progress.done for progress in seen] == list(range(1, count + 1))
    assert {progress.total for progress in seen} == {count}
    assert [panel.label for panel in panels] == ["the painting", *STYLE_LOSSES, ADVERSARIAL]
    for panel in made(panels):
        if panel.label != ADVERSARIAL:
            assert figure(panel, "objective") < 0.9 * figure(panel, "objective at first")
    assert len({panel.frame.tobytes() for panel in panels}) == len(panels)
    gram, *others = made(panels)
    assert gram.label == "gram"
    total = {
        panel.label: sum(figure(panel, f"style {layer}") for layer in tiny_vgg.style_layers)
        for panel in (gram, *others)
    }
    assert total["gram"] < 0.5 * total["mmd-linear"]


def test_unknown_layers_and_losses_are_refused(tiny_vgg: VGG) -> None:
    picture = draw_picture(16, 0)
    with pytest.raises(EncoderError, match="no layer 'relu9_1'"):
        next(study_layers(tiny_vgg, picture, layers=["relu9_1"]))
    with pytest.raises(EncoderError, match="Did you mean 'relu2_1'"):
        next(sweep_content(tiny_vgg, picture, picture, layers=["relu1_1", "relu21"]))
    with pytest.raises(LossError, match="Did you mean 'gram'"):
        next(study_losses(tiny_vgg, picture, losses=["grm"]))
