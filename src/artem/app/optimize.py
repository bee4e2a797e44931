"""``artem optimize``: the best that a painting's style can do for a photo, in minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from artem.app.inputs import Job, Targets, plan_jobs
from artem.app.options import ThreadsOption, given, weights
from artem.app.paintings import Painting, load_areas, load_paintings, load_start
from artem.app.say import complain, counted, note, say
from artem.app.train import (
    ContentLayerOption,
    ContentOption,
    EncoderOption,
    PublishedOption,
    StyleLayerOption,
    StyleLossOption,
    StyleWeightOption,
    TvWeightOption,
)
from artem.core.errors import PictureError, TrainingError

if TYPE_CHECKING:
    from artem.core.picture import Frame, Picture
    from artem.export.optimizing import Area, Painter, PaintRecipe, Progress
    from artem.learn.losses import PerceptualLoss

LOG_EVERY_S = 60.0
BAR_STEPS = 1000
ENLARGED = 1.25
"""A painting enlarged by more than this has no strokes of that size to show."""


def optimize(
    photos: Annotated[
        list[str],
        typer.Argument(metavar="PHOTO", help="Files, folders, or patterns in quotes."),
    ],
    style: Annotated[
        list[str],
        typer.Option(
            "--style",
            "-s",
            metavar="PICTURE[:WEIGHT]",
            help="A painting's file; several are blended by weight, or each has its --mask.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--output", "-o", help="A folder; or a file, when there is one photo."),
    ] = Path("optimized"),
    size: Annotated[
        int | None,
        typer.Option(min=32, help="Longer side of the result; the photo's, 512 at most."),
    ] = None,
    scales: Annotated[
        int | None, typer.Option(min=1, help="How many sizes, from coarse to fine, each half.")
    ] = None,
    evaluations: Annotated[
        int | None, typer.Option(min=1, help="At each size; more are slower and better.")
    ] = None,
    brush: Annotated[
        float | None, typer.Option(min=0.1, max=8, help="Size of the strokes; 2 is twice as large.")
    ] = None,
    start: Annotated[
        str,
        typer.Option(metavar="NAME|PICTURE", help="content, noise, a style by name, or a picture."),
    ] = "content",
    mask: Annotated[
        list[str] | None,
        typer.Option(metavar="PICTURE=STYLE", help="Where it is white goes this style; repeat."),
    ] = None,
    mask_rest: Annotated[
        str | None,
        typer.Option(metavar="STYLE", help="For the rest, which else stays the photo."),
    ] = None,
    keep_color: Annotated[
        str | None,
        typer.Option(metavar="HOW", help="luminance: paint the light only; match: the painting's."),
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="l-bfgs or adam.")] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0, help="Adam's.")] = None,
    encoder: EncoderOption = None,
    published: PublishedOption = None,
    style_loss: StyleLossOption = None,
    content_layer: ContentLayerOption = None,
    style_layer: StyleLayerOption = None,
    content_weight: ContentOption = None,
    style_weight: StyleWeightOption = None,
    tv_weight: TvWeightOption = None,
    tv: Annotated[str | None, typer.Option("--tv", help="Convention of total variation.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of noise to start from.")] = None,
    memory: Annotated[
        float | None, typer.Option(min=0.5, metavar="GB", help="The most to take; 6 by default.")
    ] = None,
    threads: ThreadsOption = None,
    save_every: Annotated[
        int | None, typer.Option(min=1, help="Also keep the picture after every so many.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results that exist.")
    ] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out results that exist.")
    ] = False,
) -> None:
    """Paint photos like a painting by gradient descent: slow, and the best there is.

    Any painting will do; none is trained. A run that was stopped goes on with the same command.
    """
    if overwrite and skip_existing:
        raise typer.BadParameter("--overwrite and --skip-existing exclude each other.")
    jobs = plan_jobs(
        photos, out, overwrite=overwrite, skip_existing=skip_existing, unfinished=_unfinished
    )
    paintings = load_paintings(style)
    run = _optimizer()
    recipe = run.PaintRecipe(
        **given(
            size_px=size, scales=scales, evaluations=evaluations, brush=brush,
            keep_color=keep_color, optimizer=optimizer, learning_rate=learning_rate, seed=seed,
            memory_gb=memory,
        )
    )  # fmt: skip
    areas = load_areas(paintings, mask or (), mask_rest)
    loss = run.load_loss(
        encoder, published=published,
        **given(
            style_losses=weights("--style-loss", style_loss),
            content_layers=weights("--content-layer", content_layer),
            style_layers=weights("--style-layer", style_layer),
            content_weight=content_weight, style_weight=style_weight, tv_weight=tv_weight, tv=tv,
        ),
    )  # fmt: skip
    if not jobs:
        say("All results are there already.")
        return
    if threads is not None:
        run.use_threads(threads)
    targets = Targets(
        jobs, overwrite=overwrite, skip_existing=skip_existing, unfinished=_unfinished
    )
    work = _Work(run, jobs, targets, paintings, areas, loss, recipe, start, save_every)
    try:
        work.go()
    except KeyboardInterrupt:
        work.say_stopped()
        raise typer.Exit(130) from None
    if work.failed:
        if len(jobs) > 1:
            complain(f"{work.failed} of {counted(len(jobs), 'picture')} could not be painted.")
        raise typer.Exit(1)
    typer.echo(f"wrote {work.last}" if len(jobs) == 1 else f"wrote {work.done} pictures to {out}")


def _optimizer() -> ModuleType:
    """The optimizer, imported now because it brings PyTorch along."""
    try:
        from artem.export import optimizing as run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "artem":
            raise
        raise TrainingError(
            f"Optimization needs more packages ('{error.name}' is missing).\n"
            f"  pip install 'artem-style[train]'"
        ) from None
    return run


def _checkpoint(target: Path) -> Path:
    """Where the state of an unfinished picture is kept: beside it."""
    return target.with_name(f"{target.name}.checkpoint.pt")


def _unfinished(target: Path) -> bool:
    return _checkpoint(target).exists()


class _Work:
    """The photos of one call, and how far they are."""

    def __init__(
        self,
        run: ModuleType,
        jobs: Sequence[Job],
        targets: Targets,
        paintings: Sequence[Painting],
        areas: Sequence[Area],
        loss: PerceptualLoss,
        recipe: PaintRecipe,
        start: str,
        save_every: int | None,
    ) -> None:
        self.run = run
        self.jobs = jobs
        self.targets = targets
        self.paintings = paintings
        self.areas = areas
        self.loss = loss
        self.recipe = recipe
        self.start = start
        self.save_every = save_every
        self.done = 0
        self.failed = 0
        self.last: Path | None = None
        self._painter: Painter | None = None

    def go(self) -> None:
        """Paint all photos; one that is at fault does not stop the others."""
        with _meter() as meter:
            for number, job in enumerate(self.jobs, 1):
                name = job.source.name
                if len(self.jobs) > 1:
                    name = f"{number}/{len(self.jobs)} {name}"
                try:
                    self._paint(job, partial(meter, name))
                except (PictureError, TrainingError) as error:
                    complain(str(error))
                    self.failed += 1

    def _paint(self, job: Job, on_progress: Callable[[Painter, Progress], None]) -> None:
        from artem.core.picture import load_picture, save_picture

        run = self.run
        picture = load_picture(job.source)
        for text in picture.notes:
            note(f"'{job.source}': {text}.")
        target = self.targets.of(job, picture)
        if target is None:
            self.done += 1
            return
        size = run.pyramid(picture.frame, self.recipe)[-1]
        self._note_misfits(job, picture, size)
        painter = run.Painter(
            picture.frame, [painting.frame for painting in self.paintings], self.loss,
            self.recipe, areas=self.areas, start=load_start(self.start, picture.frame, size),
        )  # fmt: skip
        alpha = None if picture.alpha is None else run.resized_frame(picture.alpha, size)

        def write(file: Path, frame: Frame) -> None:
            save_picture(file, frame, alpha=alpha)
            self.last = file

        self._painter = painter
        try:
            run.paint(
                painter, target, write, checkpoint=_checkpoint(target),
                save_every=self.save_every, overwrite=self.targets.overwrite,
                on_progress=lambda progress: on_progress(painter, progress),
            )  # fmt: skip
        except (MemoryError, RuntimeError) as error:
            # PyTorch's allocator raises what also stands for our own bugs.
            if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
                raise
            raise PictureError(
                f"'{job.source}' needs more memory than there is.\n"
                f"  Use a smaller --size, or allow less with --memory."
            ) from None
        self._painter = None
        self.done += 1

    def _note_misfits(self, job: Job, picture: Picture, size: tuple[int, int]) -> None:
        """Say what of the paintings and masks does not suit a photo."""
        for painting in self.paintings:
            height, width = painting.frame.shape[:2]
            wanted = self.run.painting_size(painting.frame, size, self.recipe.brush)
            if wanted[0] > ENLARGED * height:
                note(
                    f"'{painting.file}' has {width}x{height} pixels and is enlarged to "
                    f"{wanted[1]}x{wanted[0]}; its strokes come out soft."
                )
        shape = picture.frame.shape[1] / picture.frame.shape[0]
        for area in self.areas:
            if area.mask is not None:
                own = area.mask.shape[1] / area.mask.shape[0]
                if not 0.95 < own / shape < 1.05:
                    note(f"'{job.source}' has another shape than a mask, which is stretched.")

    def say_stopped(self) -> None:
        """What was done when Ctrl-C came, and how to go on."""
        painter, more = self._painter, "The same command goes on from there."
        if len(self.jobs) > 1:
            say(f"stopped; {self.done} of {len(self.jobs)} pictures done.")
            more = "The same command with --skip-existing goes on from there."
        if painter is None or not painter.done:
            say("stopped before the first evaluation." if len(self.jobs) == 1 else more)
        else:
            say(
                f"stopped after {painter.done} of {painter.evaluations} evaluations; "
                f"wrote {self.last} as it is.\n{more}"
            )


@contextmanager
def _meter() -> Iterator[Callable[[str, Painter, Progress], None]]:
    """A bar on a terminal, a line a minute elsewhere; both with the terms and the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (
        BarColumn(20), TaskProgressColumn(), TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )  # fmt: skip
    current: Painter | None = None
    first_s = logged_s = time.monotonic()
    first_work = 0.0
    with Bar(
        *columns, console=console, transient=True, disable=not console.is_terminal,
        speed_estimate_period=300,
    ) as bar:  # fmt: skip
        task = bar.add_task("starting", total=None)

        def on_progress(name: str, painter: Painter, progress: Progress) -> None:
            nonlocal current, first_s, first_work, logged_s
            now_s = time.monotonic()
            if painter is not current:
                current, first_s, first_work, logged_s = painter, now_s, progress.work, now_s
                bar.reset(task, total=BAR_STEPS)
            height, width = progress.size
            terms = ", ".join(f"{term} {value:.3g}" for term, value in progress.terms.items())
            text = (
                f"{name}: {progress.done} of {painter.evaluations} at {width}x{height}, "
                f"objective {progress.objective:.3g} ({terms})"
            )
            bar.update(task, completed=BAR_STEPS * progress.work, description=text)
            due = now_s - logged_s >= LOG_EVERY_S and progress.work > first_work
            if due and not console.is_terminal:
                logged_s = now_s
                left_s = (now_s - first_s) * (1 - progress.work) / (progress.work - first_work)
                say(f"{text}, about {left_s / 60:.0f} min left")

        yield on_progress
