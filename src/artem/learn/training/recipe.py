"""The settings of a training, as they travel: into the loop, the checkpoint and the cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from artem.core.errors import LossError, TrainingError, did_you_mean
from artem.learn.encoders import Encoder
from artem.learn.losses import NORMALIZATIONS, TV_CONVENTIONS, PerceptualLoss
from artem.learn.losses.published import find_published, fit_layers
from artem.learn.losses.style import refuse_unknown_losses
from artem.learn.training.optimizers import OPTIMIZERS

LOSS_SETTINGS = (
    "content_layers", "style_layers", "style_losses", "content_weight", "style_weight",
    "tv_weight", "tv", "normalization", "pixel_range", "feature_scale",
)  # fmt: skip
"""Those fields of a recipe that are keyword arguments of :class:`PerceptualLoss`."""

NETWORK_LOSSES = ("consistency", "even", "halo", "grid", "alternation")
"""What networks are trained with beside the perceptual loss, each by its ``NAME_weight``."""

NO_NETWORK_LOSSES: dict[str, Any] = {f"{name}_weight": 0.0 for name in NETWORK_LOSSES}
"""Settings of a recipe without any of them."""

LAYER_SETTINGS = ("content_layers", "style_layers")
CONTENT_LAYERS = ("relu3_1",)
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")

CHOICES = {
    "tv": tuple(TV_CONVENTIONS),
    "normalization": tuple(NORMALIZATIONS),
    "clip_by": ("parameter", "global"),
    "optimizer": OPTIMIZERS,
}


@dataclass(frozen=True)
class Recipe:
    """How a network or a style is trained. The defaults work for any style.

    Attributes:
        steps: optimizer steps.
        minutes: train for so long instead, 0 for ``steps``; the learning rates fall by the
            clock. Another run comes to other weights then.
        batch: pictures a step, each with a style drawn for it.
        crop_px: side of the square crops.
        style_px: shorter side to which a style picture is reduced (never
            enlarged); larger gives larger strokes.
        optimizer: of the convolutions' kernels, ``muon`` or ``adam``; all else is Adam's.
        learning_rate: for the convolutions, at the start; it falls to a twentieth
            along half a cosine.
        style_learning_rate: the same for the style vectors, whose numbers are
            larger and each seen by one style only.
        content_layers, style_layers: of a VGG, fitted to the encoder (:func:`fitted_recipe`).
            One level shallower than pixels are optimized for: a network that paints all
            photos alike meets the deepest Gram matrices by spots over all that is even, and
            with content at relu4_1 alone nothing holds against them.
        style_losses: of :data:`~artem.learn.losses.STYLE_LOSSES`, by their weights. A Gram
            matrix is a covariance and the product of the means, and the means outweigh:
            with it alone a photo in the painting's colors comes near. Covariances beside
            it ask for forms; with as much weight a network meets them by spots and halos.
        content_weight, style_weight, tv_weight, tv, normalization, pixel_range,
        feature_scale: see :class:`~artem.learn.losses.PerceptualLoss`.
        published: name of the published recipe that these came from.
        coarse_weight: of the style term of the picture at half its size against the
            painting at half its size, beside the one at full size: what an encoder takes
            in at once is too little for a painting's larger forms (Wang et al.,
            arXiv:1612.01895, compare at three sizes). Asks for large patches, which a network
            strews over all that is even. Crops below 64 px have no such term.
        consistency_weight: of :func:`~artem.learn.losses.consistency_loss`.
        even_weight: of :func:`~artem.learn.losses.evenness_loss`.
        halo_weight: of :func:`~artem.learn.losses.halo_loss`.
        grid_weight: of :func:`~artem.learn.losses.grid_loss`, at the network's stride.
        alternation_weight: of :func:`~artem.learn.losses.alternation_loss`, there as well.
        range_weight: price of values outside [0, 1], which a file cannot hold.
        clip: largest gradient norm, 0 for none.
        clip_by: ``parameter`` clips each tensor by itself (HPI report, section
            3.5), ``global`` all together.
        seed: of everything drawn: photos, crops, styles, shifts.
    """

    steps: int = 4000
    minutes: float = 0.0
    batch: int = 4
    crop_px: int = 256
    style_px: int = 480
    optimizer: str = "muon"
    learning_rate: float = 2e-3
    style_learning_rate: float = 3e-2
    content_layers: Mapping[str, float] | None = field(
        default_factory=lambda: dict.fromkeys(CONTENT_LAYERS, 1.0)
    )
    style_layers: Mapping[str, float] | None = field(
        default_factory=lambda: dict.fromkeys(STYLE_LAYERS, 1.0)
    )
    style_losses: Mapping[str, float] = field(default_factory=lambda: {"gram": 1.0, "coral": 0.25})
    content_weight: float = 1.0
    style_weight: float = 16.0
    tv_weight: float = 0.3
    tv: str = "anisotropic"
    normalization: str = "relative"
    pixel_range: float = 1.0
    feature_scale: float = 1.0
    published: str | None = None
    coarse_weight: float = 0.0
    consistency_weight: float = 15.0
    even_weight: float = 400.0
    halo_weight: float = 2000.0
    grid_weight: float = 300.0
    alternation_weight: float = 30.0
    range_weight: float = 1.0
    clip: float = 1.0
    clip_by: str = "parameter"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what could not be trained.

        Raises:
            TrainingError: a choice is unknown or a number out of range.
            LossError: a style loss is unknown.
        """
        for option, known in CHOICES.items():
            value = getattr(self, option)
            if value not in known:
                raise TrainingError(
                    f"'{value}' is no choice for {option}.{did_you_mean(value, known)}\n"
                    f"  Use one of: {', '.join(known)}"
                )
        refuse_unknown_losses(self.style_losses)
        for option, value in self.as_dict().items():
            least = 1 if option in ("steps", "batch", "crop_px", "style_px") else 0
            numbers = value.values() if isinstance(value, dict) else [value]
            for number in numbers:
                if isinstance(number, int | float) and not least <= number < float("inf"):
                    raise TrainingError(f"{option} is {value}.\n  Use a number from {least} up.")
            if isinstance(value, dict) and not any(numbers):
                raise TrainingError(
                    f"{option} has no weight.\n  Name one or more, or leave it out."
                )

    def as_dict(self) -> dict[str, Any]:
        """The settings by name, for JSON."""
        return asdict(self)


