import errno
from pathlib import Path

import pytest

from artem.core.errors import ArtemError, did_you_mean
from artem.core.files import replacing


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_what_was_written_appears_under_its_name_alone(tmp_path: Path) -> None:
    with replacing(tmp_path / "new" / "picture.png") as partial:
        assert partial.parent == tmp_path / "new"
        partial.write_bytes(b"whole")
        assert names(tmp_path / "new") == [partial.name]
    assert names(tmp_path / "new") == ["picture.png"]
    assert (tmp_path / "new" / "picture.png").read_bytes() == b"whole"


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "picture.png"
    target.write_bytes(b"old")
    with replacing(target) as partial:
        partial.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / f"{'p' * 251}.png"
    with replacing(target) as partial:
        partial.write_bytes(b"whole")
    assert names(tmp_path) == [target.name]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    target = tmp_path / "picture.png"
    with replacing(target) as one, replacing(target) as other:
        one.write_bytes(b"one")
        other.write_bytes(b"other")
    assert target.read_bytes() == b"one"  # the outer one ended last
    assert names(tmp_path) == ["picture.png"]


def test_a_failure_leaves_everything_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "picture.png"
    target.write_bytes(b"old")
    with pytest.raises(KeyError), replacing(target) as partial:
        partial.write_bytes(b"half")
        raise KeyError
    assert names(tmp_path) == ["picture.png"]
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "may not be written"),
        (errno.EROFS, "may not be written"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_the_system_s_refusals_become_sentences(tmp_path: Path, number: int, words: str) -> None:
    target = tmp_path / "picture.png"
    with pytest.raises(ArtemError, match=words) as caught, replacing(target) as partial:
        partial.write_bytes(b"half")
        raise OSError(number, "from the system")
    assert str(target) in str(caught.value)
    assert names(tmp_path) == []


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with (
        pytest.raises(ArtemError, match="cannot be written"),
        replacing(tmp_path / "taken" / "picture.png"),
    ):
        raise AssertionError("there is nowhere to write to")


def test_did_you_mean_names_the_nearest_or_nothing() -> None:
    styles = ["great-wave", "udnie"]
    assert did_you_mean("greatwave", styles) == " Did you mean 'great-wave'?"
    assert did_you_mean("mosaic", styles) == ""
    assert did_you_mean("anything", []) == ""
