"""The working size of live frames: what the machine can paint at the asked frame rate."""

from __future__ import annotations

from artem.core.picture import Frame
from artem.media.governor import Governor, Rung
from artem.media.opencv import resize

LONG_SIDES_PX = (1280, 960, 640, 480, 320)
"""The ladder of the longer side. It is short, since the engine compiles for each size."""

BEGIN_PX = 480

MULTIPLE = 8
"""Of shorter sides, so that few sizes are in use; the page's own code has the same number."""


def fitted(frame: Frame, long_side: int) -> Frame:
    """A frame in a working size; a few pixels at its borders are cut off.

    Args:
        frame: uint8 ``(H, W, 3)``.
        long_side: of the result, unless the frame is smaller: then the next smaller size
            of the ladder.
    """
    height, width = frame.shape[:2]
    most = min(long_side, max(height, width))
    longer = next((side for side in LONG_SIDES_PX if side <= most), LONG_SIDES_PX[-1])
    ratio = min(height, width) / max(height, width)
    shorter = max(4, int(longer * ratio / MULTIPLE + 0.5)) * MULTIPLE
    new_width, new_height = (longer, shorter) if width >= height else (shorter, longer)
    scale = max(new_width / width, new_height / height)
    kept_width = min(width, max(1, round(new_width / scale)))
    kept_height = min(height, max(1, round(new_height / scale)))
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    return resize(frame[top : top + kept_height, left : left + kept_width], new_width, new_height)


class WorkingSize(Governor):
    """The governor on a ladder of sizes that all pages share; it begins in the middle.

    Args:
        fps: the frame rate to keep.
    """

    def __init__(self, fps: float) -> None:
        super().__init__(fps, [Rung(0, side / LONG_SIDES_PX[0], side**2) for side in LONG_SIDES_PX])
        self._move(LONG_SIDES_PX.index(BEGIN_PX))
        self._compiled = False

    @property
    def long_side(self) -> int:
        """What the longer side of frames shall be now, in pixels."""
        return round(self.rung.scale * LONG_SIDES_PX[0])

    def follow(self, long_side: int, painting_s: float) -> bool:
        """Take notice of how long a frame took; one of another size says nothing.

        Nor does the first one of a size, for which the engine compiled.

        Returns:
            Whether frames shall have another size from now on.
        """
        if long_side != self.long_side:
            return False
        if not self._compiled:
            self._compiled = True
            return False
        if self.note(painting_s) is None:
            return False
        self._compiled = False
        return True
