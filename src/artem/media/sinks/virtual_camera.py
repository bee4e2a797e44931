"""A camera that other programs can choose, fed by us."""

from __future__ import annotations

import importlib.util
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

from artem.media.opencv import resize
from artem.media.protocols import MediaError, TimedFrame


class VirtualCameraSink:
    """Sends frames to v4l2loopback (Linux) or OBS's virtual camera (Windows, macOS).

    Args:
        fps: what the camera claims.
        device: its name; the first one when ``None``.
    """

    def __init__(self, *, fps: Fraction | None = None, device: str | None = None) -> None:
        self.name = "virtual camera"
        self._fps = float(fps or 30)
        self._device = device
        self._camera: Any = None

    def why_not(self) -> str | None:
        """The package is missing; whether there is a device, only opening it tells."""
        if importlib.util.find_spec("pyvirtualcam") is None:
            return (
                "the package pyvirtualcam is not installed; it is under the GPL and so an extra"
                " of its own (pip install 'artem-style[virtual-camera]')"
            )
        return None

    def __enter__(self) -> Self:
        reason = self.why_not()
        if reason is not None:
            raise MediaError(f"No virtual camera: {reason}.")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def put(self, timed: TimedFrame) -> None:
        """Send one; all after the first in its size."""
        if self._camera is None:
            self._camera = self._opened(*timed.frame.shape[1::-1])
        self._camera.send(resize(timed.frame, self._camera.width, self._camera.height))

    def idle(self) -> None:
        """Nothing to do; programs that watch keep the last frame."""

    def _opened(self, width_px: int, height_px: int) -> Any:
        import pyvirtualcam

        try:
            return pyvirtualcam.Camera(
                width=width_px, height=height_px, fps=self._fps, device=self._device
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise MediaError(
                f"No virtual camera ({' '.join(str(error).split())}).\n"
                f"  On Linux: sudo modprobe v4l2loopback exclusive_caps=1; on Windows and macOS"
                f" install OBS and start its virtual camera once."
            ) from None
