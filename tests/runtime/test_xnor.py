"""Every kernel equals the reference, and the reference equals arithmetic on plain signs."""

import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from artem.core.errors import NetworkError
from artem.runtime.xnor import (
    BinaryConvolution,
    BinaryLayer,
    Kernels,
    binary_block,
    binary_layer,
    kernels,
    pack_signs,
    pack_weights,
    sign_pack,
    sign_pack_with_magnitudes,
    unpack_signs,
    words_for,
)

AROUND_A_WORD = (1, 2, 7, 8, 9, 31, 63, 64, 65, 127, 128, 129, 200)


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that only the reference is here, if so
    ALL = list(kernels().values())


@pytest.fixture(params=ALL, ids=lambda one: one.name)
def any_kernels(request: pytest.FixtureRequest) -> Kernels:
    return request.param


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape, np.float32)


def signs(values: np.ndarray) -> np.ndarray:
    return np.where(values >= 0, np.float32(1), np.float32(-1))


# Packing


def test_bit_i_of_word_w_is_channel_64_w_plus_i() -> None:
    values = np.full(130, -1.0, np.float32)
    values[[0, 3, 64, 129]] = 1
    assert pack_signs(values).tolist() == [0b1001, 1, 0b10]


def test_zero_is_positive_and_what_is_no_number_is_not() -> None:
    tiny = np.finfo(np.float32).tiny  # the least that no processor's setting flushes to zero
    values = np.array([0.0, -0.0, tiny, -tiny, np.inf, -np.inf, np.nan], np.float32)
    assert pack_signs(values).tolist() == [0b0010111]


@pytest.mark.parametrize("channels", AROUND_A_WORD)
def test_signs_survive_packing(channels: int) -> None:
    values = draw(3, 5, channels)
    packed = pack_signs(values)
    assert packed.shape == (3, 5, words_for(channels))
    np.testing.assert_array_equal(unpack_signs(packed, channels), signs(values))


def test_weights_are_packed_tap_by_tap() -> None:
    weights = draw(5, 70, 3, 2)
    packed = pack_weights(weights)
    assert packed.shape == (5, 3, 2, 2)
    np.testing.assert_array_equal(packed[4, 2, 1], pack_signs(weights[4, :, 2, 1]))


# The reference against what it says


@pytest.mark.parametrize(
    ("kernel", "stride"), [((3, 3), 1), ((3, 3), 2), ((1, 1), 1), ((1, 1), 2), ((4, 4), 2)]
)
@pytest.mark.parametrize("border", ["reflect", "zero"])
def test_a_binary_convolution_is_a_float_convolution_of_signs(
    any_kernels: Kernels, kernel: tuple[int, int], stride: int, border: str
) -> None:
    maps, weights = draw(2, 9, 12, 70), draw(37, 70, *kernel)
    convolution = BinaryConvolution.from_weights(
        weights, 0.25, stride=stride, border=border, kernels=any_kernels
    )
    out = convolution(sign_pack(maps, kernels=any_kernels))

    image = torch.from_numpy(signs(maps)).permute(0, 3, 1, 2)
    padding = (kernel[0] - stride + 1) // 2
    image = F.pad(image, (padding,) * 4, mode="reflect" if border == "reflect" else "constant")
    expected = F.conv2d(image, torch.from_numpy(signs(weights)), stride=stride) * 0.25
    np.testing.assert_array_equal(out, expected.permute(0, 2, 3, 1).numpy())


def test_equal_signs_count_all_products_and_opposite_ones_none(any_kernels: Kernels) -> None:
    pattern = draw(1, 1, 1, 100)
    for border, inside in (("reflect", 9), ("zero", 4)):
        convolution = BinaryConvolution.from_weights(
            np.broadcast_to(pattern[0, 0, 0, None, :, None, None], (1, 100, 3, 3)),
            border=border,
            kernels=any_kernels,
        )
        for sign in (1, -1):
            maps = np.broadcast_to(sign * pattern, (1, 4, 5, 100)).copy()
            dots, sums = convolution.dots(pack_signs(maps))
            assert dots[0, 1, 1, 0] == sign * 900
            assert dots[0, 0, 0, 0] == sign * 100 * inside  # a corner sees four taps
            assert sums[0, :, 0].tolist() == [
                dots.sum(dtype=np.int64), np.square(dots.astype(np.int64)).sum()
            ]  # fmt: skip


def test_alpha_is_the_mean_magnitude_unless_given() -> None:
    weights = draw(3, 8, 3, 3)
    convolution = BinaryConvolution.from_weights(weights)
    np.testing.assert_allclose(convolution.alpha, np.abs(weights).mean((1, 2, 3)), rtol=1e-6)


def test_a_negative_scale_turns_the_comparison_round(any_kernels: Kernels) -> None:
    maps = np.array([-2.0, -1.0, 0.0, 1.0, 2.0], np.float32).reshape(1, 1, 5, 1)
    for scale, shift, bits in (
        (1, -1, "00011"),
        (-1, 1, "11110"),
        (-1, 0, "11100"),
        (0, 0, "1" * 5),
    ):
        words = sign_pack(maps, scale, shift, kernels=any_kernels)
        assert "".join(str(word) for word in words.ravel()) == bits


