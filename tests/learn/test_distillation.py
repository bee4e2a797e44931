"""A small encoder learns a larger one's features."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from artem.core.errors import ArtemError, EncoderError, TrainingError
from artem.export.distillation import distill_encoder
from artem.learn.encoders import VGG, SqueezeNet, load_encoder
from artem.learn.encoders.compact import Compact, save_compact
from artem.learn.training.distillation import DistillationRecipe, Distiller, disturb
from artem.learn.training.photos import PhotoFolder

SHORT = DistillationRecipe(steps=6, batch=2, crop_px=32)
Make = Callable[[int], Path]


def test_the_compact_encoder_has_the_layers_of_vgg16_and_fits_three_megabytes() -> None:
    told = Compact({"relu1_1": 64, "relu1_2": 64, "relu2_1": 128, "relu2_2": 128,
                    "relu3_1": 256, "relu4_1": 128, "relu5_1": 128})  # fmt: skip
    parameters = sum(tensor.numel() for tensor in told.parameters())
    assert 0.5e6 < parameters < 1.5e6
    blocks = [layer[4] for layer in told.layers]
    assert [blocks.count(block) for block in "12345"] == [2, 2, 3, 3, 1]
    assert {"relu1_2", "relu2_2", "relu3_3", "relu4_3"} <= set(told.layers)


def test_a_told_layer_has_the_teachers_channels_and_an_own_one_its_own() -> None:
    encoder = Compact({"relu2_1": 7})
    maps = encoder(torch.rand(1, 3, 32, 48), ["relu2_1", "relu3_2"])
    assert maps["relu2_1"].shape == (1, 7, 16, 24)
    assert maps["relu3_2"].shape == (1, 64, 8, 12)


@pytest.fixture
def teacher() -> VGG:
    """A VGG with gaps, to which a compact encoder has fewer convolutions: relu1_1 to relu4_1."""
    vgg = VGG("teacher", ((4, 4), (6, 6), (8, 8, 8, 8), (8,)), padding="reflect")
    for parameter in vgg.parameters():
        if parameter.ndim == 4 and parameter.shape[-1] == 3:
            torch.nn.init.kaiming_normal_(parameter)
    vgg.frozen()
    return vgg


def test_layers_that_follow_each_other_as_the_teachers_do_are_fitted_almost_exactly(
    teacher: VGG, make_photos: Make
) -> None:
    """With as many filters as the teacher has channels, regression finds the teacher itself."""
    pictures = PhotoFolder(make_photos(4), zoom=2.0)
    distiller = Distiller(teacher, pictures, SHORT)
    assert list(distiller.fitted) == ["relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1"]
    assert distiller.learning == ["relu4_1"]
    distiller.fit()
    errors = distiller.judge([pictures.batch(1, 32, 99, 0)])
    for layer in distiller.fitted:
        assert errors[layer]["features"] < 0.05 and errors[layer]["gram"] < 0.05
    assert errors["relu4_1"]["features"] > 0.3


def test_the_other_layers_learn_by_gradient_descent(teacher: VGG, make_photos: Make) -> None:
    pictures = PhotoFolder(make_photos(4), zoom=2.0)
    recipe = DistillationRecipe(steps=60, batch=2, crop_px=32, learning_rate=1e-2)
    distiller = Distiller(teacher, pictures, recipe)
    held_out = [pictures.batch(1, 32, 99, 0)]
    before = distiller.judge(held_out)["relu4_1"]
    distiller.run()
    after = distiller.judge(held_out)["relu4_1"]
    assert after["features"] < 0.7 * before["features"]
    assert after["gram"] < 0.7 * before["gram"]


def test_a_teacher_without_gaps_needs_no_gradient_descent(tiny_vgg: VGG, make_photos: Make) -> None:
    distiller = Distiller(tiny_vgg, PhotoFolder(make_photos(2)), SHORT)
    distiller.run()
    assert distiller.learning == [] and distiller.step == SHORT.steps


def test_the_teachers_layers_are_told_at_one_scale(teacher: VGG, make_photos: Make) -> None:
    """A teacher whose last layer is a hundred times louder teaches the same."""
    pictures = PhotoFolder(make_photos(3))
    losses = []
    for factor in (1.0, 100.0):
        with torch.no_grad():
            for kind in ("weight", "bias"):
                teacher.get_parameter(f"conv41.{kind}").mul_(factor)
        seen: list[float] = []
        distiller = Distiller(teacher, pictures, SHORT)
        distiller.run(lambda step, loss, seen=seen: bool(seen.append(loss)))  # type: ignore[misc]
        losses.append(seen)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)


def test_a_stopped_distillation_goes_on_to_the_same_result(
    teacher: VGG, make_photos: Make, tmp_path: Path
) -> None:
    pictures = PhotoFolder(make_photos(3))
    whole = Distiller(teacher, pictures, SHORT)
    whole.run()
    first = Distiller(teacher, pictures, SHORT)
    first.run(lambda step, loss: step == 3)
    first.save(tmp_path / "here.pt")
    second = Distiller(teacher, pictures, SHORT)
    second.resume(tmp_path / "here.pt")
    second.run()
    theirs = second.student.state_dict()
    for name, tensor in whole.student.state_dict().items():
        assert torch.equal(tensor, theirs[name]), name
    with pytest.raises(TrainingError, match="other settings"):
        Distiller(teacher, pictures, DistillationRecipe(steps=9, batch=2, crop_px=32)).resume(
            tmp_path / "here.pt"
        )
    with pytest.raises(TrainingError, match="other pictures"):
        Distiller(teacher, PhotoFolder(make_photos(4)), SHORT).resume(tmp_path / "here.pt")
    with torch.no_grad():
        teacher.get_parameter("conv41.bias").add_(1)
    with pytest.raises(TrainingError, match="another teacher"):
        Distiller(teacher, pictures, SHORT).resume(tmp_path / "here.pt")


def test_disturbed_pictures_stay_pictures_and_most_stay_as_they_were() -> None:
    batch = torch.rand(300, 3, 4, 4)
    disturbed = disturb(batch, np.random.default_rng(0))
    assert disturbed.min() >= 0 and disturbed.max() <= 1
    unchanged = (disturbed == batch).flatten(1).all(1).float().mean()
    assert 0.5 < float(unchanged) < 0.8


def test_an_encoder_without_vgg_layers_cannot_teach(make_photos: Make) -> None:
    with pytest.raises(TrainingError, match="cannot teach"):
        Distiller(SqueezeNet().frozen(), PhotoFolder(make_photos(1)), SHORT)


# Files


def distilled(tiny_vgg: VGG, make_photos: Make, tmp_path: Path) -> Path:
    save_file(dict(tiny_vgg.state_dict()), tmp_path / "teacher.safetensors")
    photos = make_photos(3)
    distill_encoder(
        teacher=tmp_path / "teacher.safetensors", pictures=photos, held_out=photos,
        out=tmp_path / "mine.safetensors", recipe=SHORT,
    )  # fmt: skip
    return tmp_path / "mine.safetensors"


def test_what_is_written_is_read_as_an_encoder_and_described(
    tiny_vgg: VGG, make_photos: Make, tmp_path: Path
) -> None:
    file = distilled(tiny_vgg, make_photos, tmp_path)
    encoder = load_encoder(file)
    assert encoder(torch.rand(1, 3, 32, 32), ["relu2_1"])["relu2_1"].shape[1] == 8
    card = file.with_suffix(".md").read_text()
    assert "relu2_1, relative error" in card and "float16" in card
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mine.md", "mine.safetensors", "photos", "teacher.safetensors",
    ]  # fmt: skip


def test_float16_keeps_what_was_learned(tmp_path: Path) -> None:
    network = Compact({"relu1_1": 5})
    network.initialize(3)
    save_compact(tmp_path / "a.safetensors", network, {})
    image = torch.rand(1, 3, 16, 16)
    read = load_encoder(tmp_path / "a.safetensors")(image, ["relu1_1"])["relu1_1"]
    torch.testing.assert_close(read, network(image, ["relu1_1"])["relu1_1"], rtol=1e-2, atol=1e-2)


def test_a_changed_weight_is_noticed(tmp_path: Path) -> None:
    network = Compact({"relu1_1": 5})
    save_compact(tmp_path / "a.safetensors", network, {})
    data = bytearray((tmp_path / "a.safetensors").read_bytes())
    data[-7] ^= 0x10
    (tmp_path / "a.safetensors").write_bytes(data)
    with pytest.raises(EncoderError, match="digest"):
        load_encoder(tmp_path / "a.safetensors")
    assert load_file(tmp_path / "a.safetensors")  # safetensors alone would not


def test_a_finished_encoder_is_not_written_over(
    tiny_vgg: VGG, make_photos: Make, tmp_path: Path
) -> None:
    distilled(tiny_vgg, make_photos, tmp_path)
    with pytest.raises(ArtemError, match="exists already"):
        distilled(tiny_vgg, make_photos, tmp_path)
