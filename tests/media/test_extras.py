"""Without the packages of the extras: it imports, and says what to install."""

import os
import subprocess
import sys
from pathlib import Path

import artem

SOURCES = Path(artem.__file__).parents[1]
MODULES = sorted(
    ".".join(file.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")
    for file in (SOURCES / "artem" / "media").rglob("*.py")
)
WITHOUT = """
import sys
for name in ("av", "cv2", "mss", "pygame", "pyvirtualcam", "torch", "onnx"):
    sys.modules[name] = None  # importing it raises ImportError
"""


def run_fresh(code: str, cwd: Path) -> str:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT + code], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(SOURCES)}, timeout=120, cwd=cwd,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_everything_imports_and_a_pattern_can_be_shrunk_and_marked(tmp_path: Path) -> None:
    code = f"""
import {", ".join(MODULES)}
from artem.media.opencv import resize
from artem.media.overlay import write_on
from artem.media.sources.pattern import Pattern

frame = Pattern(width_px=64, height_px=48).frame(3)
assert resize(frame, 32, 24).shape == (24, 32, 3)
assert write_on(frame, "25 fps").shape == frame.shape
"""
    run_fresh(code, tmp_path)


def test_each_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"a film")
    code = """
from artem.core.errors import ArtemError
from artem.media.catalog import sink_by_name, source_by_name
from artem.media.film import Film
from artem.media.steady import Steadier
from pathlib import Path

for end in (source_by_name("webcam:98"), source_by_name("screen"), source_by_name("film.mp4"),
            source_by_name("rtsp://x"), sink_by_name("window"), sink_by_name("camera"),
            sink_by_name("out.mp4")):
    print(end.name, "|", end.why_not())
for make in (Steadier, lambda: Film(Path("film.mp4"), Path("out.mp4"))):
    try:
        make()
    except ArtemError as error:
        print(error)
"""
    lines = run_fresh(code, tmp_path).splitlines()
    assert len(lines) == 9
    assert all("is not installed" in line and "pip install 'artem-style[" in line for line in lines)
