"""What holds for every command: help, errors, exit codes, and that nothing heavy is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from app.conftest import Run

import artem
from artem.core.errors import ArtemError

COMMANDS = ["stylize", "styles", "train", "polish", "bench", "info"]


def python(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run code in a fresh interpreter that finds the same package."""
    source = str(Path(artem.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": source},
    )  # fmt: skip


def test_starting_loads_nothing_heavy() -> None:
    heavy = "numpy PIL openvino onnxruntime torch onnx safetensors platformdirs rich.progress"
    code = (
        "import sys, artem.app.cli\n"
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    result = python(code)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.parametrize("command", ["", *COMMANDS, "bench speed"])
def test_help(run: Run, command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert "Usage: artem" in result.output or "Usage: root" in result.output
    assert run(*command.split(), "-h").output == result.output


def test_version(run: Run) -> None:
    assert run("--version").output == f"artem {artem.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["stylise"], "Did you mean 'stylize'"),
        (["stylize", "a.jpg"], "Missing option '--style'"),
        (["stylize", "--style", "great-wave"], "Missing argument 'PHOTO'"),
        (["stylize", "a.jpg", "--style", "x", "--strength", "2"], "Invalid value for '--strength'"),
        (["stylize", "a.jpg", "--style", "x", "--overwrite", "--skip-existing"], "exclude each"),
        (["train", "a.jpg", "-o", "mine"], "Missing option '--photos'"),
        (["train", "a.jpg", "--photos", ".", "-o", "x", "--from-scratch", "--network", "fast"],
         "exclude each other"),
    ],
)  # fmt: skip
def test_wrong_usage_exits_with_2(run: Run, arguments: list[str], sentence: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.output


@pytest.mark.parametrize(
    ("raised", "exit_code", "said"),
    [
        (ArtemError("It is so.\n  Do this."), 1, "error: It is so.\n  Do this.\n"),
        (KeyboardInterrupt(), 130, "stopped.\n"),
        (MemoryError(), 1, "error: There is not enough memory for this."),
        (OSError(28, "No space left on device", "x.jpg"), 1,
         "error: 'x.jpg': No space left on device.\n"),
    ],
)  # fmt: skip
def test_every_end_is_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, raised: BaseException, exit_code: int, said: str
) -> None:
    from artem.runtime import library

    def fail(**options: object) -> None:
        raise raised

    monkeypatch.setattr(library, "styles", fail)
    result = run("styles")
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert result.stderr.startswith(said)


def test_a_reader_that_leaves_early_is_no_error() -> None:
    code = (
        "import os, sys\n"
        "from artem.app import cli\n"
        "reader, writer = os.pipe()\n"
        "os.dup2(writer, 1); os.close(writer); os.close(reader)\n"
        "sys.argv = ['artem', *sys.argv[1:]]\n"
        "cli.main()"
    )
    result = python(code, "--help")
    assert result.stderr == ""


def test_names_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    code = "import sys; sys.argv[0] = 'artem'; from artem.app import cli; cli.main()"
    result = python(code, "stylize", str(tmp_path / "\udcff\u732b.jpg"), "--style", "identity:x")
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")


def test_what_the_library_logs_and_pillow_warns_of() -> None:
    code = (
        "import sys; sys.argv[0] = 'artem'\n"
        "from artem.app import cli\n"
        "import logging, warnings\n"
        "def loud():\n"
        "    logging.getLogger('artem').info('fetching %s', 'it')\n"
        "    logging.getLogger('other').info('not this')\n"
        "    warnings.warn_explicit('odd tag', UserWarning, 'x.py', 1, 'PIL.TiffImagePlugin')\n"
        "cli.app.command()(loud)\n"
        "cli.main()"
    )
    result = python(code, "loud")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "fetching it\n")


@pytest.mark.parametrize("command", [["train", "-o", "out"], ["polish", "-o", "a.safetensors"]])
def test_training_without_pytorch(command: list[str]) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; sys.argv[0] = 'artem'\n"
        "from artem.app import cli; cli.main()"
    )
    result = python(code, *command, "a.jpg", "--photos", ".")
    assert result.returncode == 1
    assert result.stderr == (
        "error: Training needs more packages ('torch' is missing).\n"
        "  pip install 'artem-style[train]'\n"
    )
