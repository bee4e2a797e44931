"""``artem stylize``: pictures in, paintings out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artem.app.inputs import Job, Targets, plan_jobs
from artem.app.options import EngineOption, NetworkOption, PrecisionOption, ThreadsOption, given
from artem.app.say import complain, counted, note, say
from artem.core.errors import PictureError

if TYPE_CHECKING:
    from artem.runtime.stylizer import Stylizer


def stylize(
    photos: Annotated[
        list[str],
        typer.Argument(metavar="PHOTO", help="Files, folders, or patterns in quotes."),
    ],
    style: Annotated[
        list[str],
        typer.Option(
            "--style",
            "-s",
            metavar="NAME[:WEIGHT]",
            help="A style's name or file, or any picture; several are blended by weight.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--output", "-o", help="A folder; or a file, when there is one photo."),
    ] = Path("stylized"),
    strength: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="0 gives the photo back, 1 the full style."),
    ] = None,
    keep_color: Annotated[
        bool, typer.Option("--keep-color", help="Paint the light only; keep the photo's colors.")
    ] = False,
    network: NetworkOption = None,
    engine: EngineOption = None,
    precision: PrecisionOption = None,
    threads: ThreadsOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results that exist.")
    ] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Go on where a run was stopped.")
    ] = False,
) -> None:
    """Paint photos in a style, or in a blend of several.

    Each result keeps its photo's name, size and format. See the styles with: artem styles
    """  # fmt: skip
    if overwrite and skip_existing:
        raise typer.BadParameter("--overwrite and --skip-existing exclude each other.")
    jobs = plan_jobs(photos, out, overwrite=overwrite, skip_existing=skip_existing)
    weights = _weights(style)
    from artem.runtime.stylizer import Stylizer

    stylizer = Stylizer(
        weights,
        **given(
            strength=strength, keep_color=keep_color or None, network=network, engine=engine,
            precision=precision, threads=threads,
        ),
    )  # fmt: skip
    if not jobs:
        say("All results are there already.")
        return
    run = _Run(stylizer, jobs, overwrite=overwrite, skip_existing=skip_existing)
    try:
        if len(jobs) == 1:
            run.paint(jobs[0])
        else:
            run.paint_all()
    except KeyboardInterrupt:
        say(
            f"stopped; {run.done} of {counted(len(jobs), 'picture')} done."
            f" The same command with --skip-existing goes on."
        )
        raise typer.Exit(130) from None
    if run.failed:
        complain(f"{run.failed} of {counted(len(jobs), 'picture')} could not be painted.")
        raise typer.Exit(1)
    if run.last is None:
        say("All results are there already.")
    else:
        what = f"{counted(run.written, 'picture')} to {out}" if len(jobs) > 1 else run.last
        typer.echo(f"wrote {what}")


def _weights(texts: Sequence[str]) -> dict[str, float]:
    """The blend that the ``--style`` options amount to; one named twice counts twice."""
    from artem.runtime.library import parse_style

    weights: dict[str, float] = {}
    for text in texts:
        name, weight = parse_style(text)
        weights[name] = weights.get(name, 0.0) + weight
    if len(weights) == 1 and 0 < weight < 1:
        note("one style alone has all the weight; for a fainter one use --strength.")
    return weights


class _Run:
    """The pictures of one call, and what was said about them so far."""

    def __init__(
        self, stylizer: Stylizer, jobs: Sequence[Job], *, overwrite: bool, skip_existing: bool
    ) -> None:
        self.stylizer = stylizer
        self.jobs = jobs
        self.targets = Targets(jobs, overwrite=overwrite, skip_existing=skip_existing)
        self.done = 0
        self.failed = 0
        self.written = 0
        self.last: Path | None = None

    def paint_all(self) -> None:
        """Paint all pictures; one that cannot be read or written does not stop the others."""
        with _progress(self.jobs) as steps:
            for job in steps:
                try:
                    self.paint(job)
                except PictureError as error:
                    complain(str(error))
                    self.failed += 1

    def paint(self, job: Job) -> None:
        """Paint one picture.

        Raises:
            PictureError: this picture is at fault.
            ArtemError: something is that would stop the next one, too.
        """
        from artem.core.picture import load_picture, save_picture

        try:
            picture = load_picture(job.source)
            for text in picture.notes:
                note(f"'{job.source}': {text}.")
            target = self.targets.of(job, picture)
            if target is not None:
                save_picture(target, self.stylizer(picture.frame), alpha=picture.alpha)
                self.last = target
                self.written += 1
        except MemoryError:
            raise PictureError(
                f"'{job.source}' needs more memory than there is.\n  Make it smaller first."
            ) from None
        self.done += 1


@contextmanager
def _progress(jobs: Sequence[Job]) -> Iterator[Iterator[Job]]:
    """The jobs, with a bar and the time left beside them."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(jobs))

        def steps() -> Iterator[Job]:
            for job in jobs:
                progress.update(task, description=job.source.name)
                yield job
                progress.advance(task)

        yield steps()
