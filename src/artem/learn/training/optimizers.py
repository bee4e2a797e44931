"""Which optimizer trains what."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from artem.learn.binary import BinaryConv2d
from artem.learn.training.muon import Muon

OPTIMIZERS = ("muon", "adam")


def make_optimizers(
    network: nn.Module,
    vectors: Tensor,
    *,
    optimizer: str,
    learning_rate: float,
    style_learning_rate: float,
) -> list[torch.optim.Optimizer]:
    """Adam for style vectors and biases; Muon, where asked for, for the convolutions' kernels.

    The latent weights of binary convolutions are Adam's: Muon teaches them as well, in
    steps of twice the time. Parameters that need no gradient are left out. Each group
    keeps the learning rate that it begins with as ``first_lr``, for schedules.

    Args:
        optimizer: one of :data:`OPTIMIZERS`.
        learning_rate: of the network.
        style_learning_rate: of the vectors.
    """
    latent = {id(m.weight) for m in network.modules() if isinstance(m, BinaryConv2d)}
    kernels: list[Tensor] = []
    others: list[Tensor] = []
    for parameter in network.parameters():
        if parameter.requires_grad:
            by_muon = optimizer == "muon" and parameter.ndim > 1 and id(parameter) not in latent
            (kernels if by_muon else others).append(parameter)
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Adam([
            {"params": [vectors], "lr": style_learning_rate, "first_lr": style_learning_rate},
            {"params": others, "lr": learning_rate, "first_lr": learning_rate},
        ])
    ]  # fmt: skip
    if kernels:
        optimizers.append(Muon([{"params": kernels, "first_lr": learning_rate}], lr=learning_rate))
    return optimizers
