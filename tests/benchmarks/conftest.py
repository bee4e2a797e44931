"""The benchmarks are scripts in folders, not packages."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@contextmanager
def modules_of(folder: str, *names: str) -> Iterator[SimpleNamespace]:
    """Modules beside each other in a benchmark's folder, imported for as long as this lasts."""
    path = str(BENCHMARKS / folder)
    sys.path.insert(0, path)
    try:
        yield SimpleNamespace(**{name: __import__(name) for name in names})
    finally:
        sys.path.remove(path)
        for name in names:
            sys.modules.pop(name, None)
