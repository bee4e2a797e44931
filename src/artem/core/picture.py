"""Pictures in from files and memory, pictures out to files.

Every picture becomes a **frame**: uint8 ``(H, W, 3)``, sRGB, upright. What is
lost on the way is documented at :func:`load_picture`.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from artem.core.errors import PictureError
from artem.core.files import replacing

Frame = NDArray[np.uint8]

FORMATS = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF",
    ".tiff": "TIFF", ".avif": "AVIF", ".heic": "HEIF", ".heif": "HEIF", ".bmp": "BMP",
    ".gif": "GIF", ".ppm": "PPM",
}  # fmt: skip
"""Pillow's name of the format that each file name's ending stands for."""

PICTURE_SUFFIXES = frozenset(FORMATS)

SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"quality": 92, "method": 4},
    "AVIF": {"quality": 85},
    "HEIF": {"quality": 90},
    "TIFF": {"compression": "tiff_deflate"},
}

WITHOUT_ALPHA = frozenset({"JPEG", "BMP", "PPM"})

LARGEST_PIXELS = 89_000_000
"""Larger pictures are refused; stylizing this many takes some gigabytes.

It lies below ``Image.MAX_IMAGE_PIXELS``, so that Pillow never warns of a picture
that is read here. Pillow's warnings are left alone: Python's filters belong to
the whole process, and changing them for a while is not safe beside other threads.
"""


@dataclass(frozen=True)
class Picture:
    """A picture as read.

    Attributes:
        frame: uint8 ``(H, W, 3)``, sRGB, C-contiguous, upright.
        alpha: uint8 ``(H, W)``, or ``None`` where all is opaque.
        format: Pillow's name of the file's format.
        notes: what was lost in reading, one sentence each.
    """

    frame: Frame
    alpha: Frame | None
    format: str
    notes: tuple[str, ...] = ()


def load_picture(file: str | Path) -> Picture:
    """Read a picture file.

    - EXIF orientation is applied.
    - An ICC profile is converted to sRGB; a broken one is ignored.
    - CMYK goes through its profile, or without one through Pillow's plain formula.
    - Gray, palette and bilevel pictures become RGB.
    - 16-bit gray is scaled to 8 bits. 16-bit RGB (PNG, TIFF) arrives from
      Pillow already reduced to 8 bits. 32-bit integers and floats are stretched
      between their smallest and largest value, which is noted.
    - Alpha is kept apart, in 8 bits, whatever the mode.
    - Of an animation or a multi-page file the first picture is read, which is noted.
      Only a camera's JPEG with more pictures behind it (MPO) counts as the one it shows.

    Raises:
        PictureError: the file is missing, empty, broken, no picture, or too large.
    """
    path = Path(file)
    if path.suffix.lower() in (".heic", ".heif"):
        _register_heif(path)
    try:
        with Image.open(path) as image:
            if image.width * image.height > LARGEST_PIXELS:
                raise PictureError(_too_large(path))
            pages = getattr(image, "n_frames", 1)
            if pages > 1:
                image.seek(0)
            image.load()
            picture = _to_picture(image)
            if image.format == "MPO":  # a camera's JPEG, with a preview or depth behind it
                pages = 1
    except (PictureError, MemoryError):
        raise
    except FileNotFoundError:
        raise PictureError(f"There is no file '{path}'.\n  Check the name.") from None
    except IsADirectoryError:
        raise PictureError(f"'{path}' is a folder, not a picture.") from None
    except PermissionError:
        raise PictureError(f"'{path}' may not be read.\n  Check its permissions.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(_too_large(path)) from None
    except UnidentifiedImageError:
        raise PictureError(_not_a_picture(path)) from None
    except Exception as error:  # on damaged files, Pillow's decoders raise nearly anything
        if isinstance(error, OSError) and error.errno is not None:
            raise PictureError(f"'{path}' cannot be read ({error.strerror}).") from None
        raise PictureError(
            f"'{path}' is damaged ({str(error).strip() or type(error).__name__}).\n"
            f"  Copy or export it again."
        ) from None
    if pages > 1:
        first = f"it holds {pages} pictures; the first was taken"
        picture = replace(picture, notes=(first, *picture.notes))
    return picture


def picture_from_memory(picture: Image.Image) -> Picture:
    """The same for a Pillow image that is already open; of an animation, its current picture.

    Raises:
        PictureError: it is empty, or its file turns out to be damaged.
    """
    if 0 in picture.size:
        raise PictureError(f"The picture is empty: its size is {picture.width}x{picture.height}.")
    try:
        return _to_picture(picture)
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError(
            f"The picture's file is damaged ({error}).\n  Copy or export it again."
        ) from error


def middle_square(frame: Frame, side_px: int) -> Frame:
    """The largest square around a picture's middle, resized (Lanczos) to ``side_px``.

    A picture that is smaller is enlarged; whoever asks should say so.
    """
    picture = Image.fromarray(frame)
    side = min(picture.size)
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    box = (left, top, left + side, top + side)
    return np.array(picture.resize((side_px, side_px), Image.Resampling.LANCZOS, box=box))


def save_picture(
    file: str | Path, frame: Frame, *, alpha: Frame | None = None, format: str | None = None
) -> None:
    """Write a frame, whole or not at all. None of its source's metadata goes along.

    Args:
        file: where to; a file that exists is replaced.
        frame: uint8 ``(H, W, 3)``, sRGB.
        alpha: uint8 ``(H, W)``.
        format: Pillow's name; by the file's ending when ``None``.

    Raises:
        PictureError: the format is unknown here or cannot hold the picture.
        ArtemError: the place cannot be written.
    """
    path = Path(file)
    format = format or format_of(path)
    if format == "HEIF":
        _register_heif(path)
    image = Image.fromarray(frame)
    if alpha is not None:
        if format in WITHOUT_ALPHA:
            raise PictureError(f"{format} cannot hold transparency.\n  Write a PNG instead.")
        image.putalpha(Image.fromarray(alpha))
    with replacing(path) as partial:
        try:
            image.save(partial, format, **SAVE_OPTIONS.get(format, {}))
        except OSError as error:
            if error.errno is None:  # the encoder, not the disk
                raise PictureError(
                    f"'{path}' cannot be written as {format} ({error}).\n  Write a PNG instead."
                ) from error
            raise
        except (ValueError, KeyError) as error:  # KeyError: a Pillow without this format
            raise PictureError(
                f"'{path}' cannot be written as {format} ({error}).\n  Write a PNG instead."
            ) from error


def format_of(path: Path) -> str:
    """The format that a file name's ending stands for.

    Raises:
        PictureError: it stands for none that we write.
    """
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise PictureError(
            f"'{path.name}' does not end like a picture file.\n"
            f"  Use one of: {' '.join(sorted(PICTURE_SUFFIXES))}"
        ) from None


def _to_picture(image: Image.Image) -> Picture:
    notes: list[str] = []
    file_format = "JPEG" if image.format == "MPO" else image.format or "PNG"
    icc = image.info.get("icc_profile")
    # A damaged orientation says nothing, as a broken profile says nothing.
    with contextlib.suppress(Exception):
        image = ImageOps.exif_transpose(image)
    alpha: Image.Image | None = None
    if image.mode.startswith("I;16"):
        image, alpha = _from_16_bits(image)
    elif image.mode in ("I", "F"):
        image = _stretch(image, notes)
    elif image.has_transparency_data:
        image = image.convert("LA" if image.mode == "La" else "RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB")
    elif image.mode == "P":
        image = image.convert("RGB")
    if alpha is not None and alpha.getextrema() == (255, 255):
        alpha = None
    if icc:
        image = _to_srgb(image, icc)
    frame = np.ascontiguousarray(np.asarray(image.convert("RGB")))
    return Picture(frame, None if alpha is None else np.asarray(alpha), file_format, tuple(notes))


def _from_16_bits(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """16-bit gray in 8 bits, and an alpha where one value of gray stands for transparency."""
    values = np.asarray(image).astype(np.uint32)
    gray = Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return gray, None
    return gray, Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8))


def _stretch(image: Image.Image, notes: list[str]) -> Image.Image:
    values = np.asarray(image, dtype=np.float64)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    notes.append(f"its values from {low:g} to {high:g} were stretched to black and white")
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    scaled = (values - low) * (255 / (high - low) if high > low else 0)
    return Image.fromarray(scaled.round().astype(np.uint8))


def _to_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if image.mode not in ("RGB", "L", "CMYK", "LAB"):
            image = image.convert("RGB")
        converted = ImageCms.profileToProfile(
            image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a broken or ill-fitting profile says nothing about the colors
    return image if converted is None else converted


def _too_large(path: Path) -> str:
    most = LARGEST_PIXELS // 1_000_000
    return f"'{path}' has more than {most} megapixels.\n  Make it smaller first."


def _not_a_picture(path: Path) -> str:
    size = path.stat().st_size
    if size == 0:
        return f"'{path}' is empty.\n  Copy or export it again."
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        return f"'{path}' is not a picture that can be read here."
    return (
        f"'{path}' is not a picture, whatever its name says.\n"
        f"  Check where it came from, or export it again."
    )


def _register_heif(path: Path) -> None:
    try:
        import pillow_heif
    except ImportError:
        raise PictureError(
            f"'{path}' is HEIC, which needs one more package.\n  pip install 'artem-style[heic]'"
        ) from None
    pillow_heif.register_heif_opener()
