"""What browsers send, in and out of bytes; every limit is checked before the costly step."""

from __future__ import annotations

import contextlib
import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from artem.core.errors import PictureError
from artem.core.picture import FORMATS, Frame, Picture, picture_from_memory

LARGEST_FRAME_BYTES = 4_000_000
LARGEST_FRAME_PIXELS = 2_100_000
"""Of one live frame; full HD fits."""

LARGEST_UPLOAD_BYTES = 50_000_000
LARGEST_UPLOAD_PIXELS = 50_000_000
"""Of a photo; it is decoded into three bytes a pixel."""

LARGEST_PAINTED_PIXELS = 12_500_000
"""Larger photos are reduced first: painting takes some 90 bytes of memory a pixel."""

FRAME_QUALITY = 86

HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis")
UPLOAD_FORMATS = tuple(sorted(set(FORMATS.values()) - {"HEIF"}))


def frame_from_jpeg(data: bytes) -> Frame:
    """A live frame as the browser encoded it.

    Raises:
        PictureError: it is no whole JPEG, or too large; said before it is decompressed.
    """
    if len(data) > LARGEST_FRAME_BYTES:
        raise PictureError(
            f"A frame has {len(data)} bytes, and {LARGEST_FRAME_BYTES} is the most.\n"
            f"  Send smaller ones."
        )
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            if image.width * image.height > LARGEST_FRAME_PIXELS:
                raise PictureError(_FRAME_TOO_LARGE)
            return np.ascontiguousarray(np.asarray(image.convert("RGB")))
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(_FRAME_TOO_LARGE) from None
    except Exception:  # on damaged data, Pillow's decoders raise nearly anything
        raise PictureError("A frame is not a JPEG, or a damaged one.\n  Send it again.") from None


def jpeg_from_frame(frame: Frame, *, quality: int = FRAME_QUALITY) -> bytes:
    """A frame as JPEG, colors at half the width as cameras do it."""
    written = io.BytesIO()
    Image.fromarray(frame).save(written, "JPEG", quality=quality, subsampling=1)
    return written.getvalue()


def picture_from_upload(data: bytes) -> Picture:
    """A photo as a person dropped it, in any format that is read here.

    Raises:
        PictureError: it is no picture, a damaged one, or too large; pixels are counted
            from its header, before anything is decompressed.
    """
    if not data:
        raise PictureError("The file is empty.\n  Copy or export it again.")
    formats = UPLOAD_FORMATS
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        formats = _with_heif()
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            if image.width * image.height > LARGEST_UPLOAD_PIXELS:
                raise PictureError(_TOO_MANY_PIXELS)
            image.load()
            return picture_from_memory(image)
    except (PictureError, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(_TOO_MANY_PIXELS) from None
    except UnidentifiedImageError:
        raise PictureError(
            "This file is not a picture that can be read here, whatever its name says.\n"
            "  Use JPEG, PNG, WebP, TIFF, AVIF, GIF, BMP or PPM."
        ) from None
    except Exception:  # on damaged files, Pillow's decoders raise nearly anything
        raise PictureError(
            "The picture is damaged; some of it is missing.\n  Copy or export it again."
        ) from None


def reduced(picture: Picture, largest_pixels: int) -> Picture:
    """The same picture with at most so many pixels."""
    height, width = picture.frame.shape[:2]
    scale = (largest_pixels / (height * width)) ** 0.5
    if scale >= 1:
        return picture
    size = max(1, int(width * scale)), max(1, int(height * scale))

    def resized(pixels: Frame) -> Frame:
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))

    alpha = None if picture.alpha is None else resized(picture.alpha)
    note = f"it was reduced to {size[0]}x{size[1]} pixels"
    return Picture(resized(picture.frame), alpha, picture.format, (*picture.notes, note))


def encoded(frame: Frame, alpha: Frame | None, *, quality: int = 95) -> tuple[bytes, str]:
    """A picture for the browser, as PNG where it has transparency, and its media type."""
    if alpha is None:
        return jpeg_from_frame(frame, quality=quality), "image/jpeg"
    image = Image.fromarray(frame)
    image.putalpha(Image.fromarray(alpha))
    written = io.BytesIO()
    image.save(written, "PNG", compress_level=4)
    return written.getvalue(), "image/png"


_FRAME_TOO_LARGE = (
    f"A frame has more than {LARGEST_FRAME_PIXELS / 1e6:g} megapixels.\n  Send smaller ones."
)
_TOO_MANY_PIXELS = (
    f"The picture has more than {LARGEST_UPLOAD_PIXELS // 1_000_000} megapixels.\n"
    f"  Make it smaller first."
)


def _with_heif() -> tuple[str, ...]:
    with contextlib.suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()
        return (*UPLOAD_FORMATS, "HEIF")
    raise PictureError(
        "HEIC needs one more package on the server.\n  pip install 'artem-style[heic]'"
    )
