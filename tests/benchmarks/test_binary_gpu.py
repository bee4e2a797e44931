"""A machine that is lent for its GPU has few packages; the script must start there."""

import subprocess
import sys
from importlib.metadata import packages_distributions

from benchmarks.conftest import BENCHMARKS

THERE = {"artem", "numpy", "torch", "triton", "platformdirs", "safetensors", "PIL"}


def test_it_starts_with_few_packages() -> None:
    lacking = dict.fromkeys(sorted(set(packages_distributions()) - THERE))
    assert {"typer", "openvino"} <= set(lacking)
    code = (
        f"import runpy, sys; sys.modules.update({lacking});"
        f"runpy.run_path({str(BENCHMARKS / 'binary' / 'gpu.py')!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
