"""Notices where one scene ends and another begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from artem.core.picture import Frame
from artem.media.opencv import resize

THUMBNAIL_PX = (48, 27)
LEVELS = 4
"""Of each color in the histogram: 64 bins in all."""

COLORS_CHANGED = 0.3
"""Part of the pixels that changed their bin, at least."""

PLACES_CHANGED = 0.08
"""Mean difference of two thumbnails, of 1, at least."""


class Cuts:
    """Compares each frame with the one before.

    It is a cut when both the colors (total variation distance of two histograms) and what
    stands where (mean absolute difference of two thumbnails) changed: a pan changes the
    second alone, and a slow fade neither. A flash is taken for two cuts, which costs no more
    than a frame that is not steadied. No motion is estimated.
    """

    def __init__(self) -> None:
        self._last: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def __call__(self, frame: Frame) -> bool:
        """Whether a scene begins with this frame; so it does with the first one."""
        thumbnail = resize(frame, *THUMBNAIL_PX)
        bins = (thumbnail // (256 // LEVELS)).astype(np.intp) @ [LEVELS**2, LEVELS, 1]
        histogram = np.bincount(bins.ravel(), minlength=LEVELS**3) / bins.size
        places = thumbnail / 255
        last, self._last = self._last, (histogram, places)
        if last is None:
            return True
        colors_changed = np.abs(histogram - last[0]).sum() / 2
        places_changed = np.abs(places - last[1]).mean()
        return bool(colors_changed > COLORS_CHANGED and places_changed > PLACES_CHANGED)
