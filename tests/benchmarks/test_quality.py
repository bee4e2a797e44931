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
        {"style": style, "maker": maker, "figures": {"objective": objective}}
        for style, maker, objective in rows
    ]
    common = {"photos": ["cat"], "loss": {"style_weight": 8.0}, "style_px": 480, "evaluations": 300}
    return common | {"summary": summary} | changes


FORMER = result(
    ("udnie", "fast", 2.0), ("udnie", "L-BFGS, photo", 0.9), ("red", "L-BFGS, noise", 1)
)


def test_only_rows_of_optimization_that_are_missing_are_taken_over(
    quality: SimpleNamespace,
) -> None:
    now = result(("udnie", "micro", 1.5))
    quality.run._keep_optimized(now, FORMER)
    assert now["summary"][1:] == [FORMER["summary"][1]]

    own = result(("udnie", "L-BFGS, photo", 0.8))
    quality.run._keep_optimized(own, FORMER)
    assert [row["figures"]["objective"] for row in own["summary"]] == [0.8]


@pytest.mark.parametrize("changed", [{"photos": ["dog"]}, {"evaluations": 9}, {"loss": {}}])
def test_nothing_is_taken_over_from_other_conditions(
    quality: SimpleNamespace, changed: dict[str, Any]
) -> None:
    now = result(("udnie", "micro", 1.5), **changed)
    quality.run._keep_optimized(now, FORMER)
    assert len(now["summary"]) == 1
