"""OpenCV, where it is there: resizing, optical flow, cameras."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from artem.core.picture import Frame
from artem.media.protocols import MediaError

FLOW_PX = 256
"""Longer side of the pictures between which motion is estimated."""

LEAST_FLOW_PX = 64
"""Their shorter side at least. DIS halves pictures as often as their width allows, and where
the height becomes less than the 8 pixels of its patches, the process dies."""

INSTALL = "pip install 'artem-style[video]'"


def why_no_opencv() -> str | None:
    """Why OpenCV cannot be used, in words; ``None`` when it can."""
    if importlib.util.find_spec("cv2") is None:
        return f"OpenCV is not installed ({INSTALL})"
    try:
        importlib.import_module("cv2")
    except ImportError as error:  # a system library that it needs is missing
        return f"OpenCV cannot start here ({error})"
    return None


def load_opencv(purpose: str) -> ModuleType:
    """The package.

    Raises:
        MediaError: it is missing; ``purpose`` says what needs it.
    """
    reason = why_no_opencv()
    if reason is not None:
        raise MediaError(f"{purpose} needs OpenCV, and {reason}.")
    return importlib.import_module("cv2")


def resize(frame: Frame, width_px: int, height_px: int) -> Frame:
    """A frame in another size: averaged when it shrinks, interpolated when it grows.

    Without OpenCV Pillow does it, which takes a few times longer.
    """
    if frame.shape[:2] == (height_px, width_px):
        return frame
    if why_no_opencv() is not None:
        image = Image.fromarray(frame)
        return np.asarray(image.resize((width_px, height_px), Image.Resampling.BILINEAR))
    import cv2

    shrinks = width_px <= frame.shape[1] and height_px <= frame.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized: Any = cv2.resize(frame, (width_px, height_px), interpolation=how)
    return np.asarray(resized)


def small_gray(frame: Frame) -> Frame:
    """A frame in gray and in the size at which motion is estimated."""
    import cv2

    scale = min(1.0, FLOW_PX / max(frame.shape))
    width, height = (max(LEAST_FLOW_PX, round(side * scale)) for side in frame.shape[1::-1])
    gray: Any = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    # Exact halves are averaged some thirty times as quickly as other fractions.
    while min(gray.shape[0] / height, gray.shape[1] / width) >= 2:
        if gray.shape[0] % 2 or gray.shape[1] % 2:
            break
        gray = cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA))
