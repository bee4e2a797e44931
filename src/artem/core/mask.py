"""What a picture that is meant as a mask says."""

from __future__ import annotations

from artem.core.color import gray
from artem.core.picture import Frame, Picture


def mask_of(picture: Picture) -> Frame:
    """How much each place is selected, 0 to 255, uint8 ``(H, W)``.

    That is the picture's opacity where it has transparency, else its luminance (BT.601).
    """
    return gray(picture.frame)[..., 0] if picture.alpha is None else picture.alpha
