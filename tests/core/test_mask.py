"""What a picture selects as a mask."""

import numpy as np
from PIL import Image

from artem.core.color import gray
from artem.core.mask import mask_of
from artem.core.picture import picture_from_memory


def test_opacity_counts_where_there_is_any_and_else_the_light() -> None:
    draw = np.random.default_rng(0)
    colors = draw.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    opacity = draw.integers(0, 256, (6, 8), dtype=np.uint8)
    for alpha, selected in (
        (opacity, opacity),
        (np.full_like(opacity, 255), gray(colors)[..., 0]),  # opaque all over is no mask
        (np.zeros_like(opacity), np.zeros_like(opacity)),
    ):
        picture = picture_from_memory(Image.fromarray(np.dstack([colors, alpha])))
        np.testing.assert_array_equal(mask_of(picture), selected)
