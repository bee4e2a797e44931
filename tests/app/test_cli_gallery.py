"""``artem gallery``: photos in every style, on a page."""

from dataclasses import replace
from pathlib import Path

import pytest
from app.conftest import Run
from conftest import Library, draw_photo
from PIL import Image

from artem.core.picture import load_picture
from artem.core.style_file import save_style
from artem.runtime.library import find_style


def test_the_page_shows_every_style_of_every_photo(run: Run, tiny_library: Library) -> None:
    Path("photos").mkdir()
    for name, color in (("a.png", "red"), ("b.jpg", "blue")):
        Image.new("RGB", (90, 70), color).save(f"photos/{name}")
    Path("photos/notes.txt").write_text("not a photo")
    result = run("gallery", "photos", "-o", "shown", "--size", "64")
    assert result.exit_code == 0, result.stderr
    page = Path("shown/README.md").read_text()
    assert "2 styles of 2 photos" in page
    for name in ("great-wave", "starry-night"):
        assert f"![{name}]({name}.jpg)" in page
        assert load_picture(f"shown/{name}.jpg").frame.shape == (64, 2 * 64 + 8, 3)
    photos = load_picture("shown/photos.jpg").frame
    assert photos[32, 32, 0] > 200 and photos[32, 100, 2] > 200
    again = run("gallery", "photos", "-o", "shown")
    assert again.exit_code == 1
    assert "'shown/README.md' exists already." in again.stderr
    assert run("gallery", "photos", "-o", "shown", "--size", "64", "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["empty"], "There is no photo to paint."),
        (["gone.jpg"], "There is no file 'gone.jpg'."),
        (["--style", "gone"], "'gone' is not a style here."),
    ],
)
def test_what_cannot_be_shown(
    run: Run, tiny_library: Library, arguments: list[str], sentence: str
) -> None:
    Path("empty").mkdir()
    result = run("gallery", *arguments, "-o", "shown")
    assert result.exit_code != 0
    assert sentence in result.stderr
    assert not Path("shown/README.md").exists()


def test_a_network_without_styles_by_name_shows_pictures(run: Run, adain_library: Library) -> None:
    refused = run("gallery", "-o", "shown", "--size", "64", "--network", "adain")
    assert refused.exit_code == 1
    assert "There is no style for the network 'adain'." in refused.stderr
    draw_photo(60, 50).save("painting.png")
    result = run(
        "gallery", "-o", "shown", "--size", "64", "--network", "adain", "--style", "painting.png"
    )
    assert result.exit_code == 0, result.stderr
    assert "![painting](painting.jpg)" in Path("shown/README.md").read_text()


def test_no_photo_is_written_over(run: Run, tiny_library: Library) -> None:
    Path("photos").mkdir()
    for name in ("great-wave.jpg", "photos.jpg"):
        draw_photo(80, 70).save(f"photos/{name}")
    before = Path("photos/great-wave.jpg").read_bytes()
    for more in ([], ["--overwrite"]):
        result = run("gallery", "photos", "-o", "photos", "--size", "64", *more)
        assert result.exit_code == 1
        assert "The gallery would replace the photo 'photos/photos.jpg'." in result.stderr
    assert sorted(file.name for file in Path("photos").iterdir()) == [
        "great-wave.jpg",
        "photos.jpg",
    ]
    assert Path("photos/great-wave.jpg").read_bytes() == before

    Path("other").mkdir()
    Path("other/great-wave.jpg").write_bytes(b"precious")
    result = run("gallery", "photos", "-o", "other", "--size", "64")
    assert result.exit_code == 1
    assert "'other/great-wave.jpg' exists already." in result.stderr
    assert [file.name for file in Path("other").iterdir()] == ["great-wave.jpg"]


def test_files_are_named_apart_and_stay_in_their_folder(run: Run, tiny_library: Library) -> None:
    known = find_style("great-wave")
    Path("a").mkdir()
    save_style("a/one.safetensors", replace(known, name="../../photos"))
    save_style("a/two.safetensors", replace(known, name="photos"))
    result = run(
        "gallery", "-o", "in/shown", "--size", "64",
        "--style", "a/one.safetensors", "--style", "a/two.safetensors",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    shown = sorted(str(file.relative_to("in")) for file in Path("in").rglob("*.jpg"))
    assert shown == ["shown/photos-2.jpg", "shown/photos-3.jpg", "shown/photos.jpg"]
    page = Path("in/shown/README.md").read_text()
    assert "](photos-2.jpg)" in page and "](photos-3.jpg)" in page
