"""Finding paintings, photos, sizes, networks and their styles."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Library, random_style

from artem.core.errors import ArtemError
from artem.core.style_file import save_style
from artem.export.exhibits import (
    choose_styles,
    find_candidates,
    find_painting,
    find_photos,
    parse_judged_size,
)

MakePhoto = Callable[..., Path]


@pytest.fixture
def paintings(tmp_path: Path, make_photo: MakePhoto) -> Path:
    folder = tmp_path / "paintings"
    for name in ("Great_Wave.png", "starry night, 1889.jpg", "starry.png"):
        make_photo(folder / name)
    (folder / "notes.txt").touch()
    return folder


def test_a_painting_is_named_like_its_style(paintings: Path) -> None:
    places = [str(paintings)]
    assert find_painting("great-wave", places) == paintings / "Great_Wave.png"
    assert find_painting("starry-night", places) == paintings / "starry night, 1889.jpg"
    assert find_painting("starry", places) == paintings / "starry.png"
    assert find_painting("great", places) == paintings / "Great_Wave.png"
    assert find_painting("star", places) is None
    assert find_painting("starry-night", [str(paintings / "starry.png")]) is None


def test_a_painting_may_be_named_outright(paintings: Path, tmp_path: Path) -> None:
    file = paintings / "starry.png"
    assert find_painting("great-wave", [str(paintings), f"great-wave={file}"]) == file
    assert find_painting("other", [f"great-wave={file}"]) is None
    odd = shutil.copytree(paintings, tmp_path / "a=b")
    assert find_painting("great-wave", [str(odd)]) == odd / "Great_Wave.png"


def test_doubt_about_a_painting_is_said(paintings: Path, make_photo: MakePhoto) -> None:
    make_photo(paintings / "great-wave-2.png")
    assert find_painting("great-wave", [str(paintings)]) == paintings / "Great_Wave.png"
    make_photo(paintings / "starry-night-sketch.png")
    with pytest.raises(ArtemError, match="may be the painting of 'starry-night'") as refused:
        find_painting("starry-night", [str(paintings)])
    assert "--paintings starry-night=FILE" in str(refused.value)


def test_photos_have_names_of_their_own(tmp_path: Path, make_photo: MakePhoto) -> None:
    folder = tmp_path / "photos"
    for name in ("b.jpg", "a.png", "a.jpg"):
        make_photo(folder / name)
    lone = make_photo(tmp_path / "lone.png")
    found = find_photos([folder, lone])
    assert list(found) == [str(folder / "a.jpg"), str(folder / "a.png"), "b", "lone"]
    assert list(find_photos([lone, folder], most=2)) == ["lone", "a"]


def test_a_place_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtemError, match="holds no pictures"):
        find_photos([tmp_path])
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(ArtemError, match=r"no file or folder .* Did you mean 'photo.jpg'\?"):
        find_photos([tmp_path / "photos.jpg"])


def test_sizes_are_pixels_and_photos() -> None:
    assert parse_judged_size("256") == (256, None)
    assert parse_judged_size("512:1") == (512, 1)
    for text in ("", "big", "256:0", "256:", "-64", "256x256"):
        with pytest.raises(ArtemError, match="is no size"):
            parse_judged_size(text)
    for text in ("63", "4097"):
        with pytest.raises(ArtemError, match=f"cannot be judged at {text} pixels"):
            parse_judged_size(text)


def test_a_network_has_the_styles_beside_it(tiny_library: Library, tmp_path: Path) -> None:
    mine = tmp_path / "mine" / "network.onnx"
    mine.parent.mkdir()
    shutil.copy(tiny_library.network.path, mine)
    own = mine.parent / "styles" / "own.safetensors"
    save_style(own, random_style("x", tiny_library.network, 3))
    (candidate,) = find_candidates(mine)
    assert set(candidate.styles) == {"great-wave", "starry-night", "own"}
    assert candidate.style("own").name == "own"
    assert candidate.style(str(own)).name == "x"


def test_two_of_a_name_are_told_apart(tiny_library: Library, tmp_path: Path) -> None:
    copy = shutil.copy(tiny_library.network.path, tmp_path / "copy.onnx")
    names = [candidate.name for candidate in find_candidates("fast", [copy])]
    assert names == ["fast (fast)", f"fast ({copy})"]
    with pytest.raises(ArtemError, match="compared with itself"):
        find_candidates("fast", [tiny_library.network.path])


def test_styles_are_chosen_with_their_paintings(tiny_library: Library, paintings: Path) -> None:
    candidates = find_candidates("fast")
    chosen, left_out = choose_styles(candidates, (), [str(paintings / "Great_Wave.png")])
    assert list(chosen) == ["great-wave"]
    assert left_out == ["starry-night"]
    (style,), painting = chosen["great-wave"]
    assert (style.name, painting.name) == ("great-wave", "Great_Wave.png")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["great-wav"], "Did you mean 'great-wave'"),
        (["starry-night"], "no painting for the style 'starry-night'"),
        (["identity"], "was not made for the network"),
        ([], "No style of 'fast' has a painting there"),
    ],
)
def test_what_cannot_be_chosen_is_refused(
    tiny_library: Library, paintings: Path, asked: list[str], message: str
) -> None:
    with pytest.raises(ArtemError, match=message):
        choose_styles(find_candidates("fast"), asked, [str(paintings / "starry.png")])


def test_a_picture_is_a_style_and_its_own_painting(
    adain_library: Library, make_photo: MakePhoto, tmp_path: Path
) -> None:
    picture = make_photo(tmp_path / "My Painting.png", 60, 50, seed=3)
    candidates = find_candidates("adain", ["fast"])
    assert not candidates[0].styles
    chosen, _ = choose_styles(candidates, [str(picture)], [str(tmp_path)])
    styles, painting = chosen["My Painting"]
    assert painting == picture
    assert [list(style.vectors) for style in styles] == [
        [candidate.network.identity] for candidate in candidates
    ]
    with pytest.raises(ArtemError, match="There is no style for 'adain' and 'fast'"):
        choose_styles(candidates, [], [str(tmp_path)])
