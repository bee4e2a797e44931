"""``artem study``: experiments on layers, losses and weights, each a sheet and a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from artem.app.options import given
from artem.app.study_run import LEAST_PX, load_images, load_studies, run_study

SIZE_PX = 256
NETWORKS_SIZE_PX = 384

study = typer.Typer(
    help="Show what layers, losses and weights do: a sheet of pictures and a table each.",
    no_args_is_help=True,
)

PaintingArgument = Annotated[Path, typer.Argument(metavar="PAINTING", help="The style picture.")]
PhotoArgument = Annotated[Path, typer.Argument(metavar="PHOTO", help="The content.")]
OutOption = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="For the sheet and the tables.")
]
EncoderOption = Annotated[
    str | None, typer.Option("--encoder", metavar="NAME|PATH", help="Whose layers.")
]
LayerOption = Annotated[
    list[str] | None,
    typer.Option("--layer", metavar="NAME", help="One of the layers; may be given several times."),
]
SizeOption = Annotated[
    int, typer.Option("--size", metavar="PX", min=LEAST_PX, help="Longer side of the pictures.")
]
EvaluationsOption = Annotated[
    int | None, typer.Option("--evaluations", min=1, help="Forward and backward passes a picture.")
]
StyleWeightOption = Annotated[
    float | None, typer.Option("--style-weight", min=0, help="Against a content weight of 1.")
]
TvWeightOption = Annotated[float | None, typer.Option("--tv-weight", min=0, help="Smoothness.")]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="Of all that is random.")]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace a sheet and tables that exist.")
]

OUT = Path("studies")


@study.command(no_args_is_help=True)
def layers(
    painting: PaintingArgument,
    content: Annotated[
        Path | None,
        typer.Option("--content", metavar="PHOTO", help="Rebuild this from each layer, too."),
    ] = None,
    out: OutOption = OUT,
    encoder: EncoderOption = None,
    layer: LayerOption = None,
    size: SizeOption = SIZE_PX,
    evaluations: EvaluationsOption = None,
    tv_weight: TvWeightOption = None,
    seed: SeedOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """What each layer alone sees: its style of a painting, its content of a photo, from noise."""
    studies, images = load_studies(), load_images(size, painting=painting, photo=content)
    options = given(layers=layer, evaluations=evaluations, tv_weight=tv_weight, seed=seed)
    run_study(studies.study_layers, "layers", out, encoder, images, options, overwrite)


@study.command(no_args_is_help=True)
def style_sweep(
    photo: PhotoArgument,
    painting: PaintingArgument,
    out: OutOption = OUT,
    encoder: EncoderOption = None,
    layer: LayerOption = None,
    style_weight: Annotated[
        list[float] | None,
        typer.Option(min=0, help="Against a content weight of 1; may be given several times."),
    ] = None,
    size: SizeOption = SIZE_PX,
    evaluations: EvaluationsOption = None,
    tv_weight: TvWeightOption = None,
    seed: SeedOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """More and more style layers, alone and in several weights against the content."""
    studies, images = load_studies(), load_images(size, photo=photo, painting=painting)
    options = given(
        layers=layer, style_weights=style_weight, evaluations=evaluations, tv_weight=tv_weight,
        seed=seed,
    )  # fmt: skip
    run_study(studies.sweep_style, "style-sweep", out, encoder, images, options, overwrite)


@study.command(no_args_is_help=True)
def content_sweep(
    photo: PhotoArgument,
    painting: PaintingArgument,
    out: OutOption = OUT,
    encoder: EncoderOption = None,
    layer: LayerOption = None,
    style_weight: StyleWeightOption = None,
    size: SizeOption = SIZE_PX,
    evaluations: EvaluationsOption = None,
    tv_weight: TvWeightOption = None,
    seed: SeedOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """The content held at one layer after the other, under the same style."""
    studies, images = load_studies(), load_images(size, photo=photo, painting=painting)
    options = given(
        layers=layer, style_weight=style_weight, evaluations=evaluations, tv_weight=tv_weight,
        seed=seed,
    )  # fmt: skip
    run_study(studies.sweep_content, "content-sweep", out, encoder, images, options, overwrite)


@study.command(no_args_is_help=True)
def layer_weights(
    photo: PhotoArgument,
    painting: PaintingArgument,
    out: OutOption = OUT,
    encoder: EncoderOption = None,
    layer: LayerOption = None,
    style_weight: StyleWeightOption = None,
    size: SizeOption = SIZE_PX,
    evaluations: EvaluationsOption = None,
    tv_weight: TvWeightOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Weights for the style layers, from the loss that each alone has left."""
    studies, images = load_studies(), load_images(size, photo=photo, painting=painting)
    options = given(
        layers=layer, style_weight=style_weight, evaluations=evaluations, tv_weight=tv_weight
    )
    report = run_study(
        studies.study_layer_weights, "layer-weights", out, encoder, images, options, overwrite
    )
    proposed = {
        name.removeprefix("weight "): value
        for name, value in report.panels[-1].figures.items()
        if name.startswith("weight ")
    }
    typer.echo(" ".join(f"--style-layer {name}:{value:.2g}" for name, value in proposed.items()))


