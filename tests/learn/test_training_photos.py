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


def test_photos_kept_on_a_device_are_read_once(make_photos: MakePhotos) -> None:
    photos = PhotoFolder(make_photos(3))
    photos.keep_on(torch.device("cpu"))
    before = take(photos, 4)
    for file in photos.files:
        file.unlink()
    assert all(torch.equal(a, b) for a, b in zip(before, take(photos, 4), strict=True))


def test_a_device_cuts_as_the_cpu_does(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:120, :160]
    ramp = np.stack([columns + 40, rows + 80, 0 * rows], axis=2).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    photos = PhotoFolder(tmp_path, zoom=1.5)
    photos.keep_on(torch.device("cpu"))
    sizes = set()
    for batch in take(photos, 8):
        for crop in batch * 255:
            red, green, blue = crop[:, 4:-4, 4:-4]
            across = (red[:, 1:] - red[:, :-1]).mean()
            down = (green[1:] - green[:-1]).mean()
            torch.testing.assert_close(across.abs(), down, rtol=0.01, atol=0)  # a square, upright
            assert crop[0].min() >= 60 and crop[0].max() <= 180  # of the middle square
            assert crop[1].min() >= 80 and crop[1].max() <= 200
            assert blue.abs().max() < 1
            sizes.add((bool(across > 0), round(float(down), 2)))
    steps = [step for _, step in sizes]
    px = batch.shape[-1]
    assert 120 / 1.5 / px - 0.02 <= min(steps) < max(steps) <= 120 / px + 0.02
    assert {mirrored for mirrored, _ in sizes} == {False, True}


def test_photos_too_many_for_a_device_are_cut_on_the_cpu(make_photos: MakePhotos) -> None:
    photos = PhotoFolder(make_photos(3))
    before = take(photos, 2)
    photos.keep_on(torch.device("cpu"), most_bytes=10)
    assert all(torch.equal(a, b) for a, b in zip(before, take(photos, 2), strict=True))


def test_broken_photos_are_left_out_on_a_device(make_photos: MakePhotos) -> None:
    folder = make_photos(3)
    (folder / "text.png").write_text("no picture")
    photos = PhotoFolder(folder)
    photos.keep_on(torch.device("cpu"))
    take(photos, 1)
    assert [file.name for file in photos.broken] == ["text.png"]
    for file in photos.files:
        file.write_text("no picture")
    photos = PhotoFolder(folder)
    photos.keep_on(torch.device("cpu"))
    with pytest.raises(TrainingError, match="None of the 4 pictures"):
        take(photos, 1)
