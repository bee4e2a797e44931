"""What ``artem live`` and ``artem video`` share: styles, masks and the painter from options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artem.core.errors import ArtemError

if TYPE_CHECKING:
    from artem.media.mask_model import ModelMask
    from artem.media.masks import PictureMask

StyleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--style",
        "-s",
        metavar="NAME[:WEIGHT]",
        help="A style's name or file, or any picture; several are blended by weight.",
    ),
]
StrengthOption = Annotated[
    float | None, typer.Option(min=0, max=1, help="0 gives the frame back, 1 the full style.")
]
KeepColorOption = Annotated[
    bool, typer.Option("--keep-color", help="Paint the light only; keep the frame's colors.")
]
SteadyOption = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, help="Less flicker: how much of the last painting, moved along, to keep."
    ),
]
NoFollowOption = Annotated[
    bool,
    typer.Option("--no-follow", help="Let strokes keep to the frame where the camera moves."),
]
EvenOption = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Less change of light: how slowly exposure may change."),
]
ScaleOption = Annotated[
    float | None,
    typer.Option(
        min=0.1, max=1, help="Paint at this part of the size and enlarge: quicker, softer."
    ),
]
OnlyOption = Annotated[
    str | None,
    typer.Option("--only", metavar="PART", help="Paint only the person, or the background."),
]
MaskOption = Annotated[
    Path | None,
    typer.Option(
        "--mask", metavar="FILE|FOLDER", help="Paint where this is white; one, or one a frame."
    ),
]
MaskModelOption = Annotated[
    Path | None,
    typer.Option("--mask-model", metavar="ONNX", help="What finds people for --only."),
]


def blend_from(texts: Sequence[str]) -> dict[str, float]:
    """The blend that ``--style`` options amount to; one named twice counts twice."""
    from artem.runtime.library import parse_style

    weights: dict[str, float] = {}
    for text in texts:
        name, weight = parse_style(text)
        weights[name] = weights.get(name, 0.0) + weight
    return weights


def mask_from(
    only: str | None, mask: Path | None, model: Path | None
) -> PictureMask | ModelMask | None:
    """Where to paint, by the options; ``None`` for everywhere.

    Raises:
        ArtemError: they do not fit together, or a file is missing or of no use.
    """
    from artem.media.mask_model import PARTS, ModelMask
    from artem.media.masks import PictureMask

    if only is not None and only not in PARTS:
        raise ArtemError(
            f"'{only}' is no part to paint.\n  Use --only {' or --only '.join(PARTS)}."
        )
    if mask is not None and model is not None:
        raise ArtemError("A mask and a mask model were given.\n  Choose one of them.")
    if mask is not None:
        if not mask.exists():
            raise ArtemError(f"There is no mask '{mask}'.\n  Check the name.")
        return PictureMask(mask, inverted=only == "background")
    if model is not None:
        return ModelMask(model, part=only or "person")
    if only is not None:
        raise ArtemError(
            f"--only {only} needs something that finds people.\n"
            f"  Give --mask-model FILE.onnx (docs/video.md says which), or --mask FILE|FOLDER."
        )
    return None
