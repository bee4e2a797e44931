"""Every kind of picture file, made here, becomes an upright sRGB frame or a worded refusal."""

import errno
import io
import os
import struct
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, features

from artem.core.errors import ArtemError, PictureError
from artem.core.picture import (
    LARGEST_PIXELS,
    format_of,
    load_picture,
    picture_from_memory,
    save_picture,
)

HEIGHT, WIDTH = 24, 36


@pytest.fixture
def frame() -> NDArray[np.uint8]:
    """A smooth picture without any symmetry."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.dstack([x * 7, y * 10, (x + y) * 4]).astype(np.uint8)


def png_bytes(
    width: int, height: int, depth: int, color: int, rows: bytes, *chunks: tuple[bytes, bytes]
) -> bytes:
    """A PNG by the specification, for kinds that Pillow does not write."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    body = b"".join(chunk(name, content) for name, content in chunks)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )  # fmt: skip


def png_rows(values: NDArray[np.generic]) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in values)


def write(file: Path, image: Image.Image, **options: Any) -> Path:
    image.save(file, **options)
    return file


# What is read


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".ppm", ".tif", ".tiff", ".webp", ".PNG"])
def test_lossless_formats_give_the_pixels(
    tmp_path: Path, frame: NDArray[np.uint8], suffix: str
) -> None:
    options = {"lossless": True} if suffix == ".webp" else {}
    picture = load_picture(write(tmp_path / f"a{suffix}", Image.fromarray(frame), **options))
    np.testing.assert_array_equal(picture.frame, frame)
    assert picture.frame.dtype == np.uint8
    assert picture.frame.flags.c_contiguous
    assert picture.alpha is None
    assert picture.notes == ()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(
    tmp_path: Path, frame: NDArray[np.uint8], orientation: int
) -> None:
    # How a camera held that way stores the upright picture (EXIF 2.3, tag 0x0112).
    stored = {
        1: frame, 2: frame[:, ::-1], 3: frame[::-1, ::-1], 4: frame[::-1],
        5: frame.swapaxes(0, 1), 6: np.rot90(frame), 7: frame[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(frame, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    for suffix in (".png", ".tif"):
        file = write(tmp_path / f"a{suffix}", Image.fromarray(np.ascontiguousarray(stored)),
                     exif=exif)  # fmt: skip
        np.testing.assert_array_equal(load_picture(file).frame, frame)


def test_exif_orientation_in_jpeg(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(frame)))
    file = write(tmp_path / "a.jpg", turned, quality=100, subsampling=0, exif=exif)
    assert np.abs(load_picture(file).frame.astype(int) - frame).max() <= 4


@pytest.mark.filterwarnings("ignore")  # Pillow warns of it, and we leave its warnings alone
def test_broken_exif_is_ignored(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    file = write(tmp_path / "a.jpg", Image.fromarray(frame), exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert load_picture(file).frame.shape == frame.shape


def test_gray(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    gray = frame[..., 0]
    picture = load_picture(write(tmp_path / "a.png", Image.fromarray(gray)))
    np.testing.assert_array_equal(picture.frame, np.dstack([gray] * 3))


def test_one_bit(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    bits = frame[..., 0] > 100
    picture = load_picture(write(tmp_path / "a.png", Image.fromarray(bits)))
    np.testing.assert_array_equal(picture.frame[..., 1], bits * np.uint8(255))


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_16_bit_gray_is_scaled(tmp_path: Path, kind: str) -> None:
    values = np.linspace(0, 65535, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint16)
    file = tmp_path / f"a.{kind}"
    if kind == "png":
        file.write_bytes(png_bytes(WIDTH, HEIGHT, 16, 0, png_rows(values.astype(">u2"))))
    else:
        write(file, Image.fromarray(values))
    expected = np.round(values / 257).astype(np.uint8)
    np.testing.assert_array_equal(load_picture(file).frame[..., 2], expected)


def test_16_bit_gray_with_a_transparent_value(tmp_path: Path) -> None:
    values = (np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) * 64).astype(">u2")
    clear = struct.pack(">H", 640)
    content = png_bytes(WIDTH, HEIGHT, 16, 0, png_rows(values), (b"tRNS", clear))
    (tmp_path / "a.png").write_bytes(content)
    picture = load_picture(tmp_path / "a.png")
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, np.where(values == 640, 0, 255))
    np.testing.assert_array_equal(picture.frame[..., 0], np.round(values / 257))


@pytest.mark.parametrize(("color", "channels"), [(2, 3), (6, 4)])
def test_16_bit_color_keeps_its_upper_8_bits(tmp_path: Path, color: int, channels: int) -> None:
    draw = np.random.default_rng(0)
    values = draw.integers(0, 65536, (HEIGHT, WIDTH, channels), dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(
        png_bytes(WIDTH, HEIGHT, 16, color, png_rows(values.astype(">u2")))
    )
    picture = load_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.frame, (values >> 8)[..., :3])
    if channels == 4:
        np.testing.assert_array_equal(picture.alpha, (values >> 8)[..., 3])


def test_palette(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    image = Image.fromarray(frame).quantize(16)
    picture = load_picture(write(tmp_path / "a.png", image))
    np.testing.assert_array_equal(picture.frame, image.convert("RGB"))
    assert picture.alpha is None


def test_palette_with_transparency(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    image = Image.fromarray(frame).quantize(16)
    indices = np.asarray(image)
    one = load_picture(write(tmp_path / "one.png", image, transparency=3))
    np.testing.assert_array_equal(one.alpha, np.where(indices == 3, 0, 255))
    many = load_picture(write(tmp_path / "many.png", image, transparency=bytes(range(0, 240, 16))))
    expected = np.append(np.arange(0, 240, 16), 255)[indices]
    np.testing.assert_array_equal(many.alpha, expected)
    np.testing.assert_array_equal(many.frame, image.convert("RGB"))


def test_alpha(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    alpha = frame[..., 2]
    image = Image.fromarray(np.dstack([frame, alpha]))
    for suffix in (".png", ".tif", ".webp"):
        options = {"lossless": True, "exact": True} if suffix == ".webp" else {}
        picture = load_picture(write(tmp_path / f"a{suffix}", image, **options))
        np.testing.assert_array_equal(picture.frame, frame)
        np.testing.assert_array_equal(picture.alpha, alpha)


def test_gray_with_alpha(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    image = Image.fromarray(frame[..., 0])
    image.putalpha(Image.fromarray(frame[..., 1]))
    assert image.mode == "LA"
    picture = load_picture(write(tmp_path / "a.png", image))
    np.testing.assert_array_equal(picture.frame[..., 0], frame[..., 0])
    np.testing.assert_array_equal(picture.alpha, frame[..., 1])


def test_alpha_that_is_all_opaque_is_none(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    picture = load_picture(write(tmp_path / "a.png", Image.fromarray(frame).convert("RGBA")))
    assert picture.alpha is None


@pytest.mark.parametrize("profile", [None, "sRGB"])
def test_cmyk_jpeg(tmp_path: Path, profile: str | None) -> None:
    # The only CMYK profiles around are large and not ours; one of another kind must do no harm.
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    icc = None if profile is None else ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    options = {} if icc is None else {"icc_profile": icc.tobytes()}
    picture = load_picture(write(tmp_path / "a.jpg", image, quality=100, **options))
    assert np.abs(picture.frame.astype(int) - (255, 0, 0)).max() <= 3


def swapped_srgb() -> bytes:
    """An sRGB profile whose red and green primaries are exchanged."""
    icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = icc.index(b"rXYZ", 128), icc.index(b"gXYZ", 128)
    icc[red : red + 4], icc[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(icc)


@pytest.mark.parametrize("alpha", [False, True])
def test_a_profile_is_converted_to_srgb(
    tmp_path: Path, frame: NDArray[np.uint8], alpha: bool
) -> None:
    image = Image.fromarray(frame)
    if alpha:
        image.putalpha(Image.fromarray(frame[..., 2]))
    picture = load_picture(write(tmp_path / "a.png", image, icc_profile=swapped_srgb()))
    assert np.abs(picture.frame.astype(int) - frame[..., [1, 0, 2]]).max() <= 2
    assert (picture.alpha is not None) == alpha


@pytest.mark.parametrize("icc", [b"no profile at all", swapped_srgb()[:200], b"\0" * 128])
def test_a_broken_profile_is_ignored(tmp_path: Path, frame: NDArray[np.uint8], icc: bytes) -> None:
    picture = load_picture(write(tmp_path / "a.png", Image.fromarray(frame), icc_profile=icc))
    np.testing.assert_array_equal(picture.frame, frame)


def test_a_color_profile_on_a_gray_picture_is_ignored(
    tmp_path: Path, frame: NDArray[np.uint8]
) -> None:
    gray = Image.fromarray(frame[..., 0])
    picture = load_picture(write(tmp_path / "a.jpg", gray, quality=100, icc_profile=swapped_srgb()))
    assert np.abs(picture.frame[..., 1].astype(int) - frame[..., 0]).max() <= 3


def test_lab_tiff(tmp_path: Path) -> None:
    middle = Image.new("LAB", (8, 8), (136, 128, 128))  # L* about 53: middle gray
    picture = load_picture(write(tmp_path / "a.tif", middle))
    assert np.abs(picture.frame.astype(int) - 127).max() <= 4


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".tif"])
def test_the_first_of_several_pictures_is_taken(tmp_path: Path, suffix: str) -> None:
    red, blue = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))
    options = {"lossless": True} if suffix == ".webp" else {}
    file = write(tmp_path / f"a{suffix}", red, save_all=True, append_images=[blue, red], **options)
    picture = load_picture(file)
    assert (picture.frame == (255, 0, 0)).all()
    assert picture.notes == ("it holds 3 pictures; the first was taken",)


def test_floats_are_stretched(tmp_path: Path) -> None:
    values = np.linspace(-1, 3, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    values[0, 1:4] = (np.nan, np.inf, -np.inf)
    picture = load_picture(write(tmp_path / "a.tif", Image.fromarray(values)))
    assert picture.frame[0, 0, 0] == 0
    assert picture.frame[-1, -1, 0] == 255
    assert picture.frame[0, 1:4, 0].tolist() == [0, 255, 0]
    assert picture.notes == ("its values from -1 to 3 were stretched to black and white",)


def test_32_bit_integers_are_stretched(tmp_path: Path) -> None:
    values = np.arange(HEIGHT * WIDTH, dtype=np.int32).reshape(HEIGHT, WIDTH) * 1000
    picture = load_picture(write(tmp_path / "a.tif", Image.fromarray(values)))
    assert (picture.frame.min(), picture.frame.max()) == (0, 255)


def test_floats_all_the_same(tmp_path: Path) -> None:
    image = Image.fromarray(np.full((4, 4), 0.5, dtype=np.float32))
    assert (load_picture(write(tmp_path / "a.tif", image)).frame == 0).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1), (13, 17)])
def test_odd_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    picture = load_picture(write(tmp_path / "a.jpg", Image.new("RGB", size, "gray")))
    assert picture.frame.shape == (size[1], size[0], 3)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow lacks AVIF")
def test_avif(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    save_picture(tmp_path / "a.avif", frame, alpha=frame[..., 2])
    picture = load_picture(tmp_path / "a.avif")
    assert picture.format == "AVIF"
    assert np.abs(picture.frame.astype(int) - frame).mean() < 4
    assert picture.alpha is not None


def test_heic(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    pytest.importorskip("pillow_heif")
    large = np.ascontiguousarray(frame.repeat(3, axis=0).repeat(3, axis=1))
    save_picture(tmp_path / "a.heic", large)
    picture = load_picture(tmp_path / "a.heic")
    assert picture.frame.shape == large.shape
    assert np.abs(picture.frame.astype(int) - large).mean() < 6


def test_a_camera_s_jpeg_with_a_second_picture_is_a_jpeg(
    tmp_path: Path, frame: NDArray[np.uint8]
) -> None:
    image = Image.fromarray(frame)
    options = {"save_all": True, "append_images": [image.resize((8, 8))]}
    file = write(tmp_path / "a.jpg", image, format="MPO", **options)
    with Image.open(file) as opened:
        assert (opened.format, getattr(opened, "n_frames", 1)) == ("MPO", 2)
        assert picture_from_memory(opened).format == "JPEG"
    picture = load_picture(file)
    assert (picture.format, picture.notes) == ("JPEG", ())
    assert picture.frame.shape == frame.shape


def test_the_name_does_not_matter_for_reading(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    file = write(tmp_path / "really-a-png.jpg", Image.fromarray(frame), format="PNG")
    assert load_picture(file).format == "PNG"


def test_of_an_open_animation_the_current_picture_is_taken(tmp_path: Path) -> None:
    red, blue = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))
    file = write(tmp_path / "a.gif", red, save_all=True, append_images=[blue])
    with Image.open(file) as image:
        image.seek(1)
        assert (picture_from_memory(image).frame == (0, 0, 255)).all()
        assert image.tell() == 1


# What is written


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".bmp", ".gif", ".ppm"])
def test_saving_goes_by_the_ending(tmp_path: Path, frame: NDArray[np.uint8], suffix: str) -> None:
    save_picture(tmp_path / "deep" / f"a{suffix}", frame)
    picture = load_picture(tmp_path / "deep" / f"a{suffix}")
    assert picture.format == format_of(Path(f"a{suffix}"))
    assert np.abs(picture.frame.astype(int) - frame).mean() < 6
    assert [file.name for file in (tmp_path / "deep").iterdir()] == [f"a{suffix}"]


def test_alpha_survives_saving(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    save_picture(tmp_path / "a.png", frame, alpha=frame[..., 0])
    picture = load_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.frame, frame)
    np.testing.assert_array_equal(picture.alpha, frame[..., 0])


# What is refused


def truncated(image: Image.Image, format: str) -> bytes:
    whole = io.BytesIO()
    image.save(whole, format)
    return whole.getvalue()[: len(whole.getvalue()) // 2]


def noise() -> Image.Image:
    draw = np.random.default_rng(0)
    return Image.fromarray(draw.integers(0, 256, (64, 64, 3), dtype=np.uint8))


def bomb(width: int, height: int) -> bytes:
    return png_bytes(width, height, 8, 2, b"\0")


@pytest.mark.parametrize("action", ["default", "error"])
def test_sizes_are_refused_and_filters_left_alone_whatever_they_are(
    tmp_path: Path, frame: NDArray[np.uint8], action: Any
) -> None:
    file = tmp_path / "large.png"
    file.write_bytes(bomb(9000, 9900))
    with warnings.catch_warnings(record=True):
        warnings.simplefilter(action)
        before = warnings.filters[:]
        with pytest.raises(PictureError, match="has more than 89 megapixels"):
            load_picture(file)
        assert warnings.filters == before


def test_what_is_read_is_below_pillow_s_warning() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert LARGEST_PIXELS <= Image.MAX_IMAGE_PIXELS


def test_reading_never_touches_the_warning_filters(
    tmp_path: Path, frame: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("filters belong to the whole process")

    file = write(tmp_path / "a.png", Image.fromarray(frame))
    monkeypatch.setattr(warnings, "catch_warnings", refuse)
    monkeypatch.setattr(warnings, "simplefilter", refuse)
    monkeypatch.setattr(warnings, "filterwarnings", refuse)
    assert load_picture(file).notes == ()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("cut.jpg", lambda: truncated(noise(), "JPEG"), "is damaged (image file is truncated"),
        ("cut.png", lambda: truncated(noise(), "PNG"), "is damaged ("),
        ("cut.tif", lambda: truncated(noise(), "TIFF"), "is damaged (image file is truncated"),
        ("cut.webp", lambda: truncated(noise(), "WEBP"), "Copy or export it again."),
        ("cut.gif", lambda: truncated(noise(), "GIF"), "is damaged (image file is truncated"),
        ("no-data.png", lambda: bomb(64, 64), "is damaged ("),
        ("header.png", lambda: bomb(64, 64)[:20], "is damaged ("),
        ("empty.jpg", lambda: b"", "is empty.\n  Copy or export it again."),
        ("text.png", lambda: b"Dear diary", "is not a picture, whatever its name says."),
        ("letter.txt", lambda: b"Dear diary", "is not a picture that can be read here."),
        ("large.png", lambda: bomb(12000, 10000), "has more than 89 megapixels."),
        ("bomb.png", lambda: bomb(20000, 10000), "has more than 89 megapixels."),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: Callable[[], bytes], sentence: str) -> None:
    file = tmp_path / name
    file.write_bytes(content())
    with pytest.raises(PictureError) as caught:
        load_picture(file)
    assert str(caught.value).startswith(f"'{file}' ")
    assert sentence in str(caught.value)


def test_no_file_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="There is no file"):
        load_picture(tmp_path / "nowhere.jpg")
    with pytest.raises(PictureError, match="is a folder, not a picture"):
        load_picture(tmp_path)
    (tmp_path / "file.jpg").write_bytes(b"x")
    with pytest.raises(PictureError, match="cannot be read"):
        load_picture(tmp_path / "file.jpg" / "below.jpg")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a.png", noise())

    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))

    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(PictureError, match="may not be read"):
        load_picture(file)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do all")
def test_permissions(tmp_path: Path, frame: NDArray[np.uint8]) -> None:
    file = write(tmp_path / "a.png", noise())
    file.chmod(0)
    with pytest.raises(PictureError, match="may not be read"):
        load_picture(file)
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(ArtemError, match="may not be written"):
        save_picture(tmp_path / "closed" / "a.png", frame)


def test_heic_without_its_package(
    tmp_path: Path, frame: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match=r"is HEIC.*\n  pip install 'artem-style\[heic\]'"):
        load_picture(tmp_path / "a.heic")
    with pytest.raises(PictureError, match="is HEIC"):
        save_picture(tmp_path / "a.heif", frame)


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.psd"])
def test_an_unknown_ending(tmp_path: Path, frame: NDArray[np.uint8], name: str) -> None:
    with pytest.raises(PictureError, match=f"'{name}' does not end like a picture file"):
        save_picture(tmp_path / name, frame)


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".ppm"])
def test_alpha_where_it_cannot_be(tmp_path: Path, frame: NDArray[np.uint8], suffix: str) -> None:
    with pytest.raises(PictureError, match="cannot hold transparency"):
        save_picture(tmp_path / f"a{suffix}", frame, alpha=frame[..., 0])


def test_a_format_that_this_pillow_lacks(
    tmp_path: Path, frame: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.init()
    monkeypatch.delitem(Image.SAVE, "AVIF", raising=False)
    with pytest.raises(PictureError, match="cannot be written as AVIF"):
        save_picture(tmp_path / "a.avif", frame)


def test_too_large_for_its_format(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="cannot be written as WEBP"):
        save_picture(tmp_path / "a.webp", np.zeros((1, 16384, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, frame: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"the old picture")

    def fill_up(image: Image.Image, target: Path, *arguments: Any, **options: Any) -> None:
        Path(target).write_bytes(b"half a pic")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Image.Image, "save", fill_up)
    with pytest.raises(ArtemError, match=r"The disk is full; '.*a.png' was not written"):
        save_picture(file, frame)
    assert file.read_bytes() == b"the old picture"
    assert list(tmp_path.iterdir()) == [file]
