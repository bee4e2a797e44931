"""What the scripts under ``benchmarks/`` share: where a result comes from, its file, its tables.

No command uses it. It stands here because scripts in folders cannot import one beside those
folders, and it needs no more than :mod:`artem.core` unless :func:`provenance` is called: a
machine with a GPU may have little else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from artem.core.errors import ArtemError
from artem.core.files import replacing


def provenance(script: str, *packages: str, threads: int | None = None) -> dict[str, Any]:
    """Where a result comes from: ``machine``, ``commit`` and ``date``.

    Args:
        script: the benchmark's own file, by which the repository is found. Outside of one
            the commit is empty.
        packages: whose versions stand beside those that :func:`artem.app.bench.machine` gives.
        threads: what was asked for.
    """
    import subprocess
    from importlib.metadata import version

    from artem.app.bench import machine

    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(script).resolve().parent, capture_output=True, text=True,
    )  # fmt: skip
    return {
        "machine": machine(threads) | {package: version(package) for package in packages},
        "commit": said.stdout.strip(),
        "date": today(),
    }


def today() -> str:
    """The date as a result says it: year, month and day in UTC."""
    return datetime.now(UTC).date().isoformat()


def write_result(file: Path, result: Mapping[str, Any]) -> None:
    """A result as JSON, whole or not at all."""
    with replacing(file) as partial:
        partial.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def write_between(document: Path, begin: str, end: str, parts: Iterable[str]) -> None:
    """Replace what stands between two marks of a document by parts with blank lines around them.

    Raises:
        ArtemError: the document lacks the marks.
    """
    before, found, rest = document.read_text(encoding="utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise ArtemError(
            f"'{document}' has no place for the tables.\n"
            f"  Write '{begin}' and, below it, '{end}' where they belong."
        )
    with replacing(document) as partial:
        partial.write_text(before + "\n\n".join([begin, *parts, end]) + after, encoding="utf-8")


def run_script(main: Callable[[], None]) -> None:
    """Run a script; what it refuses is said in a sentence, without a traceback."""
    try:
        main()
    except ArtemError as error:
        raise SystemExit(f"error: {error}") from None
