"""``artem styles``: which styles there are, and what they look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from artem.app.options import EngineOption, NetworkOption, PrecisionOption, ThreadsOption, given
from artem.app.say import note, say
from artem.core.errors import ArtemError

if TYPE_CHECKING:
    from artem.core.style_file import Style


def styles(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw every style on one photo, and write that picture."),
    ] = None,
    photo: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The sheet's photo; a sample by default.")
    ] = None,
    network: NetworkOption = None,
    engine: EngineOption = None,
    precision: PrecisionOption = None,
    threads: ThreadsOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the sheet.")] = False,
) -> None:
    """List all styles, or draw them on a sheet."""
    from artem.runtime.library import styles as all_styles

    found = all_styles(on_damaged=lambda error: note(f"left out: {error}"))
    if sheet is not None:
        options = given(network=network, engine=engine, precision=precision, threads=threads)
        _write_sheet(sheet, photo, found, options, overwrite=overwrite)
    elif as_json:
        import json

        typer.echo(json.dumps([_described(style) for style in found], indent=2))
    else:
        _print_table(found)


def _described(style: Style) -> dict[str, Any]:
    from artem.runtime.library import IDENTITY, MODELS

    if style is IDENTITY:
        origin = "built in"
    elif style.path is not None and style.path.is_relative_to(MODELS):
        origin = "shipped"
    else:
        origin = "own"
    return {
        "name": style.name,
        "title": style.title,
        "author": style.author,
        "year": style.year,
        "license": style.license,
        "networks": ["all"] if style is IDENTITY else sorted(set(style.networks.values())),
        "origin": origin,
        "file": None if style.path is None else str(style.path),
        "figures": dict(style.figures),
    }


def _print_table(found: Sequence[Style]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = ("name", "title", "author", "year", "networks", "origin")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column == "name")
    for style in found:
        described = _described(style) | {"networks": ", ".join(_described(style)["networks"])}
        table.add_row(*(Text(described[column]) for column in columns))
    Console().print(table)


def _write_sheet(
    file: Path,
    photo: Path | None,
    found: Sequence[Style],
    options: Mapping[str, Any],
    *,
    overwrite: bool,
) -> None:
    from artem.app.sheet import draw_sheet
    from artem.core.picture import format_of, load_picture, save_picture
    from artem.runtime.stylizer import Stylizer

    format_of(file)
    if file.exists() and not overwrite:
        raise ArtemError(f"'{file}' exists already.\n  Use --overwrite, or another name.")
    picture = load_picture(photo or _sample())
    stylizer = Stylizer("identity", **options)
    fitting = [
        style for style in found if not style.vectors or stylizer.network.identity in style.vectors
    ]
    if left_out := [style.name for style in found if style not in fitting]:
        note(f"not made for the network '{stylizer.network.name}': {', '.join(left_out)}.")
    save_picture(file, draw_sheet(picture.frame, fitting, stylizer))
    say(f"{len(fitting)} styles, identity first.")
    typer.echo(f"wrote {file}")


def _sample() -> Path:
    from artem.core.picture import PICTURE_SUFFIXES
    from artem.runtime.library import SAMPLES

    samples = sorted(file for file in SAMPLES.glob("*") if file.suffix in PICTURE_SUFFIXES)
    if not samples:
        raise ArtemError("No sample photo came with this package.\n  Name one with --photo.")
    return samples[0]
