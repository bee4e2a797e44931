"""Style files: what is written is read, and damage is noticed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from artem.core.errors import StyleError
from artem.core.style_file import Style, blend_vectors, load_style, save_style


def make_style() -> Style:
    draw = np.random.default_rng(0)
    return Style(
        "sea",
        {"a" * 64: draw.random(20, dtype=np.float32), "b" * 64: draw.random(30, dtype=np.float32)},
        {"a" * 64: "fast", "b" * 64: "fine"},
        title="The Sea",
        author="A. Painter",
        year="1890",
        license="public domain",
        recipe={"steps": 3},
        figures={"ratio": 1.5},
    )


def test_a_style_comes_back_whole(tmp_path: Path) -> None:
    style, file = make_style(), tmp_path / "sea.safetensors"
    save_style(file, style)
    read = load_style(file)
    assert read.path == file
    for identity, vector in style.vectors.items():
        np.testing.assert_array_equal(read.vectors[identity], vector)
    for name in ("name", "networks", "title", "author", "year", "license", "recipe", "figures"):
        assert getattr(read, name) == getattr(style, name)
    assert read.credit == "A. Painter, The Sea, 1890"


def test_every_flipped_byte_of_a_vector_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "sea.safetensors"
    save_style(file, make_style())
    content = bytearray(file.read_bytes())
    for position in (-1, -50, -200):
        damaged = bytearray(content)
        damaged[position] ^= 1
        file.write_bytes(damaged)
        with pytest.raises(StyleError, match="digest does not fit"):
            load_style(file)


@pytest.mark.parametrize("length", [0, 5, 100, -10])
def test_a_truncated_file_is_refused(tmp_path: Path, length: int) -> None:
    file = tmp_path / "sea.safetensors"
    save_style(file, make_style())
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(StyleError, match="not a style file, or a damaged one"):
        load_style(file)


def read_parts(file: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """A style file's header and vectors, unchecked."""
    with safe_open(file, "numpy") as opened:
        return opened.metadata(), {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118


@pytest.mark.parametrize(
    "field", ["name", "title", "author", "year", "license", "networks", "recipe", "figures"]
)
def test_another_text_in_the_header_is_noticed(tmp_path: Path, field: str) -> None:
    file = tmp_path / "sea.safetensors"
    save_style(file, make_style())
    header, vectors = read_parts(file)
    other = '{"x": 1}' if header[field].startswith("{") else header[field] + "x"
    for changed in (header | {field: other}, {k: v for k, v in header.items() if k != field}):
        save_file(vectors, file, changed)
        with pytest.raises(StyleError, match="digest does not fit"):
            load_style(file)


@pytest.mark.parametrize("networks", ["{", "[1]", "7"])
def test_a_header_that_fits_its_digest_but_is_none_is_refused(
    tmp_path: Path, networks: str
) -> None:
    from artem.core.style_file import _digest

    file = tmp_path / "sea.safetensors"
    save_style(file, make_style())
    header, vectors = read_parts(file)
    del header["digest"]
    header["networks"] = networks
    save_file(vectors, file, header | {"digest": _digest(header, vectors)})
    with pytest.raises(StyleError, match="is damaged"):
        load_style(file)


def test_damage_anywhere_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "sea.safetensors"
    save_style(file, make_style())
    content = file.read_bytes()
    draw = np.random.default_rng(0)
    for _ in range(400):
        damaged = bytearray(content)
        damaged[draw.integers(len(content))] ^= 1 << draw.integers(8)
        file.write_bytes(damaged)
        with pytest.raises(StyleError):
            load_style(file)
        file.write_bytes(content[: draw.integers(len(content))])
        with pytest.raises(StyleError):
            load_style(file)


def test_other_safetensors_files_are_no_styles(tmp_path: Path) -> None:
    file = tmp_path / "other.safetensors"
    save_file({"x": np.zeros(3, np.float32)}, file)
    with pytest.raises(StyleError, match="not a style"):
        load_style(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match="There is no style file"):
        load_style(tmp_path / "none.safetensors")


def test_a_network_that_it_lacks_is_refused_naming_those_it_has() -> None:
    with pytest.raises(StyleError, match="It has: fast, fine"):
        make_style().vector_for("c" * 64, "micro")
    with pytest.raises(StyleError, match="another training of it"):
        make_style().vector_for("c" * 64, "fast")


def test_blending_is_the_weighted_mean() -> None:
    one, two = np.arange(12, dtype=np.float32), np.ones(12, dtype=np.float32)
    blended = blend_vectors({"one": one, "two": two}, {"one": 3, "two": 1})
    np.testing.assert_allclose(blended, 0.75 * one + 0.25 * two)


def test_strength_moves_the_head_alone_toward_the_identity() -> None:
    vector = np.arange(12, dtype=np.float32)
    identity = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0])
    for strength in (0.0, 0.25, 1.0):
        blended = blend_vectors({"": vector}, {"": 1}, strength)
        np.testing.assert_array_equal(blended[:3], vector[:3])
        expected = strength * vector[3:] + (1 - strength) * identity
        np.testing.assert_allclose(blended[3:], expected, rtol=1e-6)
