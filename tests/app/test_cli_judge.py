"""``artem judge`` from end to end, with tiny networks."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from app.conftest import Run
from conftest import Library
from safetensors.torch import save_file

from artem.core.errors import EncoderError
from artem.learn import judge
from artem.learn.encoders import VGG
from artem.learn.judge import curves, independent


@pytest.fixture
def arguments(
    tiny_library: Library, make_photo: Callable[..., Path], tmp_path: Path
) -> tuple[object, ...]:
    """One style, one photo at 64 pixels, three evaluations, two tiny encoders."""
    for style in ("great_wave", "starry_night"):
        make_photo(tmp_path / "paintings" / f"{style}.png", 60, 50, 3)
    make_photo(tmp_path / "photos" / "field.png", 90, 70, 1)
    for seed, name in enumerate(("training", "looker")):
        torch.manual_seed(seed)
        save_file(VGG(name, ((3,), (4,))).state_dict(), tmp_path / f"{name}.safetensors")
    return (
        "judge", "--paintings", "paintings", "--photos", "photos", "--encoder",
        "training.safetensors", "--independent", "looker.safetensors", "--size", 64,
        "--evaluations", 3, "--curves", "curves",
    )  # fmt: skip


def test_figures_and_page_are_written(run: Run, arguments: tuple[object, ...]) -> None:
    result = run(*arguments, "great-wave")
    assert result.exit_code == 0, result.output
    assert "wrote report/report.html" in result.stderr
    assert "How close to optimization, 64 px" in result.stdout
    assert "great-wave" in result.stdout
    said = json.loads(Path("report/judge.json").read_text())
    assert (said["encoder"], said["independent"]) == ("training", "looker")
    (case,) = said["cases"]
    assert (case["style"], case["photo"], case["size_px"]) == ("great-wave", "field", 64)
    assert {len(values) for values in case["curves"].values()} == {3}
    verdict = case["verdicts"]["fast"]
    assert verdict["standing"]["ratio"] == pytest.approx(
        verdict["standing"]["objective"] / case["curves"]["photo"][-1], rel=1e-3
    )
    assert verdict["independent"]["objective"] > 0
    shown = next(row for row in said["summary"] if row["maker"] == "fast")
    assert shown["style"] == "great-wave"  # not the figure of that name
    printed = re.search(r"^ *fast +([0-9.]+) ", result.stdout, re.MULTILINE)
    assert printed is not None
    assert float(printed[1]) == pytest.approx(shown["figures"]["objective"], rel=1e-3)
    assert "data:image/jpeg" in Path("report/report.html").read_text()


def test_two_networks_side_by_side(
    run: Run, arguments: tuple[object, ...], tiny_library: Library
) -> None:
    shutil.copy(tiny_library.network.path, "other.onnx")
    result = run(*arguments, "--against", "other.onnx", "--no-noise", "-o", "both")
    assert result.exit_code == 0, result.output
    said = json.loads(Path("both/judge.json").read_text())
    names = ["fast (fast)", "fast (other.onnx)"]
    assert list(said["networks"]) == names
    for case in said["cases"]:
        one, two = (case["verdicts"][name] for name in names)
        assert one == two  # the same weights
    assert {case["style"] for case in said["cases"]} == {"great-wave", "starry-night"}
    assert set(said["cases"][0]["curves"]) == {"photo"}
    assert "all styles" in result.stdout


def test_a_second_run_uses_the_curves(
    run: Run, arguments: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(*arguments, "great-wave", "-o", "first")
    monkeypatch.delattr(curves, "optimize_picture")
    result = run(*arguments, "great-wave", "-o", "second")
    assert result.exit_code == 0
    one, two = (Path(name, "judge.json").read_text() for name in ("first", "second"))
    assert one == two


def test_a_stopped_run_says_that_it_goes_on(
    run: Run, arguments: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    optimize, runs = curves.optimize_picture, []

    def stop_second(*args: Any, **options: Any) -> Any:
        runs.append(args)
        if len(runs) == 2:
            raise KeyboardInterrupt
        return optimize(*args, **options)

    monkeypatch.setattr(curves, "optimize_picture", stop_second)
    result = run(*arguments, "great-wave")
    assert result.exit_code == 130
    assert result.stderr.endswith(
        "stopped; the curves finished so far are kept, and the same command goes on.\n"
    )
    assert not Path("report").exists()
    assert len(list(Path("curves").glob("*.json"))) == 1
    assert run(*arguments, "great-wave").exit_code == 0
    assert len(runs) == 3  # the first curve was not run again


def test_a_report_is_not_replaced_unasked(run: Run, arguments: tuple[object, ...]) -> None:
    Path("report").mkdir()
    Path("report/judge.json").write_text("mine")
    result = run(*arguments)
    assert result.exit_code == 1
    assert "'report/judge.json' exists already" in result.stderr
    assert Path("report/judge.json").read_text() == "mine"
    assert not Path("curves").exists()
    assert run(*arguments, "great-wave", "--overwrite").exit_code == 0
    assert Path("report/judge.json").read_text() != "mine"


def test_without_an_independent_encoder_the_rest_is_judged(
    run: Run, arguments: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise EncoderError("The weights cannot be fetched (offline).\n  Connect.")

    monkeypatch.setattr(independent, "fetch_torchvision", offline)
    at = arguments.index("--independent")
    result = run(*arguments[:at], *arguments[at + 2 :], "great-wave")
    assert result.exit_code == 0
    assert "note: nothing is judged by an independent encoder: The weights" in result.stderr
    assert "--independent" in result.stderr
    assert "dist." not in result.stdout
    said = json.loads(Path("report/judge.json").read_text())
    assert said["independent"] is None
    assert said["cases"][0]["verdicts"]["fast"]["feature_distance"] is None


def test_what_is_judged_can_be_chosen(
    run: Run, arguments: tuple[object, ...], make_photo: Callable[..., Path]
) -> None:
    make_photo(Path("photos/sea.png"), 70, 66, 2)
    result = run(*arguments, "great-wave", "--size", "72:1", "--style-weight", 3)
    assert result.exit_code == 0
    assert "note: the photo 'field' is smaller than 72 pixels and is enlarged." in result.stderr
    said = json.loads(Path("report/judge.json").read_text())
    assert said["loss"]["style_weight"] == 3
    assert [(case["photo"], case["size_px"]) for case in said["cases"]] == [
        ("field", 64), ("sea", 64), ("field", 72)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("nothing",), "'nothing' is not a style here."),
        (("--size", "huge"), "'huge' is no size."),
        (("--network", "fats"), "'fats' is not a network here. Did you mean 'fast'?"),
        (("--against", "fast"), "'fast' is compared with itself."),
        (("--photos", "nowhere"), "There is no file or folder 'nowhere'."),
        (("-o", "photos/field.png"), "'photos/field.png' cannot be written."),
        (("--independent", "none.safetensors"), "'none.safetensors' is neither"),
    ],
)
def test_refusals_are_sentences(
    run: Run, arguments: tuple[object, ...], options: tuple[str, ...], message: str
) -> None:
    result = run(*arguments, *options)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {message}")
    assert not Path("report").exists()


def test_paintings_must_be_named(run: Run) -> None:
    result = run("judge", "great-wave")
    assert result.exit_code == 2
    assert "--paintings" in result.stderr


def test_without_pytorch_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "artem.export.judging", raising=False)
    monkeypatch.delattr("artem.export.judging", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    result = run("judge", "--paintings", "x")
    assert result.exit_code == 1
    assert result.stderr == (
        "error: Judging needs more packages ('torch' is missing).\n"
        "  pip install 'artem-style[train]'\n"
    )


def test_the_names_of_the_judge_are_these() -> None:
    assert all(hasattr(judge, name) for name in judge.__all__)
