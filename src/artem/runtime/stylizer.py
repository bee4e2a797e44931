"""The stylizer: frames of any size in, painted frames of the same size out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from numbers import Real
from operator import index
from os import PathLike
from pathlib import Path
from typing import TypedDict, Unpack, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artem.core.color import with_colors_of
from artem.core.errors import PictureError, StyleError
from artem.core.picture import (
    PICTURE_SUFFIXES,
    Frame,
    Picture,
    load_picture,
    picture_from_memory,
)
from artem.core.style_file import Style, StyleVector, blend_vectors
from artem.runtime.engine import ORIGIN, open_session
from artem.runtime.library import IDENTITY, StyleChoice, find_network, find_style
from artem.runtime.predictor import predictor_beside
from artem.runtime.versions import version_for

REPEAT_PX = 1 << 16
"""The plane on which frames have their place repeats: a multiple of every network's."""


class Stylizer:
    """Paints frames in a style; keeps its compiled network between them.

    Args:
        style: a style's name or file; any picture's file, whose style is predicted where
            the network has a predictor; a :class:`~artem.Style`; or weights by name
            (``{"great-wave": 0.7, "painting.jpg": 0.3}``) to blend several.
        network: name or ONNX file of the network.
        precision: ``float``, ``bfloat16`` (on CPUs that have it; faster, off by
            a few levels), ``int8`` (the network's int8 version), ``binary`` (its binary
            one, which is a network of its own), or ``auto``: int8 where there is such a
            version and the CPU is quicker with it, else float.
        engine: ``openvino``, ``onnxruntime``, ``xnor`` (for binary networks), or ``auto``.
        threads: CPU threads; all cores when ``None``.
        strength: 0 gives the frame back, 1 the full style.
        keep_color: paint the luminance only.

    Attributes:
        network: the network's description.
        engine: name of the engine that runs it.
        precision: what it computes in.
        strength: the one in use.

    Raises:
        ArtemError: a name is unknown, a file damaged, or no engine can run it.
    """

    def __init__(
        self,
        style: StyleChoice,
        *,
        network: str | Path = "fast",
        precision: str = "auto",
        engine: str = "auto",
        threads: int | None = None,
        strength: float = 1.0,
        keep_color: bool = False,
    ) -> None:
        self.network = version_for(find_network(network), precision=precision, engine=engine)
        self._predicted: dict[tuple[str, int], Style] = {}
        self._vector = self.style_vector(style, strength=strength)[None]
        self.strength = strength
        self.keep_color = keep_color
        self._session = open_session(
            self.network, engine=engine, precision=precision, threads=threads
        )
        self.engine = self._session.engine
        self.precision = self._session.precision

    def set_style(self, style: StyleChoice, *, strength: float | None = None) -> None:
        """Change style, blend or strength; it costs nothing and holds from the next frame on.

        Args:
            style: as in :class:`Stylizer`.
            strength: 0 to 1; ``None`` keeps the one in use.

        Raises:
            StyleError: a style is unknown, damaged, or not made for this network;
                or weights or strength make no sense.
        """
        strength = self.strength if strength is None else strength
        self._vector = self.style_vector(style, strength=strength)[None]
        self.strength = strength

    def style_vector(self, style: StyleChoice, *, strength: float = 1.0) -> StyleVector:
        """The vector ``(P,)`` that a choice of styles amounts to for this network."""
        if not isinstance(strength, Real) or not 0 <= strength <= 1:
            raise StyleError(f"The strength is {strength}.\n  Use a number from 0 to 1.")
        choice = dict(style) if isinstance(style, Mapping) else {"": 1.0}
        if not choice:
            raise StyleError("No style was given.\n  Name one, or several with their weights.")
        largest = sys.float_info.max
        if any(not isinstance(w, Real) or not 0 <= w <= largest for w in choice.values()):
            raise StyleError("A style's weight is negative or no number.\n  Use weights from 0 up.")
        weights = {str(key): float(weight) for key, weight in choice.items()}
        total = sum(weights.values())
        if total > largest:
            raise StyleError("The styles' weights are too large to add up.\n  Use smaller ones.")
        if total <= 0:
            raise StyleError("All styles have weight 0.\n  Give at least one of them more.")
        vectors: dict[str, StyleVector] = {}
        for key, weight in weights.items():
            one = self._find(key if isinstance(style, Mapping) else style)
            if one.name == IDENTITY.name and not one.vectors:
                strength *= 1 - weight / total
            else:
                vectors[key] = self._vector_of(one)
        weights = {key: weights[key] for key in vectors}
        if not any(weights.values()):
            vectors, weights, strength = {"": np.zeros(self.network.style_size, "f4")}, {"": 1}, 0
        return blend_vectors(vectors, weights, strength)

    def _find(self, style: str | Path | Style) -> Style:
        """A picture is looked at once, not for every frame of a fade from one to another."""
        try:
            if isinstance(style, Style) or Path(style).suffix.lower() not in PICTURE_SUFFIXES:
                return find_style(style, self.network)
            key = str(style), Path(style).stat().st_mtime_ns
        except (OSError, TypeError, ValueError):  # what is wrong with it is said in words there
            return find_style(style, self.network)
        if key not in self._predicted:
            self._predicted[key] = find_style(style, self.network)
        return self._predicted[key]

    def _vector_of(self, style: Style) -> StyleVector:
        try:
            vector = style.vector_for(self.network.identity, self.network.name)
        except StyleError as error:
            if predictor_beside(self.network) is None:
                raise
            raise StyleError(f"{error}\n  Any picture is a style here: --style PICTURE") from None
        if np.shape(vector) != (self.network.style_size,) or not np.isfinite(vector).all():
            raise StyleError(
                f"The style '{style.name}' is damaged: for the network '{self.network.name}' it "
                f"needs {self.network.style_size} finite numbers.\n  Make or fetch it anew."
            )
        return vector

    def __call__(self, frame: Frame, *, place: tuple[int, int] | None = None) -> Frame:
        """Paint one frame.

        Args:
            frame: uint8 ``(H, W, 3)``, sRGB, any size from 1x1 up.
            place: where the frame begins on an endless plane, (down, right) in pixels. Strokes
                keep to the plane: a frame that shows what another one showed, moved, is painted
                alike if its place is moved as well (:class:`~artem.media.follower.Follower`
                tells by how much). Without one every frame begins at the plane's origin, and up
                to ``multiple`` pixels a side fewer are painted.

        Returns:
            A new frame of the same size.

        Raises:
            PictureError: it is no such array, or no such place.
        """
        check_frame(frame)
        height, width = frame.shape[:2]
        multiple, minimum = self.network.multiple, self.network.minimum
        if place is None:
            top = left = 0
            padded, cell = pad_frame(frame, multiple, minimum), ORIGIN
        else:
            down, right = (side % REPEAT_PX for side in checked_place(place))
            top, left = down % multiple, right % multiple
            padded = pad_frame(frame, multiple, minimum, top, left, room=multiple - 1)
            cell = np.array([down - top, right - left])
        painted = self._session(padded[None], self._vector, cell)[0]
        painted = painted[top : top + height, left : left + width]
        if self.keep_color:
            painted = with_colors_of(frame, painted)
        return np.ascontiguousarray(painted)


