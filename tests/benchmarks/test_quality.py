"""What the committed figures keep when pictures are missing, and where they are told."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from benchmarks.conftest import modules_of

from artem.core.network_file import load_network_file
from artem.core.style_file import load_style
from artem.runtime.library import MODELS


@pytest.fixture(scope="module")
def quality() -> Iterator[SimpleNamespace]:
    with modules_of("quality", "tables", "cards", "run") as modules:
        yield modules


def result(*rows: tuple[str, str, float], **changes: Any) -> dict[str, Any]:
    summary = [
        {"style": style, "maker": maker, "count": 3, "figures": {"objective": objective}}
        for style, maker, objective in rows
    ]
    common = {
        "photos": ["cat"], "loss": {"style_weight": 8.0}, "evaluations": 300,
        "style_px": {"udnie": 480, "red": 480},
    }  # fmt: skip
    return common | {"summary": summary} | changes


FORMER = result(
    ("udnie", "fast", 2.0),
    ("udnie", "L-BFGS, photo", 0.9),
    ("red", "L-BFGS, photo", 0.7),
    ("all styles", "L-BFGS, photo", 0.8),
)


def optimized(found: dict[str, Any]) -> dict[str, float]:
    return {
        row["style"]: row["figures"]["objective"]
        for row in found["summary"]
        if row["maker"] == "L-BFGS, photo"
    }


def test_rows_of_optimization_that_are_missing_are_taken_over(quality: SimpleNamespace) -> None:
    now = result(("udnie", "micro", 1.5))
    quality.run._keep_optimized(now, FORMER)
    assert optimized(now) == {"udnie": 0.9, "red": 0.7, "all styles": 0.8}
    assert [row["maker"] for row in now["summary"]].count("fast") == 0

    own = result(("udnie", "L-BFGS, photo", 0.5))
    quality.run._keep_optimized(own, FORMER)
    assert optimized(own) == {"udnie": 0.5, "red": 0.7, "all styles": 0.6}


def test_a_painting_seen_at_another_size_has_other_figures(quality: SimpleNamespace) -> None:
    now = result(style_px={"udnie": 240, "red": 480})
    quality.run._keep_optimized(now, FORMER)
    assert optimized(now) == {"red": 0.7}


@pytest.mark.parametrize("changed", [{"photos": ["dog"]}, {"evaluations": 9}, {"loss": {}}])
def test_nothing_is_taken_over_from_other_conditions(
    quality: SimpleNamespace, changed: dict[str, Any]
) -> None:
    now = result(**changed)
    quality.run._keep_optimized(now, FORMER)
    assert now["summary"] == []


def told(objective: float) -> dict[str, float]:
    return {
        "objective": objective, "content": 0.7, "style": 0.04, "ratio": 2.0,
        "from_photo": 10.2, "from_noise": 20.0, "alternation": 0.0,
    }  # fmt: skip


def test_the_overview_has_a_line_for_each_style_and_for_the_means(
    quality: SimpleNamespace,
) -> None:
    rows = [
        {"style": style, "maker": maker, "figures": told(objective)}
        for style, maker, objective in (
            ("udnie", "fast", 1.25), ("udnie", "fine", 1.5), ("udnie", "L-BFGS, photo", 0.5),
            ("all styles", "fast", 1.3), ("all styles", "fine", 1.6),
            ("all styles", "L-BFGS, photo", 0.6), ("all styles", "the photo", 7.0),
        )
    ]  # fmt: skip
    table = quality.tables._overview({"networks": {"fast": "", "fine": ""}, "summary": rows})
    assert table.splitlines()[2:] == [
        "| udnie | 1.25 | 0.70 | 0.040 | 2.0 | 10 | 20 | 1.50 |",
        "| mean | 1.30 | 0.70 | 0.040 | 2.0 | 10 | 20 | 1.60 |",
        "| L-BFGS from the photo | 0.60 | 0.70 | 0.040 | 2.0 |  |  |  |",
    ]


def test_cards_tell_of_the_network_that_was_judged_and_of_no_other(
    quality: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["micro.onnx", "fine.onnx", "styles/udnie.safetensors"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(MODELS / name, tmp_path / name)
    monkeypatch.setattr(quality.cards, "MODELS", tmp_path)
    micro, udnie = load_network_file(tmp_path / "micro.onnx"), load_style(tmp_path / names[2])
    fine = (tmp_path / "fine.onnx").read_bytes()
    rows = [
        {"style": style, "maker": maker, "size_px": 256, "figures": told(1.234)}
        for style in ("udnie", "all styles")
        for maker in ("micro", "fine", "L-BFGS, photo")
    ]
    quality.cards.write_cards({
        "networks": {"micro": micro.identity, "fine": "another training"}, "summary": rows,
        "photos": ["cat"], "encoder": "compact", "evaluations": 300,
    })  # fmt: skip

    figures = load_network_file(tmp_path / "micro.onnx").card["figures"]
    assert figures["objective, 1 photos at 256x256, compact encoder"] == 1.234
    assert figures["L-BFGS evaluations from the photo that come as far"] == 10
    assert "| 1.234 |" in (tmp_path / "micro.md").read_text(encoding="utf-8")
    assert (tmp_path / "fine.onnx").read_bytes() == fine
    now = load_style(tmp_path / names[2])
    micros = {name: value for name, value in now.figures.items() if name.startswith("micro: ")}
    assert micros == {f"micro: {name}": value for name, value in figures.items()}
    others = {name: value for name, value in udnie.figures.items() if name[:5] != "micro"}
    assert {name: now.figures[name] for name in others} == others
    assert now.vectors.keys() == udnie.vectors.keys()
