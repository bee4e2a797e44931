"""Checkerboards: the grid that a network with strides leaves in what it paints."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from artem.core.picture import Frame
from artem.learn.judge.luminance import luminance

PERIODS_PX = (2, 4, 8)
"""The strides of the networks here."""

WINDOW_PX = 64
HOP_PX = 32
NEAR, FAR = 2, 3
"""The neighbors of a frequency: how many bins away, along the axis where they are farther."""


def checkerboard(frame: Frame) -> dict[str, float]:
    """The energy at each stride's frequencies, relative to the frequencies around them.

    The power spectrum is averaged over windows of 64x64 pixels (Hann, half
    overlapping, each without its mean; Welch's method). A pattern that repeats
    every p pixels has energy only at multiples of 1/p along both axes. For each
    such frequency the power is divided by the geometric mean of its neighbors, 2
    and 3 bins away, and these quotients are averaged over all frequencies of
    1/p, save those that belong to 1/(p/2) already. On the two axes, where the
    edges of buildings and horizons gather, only neighbors on the axis count.

    The logarithm of any power of the frequency is harmonic, so in a picture
    whose spectrum falls like those of photos the quotient is 1 (somewhat below
    it at 1/2, where the spectrum folds back).

    Args:
        frame: uint8 ``(H, W, 3)``, 64 pixels a side or more.

    Returns:
        ``{"1/2": ..., "1/4": ..., "1/8": ...}``; 1 is no grid, 2 twice the energy
        of the neighborhood.
    """
    power = _spectrum(luminance(frame))
    # A floor far below one level of 8 bits, so that flat pictures have a quotient, too.
    power = power + 1e-3
    logarithm = np.log(power)
    return {
        f"1/{period}": float(
            np.mean([
                power[v, u] / np.exp(_around(logarithm, v, u)) for v, u in _frequencies(period)
            ])
        )
        for period in PERIODS_PX
    }  # fmt: skip


def _spectrum(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean power ``(64, 64)`` of all windows."""
    windows = sliding_window_view(light, (WINDOW_PX, WINDOW_PX))[::HOP_PX, ::HOP_PX]
    windows = windows - windows.mean(axis=(2, 3), keepdims=True)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_PX) / WINDOW_PX)
    weights = np.outer(hann, hann)
    transformed = np.fft.fft2(windows * (weights / np.sqrt((weights**2).sum())))
    power: NDArray[np.float64] = (np.abs(transformed) ** 2).mean(axis=(0, 1))
    return power


def _frequencies(period: int) -> Iterator[tuple[int, int]]:
    """The bins of 1/period that no shorter period has."""
    step = WINDOW_PX // period
    for v in range(0, WINDOW_PX, step):
        for u in range(0, WINDOW_PX, step):
            if v % (2 * step) or u % (2 * step):
                yield v, u


def _around(logarithm: NDArray[np.float64], v: int, u: int) -> float:
    """The mean over the neighbors; the spectrum repeats at its edges."""
    reach = range(-FAR, FAR + 1)
    return float(
        np.mean([
            logarithm[(v + down) % WINDOW_PX, (u + right) % WINDOW_PX]
            for down in (reach if v else (0,))
            for right in (reach if u else (0,))
            if max(abs(down), abs(right)) >= NEAR
        ])
    )  # fmt: skip
