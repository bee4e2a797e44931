"""What more layers and more weight do to a picture: one of them changed at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor

from artem.learn.encoders import Encoder
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization.images import frame_of
from artem.learn.studies.easel import Easel, chosen_layers
from artem.learn.studies.panel import OnProgress, Panel, nobody


def sweep_style(
    encoder: Encoder,
    photo: Tensor,
    painting: Tensor,
    *,
    layers: Sequence[str] | None = None,
    style_weights: Sequence[float] = (0.1, 1.0, 10.0),
    evaluations: int = 100,
    tv_weight: float = 0.3,
    seed: int = 0,
    on_progress: OnProgress = nobody,
) -> Iterator[Panel]:
    """Style layers added one by one, and the style's weight against the content.

    Gatys et al. show the same grid (arXiv:1508.06576, figure 3). Its first column
    here is the style alone, from noise; the others start from the photo.

    Args:
        encoder: whose layers; the content is compared at its own content layers.
        photo, painting: ``(1, 3, H, W)`` in [0, 1].
        layers: style layers in the order in which they join; the encoder's own by default.
        style_weights: against a content weight of 1.
        evaluations: forward and backward passes for each picture.
        tv_weight: of the total variation.
        seed: of the noise.
        on_progress: called after each evaluation.

    Yields:
        The photo and the painting, then a row of pictures for each set of layers.

    Raises:
        EncoderError: the encoder lacks a layer.
    """
    names = chosen_layers(encoder, layers or encoder.style_layers)
    easel = Easel(
        encoder, list(dict.fromkeys([*names, *encoder.content_layers])),
        painting=painting, photo=photo, evaluations=evaluations, seed=seed,
        pictures=len(names) * (1 + len(style_weights)), on_progress=on_progress,
    )  # fmt: skip
    yield Panel("photo and painting", "the photo", frame_of(photo))
    yield Panel("photo and painting", "the painting", frame_of(painting))
    for count, layer in enumerate(names, 1):
        row = layer if count == 1 else f"{names[0]} to {layer}"
        style_layers = dict.fromkeys(names[:count], 1.0)
        alone = PerceptualLoss(
            encoder, content_layers={layer: 1}, style_layers=style_layers,
            content_weight=0, style_weight=1, tv_weight=tv_weight / (max(style_weights) or 1.0),
        )  # fmt: skip
        yield easel.paint(row, "style alone, from noise", alone, start=easel.noise(photo))
        for weight in style_weights:
            loss = PerceptualLoss(
                encoder, style_layers=style_layers, style_weight=weight, tv_weight=tv_weight
            )
            yield easel.paint(row, f"style weight {weight:g}", loss, start=photo)


def sweep_content(
    encoder: Encoder,
    photo: Tensor,
    painting: Tensor,
    *,
    layers: Sequence[str] | None = None,
    style_weight: float = 10.0,
    evaluations: int = 150,
    tv_weight: float = 0.3,
    seed: int = 0,
    on_progress: OnProgress = nobody,
) -> Iterator[Panel]:
    """The content compared at one layer after the other; the style stays what it is.

    Deeper layers let the style change more of the photo, as Gatys et al. show for
    two of them (CVPR 2016, figure 5). All start from noise, so what is to be seen
    of the photo came through that layer.

    Args and errors: as :func:`sweep_style`, with one ``style_weight``; ``layers``
    are the content's, all by default.

    Yields:
        The photo and the painting, then a picture for each layer.
    """
    names = chosen_layers(encoder, layers)
    easel = Easel(
        encoder, names, painting=painting, photo=photo, evaluations=evaluations, seed=seed,
        pictures=len(names), on_progress=on_progress,
    )  # fmt: skip
    yield Panel("photo and painting", "the photo", frame_of(photo))
    yield Panel("photo and painting", "the painting", frame_of(painting))
    for layer in names:
        loss = PerceptualLoss(
            encoder, content_layers={layer: 1}, style_weight=style_weight, tv_weight=tv_weight
        )
        yield easel.paint("content at one layer", layer, loss, start=easel.noise(photo))
