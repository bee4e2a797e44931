"""Borders: whether a picture's edges are painted like what lies beside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from artem.core.picture import Frame
from artem.learn.judge.luminance import luminance

BAND_PX = 16
"""Two cells of the coarsest grid that the networks work on."""


def border_ratio(frame: Frame) -> dict[str, float]:
    """The outermost 16 pixels, compared with the next 32.

    Padding disturbs what a network paints near the edges: combs and hems raise
    these ratios, blur and flat color lower them. The two bands lie side by side,
    so what the photo shows is nearly the same in both.

    Args:
        frame: uint8 ``(H, W, 3)``, more than 32 pixels a side.

    Returns:
        ``gradient``: mean absolute luminance difference of neighboring pixels
        (down and right), outer band by inner band; a pair counts where its pixel
        nearer to the edge lies. ``deviation``: the same of the luminance's
        standard deviation. 1 is no border.
    """
    light = luminance(frame)
    depth = _depth(*light.shape)
    down, right = np.abs(np.diff(light, axis=0)), np.abs(np.diff(light, axis=1))
    differences = np.concatenate([down.ravel(), right.ravel()])
    pair_depth = np.concatenate([
        np.minimum(depth[1:], depth[:-1]).ravel(), np.minimum(depth[:, 1:], depth[:, :-1]).ravel()
    ])  # fmt: skip
    outer, inner = pair_depth < BAND_PX, (pair_depth >= BAND_PX) & (pair_depth < 3 * BAND_PX)
    gradient = _quotient(differences[outer].mean(), differences[inner].mean())
    outer, inner = depth < BAND_PX, (depth >= BAND_PX) & (depth < 3 * BAND_PX)
    deviation = _quotient(light[outer].std(), light[inner].std())
    return {"gradient": gradient, "deviation": deviation}


def _depth(height: int, width: int) -> NDArray[np.int64]:
    """Each pixel's distance from the nearest edge, 0 at the edge."""
    rows = np.minimum(np.arange(height), np.arange(height)[::-1])
    columns = np.minimum(np.arange(width), np.arange(width)[::-1])
    return np.minimum.outer(rows, columns)


def _quotient(outer: float, inner: float) -> float:
    """1 where both are nothing: a hundredth of a level is beyond 8 bits."""
    return float((outer + 0.01) / (inner + 0.01))
