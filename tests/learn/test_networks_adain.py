"""AdaIN: aligned moments in closed form, and the vector that any picture is."""

import pytest
import torch
from drawing import draw_picture

from artem.core.style_file import blend_vectors
from artem.learn.encoders.compact import Compact
from artem.learn.networks import AdaINMoments, AdaINNet, identity_vector
from artem.learn.networks.adain import DEEPEST
from artem.learn.networks.build import build_network

CHANNELS = {"relu1_1": 4, "relu2_1": 6, "relu3_1": 8, "relu4_1": 8, "relu5_1": 8}
RANKS = {layer: 4 for layer in CHANNELS}


@pytest.fixture
def network() -> AdaINNet:
    encoder = Compact(CHANNELS, RANKS)
    encoder.initialize(0)
    return AdaINNet.around(encoder, width=8)


def test_the_encoder_is_the_one_given_up_to_its_deepest_layer(network: AdaINNet) -> None:
    encoder = Compact(CHANNELS, RANKS)
    encoder.initialize(0)
    picture = draw_picture(64, 1)
    assert network.encoder.layers[-1] == DEEPEST
    torch.testing.assert_close(
        network.encoder(picture, [DEEPEST])[DEEPEST], encoder(picture, [DEEPEST])[DEEPEST]
    )


def test_aligned_features_have_exactly_the_style_s_moments(network: AdaINNet) -> None:
    maps = 3 * torch.randn(2, 8, 12, 10) + 5
    deviation, mean = torch.rand(2, 8) + 0.5, torch.randn(2, 8)
    aligned = network.align(maps, iter([deviation, mean]))
    torch.testing.assert_close(aligned.mean(dim=(2, 3)), mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        aligned.var(dim=(2, 3), correction=0).sqrt(), deviation, rtol=1e-4, atol=1e-5
    )


def test_a_picture_in_its_own_style_keeps_its_features(network: AdaINNet) -> None:
    picture = draw_picture(64, 2)
    maps = network.encoder(picture, [DEEPEST])[DEEPEST]
    vector = AdaINMoments(network.encoder)(picture)
    parts = iter(torch.split(vector, network.style_sizes, dim=1))
    torch.testing.assert_close(network.align(maps, parts), maps, rtol=1e-4, atol=1e-5)


def test_a_blend_of_vectors_blends_the_aligned_features(network: AdaINNet) -> None:
    moments = AdaINMoments(network.encoder)
    maps = torch.randn(1, 8, 12, 12)
    first, second = (moments(draw_picture(64, n)) for n in (3, 4))
    weights = {"first": 0.3, "second": 0.7}
    vectors = {"first": first[0].numpy(), "second": second[0].numpy()}
    blend = torch.from_numpy(blend_vectors(vectors, weights))[None]
    one, other, both = (
        network.align(maps, iter(torch.split(v, network.style_sizes, dim=1)))
        for v in (first, second, blend)
    )
    torch.testing.assert_close(both, 0.3 * one + 0.7 * other, rtol=1e-4, atol=1e-5)


def test_the_identity_gives_the_picture_back(network: AdaINNet) -> None:
    picture = draw_picture(64, 5)
    assert torch.equal(network(picture, identity_vector(network)[None]), picture)


def test_the_vector_is_as_long_as_the_network_takes_and_decodes_to_the_same_size(
    network: AdaINNet,
) -> None:
    vector = AdaINMoments(network.encoder)(draw_picture(80, 6))
    assert vector.shape == (1, network.style_size)
    assert network(torch.rand(2, 3, 64, 48), vector).shape == (2, 3, 64, 48)


def test_the_encoder_never_learns(network: AdaINNet) -> None:
    network.requires_grad_(True)
    learned = {name.partition(".")[0] for name, p in network.named_parameters() if p.requires_grad}
    assert learned == {"decoder"}


def test_its_description_builds_it_again(network: AdaINNet) -> None:
    again = build_network(network.architecture)
    again.load_state_dict(network.state_dict())
    picture, style = draw_picture(64, 7), torch.rand(1, network.style_size)
    assert torch.equal(again(picture, style), network(picture, style))
