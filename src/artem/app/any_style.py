"""``artem any-style``: what paints in the style of any picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from artem.app.options import NetworkOption, given, weights
from artem.app.train import (
    BatchOption,
    ContentLayerOption,
    ContentOption,
    CropOption,
    DeviceOption,
    EncoderOption,
    MinutesOption,
    PhotosOption,
    RateOption,
    SeedOption,
    StepsOption,
    StyleLayerOption,
    StyleLossOption,
    StyleWeightOption,
    TvWeightOption,
    changed_recipe,
    quoted,
    report,
    shown_progress,
    trainer,
)


def any_style(
    artworks: Annotated[
        Path, typer.Option("--artworks", metavar="DIR", help="Artworks to learn from, some 500.")
    ],
    photos: PhotosOption,
    out: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="For the results.")],
    network: NetworkOption = None,
    free: Annotated[
        bool, typer.Option("--free", help="Let the network learn, too; it becomes another.")
    ] = False,
    adain: Annotated[
        bool, typer.Option("--adain", help="Train an AdaIN network of its own instead.")
    ] = False,
    named: Annotated[
        Path | None,
        typer.Option("--named", metavar="DIR", help="Paintings with styles; left out."),
    ] = None,
    encoder: EncoderOption = None,
    steps: StepsOption = None,
    minutes: MinutesOption = None,
    batch: BatchOption = None,
    crop_px: CropOption = None,
    style_px: Annotated[
        int | None, typer.Option("--style-px", min=32, help="Shorter side of the artworks.")
    ] = None,
    learning_rate: RateOption = None,
    predictor_learning_rate: Annotated[
        float | None, typer.Option("--predictor-learning-rate", min=0)
    ] = None,
    style_loss: StyleLossOption = None,
    content_layer: ContentLayerOption = None,
    style_layer: StyleLayerOption = None,
    content_weight: ContentOption = None,
    style_weight: StyleWeightOption = None,
    tv_weight: TvWeightOption = None,
    seed: SeedOption = None,
    device: DeviceOption = None,
    compile: Annotated[
        bool, typer.Option("--compile", help="Shorter steps, after a minute or two of compiling.")
    ] = False,
) -> None:
    """Train a predictor: any picture then serves as a style, without training.

    Every tenth artwork is held out and judged by. A run that was stopped goes on with the
    same command.
    """
    if adain and network is not None:
        raise typer.BadParameter("--adain and --network exclude each other.")
    run = trainer("any_style")
    recipe = given(
        steps=steps, minutes=minutes, batch=batch, crop_px=crop_px, style_px=style_px,
        learning_rate=learning_rate, style_learning_rate=predictor_learning_rate,
        style_losses=weights("--style-loss", style_loss),
        content_layers=weights("--content-layer", content_layer),
        style_layers=weights("--style-layer", style_layer),
        content_weight=content_weight, style_weight=style_weight, tv_weight=tv_weight, seed=seed,
    )  # fmt: skip
    default = run.ADAIN if adain else run.FREE if free else run.PREDICTOR
    options = given(
        network=network, free=free or None, adain=adain or None, named=named, encoder=encoder,
        recipe=changed_recipe(default, None, recipe), device=device, compile=compile or None,
    )  # fmt: skip
    with shown_progress() as on_progress:
        outcome = run.train_any_style(
            artworks, photos=photos, out=out, on_progress=on_progress, **options
        )
    report(
        outcome,
        f"artem stylize PHOTO --network {quoted(out / 'network.onnx')} --style PICTURE",
    )
