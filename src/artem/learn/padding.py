"""Reflection padding that leaves channels last, for GPUs."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def reflected(maps: Tensor, pixels: int) -> Tensor:
    """Maps ``(N, C, H, W)`` with so many pixels mirrored at each border: ``F.pad`` by "reflect".

    PyTorch's own kernel for CUDA wants channels first. With channels last, as convolutions in
    half precision want them, it costs a transposition before and another one behind, and as
    much again for the gradient: half of a training step of these networks.
    """
    if maps.is_cuda and pixels:
        padded: Tensor = ReflectionPadding.apply(maps, pixels)  # type: ignore[no-untyped-call]
        return padded
    return F.pad(maps, (pixels,) * 4, mode="reflect")


class ReflectionPadding(torch.autograd.Function):
    """One copy into place forward, one out of it backward, and the borders."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, pixels: int) -> Tensor:
        ctx.pixels = n = pixels
        count, channels, height, width = maps.shape
        padded = torch.empty(
            (count, channels, height + 2 * n, width + 2 * n), dtype=maps.dtype, device=maps.device,
            memory_format=torch.channels_last,
        )  # fmt: skip
        padded[..., n:-n, n:-n] = maps
        padded[..., :n, n:-n] = maps[..., 1 : n + 1, :].flip(2)
        padded[..., -n:, n:-n] = maps[..., -n - 1 : -1, :].flip(2)
        padded[..., :n] = padded[..., n + 1 : 2 * n + 1].flip(3)
        padded[..., -n:] = padded[..., -2 * n - 1 : -n - 1].flip(3)
        return padded

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        n = ctx.pixels

        def folded(rows: Tensor) -> Tensor:
            middle = rows[..., n:-n].clone(memory_format=torch.channels_last)
            middle[..., 1 : n + 1] += rows[..., :n].flip(3)
            middle[..., -n - 1 : -1] += rows[..., -n:].flip(3)
            return middle

        result = folded(gradient[..., n:-n, :])
        result[..., 1 : n + 1, :] += folded(gradient[..., :n, :]).flip(2)
        result[..., -n - 1 : -1, :] += folded(gradient[..., -n:, :]).flip(2)
        return result, None
