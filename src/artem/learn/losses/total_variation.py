"""Total variation: the price of speckle, in each of the field's conventions."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def _isotropic(image: Tensor) -> Tensor:
    down = image[..., 1:, :-1] - image[..., :-1, :-1]
    right = image[..., :-1, 1:] - image[..., :-1, :-1]
    # The square root has no finite slope at 0; the epsilon is below 8-bit resolution squared.
    return (down.square() + right.square() + 1e-10).sqrt().sum(dim=(1, 2, 3))


def _anisotropic(image: Tensor) -> Tensor:
    down = (image[..., 1:, :] - image[..., :-1, :]).abs().sum(dim=(1, 2, 3))
    right = (image[..., 1:] - image[..., :-1]).abs().sum(dim=(1, 2, 3))
    return down + right


def _squared(image: Tensor) -> Tensor:
    down = (image[..., 1:, :] - image[..., :-1, :]).square().sum(dim=(1, 2, 3))
    right = (image[..., 1:] - image[..., :-1]).square().sum(dim=(1, 2, 3))
    return down + right


def _nine_point(image: Tensor) -> Tensor:
    padded = F.pad(image, (1, 1, 1, 1), mode="replicate")
    here = padded[..., 1:-1, 1:-1]
    right = (padded[..., 1:-1, 2:] - here).square().sum(dim=(1, 2, 3)) / 3
    down = (padded[..., 2:, 1:-1] - here).square().sum(dim=(1, 2, 3)) / 3
    # The diagonals reach over the padded frame, one row and column more than the picture.
    values = here[0].numel() / padded[0, :, 1:, 1:].numel()
    falling = (padded[..., 1:, 1:] - padded[..., :-1, :-1]).square().sum(dim=(1, 2, 3)) / 12
    rising = (padded[..., 1:, :-1] - padded[..., :-1, 1:]).square().sum(dim=(1, 2, 3)) / 12
    return 2 * (right + down + (falling + rising) * values)


def _none(image: Tensor) -> Tensor:
    return torch.zeros(image.shape[0], device=image.device, dtype=image.dtype)


TV_CONVENTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "isotropic": _isotropic,
    "anisotropic": _anisotropic,
    "squared": _squared,
    "nine-point": _nine_point,
    "none": _none,
}


def total_variation(image: Tensor, convention: str = "anisotropic") -> Tensor:
    """How much neighboring pixels differ.

    Args:
        image: ``(N, 3, H, W)``, any range.
        convention: with ``d`` the difference of two neighbors,

            - ``isotropic``: sum of ``sqrt(d_down^2 + d_right^2)``, where both
              neighbors exist (HPI report);
            - ``anisotropic``: sum of ``|d_down| + |d_right|``
              (``tf.image.total_variation``);
            - ``squared``: sum of ``d_down^2 + d_right^2`` (lengstrom's
              fast-style-transfer);
            - ``nine-point``: squared differences to all neighbors, diagonals a
              quarter as heavy, edges repeated (crowsonkb's style-transfer-pytorch);
            - ``none``: 0 (pytorch/examples).

    Returns:
        ``(N,)``: the sum divided by the number of values ``3 * H * W``, so that
        one weight holds at every size. Multiply by that number for the sums of
        the sources.
    """
    return TV_CONVENTIONS[convention](image) / image[0].numel()
