"""``artem any-style``, and pictures as styles on the command line."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app.conftest import Run
from conftest import Library, draw_photo

from artem.core.color import with_colors_of
from artem.core.picture import load_picture
from artem.export import any_style
from artem.export.running import Outcome
from artem.learn.training.loop import Progress

TRAIN = ("any-style", "--artworks", "artworks", "--photos", "photos", "-o", "any")


class Calls:
    """Stands in for the training and keeps what it was called with."""

    def __init__(self) -> None:
        self.artworks: Any = None
        self.options: dict[str, Any] = {}

    def __call__(self, artworks: Path, **options: Any) -> Outcome:
        options.pop("on_progress")(Progress(1, {"style": 1.0}, 2.0, 3.0, 0), 40)
        self.artworks, self.options = artworks, options
        return Outcome((options["out"] / "network.onnx",), (), {})


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    made = Calls()
    monkeypatch.setattr(any_style, "train_any_style", made)
    return made


def test_only_what_was_given_is_passed_on(run: Run, calls: Calls) -> None:
    result = run(*TRAIN)
    assert result.exit_code == 0
    assert calls.artworks == Path("artworks")
    assert calls.options == {"photos": Path("photos"), "out": Path("any")}
    assert "--network any/network.onnx --style PICTURE" in result.output


@pytest.mark.parametrize(
    ("kind", "default"),
    [((), any_style.PREDICTOR), (("--free",), any_style.FREE), (("--adain",), any_style.ADAIN)],
)
def test_options_change_the_recipe_of_the_kind_that_was_asked_for(
    run: Run, calls: Calls, kind: tuple[str, ...], default: Any
) -> None:
    options = ("--steps", "9", "--predictor-learning-rate", "0.5", "--style-px", "100")
    assert run(*TRAIN, *kind, *options, "--named", "styles").exit_code == 0
    assert calls.options["recipe"] == replace(
        default, steps=9, style_learning_rate=0.5, style_px=100
    )
    assert calls.options["named"] == Path("styles")
    assert {name for name in ("free", "adain") if name in calls.options} == {
        option[2:] for option in kind
    }


def test_adain_has_no_network_to_begin_with(run: Run, calls: Calls) -> None:
    result = run(*TRAIN, "--adain", "--network", "fast")
    assert result.exit_code == 2
    assert "exclude each other" in result.output


def test_stylize_takes_a_picture_as_a_style(
    run: Run, predicting_library: Library, tmp_path: Path
) -> None:
    draw_photo(60, 50, 1).save(tmp_path / "photo.png")
    draw_photo(70, 60, 2).save(tmp_path / "painting.png")
    result = run("stylize", "photo.png", "--style", "painting.png", "-o", "out.png")
    assert result.exit_code == 0
    assert (tmp_path / "out.png").is_file()
    blended = ("--style", "painting.png:0.5", "--style", "great-wave:0.5")
    assert run("stylize", "photo.png", *blended, "-o", "blend.png").exit_code == 0
    (tmp_path / "text.png").write_text("no picture")
    result = run("stylize", "photo.png", "--style", "text.png", "-o", "none.png")
    assert result.exit_code == 1
    assert "is not a picture, whatever its name says" in result.output


def test_a_network_without_styles_by_name_paints_as_pictures_say(
    run: Run, adain_library: Library
) -> None:
    for seed, name in enumerate(("photo", "a", "b")):
        draw_photo(60, 50, seed).save(f"{name}.png")

    def paint(*options: str) -> np.ndarray:
        result = run(
            "stylize", "photo.png", "--network", "adain", *options, "-o", "out.png", "--overwrite"
        )
        assert result.exit_code == 0, result.stderr
        return load_picture("out.png").frame.astype(int)

    photo = load_picture("photo.png").frame
    whole, other = paint("--style", "a.png"), paint("--style", "b.png")
    assert np.ptp(whole) > 20 and np.abs(whole - other).max() > 5
    assert (paint("--style", "a.png", "--strength", "0") == photo).all()
    half = paint("--style", "a.png", "--strength", "0.5")
    unclipped = (whole > 0) & (whole < 255)
    assert unclipped.mean() > 0.5
    np.testing.assert_allclose(half[unclipped], (whole + photo)[unclipped] / 2, atol=1.5)
    blend = paint("--style", "a.png:0.6", "--style", "b.png:0.4")
    assert (blend != whole).any() and (blend != other).any()
    assert (paint("--style", "a.png:2", "--style", "b.png:0") == whole).all()
    kept = paint("--style", "a.png", "--keep-color")
    assert (kept == with_colors_of(photo, whole.astype(np.uint8))).all()


def test_what_a_network_without_styles_by_name_takes_is_said(
    run: Run, adain_library: Library
) -> None:
    draw_photo(60, 50).save("photo.png")
    result = run("stylize", "photo.png", "--network", "adain", "--style", "great-wave")
    assert result.exit_code == 1
    assert "was not made for the network 'adain'" in result.stderr
    assert "Any picture is a style here" in result.stderr
