"""``artem imitate``: a network that learns to paint from another one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from artem.app.options import NetworkOption, given, sizes_by_name
from artem.app.train import (
    BatchOption,
    CropOption,
    DeviceOption,
    EncoderOption,
    PhotosOption,
    RateOption,
    SeedOption,
    StepsOption,
    StyleRateOption,
    quoted,
    report,
    shown_progress,
    trainer,
)


def imitate(
    photos: PhotosOption,
    out: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="For the results.")],
    sizes: Annotated[
        list[str],
        typer.Option(
            "--size", metavar="NAME=N", help="binary=128, trunk=32, ...: the student's; repeatable."
        ),
    ],
    network: NetworkOption = None,
    styles: Annotated[
        list[str] | None,
        typer.Option(
            "--style", metavar="NAME|FILE", help="All that the network has by default; repeatable."
        ),
    ] = None,
    steps: StepsOption = None,
    batch: BatchOption = None,
    crop_px: CropOption = None,
    optimizer: Annotated[str | None, typer.Option("--optimizer", help="muon or adam.")] = None,
    learning_rate: RateOption = None,
    style_learning_rate: StyleRateOption = None,
    inherited_rate: Annotated[
        float | None,
        typer.Option("--inherited-rate", min=0, help="Factor for layers that the teacher gave."),
    ] = None,
    feature_weight: Annotated[
        float | None,
        typer.Option("--feature-weight", min=0, help="Of an encoder's features; 0: pixels alone."),
    ] = None,
    encoder: EncoderOption = None,
    feature_layers: Annotated[
        list[str] | None,
        typer.Option("--feature-layer", metavar="NAME", help="relu1_1, ...; repeatable."),
    ] = None,
    clip: Annotated[float | None, typer.Option(min=0, help="Largest gradient; 0: any.")] = None,
    seed: SeedOption = None,
    device: DeviceOption = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="And a binary network that is int8 around its trunk.")
    ] = False,
) -> None:
    """Teach a smaller or a binary network to paint as one that is trained already.

    Far faster than training it from pictures. A run that was stopped goes on with the same command.
    """
    run = trainer("imitation")
    recipe = given(
        steps=steps, batch=batch, crop_px=crop_px, optimizer=optimizer,
        learning_rate=learning_rate, style_learning_rate=style_learning_rate,
        inherited_rate=inherited_rate, feature_weight=feature_weight, clip=clip, seed=seed,
        feature_layers=tuple(feature_layers) if feature_layers else None,
    )  # fmt: skip
    options = given(
        network=network, styles=styles or None, encoder=encoder, device=device, int8=int8 or None,
        recipe=run.ImitationRecipe(**recipe) if recipe else None,
    )  # fmt: skip
    with shown_progress() as on_progress:
        outcome = run.imitate_network(
            photos=photos, out=out, sizes=sizes_by_name(sizes), on_progress=on_progress, **options
        )
    style = out / "styles" / f"{outcome.names[0]}.safetensors"
    report(
        outcome,
        f"artem stylize PHOTO --network {quoted(outcome.files[0])} --style {quoted(style)}",
    )
