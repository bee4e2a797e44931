"""Which optimizer trains what."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor, nn

from artem.learn.binary import BinaryConv2d
from artem.learn.training.muon import Muon

OPTIMIZERS = ("muon", "adam")


def latent_names(network: nn.Module) -> set[str]:
    """The names of a network's latent weights, those behind its binary convolutions."""
    modules = network.named_modules()
    return {f"{name}.weight" for name, module in modules if isinstance(module, BinaryConv2d)}


def half_cosine(share: float) -> float:
    """Factor of the learning rates: from 1 along half a cosine down to a twentieth.

    Args:
        share: how much of the training is done, 0 to 1.
    """
    return 0.05 + 0.95 * (1 + math.cos(math.pi * share)) / 2


def make_optimizers(
    network: nn.Module,
    vectors: Tensor,
    *,
    optimizer: str,
    learning_rate: float,
    style_learning_rate: float,
    inherited: Collection[str] = (),
    inherited_rate: float = 1.0,
) -> list[torch.optim.Optimizer]:
    """Adam for style vectors and biases; Muon, where asked for, for the convolutions' kernels.

    The latent weights of binary convolutions are Adam's: Muon teaches them as well, in
    steps of twice the time. Parameters that need no gradient are left out. Each group
    keeps the learning rate that it begins with as ``first_lr``, for schedules.

    Args:
        optimizer: one of :data:`OPTIMIZERS`.
        learning_rate: of the network.
        style_learning_rate: of the vectors.
        inherited: names of parameters that know something already.
        inherited_rate: factor of their learning rate.
    """
    latent = latent_names(network)
    groups: dict[tuple[bool, float], list[Tensor]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            by_muon = optimizer == "muon" and parameter.ndim > 1 and name not in latent
            rate = learning_rate * (inherited_rate if name in inherited else 1.0)
            groups.setdefault((by_muon, rate), []).append(parameter)
    first = {"params": [vectors], "lr": style_learning_rate, "first_lr": style_learning_rate}

    def of(muon: bool) -> list[dict[str, Any]]:
        return [
            {"params": parameters, "lr": rate, "first_lr": rate}
            for (by_muon, rate), parameters in groups.items()
            if by_muon is muon
        ]

    optimizers: list[torch.optim.Optimizer] = [torch.optim.Adam([first, *of(False)])]
    if kernels := of(True):
        optimizers.append(Muon(kernels, lr=learning_rate))
    return optimizers