@study.command(no_args_is_help=True)
def activations(
    layer: Annotated[
        list[str],
        typer.Option("--layer", metavar="NAME", help="A layer; may be given several times."),
    ],
    channel: Annotated[
        str, typer.Option("--channel", metavar="N,N...|all", help="Channels, from 0.")
    ],
    out: OutOption = OUT,
    encoder: EncoderOption = None,
    size: Annotated[
        int | None, typer.Option("--size", metavar="PX", min=LEAST_PX, help="Side of the pictures.")
    ] = None,
    evaluations: EvaluationsOption = None,
    canvas: Annotated[
        str | None, typer.Option("--canvas", metavar="NAME", help="fourier or pixels.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0)] = None,
    jitter: Annotated[
        int | None, typer.Option("--jitter", metavar="PX", min=0, help="Largest random shift.")
    ] = None,
    turn: Annotated[
        float | None, typer.Option("--turn", metavar="DEGREES", min=0, max=45, help="Likewise.")
    ] = None,
    zoom: Annotated[
        float | None, typer.Option(min=0, max=0.3, help="Likewise; 0.1 is 10 % either way.")
    ] = None,
    tv_weight: TvWeightOption = None,
    l2_weight: Annotated[float | None, typer.Option(min=0, help="Closeness to gray.")] = None,
    blur: Annotated[
        float | None, typer.Option("--blur", metavar="PX", min=0, help="After each step.")
    ] = None,
    seed: SeedOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """What single channels of a layer look for: the pictures that excite them most."""
    studies = load_studies()
    options = given(
        layers=layer, channels=_channels(channel), size_px=size, evaluations=evaluations,
        canvas=canvas, learning_rate=learning_rate, jitter_px=jitter, turn_degrees=turn, zoom=zoom,
        tv_weight=tv_weight, l2_weight=l2_weight, blur_px=blur, seed=seed,
    )  # fmt: skip
    run_study(
        studies.study_activations, "activations", out, encoder, {}, options, overwrite,
        and_settings_of=studies.maximize_activation,
    )  # fmt: skip


@study.command(no_args_is_help=True)
def losses(
    painting: PaintingArgument,
    out: OutOption = OUT,
    encoder: EncoderOption = None,
    layer: LayerOption = None,
    loss: Annotated[
        list[str] | None,
        typer.Option("--loss", metavar="NAME", help="One of the style losses; all by default."),
    ] = None,
    size: SizeOption = SIZE_PX,
    evaluations: EvaluationsOption = None,
    tv_weight: TvWeightOption = None,
    seed: SeedOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """What each style loss alone sees in a painting, from noise."""
    studies, images = load_studies(), load_images(size, painting=painting)
    options = given(
        losses=loss, layers=layer, evaluations=evaluations, tv_weight=tv_weight, seed=seed
    )
    run_study(studies.study_losses, "losses", out, encoder, images, options, overwrite)


@study.command(no_args_is_help=True)
def networks(
    painting: PaintingArgument,
    photos: Annotated[
        Path | None,
        typer.Option("--photos", metavar="DIR", help="To train on what is not trained yet."),
    ] = None,
    held_out: Annotated[
        Path | None,
        typer.Option("--held-out", metavar="DIR", help="To measure on; some of --photos without."),
    ] = None,
    photo: Annotated[
        list[Path] | None,
        typer.Option("--photo", metavar="FILE", help="To paint; the package's samples without."),
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option("--variant", metavar="NAME", help="What is changed; all without."),
    ] = None,
    out: OutOption = OUT,
    encoder: EncoderOption = None,
    size: Annotated[
        int, typer.Option("--size", metavar="PX", min=64, help="Longer side of what is painted.")
    ] = NETWORKS_SIZE_PX,
    steps: Annotated[int | None, typer.Option(min=1, help="Of each training.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Photos a step.")] = None,
    crop: Annotated[int | None, typer.Option("--crop-px", min=32, help="Side of a photo.")] = None,
    style_px: Annotated[
        int | None, typer.Option(min=64, help="Shorter side of the painting.")
    ] = None,
    style_weight: Annotated[
        float | None, typer.Option(min=0, help="Against a content weight of 25.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0, help="Adam's.")] = None,
    few: Annotated[int | None, typer.Option(min=1, help="How many photos few-photos sees.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="cpu or cuda.")] = None,
    seed: SeedOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Networks of one style, trained with few photos, other norms, upsampling, weights, clipping.

    Trained networks are kept in networks/ below -o; the same command takes them from there.
    """
    from artem.app.web.studio import sample_photos

    studies = load_studies()
    pictures: dict[str, Any] = {}
    for file in photo or sample_photos():
        name = file.stem
        if name in pictures:
            name = f"{name} {len(pictures) + 1}"
        pictures[name] = load_images(size, photo=file)["photo"]
    options = given(
        photos=photos, held_out=held_out, names=variant, steps=steps, batch=batch, crop_px=crop,
        style_px=style_px, style_weight=style_weight, learning_rate=learning_rate, few=few,
        device=device, seed=seed,
    )  # fmt: skip
    run_study(
        studies.study_networks, "networks", out, encoder, {},
        {"painting": painting, "out": out, "pictures": pictures} | options, overwrite,
        and_settings_of=studies.train_variants,
    )  # fmt: skip
    for suffix in ("png", "csv"):
        typer.echo(f"wrote {out / f'networks-curves.{suffix}'}")


def _channels(text: str) -> list[int] | None:
    """``5,8,13`` as numbers; ``all`` as ``None``."""
    if text.strip() == "all":
        return None
    try:
        return list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is neither numbers, such as 5 or 5,8,13, nor all.", param_hint="--channel"
        ) from None
