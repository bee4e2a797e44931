"""XNOR in the backward pass, against the float convolution of the same signs."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from artem.export.packed_gradients import packed_product, use_packed_gradients
from artem.learn.networks import SlimNet, style_vector


def signs(*shape: int) -> Tensor:
    return torch.randint(0, 2, shape).float() * 2 - 1


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize(("out", "channels"), [(5, 7), (64, 65), (130, 3)])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 7), (9, 6)])
def test_the_packed_product_is_the_full_convolution(
    kernel: int, out: int, channels: int, height: int, width: int
) -> None:
    gradient, weights = signs(2, out, height, width), signs(out, channels, kernel, kernel)
    found = packed_product(gradient.to(memory_format=torch.channels_last), weights)
    assert torch.equal(found, F.conv_transpose2d(gradient, weights))


def test_even_kernels_are_left_to_float() -> None:
    gradient, weights = signs(1, 4, 5, 5), signs(4, 3, 4, 4)
    assert torch.equal(packed_product(gradient, weights), F.conv_transpose2d(gradient, weights))


def test_a_network_s_gradients_are_those_of_the_float_product() -> None:
    torch.manual_seed(0)
    network = SlimNet(stem=8, trunk=8, half=4, blocks=1, refine=1, binary=16)
    photo, style = torch.rand(2, 3, 32, 32), style_vector(network)[None]
    gradients = []
    for packed in (True, False):
        assert use_packed_gradients(network) == 2
        if not packed:
            for layer in network.trunk.layers:  # type: ignore[union-attr]
                layer.product = F.conv_transpose2d
        torch.manual_seed(1)  # of the gradients' noise
        network.zero_grad()
        network(photo, style).square().sum().backward()
        gradients.append([p.grad.clone() for p in network.parameters() if p.grad is not None])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    use_packed_gradients(network, None)
    network.zero_grad()
    network(photo, style).square().sum().backward()
    plain = [p.grad for p in network.parameters() if p.grad is not None]
    assert not all(torch.allclose(a, b) for a, b in zip(plain, gradients[0], strict=True))
