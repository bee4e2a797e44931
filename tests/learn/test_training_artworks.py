"""Which artworks are learned from, and which are kept back."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from artem.core.errors import TrainingError
from artem.learn.training.artworks import divide_artworks, is_held_out, picture_hash

MakePhotos = Callable[[int], Path]


def test_every_tenth_is_held_out_by_the_digest_of_its_bytes(tmp_path: Path) -> None:
    for n in range(200):
        (tmp_path / f"{n}.bin").write_bytes(bytes([n]))
    held = [n for n in range(200) if is_held_out(tmp_path / f"{n}.bin")]
    digests = {n: hashlib.sha256(bytes([n])).hexdigest() for n in range(200)}
    assert held == [n for n, digest in digests.items() if int(digest, 16) % 10 == 0]
    assert 8 <= len(held) <= 32
    (tmp_path / "renamed").write_bytes(bytes([held[0]]))
    assert is_held_out(tmp_path / "renamed")


def test_the_parts_share_nothing_and_are_the_whole(make_photos: MakePhotos) -> None:
    folder = make_photos(40)
    divided = divide_artworks(folder)
    learned, held = set(divided.learned.files), set(divided.held_out)
    assert held and not learned & held
    assert learned | held == set(folder.glob("*.png"))
    assert all(map(is_held_out, held)) and not any(map(is_held_out, learned))


def test_a_named_work_is_left_out_in_any_size_and_format(
    make_photos: MakePhotos, tmp_path: Path
) -> None:
    folder, named = make_photos(12), tmp_path / "named"
    named.mkdir()
    blobs = np.random.default_rng(5).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    painting = Image.fromarray(blobs).resize((300, 260), Image.Resampling.BICUBIC)
    painting.save(named / "wave.png")
    painting.resize((120, 104)).save(folder / "other name.jpg", quality=70)
    ImageOps.mirror(painting).save(folder / "mirrored.png")
    divided = divide_artworks(folder, named)
    assert {file.name for file in divided.named} == {"other name.jpg", "mirrored.png"}
    assert not {*divided.learned.files, *divided.held_out} & set(divided.named)


def test_a_hash_does_not_mind_exposure(tmp_path: Path) -> None:
    blobs = np.random.default_rng(6).integers(40, 200, (9, 9), dtype=np.uint8)
    for name, pixels in (("a", blobs), ("b", blobs + 40)):
        Image.fromarray(pixels).resize((90, 90)).save(tmp_path / f"{name}.png")
    first, second = (picture_hash(tmp_path / f"{name}.png") for name in "ab")
    assert (first == second).mean() > 0.95


def test_a_folder_of_which_nothing_is_left_is_refused(
    make_photos: MakePhotos, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"No artwork in .* is left to learn from"):
        divide_artworks(make_photos(2), make_photos(2))
