"""What single layers see: a painting's style and a photo's content, from noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor

from artem.learn.encoders import Encoder
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization.images import frame_of
from artem.learn.studies.easel import Easel, chosen_layers
from artem.learn.studies.panel import OnProgress, Panel, nobody


def study_layers(
    encoder: Encoder,
    painting: Tensor,
    *,
    photo: Tensor | None = None,
    layers: Sequence[str] | None = None,
    evaluations: int = 150,
    tv_weight: float = 0.0,
    seed: int = 0,
    on_progress: OnProgress = nobody,
) -> Iterator[Panel]:
    """One picture from noise for each layer, with that layer alone in the loss.

    The errors at all the other layers, in the table, tell how much of them the one
    layer already decides.

    Args:
        encoder: whose layers.
        painting: ``(1, 3, H, W)`` in [0, 1]; its style is to be reached at its own size.
        photo: ``(1, 3, H, W)`` in [0, 1]; where it is given, its features are to be
            reached as well, in a second row (Mahendran and Vedaldi, arXiv:1412.0035).
        layers: of the encoder; all by default.
        evaluations: forward and backward passes for each picture.
        tv_weight: of the total variation, which is none of the layer's business.
        seed: of the noise.
        on_progress: called after each evaluation.

    Yields:
        The painting, then a picture for each layer; the same for the photo.

    Raises:
        EncoderError: the encoder lacks a layer.
    """
    names = chosen_layers(encoder, layers)
    easel = Easel(
        encoder, names, painting=painting, photo=photo, evaluations=evaluations, seed=seed,
        pictures=len(names) * (1 if photo is None else 2), on_progress=on_progress,
    )  # fmt: skip
    row = "style of one layer, from noise"
    yield Panel(row, "the painting", frame_of(painting))
    for layer in names:
        loss = PerceptualLoss(
            encoder, content_layers={layer: 1}, style_layers={layer: 1},
            content_weight=0, style_weight=1, tv_weight=tv_weight,
        )  # fmt: skip
        yield easel.paint(row, layer, loss, start=easel.noise(painting))
    if photo is None:
        return
    row = "content of one layer, from noise"
    yield Panel(row, "the photo", frame_of(photo))
    for layer in names:
        loss = PerceptualLoss(
            encoder, content_layers={layer: 1}, style_layers={layer: 1},
            content_weight=1, style_weight=0, tv_weight=tv_weight,
        )  # fmt: skip
        yield easel.paint(row, layer, loss, start=easel.noise(photo))
