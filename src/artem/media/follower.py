"""Strokes that move with the scene: how far the camera went on, in whole pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from artem.core.picture import Frame
from artem.media.opencv import load_opencv, small_gray

LEAST_MOTION = 0.05
"""Of a pixel at the reduced size. Less is not told from noise, which must move no still scene."""

FLOW_CELL_PX = 4
"""This preset finds one motion for so many pixels and interpolates between."""


class Follower:
    """Tells each frame's place on a plane that stays with the scene.

    A network with strides paints a scene that moves by part of a stride otherwise, and grain
    that stays in the frame pulls strokes along with the camera. Frames at these places
    (:meth:`Stylizer.__call__ <artem.Stylizer.__call__>`) lie on the network's strides and on
    the grain as they did before, and a camera's pan leaves the painting as it is.

    The motion is the median over Kroeger et al.'s DIS flow (arXiv:1603.03590) in OpenCV, so
    what most of the picture does, commonly the background. Each frame's is rounded by itself:
    what is lost does not add up to a jump, and a scene that moves by less than half a pixel a
    frame stays where it is. At a cut the place means nothing, and any is as good.

    Attributes:
        place: of the last frame, (down, right) in pixels; set it to begin elsewhere.

    Raises:
        MediaError: OpenCV is missing.
    """

    def __init__(self) -> None:
        self._cv2: Any = load_opencv("Following the camera")
        self._dis = self._cv2.DISOpticalFlow_create(self._cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._last: tuple[Frame, tuple[int, int]] | None = None
        self.place = (0, 0)

    def __call__(self, frame: Frame, painted_px: tuple[int, int] | None = None) -> tuple[int, int]:
        """The place of the next frame.

        Args:
            frame: uint8 ``(H, W, 3)``.
            painted_px: width and height at which it is painted, where they are not its own;
                the place is in these pixels.
        """
        gray = small_gray(frame)
        width, height = painted_px or (frame.shape[1], frame.shape[0])
        before, self._last = self._last, (gray, (width, height))
        if before is None or before[0].shape != gray.shape or before[1] != (width, height):
            return self.place
        flow = self._dis.calc(gray, before[0], None)[::FLOW_CELL_PX, ::FLOW_CELL_PX]
        motion = np.median(flow.reshape(-1, 2), axis=0)
        motion[np.abs(motion) < LEAST_MOTION] = 0
        right, down = motion * (width / gray.shape[1], height / gray.shape[0])
        self.place = self.place[0] + round(down), self.place[1] + round(right)
        return self.place
