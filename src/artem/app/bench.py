"""``artem bench``: how fast our own engines are here."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from artem import __version__
from artem.app.options import NetworkOption, ThreadsOption, given
from artem.core.errors import ArtemError, NetworkError

if TYPE_CHECKING:
    from artem.core.picture import Frame
    from artem.runtime.stylizer import Stylizer

K = TypeVar("K", bound=Hashable)

SIZES = ((640, 480), (1080, 1200))
"""Width and height in pixels: a camera's frame, and a VR headset's eye."""

WARM_UP_FRAMES = 30
BLOCK_FRAMES = 10

bench = typer.Typer(help="Measure how fast this computer paints.", no_args_is_help=True)


@bench.callback()
def _only_a_group() -> None:
    pass


@bench.command()
def speed(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    frames: Annotated[int, typer.Option(min=1, help="Measured frames for each row.")] = 300,
    sizes: Annotated[
        list[str] | None, typer.Option("--size", metavar="WxH", help="One more frame size.")
    ] = None,
    network: NetworkOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Time the whole path, from frame in to frame out, in each engine and precision."""
    wanted = [*SIZES, *(_parse_size(text) for text in sizes or ())]
    result = measure_speed(wanted, frames=frames, **given(network=network, threads=threads))
    if as_json:
        import json

        typer.echo(json.dumps(result, indent=2))
    else:
        _print_table(result)


def measure_speed(
    sizes: Sequence[tuple[int, int]],
    *,
    frames: int,
    network: str | Path = "fast",
    threads: int | None = None,
) -> dict[str, Any]:
    """Time a network in every engine and precision that can run it here.

    The engines take turns in short blocks, so that whatever else the machine does
    falls on all of them alike.

    Args:
        sizes: width and height in pixels.
        frames: to measure for each; others before them warm up.
        network: by name or file.
        threads: CPU threads; all cores when ``None``.

    Returns:
        ``machine``, ``rows`` (one for each engine, precision and size), and
        ``cannot`` (engine, precision, reason).

    Raises:
        ArtemError: the network is unknown.
    """
    from artem.runtime.engine import engines
    from artem.runtime.library import IDENTITY, find_network, styles
    from artem.runtime.stylizer import Stylizer
    from artem.runtime.versions import int8_network

    described = find_network(network)
    style = next((one for one in styles() if described.identity in one.vectors), IDENTITY)
    stylizers: dict[tuple[str, str], Stylizer] = {}
    cannot = []
    versions = dict.fromkeys(("float", "bfloat16", "int8"), described)
    with suppress(NetworkError):
        versions["int8"] = int8_network(described)
    if described.binary or described.int8:
        versions = {"binary" if described.binary else "int8": described}
    for name, engine in engines().items():
        for precision, version_of_it in versions.items():
            reason = engine.why_not(version_of_it, precision)
            if reason is None:
                stylizers[name, precision] = Stylizer(
                    style, network=described.path, engine=name, precision=precision, threads=threads
                )
            else:
                cannot.append({"engine": name, "precision": precision, "reason": reason})
    rows = [
        {"network": described.name, "engine": engine, "precision": precision}
        | figures_of(times_ms, *size)
        for size in sizes
        for (engine, precision), times_ms in measure_in_turns(stylizers, *size, frames).items()
    ]
    return {"machine": machine(threads), "style": style.name, "rows": rows, "cannot": cannot}


def measure_in_turns(
    painters: Mapping[K, Callable[[Frame], Frame]], width_px: int, height_px: int, frames: int
) -> dict[K, list[float]]:
    """Milliseconds of each frame for each painter at one size; the warm-up is not among them."""
    from time import perf_counter

    import numpy as np

    frame = np.random.default_rng(0).integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)
    times_ms: dict[K, list[float]] = {key: [] for key in painters}
    for painter in painters.values():
        for _ in range(min(WARM_UP_FRAMES, frames)):
            painter(frame)
    for start in range(0, frames, BLOCK_FRAMES):
        for key, painter in painters.items():
            for _ in range(min(BLOCK_FRAMES, frames - start)):
                begun = perf_counter()
                painter(frame)
                times_ms[key].append(1000 * (perf_counter() - begun))
    return times_ms


def figures_of(times_ms: Sequence[float], width_px: int, height_px: int) -> dict[str, Any]:
    """What a table says of the times that frames of one size took."""
    import numpy as np

    median_ms, p95_ms = np.percentile(times_ms, (50, 95))
    return {
        "width_px": width_px,
        "height_px": height_px,
        "frames": len(times_ms),
        "median_ms": round(float(median_ms), 2),
        "p95_ms": round(float(p95_ms), 2),
        "fps": round(1000 / float(median_ms), 1),
    }


def machine(threads: int | None) -> dict[str, Any]:
    packages = {}
    for package in ("openvino", "onnxruntime", "numpy"):
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "threads": threads or "all",
        "system": platform.system(),
        "python": platform.python_version(),
        "artem": __version__,
        **packages,
    }


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _parse_size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{0,4})[xX]([1-9]\d{0,4})", text)
    if not found:
        raise ArtemError(f"'{text}' is not a frame size.\n  Write it like 1920x1080.")
    return int(found[1]), int(found[2])


def _print_table(result: Mapping[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("network, size")
    table.add_column("engine, precision")
    for heading in ("median ms", "p95 ms", "frames/s"):
        table.add_column(heading, justify="right")
    for row in result["rows"]:
        table.add_row(
            f"{row['network']} {row['width_px']}x{row['height_px']}",
            f"{row['engine']}, {row['precision']}",
            f"{row['median_ms']:.1f}", f"{row['p95_ms']:.1f}", f"{row['fps']:.1f}",
        )  # fmt: skip
    Console().print(table)
    machine = result["machine"]
    typer.echo(", ".join(f"{name} {value}" for name, value in machine.items()))
    for refusal in result["cannot"]:
        typer.echo(f"{refusal['engine']}, {refusal['precision']}: {refusal['reason']}")
