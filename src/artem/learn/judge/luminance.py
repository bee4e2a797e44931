"""How light a picture is, from place to place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from artem.core.picture import Frame

# ITU-R BT.601, the weights of JPEG's luminance
LUMINANCE = np.array([0.299, 0.587, 0.114])


def luminance(frame: Frame) -> NDArray[np.float64]:
    """BT.601 luminance ``(H, W)``, 0 to 255."""
    light: NDArray[np.float64] = frame.astype(np.float64) @ LUMINANCE
    return light
