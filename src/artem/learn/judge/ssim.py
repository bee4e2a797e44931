"""SSIM: how much of one picture's structure another one keeps."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from artem.core.picture import Frame
from artem.learn.judge.luminance import luminance

WINDOW_PX = 11
WINDOW_SIGMA_PX = 1.5
LEVELS = 255
C1, C2 = (0.01 * LEVELS) ** 2, (0.03 * LEVELS) ** 2


def ssim(first: Frame, second: Frame) -> float:
    """Structural similarity of two pictures' luminance.

    The mean over all positions of

        (2 m1 m2 + C1) (2 s12 + C2) / ((m1^2 + m2^2 + C1) (s1^2 + s2^2 + C2))

    where m, s^2 and s12 are means, variances and covariance under a Gaussian
    window of 11x11 pixels, sigma 1.5, C1 = (0.01 * 255)^2, C2 = (0.03 * 255)^2
    (Wang et al. 2004, "Image Quality Assessment: From Error Visibility to
    Structural Similarity", eq. 13 to 15). Positions where the window would
    reach over the edge are left out. The authors' later advice, to reduce large
    pictures first, is not followed.

    Args:
        first, second: uint8 ``(H, W, 3)`` of the same size, 11 pixels a side or more.

    Returns:
        -1 to 1; 1 is the same luminance everywhere.
    """
    one, two = luminance(first), luminance(second)
    mean_1, mean_2 = _blur(one), _blur(two)
    variance_1 = _blur(one * one) - mean_1 * mean_1
    variance_2 = _blur(two * two) - mean_2 * mean_2
    covariance = _blur(one * two) - mean_1 * mean_2
    similar = (2 * mean_1 * mean_2 + C1) * (2 * covariance + C2)
    largest = (mean_1**2 + mean_2**2 + C1) * (variance_1 + variance_2 + C2)
    return float((similar / largest).mean())


def _blur(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Gaussian-weighted mean around each position whose window lies inside."""
    offsets = np.arange(WINDOW_PX) - WINDOW_PX // 2
    weights = np.exp(-0.5 * (offsets / WINDOW_SIGMA_PX) ** 2)
    weights /= weights.sum()
    down = sliding_window_view(values, WINDOW_PX, axis=0) @ weights
    both: NDArray[np.float64] = sliding_window_view(down, WINDOW_PX, axis=1) @ weights
    return both
