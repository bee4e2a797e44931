"""What content and Gram losses are divided by: the sources' conventions, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Normalization:
    """A convention of counting, so that published weights keep their meaning.

    With ``C`` channels and ``M`` positions, ``F`` the features and ``G`` their
    Gram matrix divided by ``M`` (:func:`~artem.learn.losses.gram_matrix`):

    Attributes:
        content: from the target's features ``(N, C, H, W)`` to what the mean
            squared difference is divided by, ``(N,)`` or one number.
        gram: from the target's Gram matrices ``(N, C, C)`` to what the sum of
            squared differences is divided by.
        layers_mean: whether layers are averaged by their weights, or added up.
        tv_sum: whether total variation is the sum over the picture's values, or
            their mean.
    """

    content: Callable[[Tensor], Tensor | float]
    gram: Callable[[Tensor], Tensor | float]
    layers_mean: bool = False
    tv_sum: bool = True


NORMALIZATIONS: dict[str, Normalization] = {
    # Ours: relative to the target's own size, so that one weight serves every layer and encoder.
    "relative": Normalization(
        content=lambda target: target.square().mean(dim=(1, 2, 3)).clamp_min(1e-8),
        gram=lambda target: target.square().sum(dim=(1, 2)).clamp_min(1e-12),
        layers_mean=True,
        tv_sum=False,
    ),
    # Gatys et al., arXiv:1508.06576: 1/2 the sum, and 1/(4 C^2 M^2) of the undivided matrices.
    "gatys": Normalization(
        content=lambda target: 2 / target[0].numel(),
        gram=lambda target: 4 * target.shape[1] ** 2,
    ),
    # HPI report, section 3.1: 1/(2 C M), and 1/(2 C M)^2 of the undivided matrices. The report's
    # total variation is a sum, with which its own weights leave nothing of a picture.
    "hpi": Normalization(
        content=lambda target: 2, gram=lambda target: 4 * target.shape[1] ** 2, tv_sum=False
    ),
    # Gatys' own code in PyTorch: means over features, and over the entries of G.
    "mean": Normalization(content=lambda target: 1, gram=lambda target: target.shape[1] ** 2),
    # jcjohnson's neural-style and fast-neural-style: means again, of G divided by C as well.
    "johnson": Normalization(content=lambda target: 1, gram=lambda target: target.shape[1] ** 4),
    # lengstrom's fast-style-transfer: the same, and the mean of the total variation.
    "engstrom": Normalization(
        content=lambda target: 1, gram=lambda target: target.shape[1] ** 4, tv_sum=False
    ),
}
