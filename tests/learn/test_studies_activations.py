"""Canvases, the jitter, and pictures that excite a channel."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from artem.core.errors import EncoderError
from artem.learn.encoders import VGG
from artem.learn.losses import total_variation
from artem.learn.studies import maximize_activation, study_activations
from artem.learn.studies.activations import Waking
from artem.learn.studies.canvas import COLORS, FourierCanvas, PixelCanvas, jittered


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("side_px", [32, 33])
def test_a_number_is_a_wave_as_strong_as_photos_have_it(side_px: int) -> None:
    canvas = FourierCanvas(side_px, generator())
    for waves in (1, 5):
        with torch.no_grad():
            canvas.numbers.zero_()
            canvas.numbers[0, 0, 0, waves, 0] = 1.0  # gray, to the right, as a cosine
        x = torch.arange(side_px) / side_px
        wave = torch.cos(2 * math.pi * waves * x) / (2 * waves)
        gray = torch.tensor(COLORS)[:, 0] / torch.tensor(COLORS).norm(dim=0).max()
        expected = (gray[:, None, None] * wave).expand(3, side_px, side_px)
        torch.testing.assert_close(canvas.image()[0].logit(), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("side_px", [24, 25])
def test_the_blur_is_a_gaussian_one(side_px: int) -> None:
    canvas = PixelCanvas(side_px, generator())
    with torch.no_grad():
        canvas.numbers *= 100
    before = canvas.numbers.detach().clone()
    canvas.blur(1.5)
    taps = torch.exp(-torch.arange(-9, 10).double().square() / (2 * 1.5**2))
    taps /= taps.sum()
    expected = torch.zeros_like(before, dtype=torch.float64)
    for down, first in zip(range(-9, 10), taps, strict=True):
        for right, second in zip(range(-9, 10), taps, strict=True):
            expected += first * second * torch.roll(before.double(), (down, right), (2, 3))
    torch.testing.assert_close(canvas.numbers.detach().double(), expected, atol=1e-3, rtol=1e-3)


def test_both_canvases_blur_alike() -> None:
    fourier, pixels = FourierCanvas(20, generator()), PixelCanvas(20, generator())
    with torch.no_grad():
        fourier.numbers *= 100
        pixels.numbers.copy_(fourier.image().logit())
        fourier.blur(0.8)
        pixels.blur(0.8)
    torch.testing.assert_close(fourier.image(), pixels.image())


def test_without_turn_and_zoom_the_jitter_is_a_shift() -> None:
    image = torch.rand(1, 3, 12, 12)
    draw = generator()
    views = [jittered(image, draw, shift_px=2, turn_degrees=0, zoom=0) for _ in range(60)]
    shifts = {
        (down, right): torch.roll(image, (down, right), (2, 3))
        for down in range(-2, 3)
        for right in range(-2, 3)
    }
    found = [[key for key, shifted in shifts.items() if shifted.equal(view)] for view in views]
    assert all(len(keys) == 1 for keys in found)
    assert len({keys[0] for keys in found}) > 15
    assert jittered(image, draw, shift_px=0, turn_degrees=0, zoom=0).equal(image)


def test_turn_and_zoom_are_what_they_are_called() -> None:
    """On a ramp, the slopes in the middle of the view give angle and scale back."""
    side_px = 40
    ramp = torch.arange(float(side_px)).expand(1, 3, side_px, side_px)
    draw = generator()
    angles, scales = [], []
    for _ in range(40):
        view = jittered(ramp, draw, shift_px=0, turn_degrees=20, zoom=0.2)[0, 0]
        middle = slice(side_px // 2 - 5, side_px // 2 + 5)
        right = (view[middle, 1:] - view[middle, :-1])[:, middle]
        down = (view[1:] - view[:-1])[middle, middle]
        assert float(right.std()) < 1e-3 and float(down.std()) < 1e-3
        angles.append(math.degrees(math.atan2(-float(down.mean()), float(right.mean()))))
        scales.append(math.hypot(float(right.mean()), float(down.mean())))
        assert float(view[19:21, 19:21].mean()) == pytest.approx((side_px - 1) / 2, abs=1e-3)
    assert max(map(abs, angles)) <= 20.01 and min(angles) < -10 and max(angles) > 10
    assert 0.799 <= min(scales) < 0.9 and 1.1 < max(scales) <= 1.201


def test_a_plain_picture_stays_plain() -> None:
    plain = torch.full((1, 3, 17, 17), 0.3)
    view = jittered(plain, generator(), shift_px=8, turn_degrees=45, zoom=0.3)
    torch.testing.assert_close(view, plain)


def test_silent_units_wake_only_where_that_raises_them() -> None:
    values = torch.tensor([-1.0, -1.0, 2.0, 2.0], requires_grad=True)
    with Waking(True):
        answers = F.relu(values)
    assert answers.tolist() == [0, 0, 2, 2]
    (answers * torch.tensor([-3.0, 3.0, -3.0, 3.0])).sum().backward()
    assert values.grad is not None and values.grad.tolist() == [-3, 0, -3, 3]
    for within in (Waking(False), None):
        values.grad = None
        if within is None:
            answers = F.relu(values)
        else:
            with within:
                answers = F.relu(values)
        (answers * torch.tensor([-3.0, 3.0, -3.0, 3.0])).sum().backward()
        assert values.grad is not None and values.grad.tolist() == [0, 0, -3, 3]


def color_network(bias: float) -> VGG:
    """relu1_1 has two channels: how much redder than blue a pixel is, and one that never fires."""
    vgg = VGG("red", ((2,),), padding="reflect").frozen()
    torch.nn.init.dirac_(vgg.conv0.weight)
    torch.nn.init.zeros_(vgg.conv0.bias)
    convolution = vgg.get_submodule("conv11")
    torch.nn.init.zeros_(convolution.weight)
    with torch.no_grad():
        convolution.weight[0, :, 1, 1] = torch.tensor([1.0, 0.0, -1.0])
        convolution.bias.copy_(torch.tensor([bias, -1.0]))
    return vgg


@pytest.mark.parametrize(("canvas", "learning_rate"), [("fourier", 2.0), ("pixels", 0.3)])
@pytest.mark.parametrize("bias", [0.5, -0.2])
def test_the_picture_is_what_the_channel_looks_for(
    canvas: str, learning_rate: float, bias: float
) -> None:
    """With a negative bias, middle gray leaves the channel silent: it must be woken."""
    seen: list[float] = []
    picture = maximize_activation(
        color_network(bias), "relu1_1", 0, size_px=16, evaluations=60, canvas=canvas,
        learning_rate=learning_rate, on_evaluation=lambda number, value: seen.append(value),
    )  # fmt: skip
    red, _, blue = picture.mean(dim=(0, 2, 3)).tolist()
    assert red - blue > (0.35 if bias > 0 else 0.05)
    assert len(seen) == 60 and seen[-1] > seen[0] + (0.15 if bias > 0 else 0)
    assert (seen[0] == 0) == (bias < 0)


def test_a_channel_that_never_fires_is_said_to_be_silent() -> None:
    fires, silent = study_activations(
        color_network(0.5), layers=["relu1_1"], size_px=16, evaluations=10
    )
    assert (fires.label, silent.label) == ("0", "1, silent")
    assert silent.figures["activation"] == 0 and silent.figures["share of the layer"] == 0
    assert fires.figures["share of the layer"] == 1


def roughness(picture: Tensor) -> float:
    return float(total_variation(picture))


def test_each_penalty_does_what_it_is_for(tiny_vgg: VGG) -> None:
    def picture(**settings: float) -> Tensor:
        return maximize_activation(
            tiny_vgg, "relu1_2", 0, size_px=24, evaluations=40, learning_rate=0.2, **settings
        )

    plain = picture()
    assert roughness(picture(tv_weight=30)) < 0.7 * roughness(plain)
    assert roughness(picture(blur_px=1.0)) < 0.7 * roughness(plain)
    gray = picture(l2_weight=100)
    assert float((gray - 0.5).square().mean()) < 0.5 * float((plain - 0.5).square().mean())


def test_channels_have_pictures_of_their_own(tiny_vgg: VGG) -> None:
    seen = []
    panels = list(
        study_activations(
            tiny_vgg, layers=["relu2_1", "relu1_2"], channels=[2, 1], size_px=24, evaluations=30,
            learning_rate=0.1, on_progress=seen.append,
        )
    )  # fmt: skip
    assert [(panel.row, panel.figures["channel"]) for panel in panels] == [
        ("relu1_2", "2"), ("relu1_2", "1"), ("relu2_1", "2"), ("relu2_1", "1")
    ]  # fmt: skip
    assert (seen[-1].done, seen[-1].total, len(seen)) == (120, 120, 120)
    assert len({panel.frame.tobytes() for panel in panels}) == 4
    for panel in panels:
        before, after = panel.figures["activation of noise"], panel.figures["activation"]
        assert isinstance(before, float) and isinstance(after, float)
        assert after > before


def test_a_seed_is_a_picture(tiny_vgg: VGG) -> None:
    def picture(seed: int) -> Tensor:
        return maximize_activation(tiny_vgg, "relu1_2", 0, size_px=16, evaluations=3, seed=seed)

    assert picture(1).equal(picture(1))
    assert not picture(1).equal(picture(2))


def test_all_channels_are_all(tiny_vgg: VGG) -> None:
    panels = list(study_activations(tiny_vgg, layers=["relu1_1"], size_px=16, evaluations=1))
    assert [panel.figures["channel"] for panel in panels] == ["0", "1", "2", "3"]


def test_what_there_is_none_of_is_refused(tiny_vgg: VGG) -> None:
    with pytest.raises(EncoderError, match=r"no channel 4.\n  It has 4, numbered from 0 to 3"):
        next(study_activations(tiny_vgg, layers=["relu1_1"], channels=[0, 4]))
    with pytest.raises(EncoderError, match="Did you mean 'pixels'"):
        maximize_activation(tiny_vgg, "relu1_1", 0, canvas="pixel")
