"""What the committed figures keep when the pictures beside the curves are missing."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from benchmarks.conftest import modules_of


@pytest.fixture(scope="module")
def quality() -> Iterator[SimpleNamespace]:
    with modules_of("quality", "tables", "run") as modules:
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
