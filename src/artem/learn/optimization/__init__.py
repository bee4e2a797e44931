"""A picture by gradient descent, as Gatys et al. made it (arXiv:1508.06576)."""

from artem.learn.optimization.descent import OPTIMIZERS, Descent
from artem.learn.optimization.objective import Region, RegionalLoss
from artem.learn.optimization.picture import optimize_picture
from artem.learn.optimization.tiles import TiledEncoder

__all__ = [
    "OPTIMIZERS",
    "Descent",
    "Region",
    "RegionalLoss",
    "TiledEncoder",
    "optimize_picture",
]
