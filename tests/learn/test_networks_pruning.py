"""Networks that shrink."""

import pytest
import torch

from artem.core.errors import NetworkError
from artem.learn.networks import SlimNet, StyledNetwork, style_vector
from artem.learn.networks.growing import grow
from artem.learn.networks.pruning import prune, resize


def small(**sizes: int) -> tuple[StyledNetwork, torch.Tensor]:
    network = SlimNet(**{"stem": 8, "trunk": 16, "half": 4, "blocks": 2, "refine": 2} | sizes)
    return network, style_vector(network) + 0.3 * torch.randn(3, network.style_size)


@pytest.mark.parametrize(
    "sizes", [{"trunk": 24}, {"blocks": 4}, {"refine": 3}, {"trunk": 20, "blocks": 3}]
)
def test_what_was_grown_and_not_yet_trained_is_what_goes(sizes: dict[str, int]) -> None:
    # Growing gives channels that nothing reads and blocks that add nothing.
    network, vectors = small()
    grown, grown_vectors = grow(network, vectors, sizes)
    pruned, pruned_vectors = prune(
        grown, grown_vectors, {n: int(str(network.architecture[n])) for n in sizes}
    )
    assert pruned.architecture == network.architecture
    torch.testing.assert_close(pruned_vectors, vectors)
    for name, weight in pruned.state_dict().items():
        torch.testing.assert_close(weight, network.state_dict()[name], msg=name)


def test_silent_channels_can_go_and_the_picture_stays() -> None:
    network, vectors = small()
    silent = torch.tensor([1, 6, 11, 15])
    with torch.no_grad():
        for block in network.trunk:
            block[1].conv.weight[:, silent] = 0  # what the block's first layer says there
            block[0].conv.weight[:, silent] = 0  # and what the sum carries there
        network.up.conv.weight[:, silent] = 0
    pruned, pruned_vectors = prune(network, vectors, {"trunk": 12})
    image = torch.rand(3, 3, 48, 40)
    torch.testing.assert_close(
        pruned(image, pruned_vectors), network(image, vectors), atol=1e-4, rtol=1e-4
    )


def test_a_pruned_network_can_learn() -> None:
    network, vectors = small()
    pruned, pruned_vectors = prune(network, vectors, {"trunk": 8, "blocks": 1, "refine": 0})
    assert pruned_vectors.shape == (3, pruned.style_size)
    pruned(torch.rand(3, 3, 48, 40), pruned_vectors).square().sum().backward()
    assert all(parameter.grad is not None for parameter in pruned.parameters())


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ({"stem": 4}, "'stem' of a network that is trained already cannot shrink"),
        ({"trunk": 24}, "'trunk' is 16 in this network and cannot become 24"),
        ({"trunk": 0}, "'trunk' is 16 in this network and cannot become 0"),
    ],
)
def test_what_cannot_shrink_is_refused(sizes: dict[str, int], sentence: str) -> None:
    network, vectors = small()
    with pytest.raises(NetworkError, match=sentence):
        prune(network, vectors, sizes)


def test_one_size_shrinks_while_another_grows() -> None:
    network, vectors = small()
    other, other_vectors = resize(network, vectors, {"trunk": 12, "blocks": 3})
    assert other.architecture == {**network.architecture, "trunk": 12, "blocks": 3}
    smaller, smaller_vectors = prune(network, vectors, {"trunk": 12})
    image = torch.rand(3, 3, 48, 40)
    torch.testing.assert_close(other(image, other_vectors), smaller(image, smaller_vectors))


def test_a_binary_trunk_is_not_pruned() -> None:
    network, vectors = small(binary=64)
    with pytest.raises(NetworkError, match="cannot shrink"):
        prune(network, vectors, {"trunk": 8})
