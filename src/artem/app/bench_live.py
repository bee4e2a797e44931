"""``artem bench live``: from capture to sink, as a live run goes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import typer

from artem.app.bench import machine
from artem.app.options import EngineOption, NetworkOption, PrecisionOption, ThreadsOption, given

SIZES = ((640, 480), (1280, 720), (1080, 1200))
SCALES = (1.0, 0.5)
WARM_UP_FRAMES = 10


def bench_live(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    frames: Annotated[int, typer.Option(min=1, help="Measured frames for each row.")] = 150,
    fps: Annotated[float, typer.Option(min=1, help="What the camera gives.")] = 60.0,
    network: NetworkOption = None,
    engine: EngineOption = None,
    precision: PrecisionOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Time a live run from capture to sink: frame rate, latency, dropped frames.

    The camera is a pattern drawn as it comes, and the sink takes frames at once.
    """
    result = measure_live(
        SIZES, frames=frames, fps=fps,
        **given(network=network, engine=engine, precision=precision, threads=threads),
    )  # fmt: skip
    if as_json:
        import json

        typer.echo(json.dumps(result, indent=2))
    else:
        _print_table(result)


def measure_live(
    sizes: Sequence[tuple[int, int]],
    *,
    frames: int,
    fps: float,
    network: str | Path = "fast",
    precision: str = "auto",
    scales: Sequence[float] = SCALES,
    **options: Any,
) -> dict[str, Any]:
    """Run the whole pipeline at each size, at full working size and at half of it.

    Args:
        sizes: width and height in pixels.
        frames: to measure for each; a few before them warm up.
        fps: of the camera; what the painter cannot take is dropped.
        scales: of the working size.
        options: engine and threads, as for a painter.
    """
    from artem.media.controls import Controls, Settings
    from artem.media.painter import Painter
    from artem.media.pipeline import Pipeline
    from artem.media.sinks.null import NullSink
    from artem.media.sources.pattern import Pattern
    from artem.runtime.library import IDENTITY, find_network, styles

    identity = find_network(network).identity
    style = next((one for one in styles() if identity in one.vectors), IDENTITY)
    rate = Fraction(fps).limit_denominator(1001)
    rows = []
    for (width, height), scale in product(sizes, scales):
        painter = Painter(
            Controls(Settings(style, precision=precision)), networks=[network], scale=scale,
            **options,
        )  # fmt: skip
        for count in (WARM_UP_FRAMES, frames):
            source = Pattern(width_px=width, height_px=height, fps=rate)
            figures = Pipeline(source, painter, NullSink()).run(frames=count)
        rows.append({
            "network": str(network), "engine": painter.engine, "precision": painter.precision,
            "width_px": width, "height_px": height, "working_scale": scale,
            "fps": round(figures.mean_fps, 1), "median_ms": round(figures.median_ms, 1),
            "p95_ms": round(figures.p95_ms, 1), "frames": figures.shown,
            "dropped": figures.dropped,
        })  # fmt: skip
    return {"machine": machine(options.get("threads")), "camera_fps": fps, "rows": rows}


def _print_table(result: dict[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("network, size")
    table.add_column("worked at")
    table.add_column("engine, precision")
    for heading in ("frames/s", "latency ms", "p95 ms", "dropped"):
        table.add_column(heading, justify="right")
    for row in result["rows"]:
        table.add_row(
            f"{row['network']} {row['width_px']}x{row['height_px']}",
            f"{100 * row['working_scale']:.0f} %",
            f"{row['engine']}, {row['precision']}",
            f"{row['fps']:.1f}", f"{row['median_ms']:.0f}", f"{row['p95_ms']:.0f}",
            f"{row['dropped']}",
        )  # fmt: skip
    Console().print(table)
    typer.echo(f"camera: {result['camera_fps']:g} frames/s; ", nl=False)
    typer.echo(", ".join(f"{name} {value}" for name, value in result["machine"].items()))
