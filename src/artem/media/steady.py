"""Less flicker: the last painting, moved along with the scene, goes into the next one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from artem.core.picture import Frame
from artem.media.cuts import Cuts
from artem.media.opencv import load_opencv, small_gray

MOST = 0.9
"""Weight of the last painting at a steadiness of 1; with all the weight nothing would be new."""

SIMILAR_LEVELS = 24
"""A place whose frame, moved along, differs by so much is trusted by a third."""

Flow = NDArray[np.float32]

Painted = NDArray[np.float32]
"""``(H, W, 3)``, not rounded: rounded, what is carried on would never arrive at a new level."""


class Steadier:
    """Blends each painting with the one before, warped by the optical flow of the frames.

    The flow is Kroeger et al.'s DIS (arXiv:1603.03590) in OpenCV, at a reduced size, in
    both directions. Where the two disagree (the test of Sundaram et al., ECCV 2010: something
    was covered or comes into view), where it leads out of the picture, and where the frames
    differ although the flow holds them for the same, the new painting stands alone. So it
    does after a cut.

    Raises:
        MediaError: OpenCV is missing.
    """

    def __init__(self) -> None:
        self._cv2: Any = load_opencv("Steadying")
        self._dis = self._cv2.DISOpticalFlow_create(self._cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._cuts = Cuts()
        self._last: tuple[Frame, Painted] | None = None

    def reset(self) -> None:
        """Forget what was painted."""
        self._last = None

    def __call__(self, frame: Frame, painted: Frame, amount: float) -> Frame:
        """The steadied painting.

        Args:
            frame, painted: uint8 ``(H, W, 3)``, before and after painting.
            amount: 0 leaves it as it is.
        """
        gray = small_gray(frame)
        cut, last = self._cuts(frame), self._last
        exact = painted.astype(np.float32)
        if last is None or cut or amount <= 0 or last[1].shape != painted.shape:
            self._last = (gray, exact)
            return painted
        backward, trust = self.motion(last[0], gray)
        warped = self._warp(last[1], backward)
        weight = self._cv2.resize(trust, painted.shape[1::-1]) * np.float32(MOST * amount)
        blended = self._cv2.blendLinear(exact, warped, 1 - weight, weight)
        np.clip(blended, 0, 255, out=blended)  # cubic warping goes beyond what there was
        self._last = (gray, blended)
        result: Frame = self._cv2.convertScaleAbs(blended)  # rounds, quicker than NumPy does
        return result

    def motion(self, before: Frame, now: Frame) -> tuple[Flow, NDArray[np.float32]]:
        """Where each pixel comes from, and how far that is to be trusted.

        Args:
            before, now: uint8 ``(h, w)``, gray.

        Returns:
            Flow ``(h, w, 2)`` in pixels from ``now`` to ``before``, and trust ``(h, w)``
            from 0 to 1.
        """
        backward: Flow = self._dis.calc(now, before, None)
        forward: Flow = self._dis.calc(before, now, None)
        places = self._places(backward)
        there = self._cv2.remap(forward, places, None, self._cv2.INTER_LINEAR)
        apart = _squared_length(backward + there)
        length = _squared_length(backward) + _squared_length(there)
        height, width = now.shape
        inside = (
            (places[..., 0] >= 0) & (places[..., 0] <= width - 1)
            & (places[..., 1] >= 0) & (places[..., 1] <= height - 1)
        )  # fmt: skip
        moved = self._cv2.remap(before, places, None, self._cv2.INTER_LINEAR)
        differs = (moved.astype(np.float32) - now) / SIMILAR_LEVELS
        trust = np.exp(-np.square(differs)) * inside * (apart < 0.01 * length + 0.5)
        return backward, self._cv2.blur(trust.astype(np.float32), (3, 3))

    def _warp(self, picture: Painted, flow: Flow) -> Painted:
        """``picture`` moved by a flow of smaller size. Cubic, as linear blurs with every frame."""
        height, width = picture.shape[:2]
        scale = np.array([width / flow.shape[1], height / flow.shape[0]], dtype=np.float32)
        flow = self._cv2.resize(flow, (width, height)) * scale
        warped: Painted = self._cv2.remap(
            picture, self._places(flow), None, self._cv2.INTER_CUBIC,
            borderMode=self._cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return warped

    def _places(self, flow: Flow) -> Flow:
        height, width = flow.shape[:2]
        x, y = np.meshgrid(np.arange(width, dtype="f4"), np.arange(height, dtype="f4"))
        return np.asarray(flow + np.dstack([x, y]), dtype=np.float32)


def _squared_length(flow: Flow) -> NDArray[np.float32]:
    return np.asarray(np.einsum("hwc,hwc->hw", flow, flow))
