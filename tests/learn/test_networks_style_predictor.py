"""From a picture to a style vector: what is told of it, and where a prediction begins."""

import pytest
import torch
from drawing import draw_picture

from artem.learn.encoders import VGG
from artem.learn.networks import SlimNet, StylePredictor, style_vector
from artem.learn.networks.style_predictor import MOST_DEVIATIONS


@pytest.fixture
def predictor(tiny_vgg: VGG) -> StylePredictor:
    return StylePredictor(tiny_vgg, 30, hidden=8, directions=3)


def test_a_vector_for_each_picture_of_any_size(predictor: StylePredictor) -> None:
    assert predictor(torch.rand(3, 3, 32, 48)).shape == (3, 30)
    assert predictor(torch.rand(1, 3, 33, 70)).shape == (1, 30)


def test_statistics_forget_where_things_are(predictor: StylePredictor) -> None:
    picture = draw_picture(64, 1)
    tiled = torch.cat([picture, picture.flip(3)], dim=3)  # reflected: the border sees the same
    torch.testing.assert_close(
        predictor.statistics(tiled), predictor.statistics(tiled.flip(0)), rtol=1e-5, atol=1e-6
    )
    plain = torch.full((1, 3, 32, 32), 0.5)
    larger = torch.full((1, 3, 64, 48), 0.5)
    torch.testing.assert_close(predictor.statistics(plain), predictor.statistics(larger))


def test_statistics_are_roots_of_the_encoder_s_moments(
    predictor: StylePredictor, tiny_vgg: VGG
) -> None:
    picture = draw_picture(48, 2)
    layer = tiny_vgg.style_layers[0]
    maps = tiny_vgg(picture, [layer])[layer]
    channels = maps.shape[1]
    known = predictor.statistics(picture)[0]
    torch.testing.assert_close(known[:channels].square(), maps.mean(dim=(2, 3))[0])
    deviation = maps.var(dim=(2, 3), correction=0)[0]
    torch.testing.assert_close(known[channels : 2 * channels].square(), deviation)
    # The directions are the first channels until pictures were looked at.
    gram = known[2 * channels].square()
    torch.testing.assert_close(gram, maps[0, 0].square().mean())


def test_what_was_looked_at_is_centered_and_its_directions_are_at_right_angles(
    predictor: StylePredictor,
) -> None:
    pictures = [draw_picture(40, n) for n in range(6)]
    predictor.look_at(pictures)
    known = torch.cat([predictor.statistics(picture) for picture in pictures])
    torch.testing.assert_close(known.mean(dim=0), predictor.center)
    for layer in predictor.layers:
        basis = predictor.get_buffer(f"basis_{layer}")
        torch.testing.assert_close(basis.T @ basis, torch.eye(basis.shape[1]))


def test_it_begins_with_the_mean_of_the_known_styles(tiny_vgg: VGG) -> None:
    network = SlimNet(stem=4, trunk=8, half=4, blocks=1)
    predictor = StylePredictor(tiny_vgg, network.style_size, hidden=8)
    picture = draw_picture(48, 3)
    predictor.start_from(network, torch.zeros(0, network.style_size))
    torch.testing.assert_close(predictor(picture)[0], style_vector(network))
    vectors = torch.rand(4, network.style_size)
    predictor.start_from(network, vectors)
    torch.testing.assert_close(predictor(picture)[0], vectors.mean(dim=0))


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_picture_unlike_all_others_moves_the_vector_no_further_than_they_could(
    predictor: StylePredictor, level: float
) -> None:
    predictor.look_at([draw_picture(40, n) for n in range(6)])
    torch.nn.init.normal_(predictor.out.weight)
    vector = predictor(torch.full((1, 3, 32, 32), level))
    bound = MOST_DEVIATIONS * predictor.into.weight.abs().sum(dim=1) + predictor.into.bias.abs()
    assert bool((vector[0].abs() <= predictor.out.weight.abs() @ bound + 1e-4).all())


def test_only_the_two_linear_layers_learn(predictor: StylePredictor) -> None:
    learned = {name for name, parameter in predictor.named_parameters() if parameter.requires_grad}
    assert learned == {"into.weight", "into.bias", "out.weight", "out.bias"}
