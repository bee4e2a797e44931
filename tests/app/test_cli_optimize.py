"""``artem optimize``, from files to files."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from app.conftest import Run
from PIL import Image
from safetensors.torch import save_file

from artem.core.picture import Frame, load_picture
from artem.export import optimizing
from artem.learn.encoders import VGG
from artem.learn.optimization.painter import Painter, Progress
from artem.learn.optimization.recipe import PaintRecipe

pytestmark = pytest.mark.usefixtures("tiny_library", "pictures")
Photos = Callable[..., Path]

QUICK = ("--encoder", "tiny.safetensors", "--evaluations", "4", "--scales", "1", "--threads", "1")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)


@pytest.fixture
def pictures(tmp_path: Path, make_photo: Photos) -> None:
    """Photos, paintings, masks and an encoder in the folder that commands run in."""
    make_photo(tmp_path / "in" / "a.png", seed=1)
    make_photo(tmp_path / "in" / "b.jpg", 48, 36, seed=2)
    make_photo(tmp_path / "wave.png", 60, 45, seed=3)
    make_photo(tmp_path / "night.jpg", 45, 60, seed=4)
    torch.manual_seed(0)
    vgg = VGG("tiny", ((4, 4), (8,)), padding="reflect")
    save_file(vgg.state_dict(), tmp_path / "tiny.safetensors")
    left = np.zeros((33, 40), np.uint8)
    left[:, :20] = 255
    Image.fromarray(left).save(tmp_path / "left.png")
    Image.new("L", (40, 33)).save(tmp_path / "black.png")
    Image.new("L", (40, 33), 255).save(tmp_path / "white.png")


def pixels(file: str | Path) -> Frame:
    return load_picture(file).frame


def files(folder: str) -> list[str]:
    return sorted(file.name for file in Path(folder).iterdir())


def expected(photo: str, *paintings: str, start: Any = "content", **recipe: Any) -> Frame:
    """What the library makes of the same files."""
    loss = optimizing.load_loss("tiny.safetensors")
    painter = Painter(
        pixels(photo), [pixels(painting) for painting in paintings], loss,
        PaintRecipe(**{"evaluations": 4, "scales": 1, **recipe}), start=start,
    )  # fmt: skip
    painter.run()
    return painter.frame()


def stop_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C comes after so many evaluations."""
    original = Painter.run

    def stopping(self: Painter, after: Callable[[Progress], None]) -> None:
        def interrupted(progress: Progress) -> None:
            after(progress)
            if progress.done == count:
                raise KeyboardInterrupt

        original(self, interrupted)

    monkeypatch.setattr(Painter, "run", stopping)


def test_one_photo(run: Run) -> None:
    result = run("optimize", "in/a.png", "--style", "wave.png", *QUICK)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "wrote optimized/a.png\n"
    assert files("optimized") == ["a.png"]  # and no checkpoint is left
    np.testing.assert_array_equal(pixels("optimized/a.png"), expected("in/a.png", "wave.png"))


def test_a_folder_with_one_broken_photo(run: Run) -> None:
    Path("in/broken.png").write_bytes(b"no picture")
    result = run("optimize", "in", "--style", "wave.png", *QUICK, "-o", "out")
    assert result.exit_code == 1
    assert "'in/broken.png' is not a picture" in result.stderr
    assert "1 of 3 pictures could not be painted" in result.stderr
    assert files("out") == ["a.png", "b.jpg"]


def test_size_format_and_transparency(run: Run) -> None:
    photo = Image.open("in/a.png").convert("RGBA")
    photo.putalpha(Image.linear_gradient("L").resize(photo.size))
    photo.save("in/clear.png")
    result = run(
        "optimize", "in/clear.png", "-s", "wave.png", *QUICK, "--size", "64", "-o", "x.jpg"
    )
    assert result.exit_code == 0
    assert "JPEG cannot hold transparency; PNG is written instead." in result.stderr
    made = load_picture("x.png")
    assert made.frame.shape == (53, 64, 3)
    assert made.alpha is not None
    assert made.alpha[0].mean() < 10 and made.alpha[-1].mean() > 245


