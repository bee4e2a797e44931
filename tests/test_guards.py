"""What holds the shape of the whole: checked in fresh interpreters."""

import os
import subprocess
import sys
from pathlib import Path

import artem

SOURCES = Path(artem.__file__).parents[1]

WITHOUT_TORCH = """
import sys
for name in ("torch", "onnx", "onnxscript", "nncf"):
    sys.modules[name] = None  # importing it raises ImportError
"""


def run_fresh(code: str) -> str:
    """What a new interpreter prints, with warnings as errors."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | {"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def modules_of(package: str) -> list[str]:
    folder = SOURCES.joinpath(*package.split("."))
    return sorted(
        ".".join(file.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")
        for file in folder.rglob("*.py")
    )


def test_core_needs_no_torch() -> None:
    modules = modules_of("artem.core")
    assert "artem.core.picture" in modules
    run_fresh(f"{WITHOUT_TORCH}\nimport {', '.join(modules)}")


PAINT = """
import numpy as np
import artem
from artem.runtime import library

name = next(style.name for style in artem.styles() if style.vectors)
frame = np.random.default_rng(0).integers(0, 256, (33, 47, 3), dtype=np.uint8)
painted = artem.stylize(frame, style=name)
assert painted.shape == frame.shape and (painted != frame).any()
assert (artem.stylize(frame, style=name, strength=0) == frame).all()
"""


def test_the_runtime_paints_without_torch() -> None:
    modules = modules_of("artem.runtime") + modules_of("artem.app")
    run_fresh(f"{WITHOUT_TORCH}\nimport {', '.join(modules)}\n{PAINT}")


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"torch", "onnx", "openvino", "onnxruntime", "numpy", "PIL", "typer"}
    loaded = run_fresh("import sys, artem; print(*sys.modules)").split()
    assert heavy.isdisjoint(loaded)


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {file.parent for file in (SOURCES / "artem").rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_the_public_names_are_these() -> None:
    names = {"ArtemError", "Style", "Stylizer", "__version__", "styles", "stylize"}
    assert set(artem.__all__) == names
    assert set(dir(artem)) == names
    assert all(getattr(artem, name) is not None for name in names)
