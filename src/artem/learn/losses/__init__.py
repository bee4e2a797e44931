"""What a stylized picture is judged by, one loss a file."""

from artem.learn.losses.adversarial import AdversarialLoss
from artem.learn.losses.alternation import alternation_loss
from artem.learn.losses.consistency import consistency_loss
from artem.learn.losses.content import content_loss
from artem.learn.losses.evenness import evenness_loss
from artem.learn.losses.gram import gram_loss, gram_matrix
from artem.learn.losses.grid import grid_loss
from artem.learn.losses.halo import halo_loss
from artem.learn.losses.normalization import NORMALIZATIONS
from artem.learn.losses.perceptual import PerceptualLoss
from artem.learn.losses.style import ADVERSARIAL, STYLE_LOSSES, StyleLoss
from artem.learn.losses.total_variation import TV_CONVENTIONS, total_variation

__all__ = [
    "ADVERSARIAL",
    "NORMALIZATIONS",
    "STYLE_LOSSES",
    "TV_CONVENTIONS",
    "AdversarialLoss",
    "PerceptualLoss",
    "StyleLoss",
    "alternation_loss",
    "consistency_loss",
    "content_loss",
    "evenness_loss",
    "gram_loss",
    "gram_matrix",
    "grid_loss",
    "halo_loss",
    "total_variation",
]
