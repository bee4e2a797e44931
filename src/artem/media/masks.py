"""Which part of the picture is painted, drawn beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from artem.core.mask import mask_of
from artem.core.picture import Frame, load_picture
from artem.media.opencv import resize
from artem.media.painter import Mask
from artem.media.protocols import MediaError, TimedFrame
from artem.media.sources.image_folder import pictures_in


class PictureMask:
    """A picture for all frames, or a folder with one for each. White is painted, black is not;
    where one has transparency, what is opaque is painted.

    Args:
        path: a picture or a folder; in a folder they count by the order of their names, and
            the last one stands for all frames after it.
        inverted: paint what is black, or transparent.

    Attributes:
        next: number of the frame that comes next; set it to go on elsewhere.
    """

    def __init__(self, path: str | Path, *, inverted: bool = False) -> None:
        path = Path(path)
        self.next = 0
        self._files = pictures_in(path) if path.is_dir() else [path]
        if not self._files:
            raise MediaError(f"There is no picture in '{path}'.\n  Give a mask for each frame.")
        self._inverted = inverted
        self._read = (0, mask_of(load_picture(self._files[0])))

    def __call__(self, timed: TimedFrame) -> Mask:
        """The mask for the next frame, in its size."""
        number = min(self.next, len(self._files) - 1)
        self.next += 1
        if self._read[0] != number:
            self._read = (number, mask_of(load_picture(self._files[number])))
        return to_mask(self._read[1], timed.frame, self._inverted)


def to_mask(selected: Frame, frame: Frame, inverted: bool) -> Mask:
    """What is selected, uint8 ``(h, w)``, as a mask for ``frame``, in its size."""
    mask: Mask = resize(selected, *frame.shape[1::-1]).astype(np.float32) / np.float32(255)
    return 1 - mask if inverted else mask
