"""The binary convolution, and one-bit gradients through it."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from artem.core.errors import NetworkError
from artem.learn.binary import (
    BinaryConv2d,
    LossAware,
    binary_gradient_conv2d,
    dorefa_weights,
    ste_sign,
    xnor_weights,
)
from artem.learn.binary.dorefa import quantize_gradient
from artem.runtime.xnor import BinaryConvolution, pack_weights, sign_pack_with_magnitudes


def grown(tensor: Tensor) -> Tensor:
    assert tensor.grad is not None
    return tensor.grad


@pytest.mark.parametrize("border", ["reflect", "zero"])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (1, 1), (4, 2)])
@pytest.mark.parametrize("scale_map", [False, True])
def test_the_layer_computes_what_the_kernels_compute(
    border: str, kernel: int, stride: int, scale_map: bool
) -> None:
    layer = BinaryConv2d(
        70, 9, kernel, stride=stride, weights=xnor_weights, border=border, scale_map=scale_map
    )
    maps = torch.randn(2, 70, 8, 10)
    ours = layer(maps).detach()
    packed, magnitudes = sign_pack_with_magnitudes(
        np.ascontiguousarray(maps.permute(0, 2, 3, 1).numpy())
    )
    convolution = BinaryConvolution.from_weights(
        layer.weight.detach().numpy(), stride=stride, border=border
    )
    scales = convolution.scale_map(magnitudes) if scale_map else None
    theirs = convolution(packed, pixel_scales=scales)
    torch.testing.assert_close(
        ours.permute(0, 2, 3, 1), torch.from_numpy(theirs), rtol=1e-4, atol=1e-4
    )


def test_dot_products_of_plain_signs_are_exact() -> None:
    layer = BinaryConv2d(130, 5, weights=ste_sign)
    maps = torch.randn(1, 130, 6, 6)
    dots = layer(maps).detach()
    assert torch.equal(dots, dots.round())
    exact = layer.double()(maps.double()).detach()
    assert torch.equal(dots.double(), exact)


def test_latent_weights_stay_within_their_reach() -> None:
    layer = BinaryConv2d(4, 4)
    with torch.no_grad():
        layer.weight.mul_(100)
    signs = layer.weight.sign()
    layer.constrain()
    assert float(layer.weight.detach().abs().max()) == 1
    assert torch.equal(layer.weight.sign(), signs)


def test_a_loss_aware_layer_learns_its_curvature_from_steps() -> None:
    aware = LossAware((4, 3, 3, 3))
    layer = BinaryConv2d(3, 4, weights=aware)
    layer(torch.randn(2, 3, 8, 8)).square().sum().backward()  # type: ignore[no-untyped-call]
    layer.constrain()
    assert float(aware.steps) == 1
    torch.testing.assert_close(aware.curvature(), grown(layer.weight).abs() + 1e-8)


def test_settled_weights_keep_their_signs_and_survive_packing() -> None:
    layer, again = BinaryConv2d(70, 6), BinaryConv2d(70, 6)
    maps = torch.randn(1, 70, 6, 6)
    before = layer(maps)
    layer.settle()
    assert torch.equal(layer(maps), before)
    words = pack_weights(layer.weight.detach().numpy())
    again.unpack(words.view(np.uint8), layer.weight.detach()[:, 0, 0, 0].abs().numpy())
    torch.testing.assert_close(again.weight, layer.weight, rtol=0, atol=0)
    with pytest.raises(NetworkError, match="not those of 6 filters"):
        BinaryConv2d(64, 6).unpack(words.view(np.uint8), np.ones(6, np.float32))


def test_wrong_choices_are_refused() -> None:
    with pytest.raises(NetworkError, match="Did you mean 'reflect'"):
        BinaryConv2d(3, 3, border="reflekt")
    with pytest.raises(NetworkError, match="no number of bits"):
        BinaryConv2d(3, 3, gradient_bits=0)


# One-bit gradients


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("one_magnitude", [True, False])
def test_the_backward_pass_is_the_convolution_s_at_the_quantized_gradient(
    stride: int, one_magnitude: bool
) -> None:
    quantizer = dorefa_weights if one_magnitude else xnor_weights
    weights = quantizer(torch.randn(5, 4, 3, 3)).requires_grad_()
    maps = ste_sign(torch.randn(2, 4, 9, 11)).requires_grad_()
    out = binary_gradient_conv2d(
        maps, weights, stride=stride, generator=torch.Generator().manual_seed(3)
    )
    into = torch.randn_like(out)
    out.backward(into)  # type: ignore[no-untyped-call]
    coarse = quantize_gradient(into, 1, torch.Generator().manual_seed(3))
    plain_maps, plain_weights = (t.detach().clone().requires_grad_() for t in (maps, weights))
    F.conv2d(plain_maps, plain_weights, stride=stride).backward(coarse)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(grown(maps), grown(plain_maps), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(grown(weights), grown(plain_weights), rtol=1e-4, atol=1e-4)


def test_only_signs_reach_the_product() -> None:
    seen: list[Tensor] = []

    def product(gradient: Tensor, weights: Tensor) -> Tensor:
        seen.extend([gradient, weights])
        return F.conv_transpose2d(gradient, weights)

    layer = BinaryConv2d(4, 5, gradient_bits=1)
    layer.product = product
    layer(torch.randn(1, 4, 6, 6, requires_grad=True)).square().sum().backward()  # type: ignore[no-untyped-call]
    assert len(seen) == 2
    for signs in seen:
        assert set(signs.unique().tolist()) == {-1.0, 1.0}


def test_a_layer_learns_with_gradients_of_one_bit() -> None:
    torch.manual_seed(0)
    teacher = BinaryConv2d(6, 6)
    errors: list[float] = []
    layer = BinaryConv2d(6, 6, gradient_bits=1)
    optimizer = torch.optim.Adam(layer.parameters(), lr=5e-3)
    for _ in range(150):
        maps = torch.randn(8, 6, 8, 8)
        error = (layer(maps) - teacher(maps).detach()).square().mean()
        optimizer.zero_grad()
        error.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        layer.constrain()
        errors.append(float(error.detach()))
    assert errors[-1] < 0.35 * errors[0]
    same = (layer.weight.sign() == teacher.weight.sign()).float().mean()
    assert float(same) > 0.8
