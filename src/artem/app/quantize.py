"""``artem quantize``: a network in int8, quicker on CPUs that multiply bytes fast."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from artem.app.options import given
from artem.app.say import note, say
from artem.core.errors import TrainingError


def quantize(
    network: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A float network.")],
    photos: Annotated[
        Path, typer.Option("--photos", metavar="DIR", help="To calibrate with, some 100 or more.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Ends in .int8.onnx; by default beside the network, where it is found.",
        ),
    ] = None,
    paintings: Annotated[
        list[str] | None,
        typer.Option(
            "--paintings",
            metavar="DIR|STYLE=FILE",
            help="The style pictures: with them the objective of both is measured.",
        ),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Photos to calibrate with, at most.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(min=0, help="Percent by which the objective may be worse.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Which photos are taken.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that exists.")
    ] = False,
) -> None:
    """Make the int8 version of a network, and measure what it costs in quality."""
    run = _quantizer()
    if out is None:
        from artem.runtime.library import find_network

        out = find_network(network).path.with_suffix(run.SUFFIX)
    if out.exists() and not overwrite:
        raise TrainingError(f"'{out}' exists already.\n  Use --overwrite, or another name with -o.")
    made = run.quantize_network(
        network, photos=photos, out=out, on_progress=say,
        **given(
            paintings=paintings, samples=samples, seed=seed,
            tolerance=None if tolerance is None else tolerance / 100,
        ),
    )  # fmt: skip
    for name, value in made.figures.items():
        typer.echo(f"{name}: {value}")
    for file in made.files:
        typer.echo(f"wrote {file}")
    if made.ratio is None:
        note("the objective was not measured; give --paintings to compare it with float's.")


def _quantizer() -> ModuleType:
    """The quantizer, imported now because it brings PyTorch along."""
    try:
        from artem.export import quantizing as run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "artem":
            raise
        raise TrainingError(
            f"Quantizing needs more packages ('{error.name}' is missing).\n"
            f"  pip install 'artem-style[quantize]'"
        ) from None
    return run
