"""Names, files and weights of styles and networks."""

from pathlib import Path

import pytest
from conftest import Library

from artem.core.errors import NetworkError, StyleError
from artem.runtime.library import (
    IDENTITY,
    find_network,
    find_style,
    parse_style,
    style_files,
    styles,
)


@pytest.mark.parametrize(
    ("text", "style", "weight"),
    [
        ("great-wave", "great-wave", 1.0),
        ("great-wave:0.7", "great-wave", 0.7),
        ("great-wave:.5", "great-wave", 0.5),
        ("great-wave:2", "great-wave", 2.0),
        ("great-wave:3.", "great-wave", 3.0),
        ("great-wave:1e-1", "great-wave", 0.1),
        ("great-wave:0", "great-wave", 0.0),
        ("a:b", "a:b", 1.0),
        ("a:b:0.25", "a:b", 0.25),
        ("a:", "a:", 1.0),
        (":0.5", ":0.5", 1.0),
        ("a:nan", "a:nan", 1.0),
        ("a:1_0", "a:1_0", 1.0),
        ("C:\\mine\\x.safetensors", "C:\\mine\\x.safetensors", 1.0),
        ("C:\\mine\\x.safetensors:0.3", "C:\\mine\\x.safetensors", 0.3),
    ],
)
def test_a_weight_is_a_number_after_the_last_colon(text: str, style: str, weight: float) -> None:
    assert parse_style(text) == (style, weight)


@pytest.mark.parametrize("text", ["a:-1", "a:1e999"])
def test_a_weight_is_finite_and_not_negative(text: str) -> None:
    with pytest.raises(StyleError, match=f"weight in '{text}'"):
        parse_style(text)


def test_all_styles_have_a_name_and_identity_is_first(tiny_library: Library) -> None:
    assert [style.name for style in styles()] == ["identity", "great-wave", "starry-night"]
    assert find_style("identity") is IDENTITY


def test_an_own_style_wins_over_a_shipped_one(tiny_library: Library) -> None:
    shipped = find_style("great-wave")
    tiny_library.make_style(tiny_library.own / "great-wave.safetensors", 9)
    own = find_style("great-wave")
    assert own.path == tiny_library.own / "great-wave.safetensors"
    assert (own.vectors[tiny_library.network.identity]
            != shipped.vectors[tiny_library.network.identity]).any()  # fmt: skip
    assert len(style_files()) == 2


def test_an_own_style_goes_by_its_file_name(tiny_library: Library) -> None:
    made = tiny_library.own / "mine.safetensors"
    tiny_library.make_style(made, 9)
    made.rename(made.with_name("renamed.safetensors"))
    assert [style.name for style in styles()][-1] == "renamed"


def test_a_damaged_own_style_is_left_out_of_all_but_told_by_name(tiny_library: Library) -> None:
    tiny_library.make_style(tiny_library.own / "mine.safetensors", 9)
    (tiny_library.own / "bad.safetensors").write_bytes(b"nothing")
    told: list[StyleError] = []
    expected = ["identity", "great-wave", "starry-night", "mine"]
    assert [style.name for style in styles(on_damaged=told.append)] == expected
    assert [style.name for style in styles()] == expected
    assert ["bad.safetensors" in str(error) for error in told] == [True]
    with pytest.raises(StyleError, match="damaged one"):
        find_style("bad")


def test_a_damaged_shipped_style_is_an_error(
    tiny_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from artem.runtime import library

    (tmp_path / "shipped" / "styles").mkdir(parents=True)
    (tmp_path / "shipped" / "styles" / "bad.safetensors").write_bytes(b"nothing")
    monkeypatch.setattr(library, "MODELS", tmp_path / "shipped")
    with pytest.raises(StyleError, match="damaged one"):
        styles()


def test_a_style_by_its_path(tiny_library: Library, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "mine.safetensors"
    tiny_library.make_style(file, 3)
    assert find_style(file).name == find_style(str(file)).name == "mine"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("greatwave", "'greatwave' is not a style here. Did you mean 'great-wave'?"),
        ("identty", "Did you mean 'identity'?"),
        ("xyz", "'xyz' is not a style here.\n  See all of them with: artem styles"),
        ("wave.jpg", "'wave.jpg' is a picture; a style must be made from it first."),
        ("nowhere.safetensors", "There is no style file 'nowhere.safetensors'."),
    ],
)
def test_an_unknown_style(tiny_library: Library, asked: str, answer: str) -> None:
    with pytest.raises(StyleError) as caught:
        find_style(asked)
    assert answer in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("fsat", "'fsat' is not a network here. Did you mean 'fast'?\n  Networks: fast;"),
        ("nowhere.onnx", "There is no network file 'nowhere.onnx'."),
    ],
)
def test_an_unknown_network(tiny_library: Library, asked: str, answer: str) -> None:
    with pytest.raises(NetworkError) as caught:
        find_network(asked)
    assert answer in str(caught.value)


def test_a_network_by_name_and_by_path(tiny_library: Library) -> None:
    assert find_network("fast") == find_network(tiny_library.folder / "fast.onnx")
