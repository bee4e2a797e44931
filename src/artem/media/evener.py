"""Even light: brightness and contrast of a frame follow those before it slowly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from artem.core.picture import Frame
from artem.media.cuts import THUMBNAIL_PX
from artem.media.opencv import load_opencv, resize

MOST = 0.8
"""Weight of what was before at an evenness of 1; with all the weight it would never follow."""

ALIKE = 0.5
"""Correlation of two thumbnails of one scene, at least; their brightness and contrast apart."""

MOST_GAIN = 2.0
"""And its inverse: a frame that is nearly of one color is no measure of contrast."""


class Evener:
    """Smooths the statistics of frames, mean and standard deviation of each color, over time.

    It is done to the frame before it is painted, not to the normalization's statistics
    inside the network: those take a change of exposure out by themselves, but what goes
    around the network does not, at strengths below 1, with kept colors, outside a mask.
    Where the scene changes (the thumbnails no longer correlate) it begins anew.

    Raises:
        MediaError: OpenCV is missing.
    """

    def __init__(self) -> None:
        self._cv2: Any = load_opencv("Evening out the light")
        self._shape: NDArray[np.float32] | None = None
        self._mean = self._spread = np.zeros(3, np.float32)

    def __call__(self, frame: Frame, amount: float) -> Frame:
        """The frame in an even light.

        Args:
            frame: uint8 ``(H, W, 3)``.
            amount: 0 to 1; 0 leaves it as it is.
        """
        thumbnail = resize(frame, *THUMBNAIL_PX).astype(np.float32)
        mean, spread = thumbnail.mean((0, 1)), thumbnail.std((0, 1)) + 1
        shape, before = (thumbnail - mean) / spread, self._shape
        self._shape = shape
        if amount <= 0 or before is None or (shape * before).mean() < ALIKE:
            self._mean, self._spread = mean, spread
            return frame
        kept = np.float32(MOST * amount)
        self._mean = kept * self._mean + (1 - kept) * mean
        self._spread = kept * self._spread + (1 - kept) * spread
        gain = (self._spread / spread).clip(1 / MOST_GAIN, MOST_GAIN)
        levels = np.arange(256, dtype=np.float32)[:, None]
        table = ((levels - mean) * gain + self._mean).round().clip(0, 255).astype(np.uint8)
        even: Frame = self._cv2.LUT(frame, table[None])
        return even
