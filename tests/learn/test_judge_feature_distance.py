"""The feature distance: an angle between feature vectors."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from artem.learn.encoders import Encoder, SqueezeNet
from artem.learn.judge.feature_distance import SQUEEZENET_LAYERS, feature_distance


class Colors(Encoder):
    """The picture's own channels as features."""

    name = "colors"
    layers = content_layers = style_layers = ("color",)

    def forward(self, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        return {"color": image}


def flat(*color: int) -> np.ndarray:
    return np.full((8, 8, 3), color, np.uint8)


def test_it_is_one_minus_the_cosine() -> None:
    red, dark_red, green, yellow = flat(255, 0, 0), flat(50, 0, 0), flat(0, 90, 0), flat(70, 70, 0)
    assert feature_distance(Colors(), red, red) == 0
    assert feature_distance(Colors(), red, dark_red) == pytest.approx(0, abs=1e-6)
    assert feature_distance(Colors(), red, green) == pytest.approx(1)
    assert feature_distance(Colors(), red, yellow) == pytest.approx(1 - 0.5**0.5)
    half = red.copy()
    half[:4] = green[:4]
    assert feature_distance(Colors(), red, half) == pytest.approx(0.5)


def test_squeezenet_is_read_where_lpips_reads_it() -> None:
    squeezenet = SqueezeNet().frozen()
    draw = np.random.default_rng(0)
    one, two = (draw.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(2))
    images = [torch.from_numpy(f).permute(2, 0, 1)[None] / 255 for f in (one, two)]
    maps = [squeezenet(image, SQUEEZENET_LAYERS) for image in images]
    expected = np.mean([
        1 - torch.cosine_similarity(maps[0][layer], maps[1][layer]).mean()
        for layer in ("relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9")
    ])  # fmt: skip
    assert feature_distance(squeezenet, one, two) == pytest.approx(expected, abs=1e-6)
    assert expected > 1e-4
