"""``artem distill``: an encoder of one's own, from a larger one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from artem.app.options import given
from artem.app.say import say
from artem.core.errors import TrainingError

LOG_EVERY_S = 60.0


def distill(
    pictures: Annotated[
        Path, typer.Option("--pictures", metavar="DIR", help="Photos and artworks to learn from.")
    ],
    teacher: Annotated[
        str, typer.Option("--teacher", metavar="NAME|PATH", help="The encoder to learn from.")
    ],
    out: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Ends in .safetensors.")
    ],
    held_out: Annotated[
        Path | None,
        typer.Option("--held-out", metavar="DIR", help="Other pictures, to measure the errors on."),
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1)] = None,
    batch: Annotated[int | None, typer.Option("--batch", min=1, help="Pictures a step.")] = None,
    crop_px: Annotated[int | None, typer.Option("--crop-px", min=32)] = None,
    guided: Annotated[
        float | None,
        typer.Option("--guided", min=0, max=1, help="Part in which layers learn one by one."),
    ] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", min=0)] = None,
    gram_weight: Annotated[float | None, typer.Option("--gram-weight", min=0)] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0)] = None,
    device: Annotated[str | None, typer.Option("--device", help="cpu or cuda.")] = None,
) -> None:
    """Make a small encoder that sees as a large one does, for train and optimize.

    A run that was stopped goes on with the same command.
    """
    try:
        from artem.export.distillation import distill_encoder
        from artem.learn.training.distillation import DistillationRecipe
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "artem":
            raise
        raise TrainingError(
            f"Distilling needs more packages ('{error.name}' is missing).\n"
            f"  pip install 'artem-style[train]'"
        ) from None
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    recipe = DistillationRecipe(**given(
        steps=steps, batch=batch, crop_px=crop_px, guided=guided, learning_rate=learning_rate,
        gram_weight=gram_weight, seed=seed,
    ))  # fmt: skip
    console = Console(stderr=True)
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), Left()
    done, smooth, logged_s = 0, 0.0, time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as b:
        task = b.add_task("starting", total=None)

        def on_progress(step: int, steps: int, loss: float) -> None:
            nonlocal done, smooth, logged_s
            smooth = smooth + (loss - smooth) / min(step - done + 1, 50) if done else loss
            done = step
            b.update(task, total=steps, completed=step, description=f"loss {smooth:.3f}")
            if not console.is_terminal and time.monotonic() - logged_s >= LOG_EVERY_S:
                logged_s = time.monotonic()
                say(f"step {step} of {steps}, loss {smooth:.3f}")

        try:
            errors = distill_encoder(
                teacher=teacher, pictures=pictures, out=out, held_out=held_out, recipe=recipe,
                device=device, on_progress=on_progress,
            )  # fmt: skip
        except KeyboardInterrupt:
            b.stop()
            say(f"stopped after step {done}; the same command goes on from there.")
            raise typer.Exit(130) from None
    typer.echo(f"wrote {out}")
    for layer, row in errors.items():
        typer.echo(f"{layer}: features off by {row['features']:.0%}, Gram by {row['gram']:.0%}")
    say(f"Use it with: --encoder {out}")
