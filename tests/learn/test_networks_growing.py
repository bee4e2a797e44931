"""Networks that grow."""

import pytest
import torch

from artem.core.errors import NetworkError
from artem.learn.networks import SlimNet, StyledNetwork, style_vector
from artem.learn.networks.growing import grow


def small() -> tuple[StyledNetwork, torch.Tensor]:
    network = SlimNet(stem=8, trunk=16, half=4, blocks=1, refine=1)
    vectors = style_vector(network) + 0.3 * torch.randn(3, network.style_size)
    return network, vectors


@pytest.mark.parametrize(
    "sizes", [{}, {"trunk": 24}, {"blocks": 3}, {"refine": 2}, {"trunk": 20, "blocks": 2}]
)
def test_a_grown_network_paints_as_before(sizes: dict[str, int]) -> None:
    network, vectors = small()
    grown, grown_vectors = grow(network, vectors, sizes)
    assert grown.architecture == {**network.architecture, **sizes}
    assert grown_vectors.shape == (3, grown.style_size)
    image = torch.rand(3, 3, 48, 40)
    torch.testing.assert_close(grown(image, grown_vectors), network(image, vectors))


def test_all_that_is_new_can_learn() -> None:
    network, vectors = small()
    grown, grown_vectors = grow(network, vectors, {"trunk": 24, "blocks": 2})
    grown_vectors.requires_grad_()
    optimizer = torch.optim.SGD([*grown.parameters(), grown_vectors], lr=0.1)
    before = [tensor.detach().clone() for tensor in (*grown.parameters(), grown_vectors)]
    for _ in range(3):  # what is new is listened to after one step, and learns from the next
        optimizer.zero_grad()
        grown(torch.rand(3, 3, 48, 40), grown_vectors).square().sum().backward()
        optimizer.step()
    for old, new in zip(before, (*grown.parameters(), grown_vectors), strict=True):
        assert not torch.equal(old, new)


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ({"stem": 16}, "'stem' of a network that is trained already cannot change"),
        ({"name": 2}, "'name' of a network"),
        ({"trunk": 8}, "'trunk' is 16 in this network and does not grow to 8"),
    ],
)
def test_what_cannot_grow_is_refused(sizes: dict[str, int], sentence: str) -> None:
    network, vectors = small()
    with pytest.raises(NetworkError, match=sentence):
        grow(network, vectors, sizes)
