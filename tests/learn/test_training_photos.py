from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from artem.core.errors import PictureError, TrainingError
from artem.learn.training.photos import PhotoFolder, load_style_picture

MakePhotos = Callable[[int], Path]


def take(photos: PhotoFolder, count: int, **where: int) -> list[torch.Tensor]:
    settings = {"batch": 2, "crop_px": 32, "seed": 0} | where
    batches = photos.batches(**settings)
    try:
        return list(islice(batches, count))
    finally:
        batches.close()  # type: ignore[attr-defined]


def test_batches_are_crops_between_black_and_white(make_photos: MakePhotos) -> None:
    for batch in take(PhotoFolder(make_photos(3)), 3, batch=4):
        assert batch.shape == (4, 3, 32, 32)
        assert batch.dtype == torch.float32
        assert float(batch.min()) >= 0 and float(batch.max()) <= 1


def test_a_step_s_batch_depends_on_the_seed_and_its_number_alone(make_photos: MakePhotos) -> None:
    folder = make_photos(3)
    first, again = (take(PhotoFolder(folder), 6) for _ in range(2))
    later = take(PhotoFolder(folder), 3, first_step=3)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(first[3:], later, strict=True))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], take(PhotoFolder(folder), 1, seed=1)[0])


def test_small_pictures_are_enlarged_and_long_ones_cropped(tmp_path: Path) -> None:
    for name, size in (("small", (5, 7)), ("long", (200, 20)), ("tall", (3, 300))):
        Image.new("RGB", size, "red").save(tmp_path / f"{name}.png")
    for batch in take(PhotoFolder(tmp_path), 4):
        torch.testing.assert_close(
            batch, torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).expand(2, 3, 32, 32)
        )


def test_colors_stay_in_order_whatever_the_file_s_kind(tmp_path: Path) -> None:
    Image.new("RGBA", (40, 40), (255, 128, 0, 255)).save(tmp_path / "a.png")
    Image.new("P", (40, 40)).convert("RGB").save(tmp_path / "b.jpg")
    seen = {
        tuple(np.round(crop.mean(dim=(1, 2)).numpy() * 255).astype(int).tolist())
        for batch in take(PhotoFolder(tmp_path), 8)
        for crop in batch
    }
    assert seen == {(255, 128, 0), (0, 0, 0)}


def test_broken_photos_are_skipped_and_counted(make_photos: MakePhotos) -> None:
    folder = make_photos(2)
    whole = (folder / "00.png").read_bytes()
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "half.png").write_bytes(whole[: len(whole) // 2])
    (folder / "text.webp").write_text("not a picture")
    (folder / "notes.txt").write_text("nobody asks for this one")
    photos = PhotoFolder(folder)
    assert len(photos.files) == 5
    assert len(take(photos, 20)) == 20
    assert {file.name for file in photos.broken} == {"empty.jpg", "half.png", "text.webp"}
    assert "empty" in photos.broken[folder / "empty.jpg"]


def test_broken_photos_do_not_change_what_is_drawn_again(make_photos: MakePhotos) -> None:
    folder = make_photos(2)
    (folder / "empty.jpg").write_bytes(b"")
    photos = PhotoFolder(folder)
    first, again = take(photos, 6), take(photos, 6)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_folder_of_broken_photos_ends_with_the_reason(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(TrainingError, match=r"None of the 2 pictures.*\n.*empty"):
        take(PhotoFolder(tmp_path), 1)


def test_folders_without_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds no pictures"):
        PhotoFolder(tmp_path)
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(TrainingError, match="holds no pictures"):
        PhotoFolder(tmp_path)
    with pytest.raises(TrainingError, match="There is no folder"):
        PhotoFolder(tmp_path / "missing")


def test_subfolders_are_searched_and_held_out_files_left_out(make_photos: MakePhotos) -> None:
    folder = make_photos(3)
    deeper = folder / "deeper"
    deeper.mkdir()
    (folder / "01.png").rename(deeper / "01.PNG")
    photos = PhotoFolder(folder, exclude=frozenset({(folder / "00.png").resolve()}))
    assert [file.relative_to(folder).as_posix() for file in photos.files] == [
        "02.png",
        "deeper/01.PNG",
    ]


@pytest.mark.parametrize(
    ("size", "short_px", "expected"),
    [((80, 40), 20, (20, 40)), ((40, 120), 10, (30, 10)), ((40, 33), 500, (33, 40))],
)
def test_style_pictures_are_reduced_but_never_enlarged(
    tmp_path: Path, size: tuple[int, int], short_px: int, expected: tuple[int, int]
) -> None:
    Image.new("RGB", size, (255, 0, 51)).save(tmp_path / "style.png")
    picture = load_style_picture(tmp_path / "style.png", short_px)
    assert picture.shape == (1, 3, *expected)
    torch.testing.assert_close(picture[0, :, 0, 0], torch.tensor([1.0, 0.0, 0.2]))


def test_a_style_picture_too_small_for_a_style_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 400)).save(tmp_path / "style.png")
    with pytest.raises(PictureError, match="8x400; that is too small"):
        load_style_picture(tmp_path / "style.png", 100)


def test_a_long_strip_costs_no_more_than_its_crop(tmp_path: Path) -> None:
    Image.new("RGB", (1, 3000), (9, 8, 7)).save(tmp_path / "strip.png")
    batch = PhotoFolder(tmp_path).batch(2, 64, 0, 0)
    assert batch.shape == (2, 3, 64, 64)
    torch.testing.assert_close(batch[0, :, 5, 5] * 255, torch.tensor([9.0, 8.0, 7.0]))


def test_photos_kept_in_memory_are_the_same_and_read_once(make_photos: MakePhotos) -> None:
    photos = PhotoFolder(make_photos(3))
    before = take(photos, 4)
    photos.keep_decoded()
    kept = take(photos, 4)
    for file in photos.files:
        file.unlink()
    for batches in (kept, take(photos, 4)):
        assert all(torch.equal(a, b) for a, b in zip(before, batches, strict=True))


def test_no_more_photos_are_kept_than_asked_for(make_photos: MakePhotos) -> None:
    photos = PhotoFolder(make_photos(3))
    photos.keep_decoded(most_bytes=0)
    take(photos, 4)
    for file in photos.files:
        file.unlink()
    with pytest.raises(TrainingError, match="None of the 3 pictures"):
        take(photos, 1)
