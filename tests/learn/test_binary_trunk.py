"""The binary trunk, and the slim network around it."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from artem.learn.binary import BinaryConv2d
from artem.learn.networks import FineNet, SlimNet, identity_vector, style_vector
from artem.learn.networks.binary_trunk import BinaryTrunk, normalized_dots
from artem.learn.networks.build import build_network
from artem.runtime.xnor import BinaryConvolution, BinaryLayer, binary_block


def tiny() -> SlimNet:
    return SlimNet(stem=8, trunk=8, half=4, blocks=1, refine=1, grain=1, binary=16)


def test_normalized_dots_are_an_instance_norm() -> None:
    dots = torch.randint(-500, 501, (2, 5, 7, 9)).float().requires_grad_()
    scale = torch.rand(2, 5)
    found = normalized_dots(dots, scale)
    expected = F.instance_norm(dots) * scale[..., None, None]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    into = torch.randn_like(found)
    (ours,) = torch.autograd.grad(found, dots, into, retain_graph=True)
    (theirs,) = torch.autograd.grad(expected, dots, into)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("channels", [16, 70, 128])
def test_the_trunk_is_bit_for_bit_what_the_kernels_compute(channels: int) -> None:
    trunk = BinaryTrunk(channels, 5)
    maps = 2 * torch.randn(2, channels, 9, 11)
    parts = [torch.randn(2, size) for size in trunk.style_sizes]
    with torch.no_grad():
        ours = trunk(maps, iter(parts)).permute(0, 2, 3, 1).numpy()
    layers = []
    for index, layer in enumerate(trunk.layers):
        assert isinstance(layer, BinaryConv2d)
        convolution = BinaryConvolution.from_weights(layer.weight.detach().numpy(), 1.0)
        threshold, scale = (part.numpy() for part in parts[2 * index : 2 * index + 2])
        layers.append(BinaryLayer(convolution, scale, input_shift=threshold))
    theirs = binary_block(np.ascontiguousarray(maps.permute(0, 2, 3, 1).numpy()), layers)
    np.testing.assert_array_equal(ours, theirs)


def test_a_binary_fine_network_learns_all_its_weights() -> None:
    network = FineNet(width=8, blocks=2, binary=70)
    assert build_network(network.architecture).style_size == network.style_size
    style = (style_vector(network) + 0.1 * torch.randn(network.style_size)).requires_grad_()
    network(torch.rand(2, 3, 36, 40), style[None]).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert style.grad is not None
    assert int((style.grad != 0).sum()) == network.style_size


def test_the_style_holds_thresholds_and_scales() -> None:
    network = tiny()
    assert network.style_size == 2 * 8 + 1 + 2 * 8 + 2 * 16 + 2 * 2 * 16 + 2 * (8 + 8 + 2 * 8) + 9
    style = (style_vector(network) + 0.1 * torch.randn(network.style_size)).requires_grad_()
    network(torch.rand(2, 3, 64, 64), style[None]).square().sum().backward()
    assert style.grad is not None
    assert int((style.grad != 0).sum()) == network.style_size


def test_a_binary_network_gives_sizes_and_identity_back() -> None:
    network = tiny()
    images = torch.rand(1, 3, 40, 64)
    with torch.no_grad():
        assert network(images, style_vector(network)[None]).shape == images.shape
        assert torch.equal(network(images, identity_vector(network)[None]), images)
    again = build_network(network.architecture)
    assert isinstance(again, SlimNet) and isinstance(again.trunk, BinaryTrunk)
    assert again.style_size == network.style_size


def test_a_step_keeps_latent_weights_within_reach() -> None:
    network = tiny()
    assert isinstance(network.trunk, BinaryTrunk)
    with torch.no_grad():
        for parameter in network.trunk.parameters():
            parameter.mul_(100)
    network.constrain()
    assert all(float(p.detach().abs().max()) == 1 for p in network.trunk.parameters())
