"""What browsers send: whole, damaged, hostile."""

import io
import struct
import zlib

import numpy as np
import pytest
from conftest import draw_photo
from PIL import Image

from artem.app.web import pictures
from artem.app.web.pictures import (
    encoded,
    frame_from_jpeg,
    jpeg_from_frame,
    picture_from_upload,
    reduced,
)
from artem.core.errors import PictureError


def saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, file_format, **options)
    return written.getvalue()


def png_that_claims(width_px: int, height_px: int) -> bytes:
    """A small PNG whose header speaks of many pixels, with data for hardly any."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def jpeg_that_claims(width_px: int, height_px: int) -> bytes:
    """A JPEG whose frame header was changed."""
    data = bytearray(saved(draw_photo(32, 32), "JPEG"))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", height_px, width_px)
    return bytes(data)


def test_a_frame_survives_its_way_but_for_what_jpeg_takes() -> None:
    frame = np.asarray(draw_photo(96, 64))
    there = frame_from_jpeg(jpeg_from_frame(frame))
    assert there.shape == frame.shape and there.flags.c_contiguous
    assert np.abs(there.astype(int) - frame).mean() < 4


def test_a_gray_frame_has_three_colors_here() -> None:
    frame = frame_from_jpeg(saved(draw_photo(40, 24).convert("L"), "JPEG"))
    assert frame.shape == (24, 40, 3)
    assert (frame[..., 0] == frame[..., 2]).all()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a JPEG"),
        (b"text, not a picture", "not a JPEG"),
        (saved(draw_photo(32, 32), "PNG"), "not a JPEG"),
        (saved(draw_photo(64, 64), "JPEG")[:-300], "not a JPEG, or a damaged one"),
        (jpeg_that_claims(10000, 10000), "more than 2.1 megapixels"),
        (jpeg_that_claims(65000, 65000), "more than 2.1 megapixels"),
        (b"\xff\xd8" + bytes(pictures.LARGEST_FRAME_BYTES), "bytes"),
    ],
)
def test_a_frame_that_is_none_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(PictureError, match=said):
        frame_from_jpeg(data)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM"])
def test_uploads_of_all_formats_are_read(file_format: str) -> None:
    picture = picture_from_upload(saved(draw_photo(40, 30), file_format))
    assert picture.frame.shape == (30, 40, 3)


def test_an_upload_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = picture_from_upload(saved(draw_photo(40, 30), "JPEG", exif=exif))
    assert picture.frame.shape == (40, 30, 3)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"hello, I am not a picture", "not a picture that can be read here"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture that can be read here"),
        (b"%PDF-1.4", "not a picture that can be read here"),
        (saved(draw_photo(64, 64), "JPEG")[:-300], "damaged"),
        (saved(draw_photo(64, 64), "PNG")[:-300], "damaged"),
        (b"GIF89a" + b"\xff" * 40, "(damaged|not a picture)"),
        (png_that_claims(10000, 10000), "more than 50 megapixels"),
        (png_that_claims(30000, 30000), "more than 50 megapixels"),
        (jpeg_that_claims(10000, 10000), "more than 50 megapixels"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, "(heic|damaged|not a picture)"),
    ],
)
def test_hostile_uploads_are_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(PictureError, match=said):
        picture_from_upload(data)


def test_a_bomb_is_counted_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "LARGEST_UPLOAD_PIXELS", 10_000)
    bomb = saved(Image.new("RGB", (400, 400)), "PNG")
    assert len(bomb) < 2000
    monkeypatch.setattr(
        "PIL.PngImagePlugin.PngImageFile.load", lambda self: pytest.fail("unpacked")
    )
    with pytest.raises(PictureError, match="megapixels"):
        picture_from_upload(bomb)


def test_a_large_picture_is_reduced_and_keeps_its_shape() -> None:
    frame = np.asarray(draw_photo(300, 200))
    alpha = np.asarray(draw_photo(300, 200, 1).convert("L"))
    picture = picture_from_upload(saved(_with_alpha(frame, alpha), "PNG"))
    small = reduced(picture, 15_000)
    assert small.frame.shape == (100, 150, 3)
    assert small.alpha is not None and small.alpha.shape == (100, 150)
    assert small.notes == ("it was reduced to 150x100 pixels",)
    assert reduced(picture, 60_000) is picture


def test_transparency_goes_out_as_png_to_the_bit() -> None:
    frame = np.asarray(draw_photo(30, 20))
    alpha = np.asarray(draw_photo(30, 20, 1).convert("L"))
    data, kind = encoded(frame, alpha)
    assert kind == "image/png"
    np.testing.assert_array_equal(
        np.asarray(Image.open(io.BytesIO(data))), np.dstack([frame, alpha])
    )
    assert encoded(frame, None)[1] == "image/jpeg"


def _with_alpha(frame: np.ndarray, alpha: np.ndarray) -> Image.Image:
    image = Image.fromarray(frame)
    image.putalpha(Image.fromarray(alpha))
    return image