def test_styles_by_weight_and_every_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    original = Painter.__init__

    def spy(self: Painter, *arguments: Any, **options: Any) -> None:
        seen.update(loss=arguments[2], recipe=arguments[3], **options)
        original(self, *arguments, **options)

    monkeypatch.setattr(Painter, "__init__", spy)
    options = (
        "--size 44 --scales 1 --evaluations 2 --brush 1.5 --start noise --keep-color match "
        "--optimizer adam --learning-rate 0.2 --encoder tiny.safetensors --style-loss gram:2 "
        "--style-loss moments --content-layer relu1_2 --style-layer relu1_1:3 "
        "--content-weight 2 --style-weight 3 --tv-weight 4 --tv squared --seed 7 --memory 3"
    )
    result = run("optimize", "in/a.png", "-s", "wave.png", "-s", "night.jpg:0.5", *options.split())
    assert result.exit_code == 0, result.stderr
    assert seen["recipe"] == PaintRecipe(
        size_px=44, scales=1, evaluations=2, brush=1.5, keep_color="match", optimizer="adam",
        learning_rate=0.2, seed=7, memory_gb=3,
    )  # fmt: skip
    assert seen["start"] == "noise"
    assert [area.weights for area in seen["areas"]] == [[1.0, 0.5]]
    settings = seen["loss"].settings
    assert settings["style_losses"] == {"gram": 2, "moments": 1}
    assert (settings["content_layers"], settings["style_layers"]) == (
        {"relu1_2": 1}, {"relu1_1": 3}
    )  # fmt: skip
    assert [settings[f"{name}_weight"] for name in ("content", "style", "tv")] == [2, 3, 4]
    assert settings["tv"] == "squared"


def test_a_published_recipe_gives_way_to_options(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    original = optimizing.load_loss

    def spy(*arguments: Any, **options: Any) -> Any:
        made.append(original(*arguments, **options))
        return made[-1]

    monkeypatch.setattr(optimizing, "load_loss", spy)
    result = run(
        "optimize", "in/a.png", "-s", "wave.png", *QUICK, "--as", "johnson", "--style-weight", "9"
    )
    assert result.exit_code == 0
    settings = made[0].settings
    assert (settings["normalization"], settings["style_weight"]) == ("johnson", 9)
    assert settings["content_layers"] == {"relu2_1": 1}  # in the place of relu3_3
    assert settings["style_layers"] == {"relu1_2": 1, "relu2_1": 3}


def test_masks_give_each_style_its_place(run: Run) -> None:
    result = run(
        "optimize", "in/a.png", "-s", "wave.png", "-s", "night.jpg", *QUICK, "--evaluations", "9",
        "--mask", "left.png=2", "-o", "out.png",
    )  # fmt: skip
    assert result.exit_code == 1
    assert "No mask gives a place to 'wave.png'." in result.stderr
    result = run(
        "optimize", "in/a.png", "-s", "wave.png", "-s", "night.jpg", *QUICK,
        "--mask", "left.png=night", "--mask-rest", "wave", "-o", "both.png",
    )  # fmt: skip
    assert result.exit_code == 0
    assert result.stderr == "'left.png' gives 50 % of the photo to 'night'.\n"
    result = run(
        "optimize", "in/a.png", "-s", "night.jpg", *QUICK, "--mask", "left.png=1", "-o", "one.png"
    )
    assert result.exit_code == 0
    photo, both, one = pixels("in/a.png"), pixels("both.png"), pixels("one.png")
    np.testing.assert_array_equal(one[:, 20:], photo[:, 20:])
    assert (one[:, :20] != photo[:, :20]).mean() > 0.5
    assert (both[:, 20:] != photo[:, 20:]).mean() > 0.5


def test_a_mask_may_be_a_cutout(run: Run) -> None:
    from artem.app.paintings import load_mask

    cutout = Image.open("in/a.png").convert("RGBA")
    cutout.putalpha(Image.open("left.png"))
    cutout.save("cutout.png")
    np.testing.assert_array_equal(load_mask(Path("cutout.png")), pixels("left.png")[..., 0])


def test_it_starts_from_a_networks_painting(run: Run) -> None:
    from artem.runtime.stylizer import Stylizer

    result = run(
        "optimize", "in/a.png", "-s", "wave.png", *QUICK, "--start", "great-wave", "-o", "x.png"
    )
    assert result.exit_code == 0
    start = Stylizer("great-wave")(pixels("in/a.png"))
    np.testing.assert_array_equal(
        pixels("x.png"), expected("in/a.png", "wave.png", start=start)
    )  # fmt: skip


def test_pictures_on_the_way_are_kept(run: Run) -> None:
    arguments = ("optimize", "in/a.png", "-s", "wave.png", *QUICK, "--save-every", "2")
    assert run(*arguments).exit_code == 0
    assert files("optimized") == ["a-0002.png", "a-0004.png", "a.png"]
    np.testing.assert_array_equal(pixels("optimized/a-0004.png"), pixels("optimized/a.png"))
    Path("optimized/a.png").unlink()
    result = run(*arguments)
    assert result.exit_code == 1
    assert "'optimized/a-0002.png' is in the way of --save-every." in result.stderr
    assert run(*arguments, "--overwrite").exit_code == 0


@pytest.mark.parametrize("optimizer", ["adam", "l-bfgs"])
def test_a_stopped_run_keeps_its_picture_and_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, optimizer: str
) -> None:
    arguments = (
        "optimize", "in/a.png", "-s", "wave.png", *QUICK, "--optimizer", optimizer, "-o", "x.png"
    )  # fmt: skip
    with monkeypatch.context() as patch:
        stop_after(3, patch)
        result = run(*arguments)
    assert result.exit_code == 130
    assert result.stderr == (
        "stopped after 3 of 4 evaluations; wrote x.png as it is.\n"
        "The same command goes on from there.\n"
    )
    assert Path("x.png.checkpoint.pt").is_file()
    assert pixels("x.png").shape == pixels("in/a.png").shape
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (0, "wrote x.png\n")
    assert not Path("x.png.checkpoint.pt").exists()
    whole = expected("in/a.png", "wave.png", optimizer=optimizer)
    np.testing.assert_array_equal(pixels("x.png"), whole)


