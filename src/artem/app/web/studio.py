"""The studio: one network, its styles, and the threads in which frames are painted."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
from PIL import Image, ImageOps

from artem.app.web.look import Look
from artem.app.web.pictures import (
    LARGEST_PAINTED_PIXELS,
    encoded,
    jpeg_from_frame,
    picture_from_upload,
    reduced,
)
from artem.core.errors import ArtemError
from artem.core.picture import PICTURE_SUFFIXES, Frame, load_picture
from artem.core.style_file import Style
from artem.runtime import library
from artem.runtime.stylizer import Stylizer

P = ParamSpec("P")
R = TypeVar("R")

THUMBNAIL_SIZE = (320, 240)
"""A size of the governor's ladder, so that the engine compiles it once for both."""

LARGEST_PREVIEW_PIXELS = 2_000_000


@dataclass(frozen=True)
class Brush:
    """A look made ready: one vector for blend and strength together.

    Attributes:
        style: holds that vector for the studio's network.
        keep_color: paint the luminance only.
    """

    style: Style
    keep_color: bool


class Studio:
    """Paints for everybody who is connected.

    A compiled network can paint one frame at a time, so there is one thread for it, in
    which the frames of all sessions take turns; it uses all cores by itself. Decoding
    and encoding go on beside it. A large photo gets a network of its own, so that
    nobody's live frames wait for it.

    Args:
        options: of :class:`~artem.Stylizer`: network, engine, precision, threads.

    Attributes:
        styles: every style made for this network, by name.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._stylizer = Stylizer(library.IDENTITY, **options)
        self._painter = ThreadPoolExecutor(1, thread_name_prefix="artem-painter")
        self._codec = ThreadPoolExecutor(2, thread_name_prefix="artem-codec")
        self._photos = ThreadPoolExecutor(1, thread_name_prefix="artem-photo")
        self._thumbnails: dict[tuple[str, str], bytes] = {}
        self._added: dict[str, Path] = {}
        self.styles: dict[str, Style] = {}
        self.refresh()

    def add(self, file: Path) -> str:
        """Take in a style that is not found by name, and return the name it has here.

        Raises:
            StyleError: the file is missing, damaged, or not made for this network.
        """
        self._stylizer.style_vector(file)
        self._added[file.stem] = file
        self.refresh()
        return file.stem

    def refresh(self) -> None:
        """Look again which styles there are; a user may have made one meanwhile."""
        network = self._stylizer.network
        found = {style.name: style for style in library.styles(on_damaged=lambda error: None)}
        for name, file in self._added.items():
            with contextlib.suppress(ArtemError):  # removed meanwhile
                found[name] = replace(library.find_style(file, network), name=name)
        self.styles = {
            name: style
            for name, style in found.items()
            if not style.vectors or network.identity in style.vectors
        }

    @property
    def engine(self) -> dict[str, str]:
        """What paints: network, engine, precision."""
        return {
            "network": self._stylizer.network.name,
            "engine": self._stylizer.engine,
            "precision": self._stylizer.precision,
        }

    def close(self) -> None:
        """Let the threads end; what waits for them is dropped."""
        for pool in (self._painter, self._codec, self._photos):
            pool.shutdown(wait=False, cancel_futures=True)

    async def prepare(self, look: Look) -> Brush:
        """Make a look ready to paint with.

        Raises:
            StyleError: its style was damaged or removed meanwhile.
        """
        return await self._in(self._codec, self._brush, look)

    async def paint(self, frame: Frame, brush: Brush, place: tuple[int, int] = (0, 0)) -> Frame:
        """Paint one live frame, after those that came before it; ``place`` as a stylizer's.

        All have one, so that frames of a size are compiled once.
        """
        return await self._in(self._painter, self._paint, frame, brush, place)

    async def beside(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a short piece of work beside the painting."""
        return await self._in(self._codec, work, *args, **kwargs)

    async def paint_photo(self, data: bytes, look: Look) -> tuple[bytes, str, tuple[str, ...]]:
        """Paint an uploaded photo in its own size.

        Returns:
            The painting's bytes, their media type, and what was lost on the way.

        Raises:
            PictureError: it is no picture, or too large.
        """
        return await self._in(self._photos, self._paint_photo, data, look)

    async def open_photo(self, data: bytes) -> tuple[bytes, str]:
        """An uploaded photo as a browser can show it, for formats that browsers cannot read.

        Raises:
            PictureError: it is no picture, or too large.
        """

        def preview() -> tuple[bytes, str]:
            picture = reduced(picture_from_upload(data), LARGEST_PREVIEW_PIXELS)
            return encoded(picture.frame, None)

        return await self._in(self._photos, preview)

    async def thumbnail(self, name: str) -> bytes | None:
        """The sample photo in a style, as JPEG; ``None`` when there is no such style."""
        style = self.styles.get(name)
        if style is None:
            return None
        vector = style.vectors.get(self._stylizer.network.identity, np.zeros(0, np.float32))
        key = (name, hashlib.sha256(np.asarray(vector).tobytes()).hexdigest())
        if key not in self._thumbnails:
            sample = await self.beside(self._sample)
            brush = await self.prepare(Look(name))
            painted = await self.paint(sample, brush)
            self._thumbnails[key] = await self.beside(jpeg_from_frame, painted)
        return self._thumbnails[key]

    def _sample(self) -> Frame:
        photo = load_picture(sample_photos()[0]).frame
        fitted = ImageOps.fit(Image.fromarray(photo), THUMBNAIL_SIZE, centering=(0.5, 0.3))
        return np.asarray(fitted)

    def _brush(self, look: Look) -> Brush:
        network = self._stylizer.network
        weights = {str(self._added.get(name, name)): w for name, w in look.weights.items()}
        vector = self._stylizer.style_vector(weights, strength=look.strength)
        style = Style("look", {network.identity: vector}, {network.identity: network.name})
        return Brush(style, look.keep_color)

    def _paint(self, frame: Frame, brush: Brush, place: tuple[int, int]) -> Frame:
        self._stylizer.set_style(brush.style, strength=1.0)
        self._stylizer.keep_color = brush.keep_color
        return self._stylizer(frame, place=place)

    def _paint_photo(self, data: bytes, look: Look) -> tuple[bytes, str, tuple[str, ...]]:
        picture = reduced(picture_from_upload(data), LARGEST_PAINTED_PIXELS)
        brush = self._brush(look)
        stylizer = Stylizer(brush.style, keep_color=brush.keep_color, **self._options)
        content, kind = encoded(stylizer(picture.frame), picture.alpha)
        return content, kind, picture.notes

    async def _in(
        self, pool: ThreadPoolExecutor, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return await asyncio.get_running_loop().run_in_executor(pool, lambda: work(*args, **kwargs))


def sample_photos() -> list[Path]:
    """The shipped photos, the one for thumbnails first.

    Raises:
        ArtemError: none came with the package.
    """
    found = sorted(f for f in library.SAMPLES.glob("*") if f.suffix.lower() in PICTURE_SUFFIXES)
    if not found:
        raise ArtemError("No sample photo came with this package.\n  Install it again.")
    return found
