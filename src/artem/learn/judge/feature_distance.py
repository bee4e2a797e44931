"""How different two pictures look to a network that was trained to see."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from artem.core.picture import Frame
from artem.learn.encoders import Encoder, SqueezeNet
from artem.learn.optimization.images import image_of

SQUEEZENET_LAYERS = ("relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9")
"""Where LPIPS reads its SqueezeNet."""


@torch.no_grad()
def feature_distance(encoder: Encoder, first: Frame, second: Frame) -> float:
    """Distance of unit-length feature vectors, averaged over positions and layers.

    At each position of each layer the channels are scaled to length 1; half the
    squared distance of the two vectors is ``1 - cosine``. This is LPIPS (Zhang
    et al., arXiv:1801.03924, eq. 1) with four departures: all channels weigh
    the same, where LPIPS learned their weights from people's judgments; layers
    are averaged, not summed; the half; and SqueezeNet 1.0 in the place of 1.1.
    The figures are therefore not comparable with published LPIPS.

    Args:
        encoder: SqueezeNet is read at :data:`SQUEEZENET_LAYERS`, any other one
            at its style layers.
        first, second: uint8 ``(H, W, 3)`` of the same size.

    Returns:
        0 (the same directions everywhere) to 1 (no channel in common).
    """
    layers = SQUEEZENET_LAYERS if isinstance(encoder, SqueezeNet) else encoder.style_layers
    ones, twos = (encoder(image_of(frame), list(layers)) for frame in (first, second))
    distances = [
        (F.normalize(ones[layer]) - F.normalize(twos[layer])).square().sum(dim=1).mean() / 2
        for layer in layers
    ]
    return float(torch.stack(distances).mean())
