"""Where the taps of a binary convolution fall, and what lies beyond the border."""

from __future__ import annotations

from dataclasses import dataclass

from artem.core.errors import NetworkError, did_you_mean

BORDERS = ("reflect", "zero")
"""``reflect`` mirrors the picture without repeating its edge; ``zero`` adds nothing there."""

LARGEST_DOT = 32767
"""Taps times channels may not exceed this: a dot product has to fit 16 bits."""


@dataclass(frozen=True)
class Geometry:
    """Sizes of a binary convolution.

    Attributes:
        channels, out_channels: any from 1 up, as far as :data:`LARGEST_DOT` allows.
        kernel_height, kernel_width: 1 to 15.
        stride: 1 or 2.
        border: one of :data:`BORDERS`.

    Raises:
        NetworkError: a size makes no sense or is larger than can be counted.
    """

    channels: int
    out_channels: int
    kernel_height: int
    kernel_width: int
    stride: int = 1
    border: str = "reflect"

    def __post_init__(self) -> None:
        if self.border not in BORDERS:
            raise NetworkError(
                f"'{self.border}' is not a border.{did_you_mean(self.border, BORDERS)}\n"
                f"  Use one of: {', '.join(BORDERS)}"
            )
        if self.stride not in (1, 2):
            raise NetworkError(
                f"A binary convolution cannot move by {self.stride}.\n  Its stride is 1 or 2."
            )
        if min(self.channels, self.out_channels, self.kernel_height, self.kernel_width) < 1 or (
            max(self.kernel_height, self.kernel_width) > 15
        ):
            raise NetworkError(
                f"No binary convolution has {self.channels} channels, {self.out_channels} outputs "
                f"and a kernel of {self.kernel_height}x{self.kernel_width}.\n"
                "  Channels and outputs count from 1, kernels from 1x1 to 15x15."
            )
        if self.size > LARGEST_DOT:
            raise NetworkError(
                f"{self.taps} taps of {self.channels} channels sum up to {self.size}, "
                f"more than 16 bits hold.\n  Taps times channels may be {LARGEST_DOT} at most."
            )

    @property
    def taps(self) -> int:
        """Positions of the kernel."""
        return self.kernel_height * self.kernel_width

    @property
    def size(self) -> int:
        """Products in one dot product, which lies between ``-size`` and ``size``."""
        return self.taps * self.channels

    @property
    def padding(self) -> tuple[int, int]:
        """Rows above and below, columns left and right.

        ``(kernel - stride + 1) // 2``: a kernel that is odd at stride 1, or even at
        stride 2, then favors no pixel over its neighbor.
        """
        return (
            max(0, self.kernel_height - self.stride + 1) // 2,
            max(0, self.kernel_width - self.stride + 1) // 2,
        )

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the result.

        Raises:
            NetworkError: the input is smaller than the kernel, or than what its
                reflection needs.
        """
        rows, columns = self.padding
        out_height = (height + 2 * rows - self.kernel_height) // self.stride + 1
        out_width = (width + 2 * columns - self.kernel_width) // self.stride + 1
        short = self.border == "reflect" and (height <= rows or width <= columns)
        if min(height, width, out_height, out_width) < 1 or short:
            raise NetworkError(
                f"Maps of {width}x{height} are too small for a kernel of "
                f"{self.kernel_width}x{self.kernel_height} with the border '{self.border}'.\n"
                "  Use a larger picture."
            )
        return out_height, out_width
