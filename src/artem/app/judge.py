"""``artem judge``: how good a network's paintings are, as figures and a page to look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from artem.app.options import EngineOption, NetworkOption, PrecisionOption, ThreadsOption, given
from artem.app.progress import show_progress
from artem.app.say import note, say
from artem.core.errors import TrainingError

if TYPE_CHECKING:
    from artem.learn.judge.report import Report
    from artem.learn.judge.summary import Row


def judge(
    paintings: Annotated[
        list[str],
        typer.Option(
            "--paintings",
            metavar="DIR|STYLE=FILE",
            help="The style pictures, in files named like the styles or given for each.",
        ),
    ],
    styles: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STYLE]...", help="Names, files or pictures; all styles without."),
    ] = None,
    photos: Annotated[
        list[Path] | None,
        typer.Option(
            "--photos", metavar="DIR|FILE", help="What to paint; the sample photos by default."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="For the report.")
    ] = Path("report"),
    network: NetworkOption = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against", metavar="NAME|FILE", help="A network to compare it with; repeatable."
        ),
    ] = None,
    sizes: Annotated[
        list[str] | None,
        typer.Option(
            "--size",
            metavar="PX[:PHOTOS]",
            help="Side of the photos, and how many of them; by default 256 and 512:1.",
        ),
    ] = None,
    most_photos: Annotated[
        int | None, typer.Option("--most-photos", min=1, help="The first so many photos.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", metavar="NAME|PATH", help="The network that judges likeness."),
    ] = None,
    independent: Annotated[
        str | None,
        typer.Option(
            "--independent",
            metavar="PATH",
            help="One that nothing is trained with; SqueezeNet is fetched by default.",
        ),
    ] = None,
    independent_curves: Annotated[
        bool, typer.Option("--independent-curves", help="Run L-BFGS under that one, too.")
    ] = False,
    evaluations: Annotated[
        int | None, typer.Option(min=1, help="Of L-BFGS for each curve; fewer are quicker.")
    ] = None,
    noise: Annotated[
        bool, typer.Option("--noise/--no-noise", help="Run L-BFGS from noise, too.")
    ] = True,
    curves: Annotated[
        Path | None,
        typer.Option("--curves", metavar="DIR", help="Where curves are kept to be used again."),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Of the noise.")] = None,
    style_px: Annotated[
        int | None,
        typer.Option("--style-px", min=32, help="Shorter side of the paintings; as in training."),
    ] = None,
    content_weight: Annotated[float | None, typer.Option("--content-weight", min=0)] = None,
    style_weight: Annotated[float | None, typer.Option("--style-weight", min=0)] = None,
    tv_weight: Annotated[float | None, typer.Option("--tv-weight", min=0)] = None,
    engine: EngineOption = None,
    precision: PrecisionOption = None,
    threads: ThreadsOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a report that exists.")
    ] = False,
) -> None:
    """Measure how good a network's paintings are, alone or against another network's.

    Compares with pictures by optimization (L-BFGS), which takes minutes for each photo and style.
    These are kept and used again, also by a run that goes on after it was stopped.
    """  # fmt: skip
    run = _judge()
    run.refuse_output(out, overwrite=overwrite)
    changes = given(
        content_weight=content_weight, style_weight=style_weight, tv_weight=tv_weight
    )  # fmt: skip
    options = given(
        photos=photos, network=network, against=against or None, encoder=encoder,
        independent=independent, independent_curves=independent_curves or None,
        most_photos=most_photos, evaluations=evaluations, curves=curves, seed=seed,
        recipe=replace(run.YARDSTICK, **changes) if changes else None, style_px=style_px,
        engine=engine, precision=precision, threads=threads,
        sizes=[run.parse_judged_size(text) for text in sizes] if sizes else None,
        starts=None if noise else ("photo",),
    )  # fmt: skip
    try:
        with show_progress() as on_progress:
            report = run.judge_networks(
                styles or (), paintings=paintings, on_progress=on_progress, on_note=note, **options
            )
    except KeyboardInterrupt:
        say("stopped; the curves finished so far are kept, and the same command goes on.")
        raise typer.Exit(130) from None
    files = run.write_report(report, out)
    print_tables(report)
    for file in files:
        say(f"wrote {file}")


def _judge() -> ModuleType:
    """The judge, imported now because it brings PyTorch along."""
    try:
        from artem.export import judging as run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "artem":
            raise
        raise TrainingError(
            f"Judging needs more packages ('{error.name}' is missing).\n"
            f"  pip install 'artem-style[train]'"
        ) from None
    return run


def print_tables(report: Report) -> None:
    """Two tables for each size, on stdout: the objective, and what another eye finds."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from artem.learn.judge.report import TABLES
    from artem.learn.judge.summary import ALL_STYLES, FIGURES, best_maker

    console = Console()
    for size_px in report.sizes_px:
        by_style = report.rows_at(size_px)
        everything = [row for rows in by_style.values() for row in rows]
        for heading, names in TABLES.items():
            shown = [name for name in names if any(name in row.means for row in everything)]
            table = Table(
                box=box.SIMPLE_HEAD, pad_edge=False, title=f"{heading}, {size_px} px",
                title_justify="left", title_style="bold", collapse_padding=True,
            )  # fmt: skip
            table.add_column("")
            for name in shown:
                table.add_column(FIGURES[name].heading, justify="right", no_wrap=True)
            for style, rows in by_style.items():
                networks = [row for row in rows if row.maker in report.networks]
                listed = rows if style == ALL_STYLES or len(by_style) == 1 else networks
                best = {name: best_maker(networks, name) for name in shown}
                if len(listed) > 1:
                    table.add_section()
                    table.add_row(escape(style))
                for row in listed:
                    cells = [_cell(row, name, best[name] == row.maker) for name in shown]
                    first = f"  {row.maker}" if len(listed) > 1 else style
                    table.add_row(escape(first), *cells)
            console.print(table)
    typer.echo(
        "photo =, noise =: evaluations of L-BFGS from the photo and from noise that come as far."
    )


def _cell(row: Row, name: str, best: bool) -> str:
    from artem.learn.judge.summary import FIGURES

    text = row.means[name].text(FIGURES[name].digits) if name in row.means else "-"
    return f"[bold]{text}[/]" if best else text
