"""Pictures as styles: predicted once, remembered, blended; what is wrong is said in a sentence."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Library, draw_photo
from PIL import Image

from artem.core.errors import ArtemError, NetworkError, PictureError, StyleError
from artem.core.predictor_file import load_predictor_file
from artem.core.style_file import StyleVector
from artem.core.style_picture import load_style_frame
from artem.runtime import predictor as prediction
from artem.runtime.library import find_network, find_style
from artem.runtime.predictor import predictor_beside
from artem.runtime.stylizer import Stylizer

MakePhoto = Callable[..., Path]

FRAME = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)


@pytest.fixture
def painting(make_photo: MakePhoto, tmp_path: Path) -> Path:
    return make_photo(tmp_path / "painting.png", 90, 70, seed=3)


def vector_of(library: Library, picture: Path) -> StyleVector:
    return find_style(picture, library.network).vectors[library.network.identity]


def refuse(*arguments: object) -> StyleVector:
    raise AssertionError("predicted again")


def test_a_picture_paints(predicting_library: Library, painting: Path) -> None:
    painted = Stylizer(painting)(FRAME)
    assert painted.shape == FRAME.shape and (painted != FRAME).any()
    assert (Stylizer(str(painting), strength=0)(FRAME) == FRAME).all()


def test_two_pictures_have_two_styles(
    predicting_library: Library, painting: Path, make_photo: MakePhoto, tmp_path: Path
) -> None:
    other = make_photo(tmp_path / "other.png", 90, 70, seed=4)
    assert np.abs(
        vector_of(predicting_library, painting) - vector_of(predicting_library, other)
    ).max() > 1e-3  # fmt: skip


def test_pictures_blend_with_named_styles(predicting_library: Library, painting: Path) -> None:
    stylizer = Stylizer({"great-wave": 1.0, str(painting): 3.0})
    blended = stylizer.style_vector({"great-wave": 1.0, str(painting): 3.0})
    named = find_style("great-wave").vectors[predicting_library.network.identity]
    expected = 0.25 * named + 0.75 * vector_of(predicting_library, painting)
    np.testing.assert_allclose(blended, expected, rtol=1e-5, atol=1e-5)


def test_a_picture_is_predicted_once_whatever_its_name_and_format(
    predicting_library: Library, painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = vector_of(predicting_library, painting)
    monkeypatch.setattr(prediction, "run_predictor", refuse)
    same = tmp_path / "other name.bmp"
    Image.open(painting).save(same)
    found = find_style(same, predicting_library.network)
    assert found.name == "other name"
    np.testing.assert_array_equal(found.vectors[predicting_library.network.identity], first)
    Image.open(painting).point(lambda value: 255 - value).save(same)
    with pytest.raises(AssertionError, match="predicted again"):
        find_style(same, predicting_library.network)


def test_another_predictor_does_not_find_what_this_one_left(
    predicting_library: Library, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = predicting_library.network
    found = predictor_beside(network)
    assert found is not None
    prediction.predict_style(painting, network, found)
    monkeypatch.setattr(prediction, "run_predictor", refuse)
    prediction.predict_style(painting, network, found)
    with pytest.raises(AssertionError, match="predicted again"):
        prediction.predict_style(painting, network, replace(found, digest="another"))


def test_a_damaged_or_forbidden_cache_is_done_without(
    predicting_library: Library, painting: Path, tmp_path: Path
) -> None:
    first = vector_of(predicting_library, painting)
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(b"nothing")
    np.testing.assert_array_equal(vector_of(predicting_library, painting), first)
    kept.unlink()
    (tmp_path / "cache").rmdir()
    (tmp_path / "cache").write_text("a file in the way")
    np.testing.assert_array_equal(vector_of(predicting_library, painting), first)


def test_a_stylizer_looks_at_a_picture_once(
    predicting_library: Library, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stylizer = Stylizer(painting)
    monkeypatch.setattr(prediction, "predict_style", refuse)
    stylizer.set_style({str(painting): 0.5, "great-wave": 0.5})
    stylizer(FRAME)


def test_what_derives_from_the_network_shares_its_predictor(predicting_library: Library) -> None:
    derived = predicting_library.folder / "fast.int8.onnx"
    derived.write_bytes(predicting_library.network.path.read_bytes())
    found = predictor_beside(find_network(derived))
    assert found is not None and found.path.name == "fast.predictor.onnx"
    assert predictor_beside(replace(find_network(derived), identity="other")) is None


def test_a_predictor_is_no_network(predicting_library: Library) -> None:
    with pytest.raises(NetworkError, match="Networks: fast;"):
        find_network("fast.predictor")
    with pytest.raises(NetworkError, match="is not a network of Art'Em's"):
        find_network(predicting_library.folder / "fast.predictor.onnx")


def test_a_predictor_of_another_network_is_refused(
    predicting_library: Library, painting: Path
) -> None:
    with pytest.raises(NetworkError, match="was made for another network, 'fast'"):
        find_style(painting, replace(predicting_library.network, identity="other"))


def test_a_damaged_predictor_is_refused(predicting_library: Library, painting: Path) -> None:
    file = predicting_library.folder / "fast.predictor.onnx"
    content = bytearray(file.read_bytes())
    for place in (2, len(content) // 4, len(content) // 2):
        spoiled = bytearray(content)
        spoiled[place] ^= 0xFF
        file.write_bytes(spoiled)
        with pytest.raises(NetworkError, match="damaged"):
            find_style(painting, predicting_library.network)
    file.write_bytes(predicting_library.network.path.read_bytes())
    with pytest.raises(NetworkError, match="not a predictor"):
        load_predictor_file(file)


def test_without_a_predictor_the_way_to_a_style_is_told(
    tiny_library: Library, painting: Path
) -> None:
    with pytest.raises(StyleError, match="a style must be made from it first"):
        Stylizer(painting)


# Hostile pictures


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("black.png", Image.new("RGB", (64, 64))),
        ("clear.png", Image.new("RGBA", (64, 64))),
        ("sixteen.png", Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16)),
        ("bits.png", Image.new("1", (70, 50), 1)),
        ("scroll.png", draw_photo(5000, 32)),
        ("tall.png", draw_photo(33, 3000)),
    ],
)
def test_odd_pictures_have_a_style(
    predicting_library: Library, tmp_path: Path, name: str, picture: Image.Image
) -> None:
    picture.save(tmp_path / name)
    assert np.isfinite(vector_of(predicting_library, tmp_path / name)).all()
    Stylizer(tmp_path / name)(FRAME)


def test_of_an_animation_the_first_picture_counts_and_that_is_said(
    predicting_library: Library, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = [draw_photo(64, 64, seed) for seed in (1, 2)]
    pictures[0].save(tmp_path / "moving.webp", save_all=True, append_images=pictures[1:])
    with caplog.at_level("INFO", logger="artem"):
        vector_of(predicting_library, tmp_path / "moving.webp")
    assert "it holds 2 pictures; the first was taken" in caplog.text


@pytest.mark.parametrize(
    ("name", "make", "answer"),
    [
        ("dot.png", lambda file: Image.new("RGB", (1, 1)).save(file), "is 1x1; that is too small"),
        ("huge.png", lambda file: Image.new("1", (10_000, 10_000)).save(file), "megapixels"),
        ("text.png", lambda file: file.write_text("no picture"), "is not a picture, whatever"),
        ("empty.jpg", lambda file: file.touch(), "is empty"),
        ("nowhere.jpg", lambda file: None, "There is no file"),
        ("folder.png", lambda file: file.mkdir(), "is a folder"),
    ],
)
def test_what_is_no_picture_of_a_style_is_refused_in_words(
    predicting_library: Library,
    tmp_path: Path,
    name: str,
    make: Callable[[Path], object],
    answer: str,
) -> None:
    make(tmp_path / name)
    with pytest.raises(PictureError, match=answer):
        Stylizer(tmp_path / name)


def test_a_truncated_picture_is_refused_in_words(
    predicting_library: Library, painting: Path
) -> None:
    painting.write_bytes(painting.read_bytes()[:500])
    with pytest.raises(ArtemError, match="is damaged"):
        Stylizer(painting)


# How much of a picture is looked at


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((640, 320), (128, 64)),
        ((50, 40), (50, 40)),
        ((1000, 64), (256, 64)),
        ((40, 990), (40, 160)),
    ],
)
def test_the_shorter_side_is_reduced_and_scrolls_are_cut(
    tmp_path: Path, size: tuple[int, int], seen: tuple[int, int]
) -> None:
    draw_photo(*size).save(tmp_path / "style.png")
    height, width = load_style_frame(tmp_path / "style.png", 64).frame.shape[:2]
    assert (width, height) == seen


def test_of_a_scroll_the_middle_is_seen(tmp_path: Path) -> None:
    pixels = np.zeros((40, 400, 3), np.uint8)
    pixels[:, 120:280] = 200
    Image.fromarray(pixels).save(tmp_path / "scroll.png")
    assert (load_style_frame(tmp_path / "scroll.png", 64).frame == 200).all()