YARDSTICK = Recipe(style_losses={"gram": 1.0}, style_weight=8.0)
"""What pictures are judged by, however their network was trained: the Gram matrices that the
literature counts by, so that figures stay comparable when the training changes."""


def published_recipe(recipe: Recipe, name: str) -> Recipe:
    """The recipe with a published one's losses, without those that it lacked, and with Adam.

    Raises:
        LossError: there is no such recipe.
    """
    settings = find_published(name).settings()
    return replace(
        recipe,
        published=name,
        coarse_weight=0.0,
        optimizer="adam",
        **NO_NETWORK_LOSSES,
        **settings,
    )


def fitted_recipe(recipe: Recipe, encoder: Encoder) -> tuple[Recipe, dict[str, str]]:
    """The recipe with layers that nobody chose replaced by those that the encoder has.

    These are the published recipe's, or the defaults; of an encoder that has nothing like
    the defaults its own recommendation is taken. Layers that were given stay as they are.

    Returns:
        The recipe, and what stands in for each layer that the encoder lacks.

    Raises:
        LossError: the encoder has nothing like one of the published layers.
    """
    usual = find_published(recipe.published) if recipe.published is not None else Recipe()
    changes: dict[str, Any] = {}
    stand_ins: dict[str, str] = {}
    for name in LAYER_SETTINGS:
        layers = getattr(usual, name)
        if getattr(recipe, name) != layers:
            continue
        try:
            changes[name], missing = fit_layers(layers, encoder)
        except LossError:
            if recipe.published is not None:
                raise
            changes[name], missing = None, {}
        stand_ins |= missing
    return replace(recipe, **changes), stand_ins


def perceptual_loss(encoder: Encoder, recipe: Recipe) -> PerceptualLoss:
    """The loss that a recipe asks for, of the layers that the encoder has."""
    fitted, _ = fitted_recipe(recipe, encoder)
    return PerceptualLoss(encoder, **{name: getattr(fitted, name) for name in LOSS_SETTINGS})
