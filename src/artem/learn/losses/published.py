"""Published recipes by name: layers, weights and the conventions that these weights belong to."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from artem.core.errors import LossError, did_you_mean
from artem.learn.encoders import Encoder

CAFFE_SCALE = 255 * 0.226
"""How much larger features are when pixels run from 0 to 255 and are not divided by their
deviation. For networks with biases this is a rule of thumb."""

log = logging.getLogger("artem")


@dataclass(frozen=True)
class Published:
    """What a paper or a program sets, in the words of :class:`PerceptualLoss`.

    Attributes:
        encoder: name of the network that its layers are of.
        source: where the figures were read.
        content_layers, style_layers, content_weight, style_weight, tv_weight, tv,
        normalization, pixel_range, feature_scale: see :class:`PerceptualLoss`.
    """

    encoder: str
    source: str
    content_layers: Mapping[str, float]
    style_layers: Mapping[str, float]
    content_weight: float
    style_weight: float
    normalization: str
    tv: str = "none"
    tv_weight: float = 0.0
    pixel_range: float = 1.0
    feature_scale: float = 1.0
    style_losses: Mapping[str, float] = field(default_factory=lambda: {"gram": 1.0})

    def settings(self) -> dict[str, Any]:
        """The keyword arguments of :class:`PerceptualLoss`."""
        return {
            key: dict(value) if isinstance(value, Mapping) else value
            for key, value in vars(self).items()
            if key not in ("encoder", "source")
        }


def _each(*layers: str, weight: float = 1.0) -> dict[str, float]:
    return dict.fromkeys(layers, weight)


FIRST_OF_BLOCKS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
LAST_OF_BLOCKS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")

PUBLISHED: dict[str, Published] = {
    "gatys": Published(
        encoder="vgg19",
        source="Gatys, Ecker and Bethge, CVPR 2016; figures from leongatys/"
        "PytorchNeuralStyleTransfer: 1e3 / C^2 a layer",
        content_layers=_each("relu4_2"),
        style_layers=dict(
            zip(FIRST_OF_BLOCKS, (1 / width**2 for width in (64, 128, 256, 512, 512)), strict=True)
        ),
        content_weight=1.0,
        style_weight=1e3,
        normalization="mean",
        feature_scale=CAFFE_SCALE,
    ),
    "neural-style": Published(
        encoder="vgg19",
        source="jcjohnson/neural-style, neural_style.lua",
        content_layers=_each("relu4_2"),
        style_layers=_each(*FIRST_OF_BLOCKS),
        content_weight=5.0,
        style_weight=100.0,
        normalization="johnson",
        tv="squared",
        tv_weight=0.5 * 1e-3,  # its gradient is that of half the squares
        pixel_range=255.0,
        feature_scale=CAFFE_SCALE,
    ),
    "johnson": Published(
        encoder="vgg16",
        source="Johnson, Alahi and Fei-Fei, arXiv:1603.08155; figures from jcjohnson/"
        "fast-neural-style, train.lua",
        content_layers=_each("relu3_3"),
        style_layers=_each(*LAST_OF_BLOCKS),
        content_weight=1.0,
        style_weight=5.0,
        normalization="johnson",
        tv="squared",
        tv_weight=0.5 * 4 * 1e-6,  # added up over a batch of 4, whose other terms are averaged
        pixel_range=255.0,
        feature_scale=CAFFE_SCALE,
    ),
    "engstrom": Published(
        encoder="vgg19",
        source="lengstrom/fast-style-transfer, style.py and src/optimize.py",
        content_layers=_each("relu4_2"),
        style_layers=_each(*FIRST_OF_BLOCKS),
        content_weight=7.5,
        style_weight=100.0,
        normalization="engstrom",
        tv="squared",
        tv_weight=200.0,
        pixel_range=255.0,
        feature_scale=CAFFE_SCALE,
    ),
    "hpi": Published(
        encoder="vgg16",
        source="HPI report on real-time style transfer, section 3.1 and figure 4",
        content_layers=_each("relu3_3"),
        style_layers=_each(*LAST_OF_BLOCKS),
        content_weight=25.0,
        style_weight=10.0,
        normalization="hpi",
        tv="isotropic",
        tv_weight=50.0,
    ),
}


def find_published(name: str) -> Published:
    """The recipe with this name.

    Raises:
        LossError: there is none.
    """
    if name not in PUBLISHED:
        raise LossError(
            f"'{name}' is no published recipe here.{did_you_mean(name, PUBLISHED)}\n"
            f"  Use one of: {', '.join(PUBLISHED)}"
        )
    return PUBLISHED[name]


def fit_layers(
    layers: Mapping[str, float], encoder: Encoder
) -> tuple[dict[str, float], dict[str, str]]:
    """Layers of a VGG as another encoder has them: each one, or the nearest before it.

    Args:
        layers: weights by name, such as ``relu4_2``.
        encoder: has some of the names ``reluBLOCK_NUMBER``.

    Returns:
        Weights by the encoder's own names, added up where two layers fall
        together; and what stands in for each layer that it lacks.

    Raises:
        LossError: the encoder has no layer at or before one of them.
    """
    fitted: dict[str, float] = {}
    stand_ins: dict[str, str] = {}
    for layer, weight in layers.items():
        # The names sort by depth: one digit for the block, one for the place in it.
        known = [own for own in encoder.layers if re.fullmatch(r"relu\d_\d", own) and own <= layer]
        if not known:
            raise LossError(
                f"The encoder '{encoder.name}' has no layer like {layer} of a VGG, nor one "
                f"before it.\n  Use a VGG with --encoder, or name layers that it has."
            )
        own = max(known)
        fitted[own] = fitted.get(own, 0.0) + weight
        if own != layer:
            stand_ins[layer] = own
    return fitted, stand_ins


def tell_stand_ins(encoder: Encoder, stand_ins: Mapping[str, str]) -> None:
    """Log which layers of an encoder stand in for those that it lacks."""
    for layer, own in stand_ins.items():
        log.info("The encoder '%s' has no %s; %s stands in.", encoder.name, layer, own)
