"""``artem stylize``, from files to files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app.conftest import Run
from conftest import Library
from PIL import Image

from artem.core.picture import load_picture
from artem.runtime.stylizer import Stylizer

pytestmark = pytest.mark.usefixtures("tiny_library")
Photos = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, make_photo: Photos) -> Path:
    """Three pictures in two folders, and a letter."""
    make_photo(tmp_path / "in" / "a.png", seed=1)
    make_photo(tmp_path / "in" / "b.jpg", 41, 37, seed=2)
    make_photo(tmp_path / "in" / "deep" / "c.webp", 20, 50, seed=3)
    (tmp_path / "in" / "letter.txt").write_text("Dear diary", encoding="utf-8")
    return tmp_path / "in"


def pixels(file: str | Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return load_picture(file).frame


def files(folder: str) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in Path(folder).rglob("*.*"))


def test_one_photo(run: Run, folder: Path) -> None:
    result = run("stylize", "in/a.png", "--style", "great-wave")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "wrote stylized/a.png\n"
    np.testing.assert_array_equal(
        pixels("stylized/a.png"), Stylizer("great-wave")(pixels("in/a.png"))
    )


def test_a_folder(run: Run, folder: Path) -> None:
    result = run("stylize", "in", "--style", "great-wave", "-o", "out")
    assert result.exit_code == 0
    assert result.stdout == "wrote 3 pictures to out\n"
    assert files("out") == ["a.png", "b.jpg", "deep/c.webp"]
    assert load_picture("out/deep/c.webp").format == "WEBP"
    assert pixels("out/b.jpg").shape == (37, 41, 3)


def test_a_pattern(run: Run, folder: Path) -> None:
    assert run("stylize", "in/**/*.[pw]*", "--style", "great-wave", "-o", "out").exit_code == 0
    assert files("out") == ["a.png", "deep/c.webp"]


def test_the_name_of_the_result_decides_the_format(run: Run, folder: Path) -> None:
    assert run("stylize", "in/b.jpg", "--style", "great-wave", "-o", "new/b.tif").exit_code == 0
    assert load_picture("new/b.tif").format == "TIFF"


def test_blend_strength_and_color(run: Run, folder: Path) -> None:
    arguments = "--style great-wave:0.7 --style starry-night:0.3 --strength 0.5 --keep-color"
    assert run("stylize", "in/a.png", *arguments.split(), "--engine", "onnxruntime").exit_code == 0
    stylizer = Stylizer(
        {"great-wave": 0.7, "starry-night": 0.3}, strength=0.5, keep_color=True,
        engine="onnxruntime",
    )  # fmt: skip
    np.testing.assert_array_equal(pixels("stylized/a.png"), stylizer(pixels("in/a.png")))


def test_strength_0_is_the_photo(run: Run, folder: Path) -> None:
    run("stylize", "in/a.png", "--style", "great-wave", "--strength", "0")
    np.testing.assert_array_equal(pixels("stylized/a.png"), pixels("in/a.png"))


def test_a_style_and_a_network_by_path(run: Run, folder: Path, tiny_library: Library) -> None:
    tiny_library.make_style(Path("mine.safetensors"), 5)
    network = tiny_library.folder / "fast.onnx"
    result = run("stylize", "in/a.png", "-s", "mine.safetensors:1", "--network", network)
    assert result.exit_code == 0


def test_one_style_with_a_weight_is_pointed_out(run: Run, folder: Path) -> None:
    result = run("stylize", "in/a.png", "--style", "great-wave:0.5")
    assert result.exit_code == 0
    assert result.stderr.startswith("note: one style alone has all the weight")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["in", "--style", "greatwave"], "Did you mean 'great-wave'?"),
        (["in", "--style", "great-wave", "--style", "xyz"], "'xyz' is not a style here."),
        (["in", "--style", "great-wave:-1"], "The weight in 'great-wave:-1' is -1."),
        (["in", "--style", "great-wave:0"], "All styles have weight 0."),
        (["in", "--style", "in/a.png"], "'in/a.png' is a picture; a style must be made from it"),
        (["in", "--style", "great-wave", "--network", "fats"], "Did you mean 'fast'?"),
        (["in", "--style", "great-wave", "--engine", "opnvino"], "Did you mean 'openvino'?"),
        (["in", "--style", "great-wave", "--precision", "half"], "'half' is not a precision."),
        (["gone.jpg", "--style", "great-wave"], "There is no file 'gone.jpg'."),
        (["in/letter.txt", "--style", "great-wave"], "'in/letter.txt' is not a picture"),
        (["no*.jpg", "--style", "great-wave"], "No picture matches 'no*.jpg'."),
        (["in", "--style", "great-wave", "-o", "in"], "would replace an input"),
    ],
)
def test_refusals_before_any_work(
    run: Run, folder: Path, arguments: list[str], sentence: str
) -> None:
    result = run("stylize", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("error: ") == 1
    assert sentence in result.stderr
    assert result.stdout == ""
    assert not Path("stylized").exists()


def test_existing_results_need_a_word(run: Run, folder: Path) -> None:
    arguments = ("stylize", "in", "--style", "great-wave", "-o", "out")
    Path("out").mkdir()
    Path("out/b.jpg").write_bytes(b"precious")
    result = run(*arguments)
    assert result.exit_code == 1
    assert "'out/b.jpg' exists already." in result.stderr
    assert files("out") == ["b.jpg"]
    assert run(*arguments, "--skip-existing").stdout == "wrote 2 pictures to out\n"
    assert Path("out/b.jpg").read_bytes() == b"precious"
    assert run(*arguments, "--skip-existing").stderr == "All results are there already.\n"
    assert run(*arguments, "--overwrite").exit_code == 0
    assert pixels("out/b.jpg").shape == (37, 41, 3)


def test_a_broken_picture_does_not_stop_the_others(run: Run, folder: Path) -> None:
    (folder / "aa.jpg").write_bytes(b"no picture")
    result = run("stylize", "in", "gone.png", "--style", "great-wave", "-o", "out")
    assert result.exit_code == 1
    assert "error: 'in/aa.jpg' is not a picture, whatever its name says." in result.stderr
    assert "error: There is no file 'gone.png'." in result.stderr
    assert result.stderr.endswith("error: 2 of 5 pictures could not be painted.\n")
    assert files("out") == ["a.png", "b.jpg", "deep/c.webp"]


def test_a_full_disk_stops_the_run(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_up(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fill_up)
    result = run("stylize", "in", "--style", "great-wave", "-o", "out")
    assert result.exit_code == 1
    assert result.stderr.count("error: ") == 1
    assert "error: The disk is full; 'out/a.png' was not written." in result.stderr
    assert files("out") == []


def test_stopping_leaves_whole_pictures(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Stylizer.__call__
    frames = 0

    def stop_at_the_third(stylizer: Stylizer, frame: Any) -> Any:
        nonlocal frames
        frames += 1
        if frames == 3:
            raise KeyboardInterrupt
        return whole(stylizer, frame)

    monkeypatch.setattr(Stylizer, "__call__", stop_at_the_third)
    result = run("stylize", "in", "--style", "great-wave", "-o", "out")
    assert result.exit_code == 130
    assert result.stderr.endswith(
        "stopped; 2 of 3 pictures done. The same command with --skip-existing goes on.\n"
    )
    assert files("out") == ["a.png", "b.jpg"]
    monkeypatch.undo()


def test_no_memory_for_one_picture(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Stylizer.__call__

    def refuse_large(stylizer: Stylizer, frame: Any) -> Any:
        if frame.shape[1] == 41:
            raise MemoryError
        return whole(stylizer, frame)

    monkeypatch.setattr(Stylizer, "__call__", refuse_large)
    result = run("stylize", "in", "--style", "great-wave", "-o", "out")
    assert result.exit_code == 1
    assert "error: 'in/b.jpg' needs more memory than there is." in result.stderr
    assert files("out") == ["a.png", "deep/c.webp"]


def test_gifs_become_png_and_that_is_said_once(run: Run, folder: Path) -> None:
    for name in ("x", "y"):
        Image.new("RGB", (40, 40), "red").save(folder / f"{name}.gif")
    two = [Image.new("RGB", (40, 40), color) for color in ("red", "blue")]
    two[0].save(folder / "z.gif", save_all=True, append_images=two[1:])
    result = run("stylize", "in/*.gif", "--style", "great-wave", "-o", "out")
    assert result.exit_code == 0
    assert files("out") == ["x.png", "y.png", "z.png"]
    assert result.stderr.count("PNG is written instead") == 1
    assert "note: 'in/z.gif': it holds 2 pictures; the first was taken." in result.stderr


def test_transparency_into_jpeg_becomes_png(run: Run, folder: Path) -> None:
    clear = Image.linear_gradient("L").resize((40, 40))
    image = Image.new("RGBA", (40, 40), "red")
    image.putalpha(clear)
    for name in ("x", "y"):
        image.save(folder / f"{name}.jpg", "PNG")  # named wrongly, as happens
    result = run("stylize", "in/[xy].jpg", "--style", "great-wave", "-o", "out")
    assert result.exit_code == 0
    assert result.stderr.count("JPEG cannot hold transparency; PNG is written instead.") == 1
    assert files("out") == ["x.png", "y.png"]
    np.testing.assert_array_equal(load_picture("out/x.png").alpha, clear)
    again = run("stylize", "in/x.jpg", "--style", "great-wave", "-o", "out/x.jpg")
    assert again.exit_code == 1
    assert "'out/x.png' exists already." in again.stderr
    skipped = run("stylize", "in/x.jpg", "--style", "identity", "-o", "out", "--skip-existing")
    assert skipped.exit_code == 0
    assert skipped.stderr.endswith("All results are there already.\n")
    assert skipped.stdout == ""


def test_alpha_is_kept(run: Run, folder: Path) -> None:
    image = Image.open(folder / "a.png")
    clear = Image.linear_gradient("L").resize(image.size)
    image.putalpha(clear)
    image.save(folder / "a.png")
    run("stylize", "in/a.png", "--style", "great-wave")
    np.testing.assert_array_equal(load_picture("stylized/a.png").alpha, clear)


def test_a_file_replaces_itself_when_told_twice(run: Run, folder: Path) -> None:
    before = pixels("in/a.png")
    arguments = ("stylize", "in/a.png", "--style", "great-wave", "-o", "in/a.png")
    assert run(*arguments).exit_code == 1
    np.testing.assert_array_equal(pixels("in/a.png"), before)
    assert run(*arguments, "--overwrite").exit_code == 0
    np.testing.assert_array_equal(pixels("in/a.png"), Stylizer("great-wave")(before))