def test_the_product_is_rounded_before_the_sum(any_kernels: Kernels) -> None:
    """A fused multiplication and addition would see that the product is a little less than 1."""
    maps = np.full((1, 1, 1, 1), 1 - 2**-24, np.float32)
    scale = np.float32(1 + 2**-23)  # the exact product is 1 + 2**-24 - 2**-47: rounds to 1
    assert np.float32(maps[0, 0, 0, 0] * scale) == 1
    words = sign_pack(-maps, scale, 1.0, kernels=any_kernels)
    assert words[0, 0, 0, 0] == 1


def test_scale_maps_are_the_mean_magnitude_under_the_kernel(any_kernels: Kernels) -> None:
    maps, weights = draw(1, 6, 7, 70), draw(4, 70, 3, 3)
    convolution = BinaryConvolution.from_weights(weights, border="zero", kernels=any_kernels)
    packed, magnitudes = sign_pack_with_magnitudes(maps, 2.0, 0.5, kernels=any_kernels)
    np.testing.assert_allclose(magnitudes, np.abs(maps * 2 + 0.5).mean(-1), rtol=1e-5)
    scales = convolution.scale_map(magnitudes)
    box = F.avg_pool2d(torch.from_numpy(magnitudes)[:, None], 3, 1, 1)[:, 0]
    np.testing.assert_allclose(scales, box.numpy(), rtol=1e-5)
    np.testing.assert_allclose(
        convolution(packed, pixel_scales=scales), convolution(packed) * scales[..., None], rtol=1e-5
    )


def test_a_layer_normalizes_each_image_as_pytorch_does(any_kernels: Kernels) -> None:
    maps, weights = draw(2, 8, 9, 66), draw(66, 66, 3, 3)
    scale, shift, tilt = draw(2, 66), draw(66), draw(66)
    layer = BinaryLayer(
        BinaryConvolution.from_weights(weights, kernels=any_kernels), scale, shift, tilt, -0.3
    )
    packed = sign_pack(maps, tilt, -0.3, kernels=any_kernels)
    out, following = binary_layer(layer, packed, residual=maps)
    assert following is None

    image = torch.from_numpy(signs(maps * tilt - np.float32(0.3))).permute(0, 3, 1, 2)
    image = F.conv2d(F.pad(image, (1,) * 4, mode="reflect"), torch.from_numpy(signs(weights)))
    alpha = np.abs(weights).mean((1, 2, 3))
    normal = F.instance_norm(image * torch.from_numpy(alpha)[:, None, None], eps=1e-5)
    normal = normal.permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(
        out, maps + normal * scale[:, None, None] + shift, rtol=1e-4, atol=1e-4
    )


def test_a_block_is_its_layers_one_by_one(any_kernels: Kernels) -> None:
    maps = draw(1, 7, 6, 64)
    layers = [
        BinaryLayer(
            BinaryConvolution.from_weights(draw(64, 64, 3, 3, seed=i), kernels=any_kernels),
            scale=draw(64, seed=i + 10),
            input_shift=draw(64, seed=i + 20),
        )
        for i in range(3)
    ]
    expected, before = maps, maps.copy()
    for layer in layers:
        packed = sign_pack(expected, 1, layer.input_shift)
        expected, _ = binary_layer(layer, packed, residual=expected)
    np.testing.assert_array_equal(binary_block(maps, layers), expected)
    np.testing.assert_array_equal(maps, before)
    np.testing.assert_array_equal(binary_block(maps, []), maps)


# What is refused


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stride": 3}, "cannot move by 3"),
        ({"border": "reflct"}, "Did you mean 'reflect'"),
        ({"channels": 200}, "do not hold 200 channels"),
        ({"alpha": [1.0, 2.0]}, "do not suit"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, object], words: str) -> None:
    good = {"words": pack_weights(draw(5, 8, 3, 3)), "channels": 8}
    with pytest.raises(NetworkError, match=words):
        BinaryConvolution(**good | change)  # type: ignore[arg-type]


def test_more_products_than_16_bits_count_are_refused() -> None:
    BinaryConvolution(np.zeros((1, 1, 1, 512), np.uint64), 32767)
    with pytest.raises(NetworkError, match="more than 16 bits"):
        BinaryConvolution(np.zeros((1, 1, 1, 512), np.uint64), 32768)


def test_maps_that_do_not_suit_are_refused() -> None:
    convolution = BinaryConvolution.from_weights(draw(5, 8, 3, 3))
    with pytest.raises(NetworkError, match="too small"):
        convolution.dots(np.zeros((1, 1, 9, 1), np.uint64))
    with pytest.raises(NetworkError, match="do not suit a convolution of 8"):
        convolution.dots(np.zeros((1, 9, 9, 2), np.uint64))
    with pytest.raises(NetworkError, match="cannot be packed"):
        sign_pack(np.zeros((3, 3, 8), np.float32))
    with pytest.raises(NetworkError, match="cannot be added"):
        convolution(np.zeros((1, 4, 4, 1), np.uint64), residual=draw(1, 4, 4, 6))
