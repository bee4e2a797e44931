"""XNOR-Net: what a product of signs has to be multiplied by to come near the float one."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from artem.learn.binary.signs import ste_sign


def filter_scales(weights: Tensor) -> Tensor:
    """``alpha``: the mean magnitude of each filter, ``(out, ...)`` to ``(out,)``.

    With the signs it is the least-squares answer to ``w = alpha * b``, ``b`` of ones and
    minus ones (Rastegari et al., "XNOR-Net", arXiv:1603.05279, equation 6).
    """
    return weights.flatten(1).abs().mean(dim=1)


def xnor_weights(weights: Tensor) -> Tensor:
    """``alpha * sign(w)`` for each filter, ``alpha`` its mean magnitude.

    Forward: ``W = alpha_o sign(w)``, see :func:`filter_scales`.
    Gradient: with ``g = dL/dW`` and n weights in a filter,
    ``dL/dw_i = alpha g_i [|w_i| <= 1] + sign(w_i) / n * sum_j g_j sign(w_j)``:
    the straight-through estimator for the sign, and the true derivative of ``alpha``.

    (XNOR-Net, arXiv:1603.05279, section 3.1. Its equation keeps of the second term the
    part with ``j = i`` only, ``g_i / n``; we keep all of it.)

    Args:
        weights: ``(out, ...)``.
    """
    scales = filter_scales(weights).view(-1, *[1] * (weights.ndim - 1))
    return scales * ste_sign(weights)


def input_scales(maps: Tensor, kernel: int, stride: int = 1, padding: int = 0) -> Tensor:
    """``K``: the mean magnitude of the input under the kernel, for each output position.

    (XNOR-Net, arXiv:1603.05279, section 3.2: ``K = A * k``, where ``A`` is the mean of
    ``|maps|`` over the channels and ``k`` a box filter.)

    Args:
        maps: ``(N, C, H, W)``.
        padding: rows and columns of zeros around; what an output sees of them counts
            as magnitude 0.

    Returns:
        ``(N, 1, H', W')``.
    """
    return F.avg_pool2d(maps.abs().mean(dim=1, keepdim=True), kernel, stride, padding)
