"""Options that several commands share, and how they are passed on."""

from __future__ import annotations

from typing import Annotated, Any

import typer

NetworkOption = Annotated[
    str | None, typer.Option("--network", metavar="NAME|FILE", help="Which network.")
]
EngineOption = Annotated[
    str | None, typer.Option("--engine", metavar="NAME", help="openvino, onnxruntime or auto.")
]
PrecisionOption = Annotated[
    str | None, typer.Option("--precision", metavar="NAME", help="float, bfloat16 or auto.")
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, metavar="N", help="CPU threads; all by default.")
]


def given(**options: Any) -> dict[str, Any]:
    """Those options that were given; each default stays where it is written, in the callee."""
    return {name: value for name, value in options.items() if value is not None}
