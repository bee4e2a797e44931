"""Options that several commands share, and how they are passed on."""

from __future__ import annotations

from typing import Annotated, Any

import typer

NetworkOption = Annotated[
    str | None, typer.Option("--network", metavar="NAME|FILE", help="Which network.")
]
EngineOption = Annotated[
    str | None,
    typer.Option("--engine", metavar="NAME", help="openvino, onnxruntime, xnor or auto."),
]
PrecisionOption = Annotated[
    str | None,
    typer.Option("--precision", metavar="NAME", help="float, bfloat16, int8, binary or auto."),
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, metavar="N", help="CPU threads; all by default.")
]


def given(**options: Any) -> dict[str, Any]:
    """Those options that were given; each default stays where it is written, in the callee."""
    return {name: value for name, value in options.items() if value is not None}


def sizes_by_name(values: list[str] | None) -> dict[str, int]:
    """Sizes of a network by name, from values such as ``trunk=96``.

    Raises:
        BadParameter: one is of another form.
    """
    sizes: dict[str, int] = {}
    for value in values or ():
        name, _, number = value.partition("=")
        if not number.isdecimal():
            raise typer.BadParameter(
                f"'{value}' is not of the form NAME=N, such as trunk=96.", param_hint="--size"
            )
        sizes[name] = int(number)
    return sizes


def weights(option: str, values: list[str] | None) -> dict[str, float] | None:
    """Weights by name, from values such as ``gram`` (which counts 1) and ``mrf:0.5``.

    Args:
        option: for the message.
        values: as they were given; none at all is ``None``.

    Raises:
        BadParameter: a weight is not a number, or a name comes twice.
    """
    found: dict[str, float] = {}
    for value in values or ():
        name, colon, number = value.partition(":")
        try:
            weight = float(number) if colon else 1.0
        except ValueError:
            raise typer.BadParameter(
                f"'{value}' is not of the form NAME:WEIGHT, such as {name}:0.5.", param_hint=option
            ) from None
        if name in found:
            raise typer.BadParameter(f"'{name}' is given twice.", param_hint=option)
        found[name] = weight
    return found or None
