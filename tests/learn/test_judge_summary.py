"""Means over photos and styles, lower bounds, and who is better."""

import json
from collections.abc import Callable

import numpy as np
import pytest
import torch

from artem.learn.judge import Case, Curve, Exhibit, Standing, Verdict
from artem.learn.judge.summary import (
    ALL_STYLES,
    Mean,
    Row,
    best_maker,
    case_as_dict,
    summarize,
    summary_as_dict,
)
from artem.learn.judge.verdict import OPTIMIZED, PHOTO

PAINTING = torch.zeros(1, 3, 8, 8)


def verdict(objective: float, reached: int | None = 10, border: float = 1.0) -> Verdict:
    terms = {"content": 0.5, "style": 0.02, "tv": 0.1}
    standing = Standing(objective, terms, objective / 2, {"photo": 4, "noise": reached})
    grid = {"1/2": 0.8, "1/4": 3.0, "1/8": 1.5}
    return Verdict(standing, None, None, 0.4, grid, 0.01, {"gradient": border, "deviation": 1.0})


@pytest.fixture
def make_case() -> Callable[..., Case]:
    def make(style: str, photo: str, size_px: int = 64, **verdicts: Verdict) -> Case:
        frame = np.zeros((size_px, size_px, 3), np.uint8)
        curves = {"photo": Curve((3.0, 2.0), None, 2)}
        return Case(Exhibit(style, photo, frame, PAINTING), curves, {}, {}, verdicts)

    return make


def test_photos_are_averaged_then_styles(make_case: Callable[..., Case]) -> None:
    cases = [
        make_case("waves", "one", net=verdict(1.0)),
        make_case("waves", "two", net=verdict(2.0)),
        make_case("stars", "one", net=verdict(6.0)),
    ]
    rows = summarize(cases, 300)
    assert [(row.style, row.count) for row in rows] == [
        ("waves", 2), ("stars", 1), (ALL_STYLES, 2)
    ]  # fmt: skip
    assert [row.means["objective"].value for row in rows] == pytest.approx([1.5, 6.0, 3.75])
    assert rows[0].means["ratio"].value == pytest.approx(0.75)
    assert rows[0].means["grid"].value == 3.0
    assert "independent" not in rows[0].means
    assert "distance" not in rows[0].means


def test_what_is_never_reached_makes_a_lower_bound(make_case: Callable[..., Case]) -> None:
    cases = [
        make_case("waves", "one", net=verdict(1.0, 100)),
        make_case("waves", "two", net=verdict(1.0, None)),
        make_case("stars", "one", net=verdict(1.0, 50)),
    ]
    rows = summarize(cases, 300)
    assert [row.means["from_noise"] for row in rows] == [
        Mean(200, True), Mean(50, False), Mean(125, True)
    ]  # fmt: skip
    assert rows[0].means["from_noise"].text(0) == ">200"
    assert rows[0].means["from_photo"].text(0) == "4"
    said = summary_as_dict(rows)
    assert said[0]["figures"]["from_noise_at_least"] is True
    assert "from_noise_at_least" not in said[1]["figures"]
    assert json.loads(json.dumps(said)) == said


def test_rows_go_by_size_and_networks_come_first(make_case: Callable[..., Case]) -> None:
    makers = {PHOTO: verdict(9), OPTIMIZED["photo"]: verdict(1), "b": verdict(2), "a": verdict(3)}
    cases = [
        make_case(style, "one", size, **makers)
        for style in ("waves", "stars")
        for size in (128, 64)
    ]
    rows = summarize(cases, 300)
    assert [row.size_px for row in rows] == [64] * 12 + [128] * 12
    assert [row.maker for row in rows[:4]] == ["b", "a", OPTIMIZED["photo"], PHOTO]
    assert [row.style for row in rows[:12:4]] == ["waves", "stars", ALL_STYLES]


def test_who_lacks_a_picture_has_no_mean_of_the_others(make_case: Callable[..., Case]) -> None:
    optimized = OPTIMIZED["photo"]
    cases = [
        make_case("waves", "one", net=verdict(1.0), **{optimized: verdict(9.0)}),
        make_case("waves", "two", net=verdict(1.0)),
        make_case("stars", "one", net=verdict(1.0), **{optimized: verdict(2.0)}),
    ]
    rows = summarize(cases, 300)
    assert [(row.style, row.maker) for row in rows] == [
        ("waves", "net"), ("stars", "net"), ("stars", optimized), (ALL_STYLES, "net")
    ]  # fmt: skip


def test_one_style_alone_has_no_mean_over_styles(make_case: Callable[..., Case]) -> None:
    rows = summarize([make_case("waves", "one", net=verdict(1))], 300)
    assert [row.style for row in rows] == ["waves"]


def test_the_better_one_is_known_by_what_a_figure_means() -> None:
    def rows(**values: tuple[float, float]) -> list[Row]:
        return [
            Row(64, "waves", maker, 1, {name: Mean(v[n]) for name, v in values.items()})
            for n, maker in enumerate(("a", "b"))
        ]

    two = rows(
        ratio=(1.2, 1.5), from_noise=(20, 60), border=(1.3, 0.9), ssim=(0.1, 0.9), grid=(2, 2.001)
    )
    assert best_maker(two, "ratio") == "a"
    assert best_maker(two, "from_noise") == "b"
    assert best_maker(two, "border") == "b"
    assert best_maker(two, "ssim") is None  # neither more nor less is better
    assert best_maker(two, "grid") is None  # alike, as far as it is shown
    assert best_maker(two[:1], "ratio") is None


def test_json_holds_everything(make_case: Callable[..., Case]) -> None:
    said = case_as_dict(make_case("waves", "one", net=verdict(1.23456789, None)))
    assert json.loads(json.dumps(said)) == {
        "style": "waves",
        "photo": "one",
        "size_px": 64,
        "verdicts": {
            "net": {
                "standing": {
                    "objective": 1.2346,
                    "terms": {"content": 0.5, "style": 0.02, "tv": 0.1},
                    "ratio": 0.61728,
                    "evaluations": {"photo": 4, "noise": None},
                },
                "independent": None,
                "feature_distance": None,
                "ssim": 0.4,
                "checkerboard": {"1/2": 0.8, "1/4": 3.0, "1/8": 1.5},
                "alternation": 0.01,
                "border": {"gradient": 1.0, "deviation": 1.0},
            }
        },
        "curves": {"photo": [3.0, 2.0]},
        "independent_curves": {},
    }
    assert "curves" not in case_as_dict(make_case("waves", "one"), curves=False)
