"""``artem bench speed`` and ``artem info``."""

import json
import re
import shutil
from collections.abc import Callable

from app.conftest import Run
from conftest import Library

from artem.app import bench
from artem.app.info import first_in
from artem.core.picture import Frame
from artem.runtime.engine import engines
from artem.runtime.library import find_network


def test_speed(run: Run, tiny_library: Library, monkeypatch: object) -> None:
    result = run("bench", "speed", "--json", "--frames", "2", "--size", "33x17", "--threads", "1")
    assert result.exit_code == 0
    measured = json.loads(result.stdout)
    assert measured["machine"]["threads"] == 1
    assert measured["machine"]["cpu"]
    sizes = {(row["width_px"], row["height_px"]) for row in measured["rows"]}
    assert sizes == {*bench.SIZES, (33, 17)}
    told = {(row["engine"], row["precision"]) for row in measured["rows"]}
    refused = {(row["engine"], row["precision"]): row["reason"] for row in measured["cannot"]}
    assert not told & refused.keys()
    every = {(e, p) for e in engines() for p in ("float", "bfloat16", "int8")}
    assert told | refused.keys() == every
    assert all(refused.values())
    for row in measured["rows"]:
        assert row["frames"] == 2
        assert row["median_ms"] <= row["p95_ms"]


def test_painters_take_turns_and_every_time_counts() -> None:
    calls: list[str] = []

    def painter(name: str) -> Callable[[Frame], Frame]:
        def paint(frame: Frame) -> Frame:
            assert frame.shape == (3, 4, 3)
            calls.append(name)
            return frame

        return paint

    times_ms = bench.measure_in_turns({1: painter("a"), 2: painter("b")}, 4, 3, 12)
    assert {key: len(times) for key, times in times_ms.items()} == {1: 12, 2: 12}
    block = bench.BLOCK_FRAMES
    assert calls == [*"a" * 12, *"b" * 12, *"a" * block, *"b" * block, *"aabb"]


def test_figures_are_of_all_times() -> None:
    figures = bench.figures_of([10.0] * 50 + [20.0] * 51, 4, 3)
    assert figures == {
        "width_px": 4, "height_px": 3, "frames": 101, "median_ms": 20.0, "p95_ms": 20.0, "fps": 50.0
    }  # fmt: skip


def test_the_table_says_why_not(run: Run, tiny_library: Library) -> None:
    result = run("bench", "speed", "--frames", "1")
    assert result.exit_code == 0
    assert "fast 1080x1200" in result.stdout
    assert "onnxruntime, bfloat16: it computes in float on the CPU" in result.stdout


def test_sizes_and_networks_are_checked(run: Run, tiny_library: Library) -> None:
    assert "'40' is not a frame size." in run("bench", "speed", "--size", "40").stderr
    assert "'0x5' is not a frame size." in run("bench", "speed", "--size", "0x5").stderr
    assert "Did you mean 'fast'?" in run("bench", "speed", "--network", "fats").stderr


def test_info(run: Run, tiny_library: Library) -> None:
    result = run("info")
    assert result.exit_code == 0
    assert f"networks: fast ({tiny_library.network.identity[:12]})" in result.stdout
    assert re.search("^binary networks: (by .+ kernels|slowly: .+)$", result.stdout, re.M)
    assert "styles: 3, listed by: artem styles" in result.stdout
    assert f"shipped with the package: {tiny_library.folder}" in result.stdout
    assert "(not made yet)" in result.stdout


def test_info_about_a_network_without_styles_by_name(run: Run, adain_library: Library) -> None:
    result = run("info")
    assert result.exit_code == 0
    assert re.search(r"^networks: adain \(\w+\), fast \(\w+\)$", result.stdout, re.M)
    assert "any picture as a style: adain, fast\n" in result.stdout


def test_a_precision_is_told_of_by_a_network_that_has_it(adain_library: Library) -> None:
    networks = [find_network(name) for name in ("adain", "fast")]
    assert first_in("float", networks).name == "adain"
    assert first_in("binary", networks).name == "adain"
    shutil.copy(adain_library.network.path, adain_library.folder / "fast.binary.onnx")
    assert first_in("binary", networks).path.name == "fast.binary.onnx"
