"""Numbers that stand for a picture, so that a gradient step on them makes a good one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

COLORS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""From independent channels to RGB: a square root of the covariance of ImageNet's colors.

(As the Lucid library has it, Apache-2.0: gray, then blue against yellow, then green
against magenta, each as strong as in photos.)"""

FIRST_DEVIATION = 0.01


class Canvas(Protocol):
    """A square picture under optimization.

    Attributes:
        numbers: what is optimized, a leaf with a gradient.
    """

    numbers: Tensor

    def image(self) -> Tensor:
        """``(1, 3, side, side)`` in (0, 1), differentiable in the numbers."""

    def blur(self, deviation_px: float) -> None:
        """Blur the picture in place, before its values are squeezed into (0, 1)."""


class FourierCanvas:
    """Frequencies in place of pixels, each as easy to change as photos have of it.

    A step of an optimizer that takes all numbers alike (Adam) then changes large and
    small shapes in the proportion in which photos have them, ``1 / frequency``, and
    colors in theirs; steps on pixels favor the finest grain. (Olah et al., "Feature
    Visualization", Distill 2017, section "Preconditioning and Parameterization".)
    The picture continues beyond its border on the opposite side.

    Args:
        side_px: of the square.
        draw: for the first numbers.
    """

    def __init__(self, side_px: int, draw: torch.Generator) -> None:
        self.side_px = side_px
        down = torch.fft.fftfreq(side_px)[:, None]
        right = torch.fft.rfftfreq(side_px)[None]
        self.frequency = (down.square() + right.square()).sqrt()
        self.scale = 1 / self.frequency.clamp_min(1 / side_px)
        shape = (1, 3, *self.frequency.shape, 2)
        self.numbers = FIRST_DEVIATION * torch.randn(shape, generator=draw)
        self.numbers.requires_grad_()
        colors = torch.tensor(COLORS)
        self.colors = colors / colors.norm(dim=0).max()

    def image(self) -> Tensor:
        side = (self.side_px, self.side_px)
        spectrum = torch.view_as_complex(self.numbers) * self.scale
        planes = torch.fft.irfft2(spectrum, s=side, norm="ortho") / 4
        return torch.sigmoid(torch.einsum("oc,nchw->nohw", self.colors, planes))

    @torch.no_grad()
    def blur(self, deviation_px: float) -> None:
        self.numbers *= _gaussian(self.frequency, deviation_px)[..., None]


class PixelCanvas:
    """Plain pixels, for comparison.

    Args:
        side_px: of the square.
        draw: for the first numbers.
    """

    def __init__(self, side_px: int, draw: torch.Generator) -> None:
        self.numbers = FIRST_DEVIATION * torch.randn((1, 3, side_px, side_px), generator=draw)
        self.numbers.requires_grad_()

    def image(self) -> Tensor:
        return torch.sigmoid(self.numbers)

    @torch.no_grad()
    def blur(self, deviation_px: float) -> None:
        side_px = self.numbers.shape[-1]
        down, right = torch.fft.fftfreq(side_px)[:, None], torch.fft.rfftfreq(side_px)[None]
        frequency = (down.square() + right.square()).sqrt()
        spectrum = torch.fft.rfft2(self.numbers) * _gaussian(frequency, deviation_px)
        self.numbers.copy_(torch.fft.irfft2(spectrum, s=(side_px, side_px)))


CANVASES: dict[str, Callable[[int, torch.Generator], Canvas]] = {
    "fourier": FourierCanvas,
    "pixels": PixelCanvas,
}


def _gaussian(frequency: Tensor, deviation_px: float) -> Tensor:
    """What a Gaussian blur leaves of each frequency (in cycles a pixel)."""
    return torch.exp(-2 * (math.pi * deviation_px * frequency).square())


def jittered(
    image: Tensor, draw: torch.Generator, *, shift_px: int, turn_degrees: float, zoom: float
) -> Tensor:
    """A picture as it looks from a slightly other place, drawn at random.

    What answers only to one exact arrangement of pixels does not survive this. The
    picture is taken to repeat itself in all directions, so no place in it is special.

    Args:
        image: ``(1, 3, side, side)``.
        draw: for the four numbers below.
        shift_px: largest shift down and right, in whole pixels.
        turn_degrees: largest turn either way.
        zoom: 0.1 means between 10 % farther and 10 % nearer.
    """
    down, right = (
        int(torch.randint(-shift_px, shift_px + 1, (), generator=draw)) for _ in range(2)
    )
    turn, size = (float(2 * torch.rand((), generator=draw) - 1) for _ in range(2))
    shifted = torch.roll(image, (down, right), dims=(2, 3))
    if turn_degrees == 0 and zoom == 0:
        return shifted
    angle, scale = math.radians(turn * turn_degrees), 1 + size * zoom
    side = image.shape[-1]
    wide = F.pad(shifted, (side // 2,) * 4, mode="circular")
    # Places are counted in halves of the widened picture, of which the view is a part.
    scale *= side / wide.shape[-1]
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    view = torch.tensor([[[cosine, -sine, 0.0], [sine, cosine, 0.0]]])
    grid = F.affine_grid(view, list(image.shape), align_corners=False)
    return F.grid_sample(wide, grid, align_corners=False)
