"""Weights for the style layers, from what each of them leaves undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

from artem.learn.encoders import Encoder
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization.images import frame_of
from artem.learn.studies.easel import Easel, chosen_layers
from artem.learn.studies.panel import OnProgress, Panel, nobody

LEAST_ERROR = 1e-4
"""What counts as reached: smaller errors are told apart by nobody."""


def study_layer_weights(
    encoder: Encoder,
    photo: Tensor,
    painting: Tensor,
    *,
    layers: Sequence[str] | None = None,
    style_weight: float = 10.0,
    evaluations: int = 60,
    tv_weight: float = 0.3,
    seed: int = 0,
    on_progress: OnProgress = nobody,
) -> Iterator[Panel]:
    """Weights of the style layers from the loss that each alone has left.

    The HPI report found its weights (0.7, 0.3, 0.03, 0.03, 0.03) this way: image
    optimization with a single style layer at a time, 60 iterations, and the loss
    still present after them. It gives no formula; ours is :func:`propose_weights`.

    Args:
        encoder: whose layers; the content is compared at its own content layers.
        photo, painting: ``(1, 3, H, W)`` in [0, 1]; every picture starts from the photo.
        layers: style layers; the encoder's own by default.
        style_weight: against a content weight of 1.
        evaluations: forward and backward passes for each picture. (The report
            counts iterations; L-BFGS takes little more than one evaluation for each.)
        tv_weight: of the total variation.
        seed: of nothing here, as nothing is random.
        on_progress: called after each evaluation.

    Yields:
        Photo and painting; a picture for each layer alone; one with all layers
        alike and one with the proposed weights, which are in its figures
        (``weight LAYER``).

    Raises:
        EncoderError: the encoder lacks a layer.
    """
    names = chosen_layers(encoder, layers or encoder.style_layers)
    easel = Easel(
        encoder, names, painting=painting, photo=photo, evaluations=evaluations, seed=seed,
        pictures=len(names) + 2, on_progress=on_progress,
    )  # fmt: skip

    def paint(row: str, label: str, weights: Mapping[str, float]) -> Panel:
        loss = PerceptualLoss(
            encoder, style_layers=weights, style_weight=style_weight, tv_weight=tv_weight
        )
        told = {f"weight {layer}": weights.get(layer, 0.0) for layer in names}
        return easel.paint(row, label, loss, start=photo, figures=told)

    yield Panel("photo and painting", "the photo", frame_of(photo))
    yield Panel("photo and painting", "the painting", frame_of(painting))
    left = {}
    for layer in names:
        panel = paint("style of one layer", layer, {layer: 1.0})
        left[layer] = float(panel.figures[f"style {layer}"])
        yield panel
    yield paint("all layers together", "all alike", dict.fromkeys(names, 1 / len(names)))
    yield paint("all layers together", "as proposed", propose_weights(left))


def propose_weights(left: Mapping[str, float]) -> dict[str, float]:
    """Weights under which all layers have the same say about what is left undone.

    ``w_l = (1 / e_l) / sum_k (1 / e_k)``, so that ``w_l * e_l`` is one number for all
    layers, and the weights add up to 1.

    Args:
        left: relative error ``e_l`` at each layer after it alone was optimized.
            Below 0.0001 it counts as 0.0001.
    """
    ease = {layer: 1 / max(error, LEAST_ERROR) for layer, error in left.items()}
    return {layer: value / sum(ease.values()) for layer, value in ease.items()}
