"""A benchmark's result says where it comes from, and its tables take the place of older ones."""

import json
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from artem.app.bench import machine
from artem.app.bench_results import provenance, run_script, today, write_between, write_result
from artem.core.errors import ArtemError

BEGIN, END = "<!-- begin: here -->", "<!-- end -->"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "document.md"
    file.write_text(f"before\n{BEGIN}\nold\n{END}\nafter, {END}\n")
    return file


def test_a_result_says_machine_commit_and_date(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", str(tmp_path), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init")
    git("commit", "--allow-empty", "--message", "first")
    found = provenance(str(tmp_path / "run.py"), "pillow", threads=3)
    assert list(found) == ["machine", "commit", "date"]
    assert found["machine"] == machine(3) | {"pillow": version("pillow")}
    assert found["commit"] == git("rev-parse", "--short", "HEAD")
    assert found["date"] == today()


def test_outside_of_a_repository_there_is_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "inside").mkdir()
    assert provenance(str(tmp_path / "inside" / "run.py"))["commit"] == ""


def test_a_result_is_written_as_json(tmp_path: Path) -> None:
    write_result(tmp_path / "results" / "one.json", {"rows": [1, "²"]})
    text = (tmp_path / "results" / "one.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"rows": [1, "²"]} and text.endswith("\n")


def test_what_stands_between_the_marks_is_replaced(document: Path) -> None:
    for parts in (["one", "two"], ["three"]):
        write_between(document, BEGIN, END, parts)
        whole = "\n\n".join([BEGIN, *parts, END])
        assert document.read_text() == f"before\n{whole}\nafter, {END}\n"


@pytest.mark.parametrize("lacking", [BEGIN, END])
def test_a_document_without_a_mark_stays_as_it_is(document: Path, lacking: str) -> None:
    text = document.read_text().replace(lacking, "")
    document.write_text(text)
    with pytest.raises(ArtemError, match="no place for the tables"):
        write_between(document, BEGIN, END, ["new"])
    assert document.read_text() == text


def test_a_refusal_ends_a_script_without_a_traceback() -> None:
    def main() -> None:
        raise ArtemError("Not here.\n  Try there.")

    with pytest.raises(SystemExit, match=r"^error: Not here\.\n  Try there\.$"):
        run_script(main)
