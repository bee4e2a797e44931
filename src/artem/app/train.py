"""``artem train`` and ``artem polish``: a person's own networks and styles."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from artem.app.options import NetworkOption, given, sizes_by_name, weights
from artem.app.say import counted, note, say
from artem.core.errors import TrainingError

if TYPE_CHECKING:
    from artem.export.running import Outcome
    from artem.learn.training.loop import Progress

LOG_EVERY_S = 60.0

PhotosOption = Annotated[
    Path, typer.Option("--photos", metavar="DIR", help="Photos to practice on, some 50 or more.")
]
EncoderOption = Annotated[
    str | None,
    typer.Option("--encoder", metavar="NAME|PATH", help="The network that judges likeness."),
]
StepsOption = Annotated[int | None, typer.Option("--steps", min=1)]
MinutesOption = Annotated[
    float | None, typer.Option("--minutes", min=0, help="Train for so long, whatever the steps.")
]
BatchOption = Annotated[int | None, typer.Option("--batch", min=1, help="Photos a step.")]
CropOption = Annotated[int | None, typer.Option("--crop-px", min=32, help="Side of the crops.")]
StyleSizeOption = Annotated[
    int | None,
    typer.Option("--style-px", min=32, help="Shorter side of the style; larger, larger strokes."),
]
RateOption = Annotated[float | None, typer.Option("--learning-rate", min=0)]
StyleRateOption = Annotated[
    float | None, typer.Option("--style-learning-rate", min=0, help="Of the style vectors.")
]
ContentOption = Annotated[float | None, typer.Option("--content-weight", min=0)]
StyleWeightOption = Annotated[float | None, typer.Option("--style-weight", min=0)]
TvWeightOption = Annotated[float | None, typer.Option("--tv-weight", min=0, help="Smoothness.")]
PublishedOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        help="Losses of a published recipe: gatys, neural-style, johnson, engstrom or hpi.",
    ),
]
StyleLossOption = Annotated[
    list[str] | None,
    typer.Option(
        "--style-loss", metavar="NAME[:WEIGHT]", help="gram, mrf:0.5, ...; may be repeated."
    ),
]
ContentLayerOption = Annotated[
    list[str] | None,
    typer.Option("--content-layer", metavar="NAME[:WEIGHT]", help="relu4_1, ...; repeatable."),
]
StyleLayerOption = Annotated[
    list[str] | None,
    typer.Option("--style-layer", metavar="NAME[:WEIGHT]", help="relu1_1:2, ...; repeatable."),
]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0)]
TitleOption = Annotated[str | None, typer.Option("--title", help="For the style's card.")]
AuthorOption = Annotated[str | None, typer.Option("--author", help="For the style's card.")]
YearOption = Annotated[str | None, typer.Option("--year", help="For the style's card.")]
LicenseOption = Annotated[str | None, typer.Option("--license", help="Of the style picture.")]
DeviceOption = Annotated[str | None, typer.Option("--device", help="cpu or cuda.")]


def train(
    pictures: Annotated[
        list[Path], typer.Argument(metavar="PICTURE", help="One or more style pictures.")
    ],
    photos: PhotosOption,
    out: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="For the results.")],
    network: NetworkOption = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Start from random weights.")
    ] = False,
    architecture: Annotated[
        str | None,
        typer.Option(
            "--architecture", metavar="NAME", help="fast, micro or fine, with --from-scratch."
        ),
    ] = None,
    sizes: Annotated[
        list[str] | None,
        typer.Option(
            "--size",
            metavar="NAME=N",
            help="trunk=96, blocks=4, ...: a larger or smaller network; repeatable.",
        ),
    ] = None,
    encoder: EncoderOption = None,
    steps: StepsOption = None,
    minutes: MinutesOption = None,
    batch: BatchOption = None,
    crop_px: CropOption = None,
    style_px: StyleSizeOption = None,
    learning_rate: RateOption = None,
    style_learning_rate: StyleRateOption = None,
    published: PublishedOption = None,
    style_loss: StyleLossOption = None,
    content_layer: ContentLayerOption = None,
    style_layer: StyleLayerOption = None,
    content_weight: ContentOption = None,
    style_weight: StyleWeightOption = None,
    tv_weight: TvWeightOption = None,
    tv: Annotated[str | None, typer.Option("--tv", help="Convention of total variation.")] = None,
    coarse_weight: Annotated[
        float | None,
        typer.Option("--coarse-weight", min=0, help="Of the style's larger forms."),
    ] = None,
    consistency_weight: Annotated[
        float | None, typer.Option("--consistency-weight", min=0, help="Calm in videos.")
    ] = None,
    even_weight: Annotated[
        float | None,
        typer.Option("--even-weight", min=0, help="No spots and halos in what is even."),
    ] = None,
    halo_weight: Annotated[
        float | None, typer.Option("--halo-weight", min=0, help="No rims around what is dark.")
    ] = None,
    grid_weight: Annotated[
        float | None, typer.Option("--grid-weight", min=0, help="No rows of dots.")
    ] = None,
    alternation_weight: Annotated[
        float | None,
        typer.Option("--alternation-weight", min=0, help="No scales in what is even."),
    ] = None,
    optimizer: Annotated[str | None, typer.Option("--optimizer", help="muon or adam.")] = None,
    clip: Annotated[float | None, typer.Option(min=0, help="Largest gradient; 0: any.")] = None,
    clip_by: Annotated[str | None, typer.Option(help="parameter or global.")] = None,
    seed: SeedOption = None,
    title: TitleOption = None,
    author: AuthorOption = None,
    year: YearOption = None,
    license: LicenseOption = None,
    device: DeviceOption = None,
    compile: Annotated[
        bool, typer.Option("--compile", help="Shorter steps, after a minute or two of compiling.")
    ] = False,
) -> None:
    """Train a network of your own on one or more style pictures.

    The best quality, in minutes to hours. A run that was stopped goes on with the same command.
    """
    if from_scratch and network is not None:
        raise typer.BadParameter("--from-scratch and --network exclude each other.")
    if architecture is not None and not from_scratch:
        raise typer.BadParameter("--architecture needs --from-scratch.")
    run = trainer()
    recipe = given(
        steps=steps, minutes=minutes, batch=batch, crop_px=crop_px, style_px=style_px,
        learning_rate=learning_rate, style_learning_rate=style_learning_rate,
        style_losses=weights("--style-loss", style_loss),
        content_layers=weights("--content-layer", content_layer),
        style_layers=weights("--style-layer", style_layer),
        content_weight=content_weight, style_weight=style_weight,
        tv_weight=tv_weight, tv=tv, coarse_weight=coarse_weight,
        consistency_weight=consistency_weight, even_weight=even_weight, halo_weight=halo_weight,
        grid_weight=grid_weight, alternation_weight=alternation_weight,
        optimizer=optimizer, clip=clip, clip_by=clip_by, seed=seed,
    )  # fmt: skip
    options = given(
        start=network, encoder=encoder, device=device, compile=compile or None,
        architecture=architecture, sizes=sizes_by_name(sizes) or None,
        recipe=changed_recipe(run.Recipe(), published, recipe),
        credits=given(title=title, author=author, year=year, license=license),
    )  # fmt: skip
    if from_scratch:
        options["start"] = None
    with shown_progress() as on_progress:
        outcome = run.train_network(
            pictures, photos=photos, out=out, on_progress=on_progress, **options
        )
    name = outcome.names[0]
    report(
        outcome,
        f"artem stylize PHOTO --network {quoted(outcome.files[0])} "
        f"--style {quoted(out / 'styles' / f'{name}.safetensors')}",
    )


def polish(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="The style picture.")],
    photos: PhotosOption,
    out: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Ends in .safetensors.")
    ],
    network: NetworkOption = None,
    encoder: EncoderOption = None,
    steps: StepsOption = None,
    minutes: MinutesOption = None,
    batch: BatchOption = None,
    crop_px: CropOption = None,
    style_px: StyleSizeOption = None,
    learning_rate: RateOption = None,
    style_learning_rate: StyleRateOption = None,
    published: PublishedOption = None,
    style_loss: StyleLossOption = None,
    content_layer: ContentLayerOption = None,
    style_layer: StyleLayerOption = None,
    content_weight: ContentOption = None,
    style_weight: StyleWeightOption = None,
    tv_weight: TvWeightOption = None,
    seed: SeedOption = None,
    title: TitleOption = None,
    author: AuthorOption = None,
    year: YearOption = None,
    license: LicenseOption = None,
    device: DeviceOption = None,
) -> None:
    """Make a style from a picture for a network that stays as it is, in a minute.

    Begins with the predicted style where the network has a predictor, else with the nearest.
    """
    run = trainer()
    recipe = given(
        steps=steps, minutes=minutes, batch=batch, crop_px=crop_px, style_px=style_px,
        learning_rate=learning_rate, style_learning_rate=style_learning_rate,
        style_losses=weights("--style-loss", style_loss),
        content_layers=weights("--content-layer", content_layer),
        style_layers=weights("--style-layer", style_layer),
        content_weight=content_weight, style_weight=style_weight,
        tv_weight=tv_weight, seed=seed,
    )  # fmt: skip
    options = given(
        network=network, encoder=encoder, device=device,
        recipe=changed_recipe(run.POLISH, published, recipe),
        credits=given(title=title, author=author, year=year, license=license),
    )  # fmt: skip
    with shown_progress() as on_progress:
        outcome = run.polish_style(
            picture, photos=photos, out=out, on_progress=on_progress, **options
        )
    other = "" if network is None else f" --network {quoted(network)}"
    report(outcome, f"artem stylize PHOTO{other} --style {quoted(out)}")


def trainer(module: str = "training") -> ModuleType:
    """A module of :mod:`artem.export`, imported now because it brings PyTorch along."""
    try:
        return import_module(f"artem.export.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "artem":
            raise
        raise TrainingError(
            f"Training needs more packages ('{error.name}' is missing).\n"
            f"  pip install 'artem-style[train]'"
        ) from None


def changed_recipe(default: Any, published: str | None, changes: dict[str, Any]) -> Any:
    """The recipe with what was given, which goes before what is published.

    ``None``, which is not passed on, when there is neither.
    """
    from dataclasses import replace

    if published is not None:
        from artem.learn.training.recipe import published_recipe

        default = published_recipe(default, published)
    return replace(default, **changes) if changes or published else None


@contextmanager
def shown_progress() -> Iterator[Callable[[Progress, int], None]]:
    """A bar on a terminal, a line a minute elsewhere; both with the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (
        BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn(),
    )  # fmt: skip
    last: Progress | None = None
    first_step, left_min = 0, 0.0
    first_s = logged_s = time.monotonic()
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=None)

        def on_progress(progress: Progress, steps: int) -> None:
            nonlocal last, first_step, first_s, logged_s, left_min
            now_s = time.monotonic()
            if last is None:
                first_step, first_s = progress.step, now_s
                bar.reset(task, total=steps, completed=progress.step)
            last = progress
            bar.update(task, total=steps)
            text = f"loss {progress.smooth_loss:.3f}"
            if progress.step > first_step:
                step_s = (now_s - first_s) / (progress.step - first_step)
                left_min = step_s * (steps - progress.step) / 60
                text += f", {step_s:.2f} s a step"
            bar.update(task, completed=progress.step, description=text)
            if not console.is_terminal and now_s - logged_s >= LOG_EVERY_S:
                logged_s = now_s
                say(f"step {progress.step} of {steps}, {text}, about {left_min:.0f} min left")

        try:
            yield on_progress
        except KeyboardInterrupt:
            if last is None:
                raise
            bar.stop()
            say(f"stopped after step {last.step}; the same command goes on from there.")
            raise typer.Exit(130) from None
    if last is not None and last.rollbacks:
        note(f"{counted(last.rollbacks, 'step')} went astray and had to be undone.")


def report(outcome: Outcome, command: str) -> None:
    for file in outcome.files:
        typer.echo(f"wrote {file}")
    if outcome.broken:
        note(f"{counted(len(outcome.broken), 'photo')} could not be read and did not take part.")
    say(f"Use it with: {command}")


def quoted(path: Path | str) -> str:
    import shlex

    return shlex.quote(str(path))
