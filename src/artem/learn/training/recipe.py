"""The settings of a training, as they travel: into the loop, the checkpoint and the cards."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from artem.core.errors import TrainingError, did_you_mean
from artem.learn.losses import TV_CONVENTIONS


@dataclass(frozen=True)
class Recipe:
    """How a network or a style is trained. The defaults work for any style.

    Attributes:
        steps: optimizer steps.
        batch: pictures a step, each with a style drawn for it.
        crop_px: side of the square crops.
        style_px: shorter side to which a style picture is reduced (never
            enlarged); larger gives larger strokes.
        learning_rate: Adam's for the convolutions, at the start; it falls to a
            twentieth along half a cosine.
        style_learning_rate: the same for the style vectors, whose numbers are
            larger and each seen by one style only.
        content_weight, style_weight, tv_weight: see
            :class:`~artem.learn.losses.PerceptualLoss`.
        tv: convention of the total variation.
        consistency_weight: of :func:`~artem.learn.losses.consistency_loss`.
        range_weight: price of values outside [0, 1], which a file cannot hold.
        clip: largest gradient norm, 0 for none.
        clip_by: ``parameter`` clips each tensor by itself (HPI report, section
            3.5), ``global`` all together.
        seed: of everything drawn: photos, crops, styles, shifts.
    """

    steps: int = 4000
    batch: int = 4
    crop_px: int = 256
    style_px: int = 480
    learning_rate: float = 2e-3
    style_learning_rate: float = 1e-2
    content_weight: float = 1.0
    style_weight: float = 10.0
    tv_weight: float = 0.3
    tv: str = "anisotropic"
    consistency_weight: float = 60.0
    range_weight: float = 1.0
    clip: float = 1.0
    clip_by: str = "parameter"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what could not be trained.

        Raises:
            TrainingError: a choice is unknown or a number out of range.
        """
        for option, known in (("tv", tuple(TV_CONVENTIONS)), ("clip_by", ("parameter", "global"))):
            value = getattr(self, option)
            if value not in known:
                raise TrainingError(
                    f"'{value}' is no choice for {option}.{did_you_mean(value, known)}\n"
                    f"  Use one of: {', '.join(known)}"
                )
        for option, value in self.as_dict().items():
            least = 1 if option in ("steps", "batch", "crop_px", "style_px") else 0
            if not isinstance(value, str) and not least <= value < float("inf"):
                raise TrainingError(f"{option} is {value}.\n  Use a number from {least} up.")

    def as_dict(self) -> dict[str, int | float | str]:
        """The settings by name, for JSON."""
        return asdict(self)
