"""``artem styles``: table, JSON and sheet."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from app.conftest import Run
from conftest import Library
from PIL import Image

from artem.app.sheet import GAP_PX, TILE_PX, columns_for, draw_sheet
from artem.core.picture import load_picture
from artem.runtime.library import styles
from artem.runtime.stylizer import Stylizer


def test_the_table(run: Run, tiny_library: Library) -> None:
    tiny_library.make_style(tiny_library.own / "mine.safetensors", 5)
    lines = run("styles").stdout.splitlines()
    assert lines[1].split() == ["name", "title", "author", "year", "networks", "origin"]
    rows = [line for line in lines[3:] if line.strip()]
    assert [row.split()[0] for row in rows] == ["identity", "great-wave", "starry-night", "mine"]
    assert [row.split()[-1] for row in rows] == ["in", "shipped", "shipped", "own"]
    assert "Great Wave" in rows[1] and "A Painter" in rows[1] and "1900" in rows[1]


def test_json(run: Run, tiny_library: Library) -> None:
    found = json.loads(run("styles", "--json").stdout)
    assert [style["name"] for style in found] == ["identity", "great-wave", "starry-night"]
    assert found[0]["networks"] == ["all"]
    assert found[1]["networks"] == ["fast"]
    assert found[1]["origin"] == "shipped"


def test_a_damaged_own_style_is_named(run: Run, tiny_library: Library) -> None:
    tiny_library.own.mkdir()
    (tiny_library.own / "bad.safetensors").write_bytes(b"nothing")
    result = run("styles")
    assert result.exit_code == 0
    assert "great-wave" in result.stdout
    assert result.stderr.startswith("note: left out: ")
    assert "bad.safetensors' is not a style file, or a damaged one" in result.stderr


def test_the_sheet_shows_every_style(run: Run, tiny_library: Library) -> None:
    result = run("styles", "--sheet", "sheet.png")
    assert result.exit_code == 0
    assert result.stdout == "wrote sheet.png\n"
    sheet = load_picture("sheet.png").frame
    sample = Image.open(tiny_library.folder / "samples" / "sample.png")
    tile = sample.resize((TILE_PX, round(TILE_PX * 40 / 48)), Image.Resampling.LANCZOS)
    first = sheet[GAP_PX : GAP_PX + tile.height, GAP_PX : GAP_PX + tile.width]
    np.testing.assert_array_equal(first, tile)  # identity
    assert run("styles", "--sheet", "sheet.png").exit_code == 1
    assert run("styles", "--sheet", "sheet.png", "--overwrite").exit_code == 0


def test_the_sheet_of_another_photo(
    run: Run, tiny_library: Library, make_photo: Callable[..., Path]
) -> None:
    make_photo(Path("tall.png"), 30, 90)
    assert run("styles", "--sheet", "sheet.jpg", "--photo", "tall.png").exit_code == 0
    assert load_picture("sheet.jpg").frame.shape[0] > TILE_PX


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--sheet", "sheet.xyz"], "does not end like a picture file"),
        (["--sheet", "sheet.png", "--photo", "gone.jpg"], "There is no file 'gone.jpg'."),
        (["--sheet", "sheet.png", "--network", "gone.onnx"], "There is no network file"),
    ],
)
def test_refusals(run: Run, tiny_library: Library, arguments: list[str], sentence: str) -> None:
    result = run("styles", *arguments)
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_no_sample(run: Run, tiny_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    from artem.runtime import library

    monkeypatch.setattr(library, "SAMPLES", Path("nowhere"))
    result = run("styles", "--sheet", "sheet.png")
    assert "Name one with --photo." in result.stderr


def test_tiles_are_where_they_belong(tiny_library: Library) -> None:
    photo = np.full((TILE_PX, TILE_PX, 3), 90, np.uint8)
    sheet = draw_sheet(photo, styles(), Stylizer("identity"))
    step = TILE_PX + GAP_PX
    assert sheet.shape[1] == 3 * step + GAP_PX or sheet.shape[1] == 2 * step + GAP_PX
    label = sheet[GAP_PX + TILE_PX + 4 : GAP_PX + TILE_PX + 44, GAP_PX : GAP_PX + TILE_PX]
    assert (label < 100).any()


@pytest.mark.parametrize(
    ("count", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (6, 3), (7, 4), (12, 4)]
)
def test_columns(count: int, columns: int) -> None:
    assert columns_for([count], 500, 400) == columns
