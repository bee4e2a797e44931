"""What each style loss sees in one painting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor

from artem.learn.encoders import Encoder
from artem.learn.losses import ADVERSARIAL, STYLE_LOSSES, PerceptualLoss
from artem.learn.losses.style import refuse_unknown_losses
from artem.learn.optimization.images import frame_of
from artem.learn.studies.easel import Easel, chosen_layers
from artem.learn.studies.panel import OnProgress, Panel, nobody

ADVERSARIAL_EFFORT = 5
"""Times as many evaluations for the adversarial loss."""


def study_losses(
    encoder: Encoder,
    painting: Tensor,
    *,
    losses: Sequence[str] | None = None,
    layers: Sequence[str] | None = None,
    evaluations: int = 200,
    tv_weight: float = 0.0,
    seed: int = 0,
    on_progress: OnProgress = nobody,
) -> Iterator[Panel]:
    """One picture from noise for each style loss, with that loss alone.

    All but the adversarial one see the same layers. That one sees pixels, and is
    minimized by Adam, as it learns meanwhile, with more evaluations: it needs
    them, and they are cheaper. The Gram errors in the table are a common
    yardstick, one that favors ``gram``.

    Args:
        encoder: whose layers.
        painting: ``(1, 3, H, W)`` in [0, 1]; its style is to be reached at its own size.
        losses: names out of :data:`STYLE_LOSSES`, or ``adversarial``; all by default.
        layers: style layers; the encoder's own by default.
        evaluations: forward and backward passes for each picture, five times as many
            for the adversarial one.
        tv_weight: of the total variation.
        seed: of the noise, and of the discriminator.
        on_progress: called after each evaluation.

    Yields:
        The painting, then a picture for each loss.

    Raises:
        EncoderError, LossError: a layer or a loss is unknown.
    """
    names = chosen_layers(encoder, layers or encoder.style_layers)
    wanted = list(dict.fromkeys(losses or (*STYLE_LOSSES, ADVERSARIAL)))
    refuse_unknown_losses(wanted)
    efforts = {name: ADVERSARIAL_EFFORT if name == ADVERSARIAL else 1 for name in wanted}
    easel = Easel(
        encoder, names, painting=painting, evaluations=evaluations, seed=seed,
        pictures=sum(efforts.values()), on_progress=on_progress,
    )  # fmt: skip
    row = "one style loss, from noise"
    yield Panel(row, "the painting", frame_of(painting))
    for name, effort in efforts.items():
        loss = PerceptualLoss(
            encoder, content_layers={names[0]: 1}, style_layers=dict.fromkeys(names, 1.0),
            style_losses={name: 1}, content_weight=0, style_weight=1, tv_weight=tv_weight,
        )  # fmt: skip
        yield easel.paint(row, name, loss, start=easel.noise(painting), effort=effort)