@pytest.mark.parametrize("optimizer", ["adam", "l-bfgs"])
def test_a_killed_run_goes_on_from_its_last_checkpoint(
    run: Run, monkeypatch: pytest.MonkeyPatch, optimizer: str
) -> None:
    arguments = (
        "optimize", "in/a.png", "-s", "wave.png", *QUICK, "--optimizer", optimizer, "-o", "x.png"
    )  # fmt: skip
    whole = expected("in/a.png", "wave.png", optimizer=optimizer)
    monkeypatch.setattr(optimizing, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(optimizing, "CHECKPOINT_SHARE", 0)
    seen: list[int] = []
    original = Painter.run

    def watched(self: Painter, after: Callable[[Progress], None]) -> None:
        def dying(progress: Progress) -> None:
            after(progress)
            seen.append(progress.done)
            if len(seen) == 3:
                raise SystemError("pulled the plug")

        original(self, dying)

    monkeypatch.setattr(Painter, "run", watched)
    with pytest.raises(SystemError):
        run(*arguments)
    assert not Path("x.png").exists() and Path("x.png.checkpoint.pt").is_file()
    assert run(*arguments).exit_code == 0
    assert seen[3] >= 2  # not from the beginning
    np.testing.assert_array_equal(pixels("x.png"), whole)


def test_a_stopped_folder_says_how_far_it_came(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("optimize", "in", "-s", "wave.png", *QUICK, "-o", "out")
    original = Painter.run
    with monkeypatch.context() as patch:

        def stopping(self: Painter, after: Callable[[Progress], None]) -> None:
            if self.photo.shape == (36, 48, 3):
                raise KeyboardInterrupt
            original(self, after)

        patch.setattr(Painter, "run", stopping)
        result = run(*arguments)
    assert result.exit_code == 130
    assert "stopped; 1 of 2 pictures done.\n" in result.stderr
    assert "The same command with --skip-existing goes on from there.\n" in result.stderr
    result = run(*arguments, "--skip-existing")
    assert result.exit_code == 0
    assert files("out") == ["a.png", "b.jpg"]


def test_what_another_run_left_is_not_thrown_away(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("optimize", "in/a.png", "-s", "wave.png", *QUICK, "-o", "x.png")
    with monkeypatch.context() as patch:
        stop_after(2, patch)
        run(*arguments)
    before = Path("x.png.checkpoint.pt").read_bytes()
    result = run(*arguments, "--style-weight", "3")
    assert result.exit_code == 1
    assert "'x.png.checkpoint.pt' is of a run with other pictures or settings." in result.stderr
    assert Path("x.png.checkpoint.pt").read_bytes() == before
    Path("x.png.checkpoint.pt").write_bytes(before[:99])
    assert "cannot be read" in run(*arguments).stderr
    Path("x.png.checkpoint.pt").write_bytes(before)
    assert run(*arguments, "--style-weight", "3", "--overwrite").exit_code == 0
    assert not Path("x.png.checkpoint.pt").exists()


def test_a_line_now_and_then_tells_how_it_goes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artem.app.optimize.LOG_EVERY_S", 0.0)
    lines = run("optimize", "in/a.png", "-s", "wave.png", *QUICK).stderr.splitlines()
    assert len(lines) == 3  # the first evaluation tells nothing of the time
    assert lines[0].startswith("a.png: 2 of 4 at 40x33, objective ")
    assert "(content " in lines[0] and ", style " in lines[0] and "min left" in lines[0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["in/a.png", "-s", "great-wave"], "'great-wave' is a network's style"),
        (["in/a.png", "-s", "identity"], "'identity' is a network's style"),
        (["in/a.png", "-s", "gone.jpg"], "There is no file 'gone.jpg'."),
        (["in/a.png", "-s", "wave.png:0"], "All styles have weight 0."),
        (["in/a.png", "-s", "wave.png:-1"], "The weight in 'wave.png:-1' is -1."),
        (["gone.png", "-s", "wave.png"], "There is no file 'gone.png'."),
        (["in", "-s", "wave.png", "-o", "in"], "would replace an input"),
        (["in/a.png", "-s", "wave.png", "--start", "grat-wave"], "Did you mean 'great-wave'?"),
        (["in/a.png", "-s", "wave.png", "--optimizer", "sgd"], "'sgd' is no choice for optimizer"),
        (["in/a.png", "-s", "wave.png", "--keep-color", "all"], "'all' is no choice for"),
        (["in/a.png", "-s", "wave.png", "--encoder", "vgg17"], "Did you mean 'vgg19'?"),
        (["in/a.png", "-s", "wave.png", "--style-loss", "grams"], "Did you mean 'gram'?"),
        (["in/a.png", "-s", "wave.png", "--style-layer", "relu9_1"], "has no layer 'relu9_1'"),
        (["in/a.png", "-s", "wave.png", "--as", "gatis"], "Did you mean 'gatys'?"),
        (["in/a.png", "-s", "wave.png", "--tv", "square"], "Did you mean 'squared'?"),
        (["in/a.png", "-s", "wave.png", "--tv-weight", "inf"], "tv_weight is inf."),
        (["in/a.png", "-s", "wave.png", "--style-loss", "adversarial"], "Use --optimizer adam."),
        (["in/a.png", "-s", "wave.png", "--mask-rest", "wave"], "--mask-rest has no --mask"),
        (["in/a.png", "-s", "wave.png", "--mask", "left.png"], "does not say whose mask it is"),
        (["in/a.png", "-s", "wave.png", "--mask", "left.png=nite"], "which no --style gives"),
        (["in/a.png", "-s", "wave.png", "--mask", "left.png=2"], "its position, 1 to 1."),
        (["in/a.png", "-s", "wave.png", "--mask", "black.png=1"], "is dark all over"),
        (
            ["in/a.png", "-s", "wave.png", "-s", "night.jpg", "--mask", "white.png=1",
             "--mask-rest", "2"],
            "The masks cover the whole photo",
        ),
        (
            ["in/a.png", "-s", "wave.png", "--mask", "left.png=1", "--style-loss", "mrf"],
            "'mrf' compares neighbors and cannot be used with masks",
        ),
        (["in/a.png", "-s", "wave.png", "--size", "4000", "--memory", "0.5"], "are allowed."),
    ],
)  # fmt: skip
def test_refusals_are_one_sentence(run: Run, arguments: list[str], sentence: str) -> None:
    result = run("optimize", *QUICK, *arguments)
    assert result.exit_code == 1, result.output
    assert result.stderr.count("error: ") == 1
    assert sentence in result.stderr
    assert result.stdout == ""
    assert not [file for file in Path().rglob("*.pt")]


def test_results_that_exist_are_left(run: Run) -> None:
    Path("optimized").mkdir()
    Path("optimized/a.png").write_bytes(b"mine")
    result = run("optimize", "in/a.png", "-s", "wave.png", *QUICK)
    assert result.exit_code == 1
    assert "'optimized/a.png' exists already" in result.stderr
    assert run("optimize", "in/a.png", "-s", "wave.png", *QUICK, "--skip-existing").exit_code == 0
    assert Path("optimized/a.png").read_bytes() == b"mine"
    assert run("optimize", "in/a.png", "-s", "wave.png", *QUICK, "--overwrite").exit_code == 0


def test_a_painting_too_small_for_the_brush_is_pointed_out(run: Run) -> None:
    result = run("optimize", "in/a.png", "-s", "wave.png", *QUICK, "--brush", "2")
    assert result.exit_code == 0
    assert "note: 'wave.png' has 60x45 pixels and is enlarged to 88x66" in result.stderr


def test_a_mask_of_another_shape_is_pointed_out(run: Run) -> None:
    result = run("optimize", "in/b.jpg", "-s", "wave.png", *QUICK, "--mask", "left.png=1")
    assert result.exit_code == 0
    assert "note: 'in/b.jpg' has another shape than a mask, which is stretched." in result.stderr


def test_without_pytorch_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("artem.export")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    result = run("optimize", "in/a.png", "-s", "wave.png")
    assert result.exit_code == 1
    assert "pip install 'artem-style[train]'" in result.stderr
