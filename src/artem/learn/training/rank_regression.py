"""Reduced-rank regression: the best linear map through few filters, in closed form."""

from __future__ import annotations

import torch
from torch import Tensor

RIDGE = 1e-4
"""Part of the inputs' mean variance that is added to each, so that nothing is divided by 0."""


class RankRegression:
    """Finds the ``y ~ wide @ (narrow @ x) + shift`` of a given rank with the least squared error.

    Takes its samples in portions and keeps their moments only. (Izenman,
    "Reduced-rank regression for the multivariate linear model", 1975, with the
    identity as weight; Zhang et al., arXiv:1505.06798, section 3.3, use the same
    to shorten the layers of a trained network, inputs already approximated.)
    """

    def __init__(self) -> None:
        self.samples = 0
        self._sums: list[Tensor] = []

    def add(self, inputs: Tensor, outputs: Tensor) -> None:
        """Take in samples: ``(M, D)`` and what belongs to them, ``(M, C)``."""
        x, y = inputs.double(), outputs.double()
        sums = [x.sum(dim=0), y.sum(dim=0), x.T @ x, x.T @ y]
        self._sums = (
            [a + b for a, b in zip(self._sums, sums, strict=True)] if self.samples else sums
        )
        self.samples += len(x)

    def solve(self, rank: int) -> tuple[Tensor, Tensor, Tensor]:
        """``narrow`` (rank, D), ``wide`` (C, rank) with orthonormal columns, ``shift`` (C,)."""
        mean_x, mean_y, xx, xy = (total / self.samples for total in self._sums)
        xx = xx - torch.outer(mean_x, mean_x)
        xy = xy - torch.outer(mean_x, mean_y)
        ridge = RIDGE * xx.diagonal().mean() * torch.eye(len(xx), dtype=xx.dtype)
        full = torch.linalg.solve(xx + ridge, xy)  # (D, C), of any rank
        _, directions = torch.linalg.eigh(full.T @ xx @ full)  # of the fitted outputs
        wide = directions[:, -rank:]
        narrow = wide.T @ full.T
        return narrow.float(), wide.float(), (mean_y - wide @ (narrow @ mean_x)).float()
