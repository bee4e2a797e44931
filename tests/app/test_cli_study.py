"""``artem study``: sheets, tables, and what is kept when one is stopped."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from app.conftest import Run
from safetensors.torch import save_file

from artem.app import study_report
from artem.app.sheet import GAP_PX, HEADING_PX, INK, LABEL_PX, PAPER, lay_out
from artem.core.picture import load_picture
from artem.learn import studies
from artem.learn.encoders import VGG
from artem.learn.studies import Panel, Progress

SHORT = ("--size", 40, "--evaluations", 2, "-o", "out", "--encoder", "tiny.safetensors")


@pytest.fixture(autouse=True)
def surroundings(run: Run, make_photo: Callable[..., Path], tmp_path: Path) -> None:
    """``photo.png``, ``painting.png`` and ``tiny.safetensors`` where the commands run."""
    torch.manual_seed(0)
    make_photo(tmp_path / "photo.png", 40, 36, 1)
    make_photo(tmp_path / "painting.png", 36, 40, 2)
    vgg = VGG("tiny", ((4, 4), (6,)), padding="reflect")
    save_file(vgg.state_dict(), tmp_path / "tiny.safetensors")


def table(name: str) -> list[dict[str, str]]:
    with Path("out", f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize(
    ("name", "arguments", "pictures"),
    [
        ("layers", ["painting.png"], ["relu1_1", "relu1_2", "relu2_1"]),
        (
            "layers",
            ["painting.png", "--content", "photo.png", "--layer", "relu1_1"],
            ["relu1_1"] * 2,
        ),
        (
            "style-sweep",
            ["photo.png", "painting.png", "--style-weight", 2, "--layer", "relu1_2"],
            ["style alone, from noise", "style weight 2"],
        ),
        ("content-sweep", ["photo.png", "painting.png", "--layer", "relu2_1"], ["relu2_1"]),
        (
            "layer-weights",
            ["photo.png", "painting.png", "--tv-weight", 0],
            ["relu1_1", "relu2_1", "all alike", "as proposed"],
        ),
        ("activations", ["--layer", "relu2_1", "--channel", "5, 0"], ["5", "0"]),
        ("losses", ["painting.png", "--loss", "gram", "--loss", "mrf"], ["gram", "mrf"]),
    ],
)
def test_every_study_leaves_a_sheet_and_tables(
    run: Run, name: str, arguments: list[object], pictures: list[str]
) -> None:
    result = run("study", name, *arguments, *SHORT)
    assert result.exit_code == 0, result.stderr
    files = [f"out/{name}.{suffix}" for suffix in ("png", "md", "csv")]
    assert result.stdout.splitlines()[:3] == [f"wrote {file}" for file in files]
    assert sorted(file.name for file in Path("out").iterdir()) == sorted(
        Path(file).name for file in files
    )
    rows = table(name)
    assert [row["picture"].removesuffix(", silent") for row in rows] == pictures
    text = Path(files[1]).read_text(encoding="utf-8")
    assert "encoder tiny," in text and "evaluations 2," in text and f"]({name}.png)" in text
    for row in rows:
        assert f"\n| {row['picture']} | " in text and f"\n## {row['row']}\n" in text
    sheet = load_picture(files[0]).frame
    assert min(sheet.shape[:2]) > 40


def test_settings_are_passed_on_and_told(run: Run) -> None:
    options = (
        "--layer relu1_1 --channel 1 --canvas pixels --learning-rate 0.5 --jitter 3 --turn 4 "
        "--zoom 0.05 --tv-weight 6 --l2-weight 7 --blur 0.5 --seed 8"
    )
    assert run("study", "activations", *options.split(), *SHORT).exit_code == 0
    text = Path("out/activations.md").read_text(encoding="utf-8")
    for told in (
        "layers relu1_1", "channels 1", "size px 40", "canvas pixels", "learning rate 0.5",
        "jitter px 3", "turn degrees 4.0", "zoom 0.05", "tv weight 6.0", "l2 weight 7.0",
        "blur px 0.5", "seed 8",
    ):  # fmt: skip
        assert told in text
    other = run("study", "activations", *options.split()[:-1], 9, *SHORT, "-o", "other")
    assert other.exit_code == 0
    sheets = [load_picture(Path(f, "activations.png")).frame for f in ("out", "other")]
    assert (sheets[0] != sheets[1]).any()


def test_proposed_weights_can_be_used_as_they_are(run: Run) -> None:
    result = run("study", "layer-weights", "photo.png", "painting.png", *SHORT)
    proposal = result.stdout.splitlines()[-1].split()
    assert proposal[::2] == ["--style-layer", "--style-layer"]
    weights = {text.split(":")[0]: float(text.split(":")[1]) for text in proposal[1::2]}
    assert list(weights) == ["relu1_1", "relu2_1"]
    assert sum(weights.values()) == pytest.approx(1, abs=0.02)
    last = table("layer-weights")[-1]
    assert weights["relu1_1"] == pytest.approx(float(last["weight relu1_1"]), rel=0.1)


def test_results_are_replaced_only_when_asked(run: Run) -> None:
    arguments = ("study", "layers", "painting.png", "--layer", "relu1_1", *SHORT)
    assert run(*arguments).exit_code == 0
    before = Path("out/layers.md").stat().st_mtime_ns
    result = run(*arguments)
    assert result.exit_code == 1
    assert "'out/layers.png' exists already.\n  Use --overwrite" in result.stderr
    assert Path("out/layers.md").stat().st_mtime_ns == before
    assert run(*arguments, "--overwrite").exit_code == 0
    assert Path("out/layers.md").stat().st_mtime_ns > before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["layers", "gone.png"], "There is no file 'gone.png'."),
        (["layers", "painting.png", "--layer", "relu21"], "Did you mean 'relu2_1'?"),
        (["layers", "thin.png"], "'thin.png' would be 40x4, too small for the deep layers."),
        (["losses", "painting.png", "--loss", "grm"], "Did you mean 'gram'?"),
        (["activations", "--layer", "relu1_1", "--channel", "4"], "has no channel 4."),
        (["activations", "--layer", "relu1_1", "--channel", "-1"], "has no channel -1."),
        (
            ["activations", "--layer", "relu1_1", "--channel", "0", "--canvas", "oil"],
            "'oil' is no canvas.",
        ),
        (["layers", "painting.png", "-o", "photo.png"], "'photo.png' is a file where a folder"),
    ],
)
def test_refusals_are_sentences(
    run: Run, make_photo: Callable[..., Path], tmp_path: Path, arguments: list[str], said: str
) -> None:
    make_photo(tmp_path / "thin.png", 64, 6)
    result = run("study", arguments[0], *SHORT, *arguments[1:])
    assert result.exit_code == 1
    assert said in result.stderr
    assert not Path("out").exists() or not list(Path("out").iterdir())


def test_channels_are_numbers_or_all(run: Run) -> None:
    result = run("study", "activations", "--layer", "relu1_1", "--channel", "1,x", *SHORT)
    assert result.exit_code == 2
    assert "'1,x' is neither numbers" in result.stderr
    assert (
        run("study", "activations", "--layer", "relu1_1", "--channel", "all", *SHORT).exit_code == 0
    )
    assert len(table("activations")) == 4


def panel(label: str, **figures: float) -> Panel:
    return Panel("a row", label, np.full((40, 30, 3), 90, np.uint8), figures)


def breaking_off(error: BaseException, panels: int) -> Callable[..., Iterator[Panel]]:
    """A study that ends by an error after so many pictures of its own."""

    def study(
        encoder: Any, *, on_progress: Callable[[Progress], None], **_: Any
    ) -> Iterator[Panel]:
        yield panel("given")
        for number in range(panels):
            on_progress(Progress(number, 10, "x", 1.0))
            yield panel(str(number), error=number / 3)
        raise error

    return study


def test_what_is_there_is_kept_when_it_is_stopped(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studies, "study_layers", breaking_off(KeyboardInterrupt(), 2))
    result = run("study", "layers", "painting.png", *SHORT)
    assert result.exit_code == 130
    assert result.stderr == "stopped after 2 pictures.\n"
    assert result.stdout.startswith("wrote out/layers.png\n")
    assert [row["error"] for row in table("layers")] == ["0", "0.333333"]
    assert "| 1 | 0.333 |" in Path("out/layers.md").read_text(encoding="utf-8")


def test_nothing_is_written_before_there_is_something(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studies, "study_layers", breaking_off(KeyboardInterrupt(), 0))
    result = run("study", "layers", "painting.png", *SHORT)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "stopped after 0 pictures.\n"
    assert list(Path("out").iterdir()) == []


def test_what_is_there_is_kept_when_something_breaks(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studies, "study_layers", breaking_off(MemoryError(), 1))
    result = run("study", "layers", "painting.png", *SHORT)
    assert result.exit_code == 1
    assert "There is not enough memory" in result.stderr
    assert len(table("layers")) == 1


def test_the_files_grow_with_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_report, "WRITE_EVERY_S", -1.0)
    report = study_report.StudyReport(
        tmp_path / "new", "test", title="Test", settings={"seed": "0"}, overwrite=False
    )
    report.add(panel("given"))
    assert not report.files[0].exists()
    for count in (1, 2):
        report.add(panel(f"number {count}", error=0.25))
        lines = report.files[2].read_text(encoding="utf-8").splitlines()
        assert lines[0] == "row,picture,error"
        assert lines[1:] == [f"a row,number {n},0.25" for n in range(1, count + 1)]
    assert report.files[1].read_text(encoding="utf-8") == (
        "# Test\n\nseed 0.\n\n![Test](test.png)\n\n## a row\n\n"
        "| picture | error |\n|---|---:|\n| number 1 | 0.25 |\n| number 2 | 0.25 |\n"
    )


def tile(value: int, height_px: int = 100, width_px: int = 100) -> np.ndarray:
    return np.full((height_px, width_px, 3), value, np.uint8)


def test_a_sheet_puts_each_set_under_its_heading() -> None:
    sheet = lay_out({"one": [("a", tile(10)), ("b", tile(20))], "two": [("c", tile(30))]})
    assert sheet.shape[1] == 2 * (100 + GAP_PX) + GAP_PX
    assert sheet.shape[0] == 2 * (100 + LABEL_PX + HEADING_PX) + GAP_PX
    first, second = GAP_PX + HEADING_PX, GAP_PX + 2 * HEADING_PX + 100 + LABEL_PX
    left, right = GAP_PX, 2 * GAP_PX + 100
    for top, x, value in ((first, left, 10), (first, right, 20), (second, left, 30)):
        assert (sheet[top : top + 100, x : x + 100] == value).all()
    assert (sheet[second : second + 100, right:] == PAPER).all()
    for top in (GAP_PX, second - HEADING_PX):
        assert (sheet[top : top + HEADING_PX] == INK).all(axis=-1).any()


def test_small_pictures_stand_in_the_middle() -> None:
    sheet = lay_out({"": [("a", tile(10)), ("b", tile(20, 50, 40))]})
    left = 2 * GAP_PX + 100
    assert (sheet[GAP_PX + 25 : GAP_PX + 75, left + 30 : left + 70] == 20).all()
    assert (sheet[GAP_PX : GAP_PX + 25, left : left + 100] == PAPER).all()


def test_long_labels_widen_the_cells() -> None:
    sheet = lay_out({"": [("a label that is much longer than its picture", tile(10, 20, 20))]})
    assert sheet.shape[1] > 300
    dark = (sheet == 10).all(axis=-1)
    assert dark.sum() == 400
    ink = (sheet < 100).all(axis=-1) & ~dark
    assert not ink[:, : GAP_PX - 2].any() and not ink[:, -GAP_PX + 2 :].any()


def test_a_sheet_that_would_be_too_large_is_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artem.app.sheet.MOST_PIXELS", 2 * 50 * 50)
    sheet = lay_out({"": [("a", tile(10)), ("b", tile(20))]})
    assert sheet.shape[1] == 2 * (50 + GAP_PX) + GAP_PX
    assert (sheet[GAP_PX : GAP_PX + 50, GAP_PX : GAP_PX + 50] == 10).all()


@pytest.fixture
def trainable(
    make_photo: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[object, ...]:
    """Arguments of ``artem study networks`` that take a second."""
    monkeypatch.setattr("artem.learn.studies.bench.HELD_OUT_CROPS", 1)
    for number in range(4):
        make_photo(tmp_path / "photos" / f"{number}.png", 40, 36, number)
    make_photo(tmp_path / "wide.png", 80, 70, 3)
    return (
        "study", "networks", "painting.png", "--photo", "wide.png", "--size", 80, "--steps", 2,
        "--batch", 1, "--crop-px", 32, "--style-px", 64, "--few", 2, "-o", "out",
        "--encoder", "tiny.safetensors",
    )  # fmt: skip


def test_networks_are_trained_once(run: Run, trainable: tuple[object, ...]) -> None:
    chosen = ("--variant", "reported", "--variant", "few-photos")
    result = run(*trainable, *chosen, "--photos", "photos", "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        *(f"wrote out/networks.{suffix}" for suffix in ("png", "md", "csv")),
        *(f"wrote out/networks-curves.{suffix}" for suffix in ("png", "csv")),
    ]
    text = Path("out/networks.md").read_text(encoding="utf-8")
    assert "steps 2, batch 1, crop px 32, style px 64, style weight 100.0" in text
    assert "encoder tiny, " in text and text.count("\n| few photos | ") == 2
    kept = {file: file.stat().st_mtime_ns for file in Path("out/networks").iterdir()}
    assert len(kept) == 2
    again = run(*trainable, *chosen, "--overwrite")  # no photos needed
    assert again.exit_code == 0, again.stderr
    assert kept == {file: file.stat().st_mtime_ns for file in Path("out/networks").iterdir()}
    told = Path("out/networks.md").read_text(encoding="utf-8")
    assert told.partition("##")[2] == text.partition("##")[2]
    refused = run(*trainable, "--overwrite")
    assert refused.exit_code == 1
    assert "Not trained yet: batch-norm, transposed" in refused.stderr


def test_networks_that_are_done_are_kept_when_it_is_stopped(
    run: Run, trainable: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from artem.learn.studies.bench import Bench

    train = Bench.train

    def once(self: Bench, name: str, *rest: Any) -> Any:
        if name != "reported":
            raise KeyboardInterrupt
        return train(self, name, *rest)

    monkeypatch.setattr(Bench, "train", once)
    result = run(*trainable, "--photos", "photos")
    assert result.exit_code == 130
    assert result.stderr == "stopped after 2 pictures.\n"
    assert [file.name for file in Path("out/networks").iterdir()] == ["reported.safetensors"]
    assert {row["picture"] for row in table("networks")} == {"as reported"}
    assert Path("out/networks-curves.csv").exists()