def check_frame(frame: NDArray[np.generic]) -> None:
    """Raise a :class:`PictureError` unless it is uint8 ``(H, W, 3)`` with at least one pixel."""
    if not isinstance(frame, np.ndarray) or frame.ndim != 3 or frame.shape[2] != 3:
        shape = getattr(frame, "shape", type(frame).__name__)
        raise PictureError(f"A frame has shape (height, width, 3), not {shape}.")
    if frame.dtype != np.uint8:
        raise PictureError(
            f"A frame holds uint8 from 0 to 255, not {frame.dtype}.\n"
            f"  For values from 0 to 1: (frame * 255).round().astype('uint8')"
        )
    if frame.size == 0:
        raise PictureError(f"The frame is empty: its shape is {frame.shape}.")


def checked_place(place: tuple[int, int]) -> tuple[int, int]:
    """The place as Python's numbers; a :class:`PictureError` unless it is two whole ones."""
    try:
        down, right = (index(side) for side in place)
    except (TypeError, ValueError):
        raise PictureError(
            f"A frame's place is two whole numbers of pixels, down and right, not {place!r}."
        ) from None
    return down, right


def pad_frame(
    frame: Frame, multiple: int, minimum: int, top: int = 0, left: int = 0, *, room: int = 0
) -> Frame:
    """Reflect a frame at its borders until its sides suit the network.

    Args:
        top, left: pixels before it; all others come behind it.
        room: for how many of these there is room, so that the size depends on none of them.
    """
    sides = [-(-(side + room) // multiple) * multiple for side in frame.shape[:2]]
    height, width = (max(minimum, side) for side in sides)
    if (height, width) == frame.shape[:2]:
        return np.ascontiguousarray(frame)
    bottom, right = height - frame.shape[0] - top, width - frame.shape[1] - left
    return np.pad(frame, ((top, bottom), (left, right), (0, 0)), mode="reflect")


class StylizerOptions(TypedDict, total=False):
    """What :class:`Stylizer` takes beside the style."""

    network: str | Path
    precision: str
    engine: str
    threads: int | None
    strength: float
    keep_color: bool


@overload
def stylize(
    picture: Frame, style: StyleChoice = ..., **options: Unpack[StylizerOptions]
) -> Frame: ...
@overload
def stylize(
    picture: Image.Image | str | Path,
    style: StyleChoice = ...,
    **options: Unpack[StylizerOptions],
) -> Image.Image: ...
def stylize(
    picture: Frame | Image.Image | str | Path,
    style: StyleChoice = "great-wave",
    **options: Unpack[StylizerOptions],
) -> Frame | Image.Image:
    """Paint one picture in a style.

    Args:
        picture: uint8 array ``(H, W)``, ``(H, W, 3)`` or ``(H, W, 4)``, sRGB; a Pillow
            image of any mode; or the path of a picture file.
        style: see :class:`Stylizer`; so are ``options``.

    Returns:
        The same kind and size: an array for an array, a Pillow image otherwise.
        RGB, or RGBA where the picture had transparency, which is kept.

    Raises:
        ArtemError: in words for people, whatever is wrong.
    """
    if not isinstance(picture, (np.ndarray, Image.Image, str, PathLike)):
        raise PictureError(
            f"A picture is a NumPy array, a Pillow image or a path, not {type(picture).__name__}."
        )
    stylizer = Stylizer(style, **options)
    if isinstance(picture, np.ndarray):
        if picture.ndim == 2:
            return stylizer(np.repeat(picture[..., None], 3, axis=2))
        if picture.ndim == 3 and picture.shape[2] == 4:
            return np.dstack([stylizer(np.ascontiguousarray(picture[..., :3])), picture[..., 3]])
        return stylizer(picture)
    source: Picture = (
        picture_from_memory(picture) if isinstance(picture, Image.Image) else load_picture(picture)
    )
    painted = Image.fromarray(stylizer(source.frame))
    if source.alpha is not None:
        painted.putalpha(Image.fromarray(source.alpha))
    return painted
