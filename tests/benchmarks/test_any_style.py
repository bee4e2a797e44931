"""What is said of predicted styles: every way is judged, shown, and written down."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from benchmarks.conftest import modules_of
from conftest import Library
from PIL import Image

from artem.core.errors import NetworkError
from artem.learn.training.artworks import is_held_out


@pytest.fixture
def bench() -> Iterator[SimpleNamespace]:
    with modules_of("any_style", "measure", "run", "sheet", "tables", "ways", "works") as modules:
        yield modules


@pytest.fixture
def artworks(tmp_path: Path, make_photo: Callable[..., Path], bench: SimpleNamespace) -> list[Path]:
    """Two that are held out, named like two of the works that may be shown; and one other."""
    stems = [*bench.works.WORKS][:2]
    made: list[Path] = []
    other = False
    for seed in range(200):
        file = make_photo(tmp_path / "artworks" / f"{seed}.png", 60, 50, seed=seed)
        if is_held_out(file) and len(made) < 2:
            made.append(file.rename(file.with_stem(stems[len(made)])))
        elif is_held_out(file) or other:
            file.unlink()
        else:
            other = True
        if other and len(made) == 2:
            break
    return made


def test_every_way_is_judged_shown_and_written_down(
    tmp_path: Path, predicting_library: Library, make_photo: Callable[..., Path],
    artworks: list[Path], bench: SimpleNamespace, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(bench.run, "RESULT", tmp_path / "any-style.json")
    monkeypatch.setattr(bench.tables, "DOCUMENT", tmp_path / "docs" / "any-style.md")
    document = tmp_path / "docs" / "any-style.md"
    document.parent.mkdir()
    document.write_text(f"before\n{bench.tables.BEGIN}\nold\n{bench.tables.END}\nafter\n")
    first = artworks[0].stem
    shutil.copytree(predicting_library.folder, tmp_path / "adain")
    predicting_library.make_style(tmp_path / "polished" / f"{first}.safetensors", 1)
    trained = tmp_path / "trained" / first
    trained.mkdir(parents=True)
    shutil.copy(predicting_library.network.path, trained / "network.onnx")
    predicting_library.make_style(trained / "styles" / "mine.safetensors", 2)
    photos = [make_photo(tmp_path / f"photo{n}.png", 90, 70, seed=50 + n) for n in range(2)]
    sheet = tmp_path / "sheet.jpg"
    bench.run.main([
        "--artworks", str(tmp_path / "artworks"), "--adain", str(tmp_path / "adain" / "fast.onnx"),
        "--polished", str(tmp_path / "polished"), "--trained", str(tmp_path / "trained"),
        "--photos", *map(str, photos), "--size", "64", "--frames", "2", "--sheet", str(sheet),
    ])  # fmt: skip

    result = json.loads((tmp_path / "any-style.json").read_text())
    assert [row["artwork"] for row in result["artworks"]] == [file.stem for file in artworks]
    whole, rest = (row["ways"] for row in result["artworks"])
    assert tuple(whole) == (*bench.ways.WAYS,) and set(whole) - set(rest) == {"polished", "trained"}
    assert whole["predicted"] == whole["AdaIN"]  # the same network under another name
    assert whole["the photo"]["content"] == [0.0, 0.0]
    assert result["all"]["predicted"]["artworks"] == 2
    assert result["all"]["polished"] == result["complete"]["polished"]
    assert set(result["style_ms"]) == set(result["frame_ms"]) == {"predicted", "AdaIN"}
    assert result["sheets"][0]["shown"] == [first]
    with Image.open(sheet) as drawn:
        assert drawn.width > 8 * bench.sheet.TILE_PX

    text = document.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert text.count("| best named | ") == 2 and bench.works.WORKS[first].credit in text
    bench.run.main(["--draw"])
    assert document.read_text() == text


@pytest.mark.parametrize("shipped", [True, False])
def test_adain_is_the_shipped_one_or_left_out(
    tmp_path: Path, predicting_library: Library, tiny_adain: Path, artworks: list[Path],
    bench: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    shipped: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(bench.run, "RESULT", tmp_path / "any-style.json")
    monkeypatch.setattr(bench.tables, "DOCUMENT", tmp_path / "any-style.md")
    document = tmp_path / "any-style.md"
    document.write_text(f"{bench.tables.BEGIN}\n{bench.tables.END}\n")
    if shipped:
        shutil.copytree(tiny_adain, predicting_library.folder, dirs_exist_ok=True)
    bench.run.main([
        "--artworks", str(tmp_path / "artworks"), "--size", "64", "--frames", "1",
        "--photos", str(predicting_library.folder / "samples"), "--sheet", str(tmp_path / "s.jpg"),
    ])  # fmt: skip

    result = json.loads((tmp_path / "any-style.json").read_text())
    by_way = ("networks", "all", "complete", "style_ms", "frame_ms")
    assert all(("AdaIN" in result[name]) == shipped for name in by_way)
    text, said = document.read_text(), capsys.readouterr().err
    assert ("AdaIN is left out" not in text) == shipped
    assert ("AdaIN is left out: there is no network 'adain'" not in said) == shipped
    assert ("a style, AdaIN" in text) == shipped
    with Image.open(tmp_path / "s.jpg") as drawn:
        assert (drawn.width > 3 * bench.sheet.TILE_PX) == shipped
    if shipped:
        assert result["networks"]["AdaIN"]["name"] == "adain"
        ways = [row["ways"] for row in result["artworks"]]
        assert all(one["AdaIN"] != one["predicted"] for one in ways)


def test_a_network_without_a_predictor_is_refused(
    tiny_library: Library, bench: SimpleNamespace
) -> None:
    with pytest.raises(NetworkError, match="no predictor beside"):
        bench.ways.Predicting.found("fast")


def test_means_are_over_artworks_that_have_them(bench: SimpleNamespace) -> None:
    def row(**objectives: float) -> dict[str, object]:
        names = {"named": "best named", "photo": "the photo"}
        return {"ways": {
            names.get(way, way): {term: [value, value + 2] for term in
                                  ("objective", "content", "style")}
            for way, value in objectives.items()
        }}  # fmt: skip

    rows = [row(predicted=1, named=2), row(predicted=5, named=4, polished=0), row(predicted=0)]
    table = bench.measure.summarize(rows[:2])
    assert table["predicted"] == {
        "artworks": 2, "mean": 4, "median": 4, "content": 4, "style": 4, "better": 1,
    }  # fmt: skip
    assert table["polished"]["artworks"] == 1 and table["polished"]["mean"] == 1
    assert "better" not in table["best named"]
    assert bench.measure.complete(rows) == [rows[1]]


def _result(way: str, objective: float, **differing: object) -> dict[str, object]:
    figures = {"objective": [objective], "content": [0.3], "style": [0.1]}
    return {
        "networks": {"predicted": {"identity": "one", "predictor": "p"}, way: {"identity": way}},
        "encoder": "compact", "loss": {}, "style_px": 480, "size_px": 256, "photos": ["cat"],
        "sheets": [{"file": f"docs/{way}.jpg", "shown": []}],
        "artworks": [{
            "artwork": "a", "best named": "great-wave",
            "ways": {way: figures, "predicted": figures, "best named": figures},
        }],
        **differing,
    }  # fmt: skip


def test_what_is_not_judged_anew_is_kept(bench: SimpleNamespace) -> None:
    merged = bench.run.with_former(_result("AdaIN", 1.5), _result("polished", 0.7))
    (row,) = merged["artworks"]
    objectives = {way: figures["objective"] for way, figures in row["ways"].items()}
    assert objectives == {
        "polished": [0.7], "AdaIN": [1.5], "predicted": [1.5], "best named": [1.5]
    }  # fmt: skip
    assert merged["all"]["polished"]["mean"] == 0.7
    assert merged["complete"]["AdaIN"]["artworks"] == 1
    assert [sheet["file"] for sheet in merged["sheets"]] == ["docs/polished.jpg", "docs/AdaIN.jpg"]
    assert set(merged["networks"]) == {"predicted", "polished", "AdaIN"}


@pytest.mark.parametrize(
    "differing",
    [
        {"size_px": 128},
        {"photos": ["dog"]},
        {"networks": {"predicted": {"identity": "another", "predictor": "p"}}},
        {"networks": {"predicted": {"identity": "one", "predictor": "q"}}},
        {"artworks": [{"artwork": "b", "ways": {}}]},
    ],
)
def test_nothing_is_kept_of_another_network_or_other_pictures(
    bench: SimpleNamespace, differing: dict[str, object]
) -> None:
    result = _result("AdaIN", 1.5)
    assert bench.run.with_former(result, _result("polished", 0.7, **differing)) is result
