"""Which pictures are meant, and where their results go."""

from pathlib import Path

import pytest

from artem.app.inputs import plan_jobs
from artem.core.errors import PictureError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of every sort; nobody reads them here."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "one.jpg", "photo[1].png", "in/a.jpg", "in/b.PNG", "in/deep/a.jpg", "in/deep/er/c.webp",
        "in/notes.txt", "in/.hidden.jpg", "in/.git/d.jpg", "anim/x.gif",
    ):  # fmt: skip
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    return tmp_path


def planned(*inputs: str, out: str = "out", **options: bool) -> dict[str, str]:
    jobs = plan_jobs(inputs, Path(out), **options)
    return {job.source.as_posix(): job.target.as_posix() for job in jobs}


def test_one_file() -> None:
    assert planned("one.jpg") == {"one.jpg": "out/one.jpg"}
    assert planned("one.jpg", out="new.png") == {"one.jpg": "new.png"}
    assert planned("one.jpg", out="new.thing") == {"one.jpg": "new.thing/one.jpg"}


def test_a_folder_with_an_ending_is_a_folder() -> None:
    Path("album.jpg").mkdir()
    assert planned("one.jpg", out="album.jpg") == {"one.jpg": "album.jpg/one.jpg"}


def test_a_folder_keeps_its_subfolders_and_skips_what_is_no_picture() -> None:
    assert planned("in") == {
        "in/a.jpg": "out/a.jpg",
        "in/b.PNG": "out/b.PNG",
        "in/deep/a.jpg": "out/deep/a.jpg",
        "in/deep/er/c.webp": "out/deep/er/c.webp",
    }


@pytest.mark.parametrize(
    ("pattern", "results"),
    [
        ("in/*", ["out/a.jpg", "out/b.PNG"]),
        ("in/*.jpg", ["out/a.jpg"]),
        ("in/**/*.jpg", ["out/a.jpg", "out/deep/a.jpg"]),
        ("in/**", ["out/a.jpg", "out/b.PNG", "out/deep/a.jpg", "out/deep/er/c.webp"]),
        ("i?/deep/*.jpg", ["out/in/deep/a.jpg"]),
        ("*.jpg", ["out/one.jpg"]),
        ("photo[[]1[]].png", ["out/photo[1].png"]),
    ],
)
def test_patterns(pattern: str, results: list[str]) -> None:
    assert sorted(planned(pattern).values()) == results


def test_a_file_whose_name_looks_like_a_pattern() -> None:
    assert planned("photo[1].png") == {"photo[1].png": "out/photo[1].png"}


def test_a_picture_that_is_named_twice_is_taken_once() -> None:
    assert list(planned("one.jpg", "./one.jpg", "*.jpg")) == ["one.jpg"]


def test_formats_that_are_only_read_become_png() -> None:
    Path("scan.jp2").touch()
    assert planned("anim/x.gif", "scan.jp2") == {
        "anim/x.gif": "out/x.png",
        "scan.jp2": "out/scan.jp2.png",
    }
    assert planned("anim/x.gif", out="y.gif") == {"anim/x.gif": "y.gif"}


def test_earlier_results_are_no_inputs() -> None:
    first = planned("in", out="in/painted")
    for target in first.values():
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()
    assert planned("in", out="in/painted", overwrite=True) == first
    assert planned("in", out="in/painted", skip_existing=True) == {}


def test_skipping_goes_on_where_it_was() -> None:
    Path("out/deep").mkdir(parents=True)
    Path("out/deep/a.jpg").touch()
    assert sorted(planned("in", skip_existing=True)) == [
        "in/a.jpg",
        "in/b.PNG",
        "in/deep/er/c.webp",
    ]


@pytest.mark.parametrize(
    ("inputs", "out", "sentence"),
    [
        (["none/*.jpg"], "out", "No picture matches 'none/*.jpg'."),
        (["in/*.txt"], "out", "No picture matches 'in/*.txt'."),
        (["bare"], "out", "'bare' has no pictures."),
        (["in", "one.jpg"], "out.jpg", "'out.jpg' is the name of one file"),
        (["in/deep/er"], "out.jpg", "'out.jpg' is the name of one file"),
        (["one.jpg"], "in/notes.txt", "'in/notes.txt' is a file where a folder is needed."),
        (["in/a.jpg", "in/deep/a.jpg"], "out",
         "'in/a.jpg' and 'in/deep/a.jpg' would both be written to 'out/a.jpg'."),
        (["in"], "in", "4 results would replace an input, first 'in/a.jpg'."),
        (["one.jpg"], ".", "1 result would replace an input, first 'one.jpg'."),
        (["one.jpg"], "one.jpg", "1 result would replace an input"),
    ],
)  # fmt: skip
def test_refusals(inputs: list[str], out: str, sentence: str) -> None:
    Path("bare").mkdir()
    with pytest.raises(PictureError) as caught:
        planned(*inputs, out=out)
    assert sentence in str(caught.value)


def test_existing_results_are_refused_and_counted() -> None:
    Path("out").mkdir()
    Path("out/a.jpg").touch()
    with pytest.raises(PictureError, match=r"^'out/a.jpg' exists already.\n  Use --overwrite"):
        planned("in")
    Path("out/b.PNG").touch()
    with pytest.raises(PictureError, match=r"^'out/a.jpg' exists already \(and 1 more\)."):
        planned("in")
    assert len(planned("in", overwrite=True)) == 4


def test_only_an_explicit_name_replaces_its_own_input() -> None:
    assert planned("one.jpg", out="one.jpg", overwrite=True) == {"one.jpg": "one.jpg"}
    with pytest.raises(PictureError, match="would replace an input"):
        planned("one.jpg", out=".", overwrite=True)


def test_a_result_never_replaces_another_input() -> None:
    Path("both").mkdir()
    Path("both/x.gif").touch()
    Path("both/x.png").touch()
    with pytest.raises(PictureError, match=r"would both be written to 'both/x.png'"):
        planned("both", out="both", overwrite=True)
