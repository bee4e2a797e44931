"""The sources' formulas, written out once more as they stand there, against the recipes."""

import pytest
import torch
from drawing import draw_picture
from torch import Tensor

from artem.core.errors import LossError
from artem.learn.encoders import VGG, Encoder, SqueezeNet
from artem.learn.losses import NORMALIZATIONS, PerceptualLoss, content_loss, gram_loss, gram_matrix
from artem.learn.losses.published import PUBLISHED, find_published, fit_layers


@pytest.fixture
def vgg16() -> VGG:
    """VGG-16's layers with few channels."""
    vgg = VGG("vgg16-like", ((4, 4), (6, 6), (8, 8, 8), (8, 8, 8), (8, 8, 8)))
    for name, parameter in vgg.named_parameters():
        if parameter.ndim == 4 and not name.startswith("conv0"):
            torch.nn.init.kaiming_normal_(parameter)
    vgg.frozen()
    return vgg


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    return torch.rand(1, 6, 5, 7, generator=draw), torch.rand(1, 6, 5, 7, generator=draw)


def undivided_gram(features: Tensor) -> Tensor:
    rows = features[0].flatten(1)
    return rows @ rows.T


def test_gatys_equations(pair: tuple[Tensor, Tensor]) -> None:
    # 1/2 sum (F - P)^2, and 1/(4 N^2 M^2) sum (G - A)^2 with N = 6 channels, M = 35 places.
    features, target = pair
    content = (features - target).square().sum() / 2
    style = (undivided_gram(features) - undivided_gram(target)).square().sum() / (4 * 6**2 * 35**2)
    torch.testing.assert_close(content_loss(features, target, "gatys")[0], content)
    grams = gram_matrix(features), gram_matrix(target)
    torch.testing.assert_close(gram_loss(*grams, "gatys")[0], style)


def test_hpi_equations(pair: tuple[Tensor, Tensor]) -> None:
    features, target = pair
    size = 6 * 5 * 7
    content = (features - target).square().sum() / (2 * size)
    style = (undivided_gram(features) - undivided_gram(target)).square().sum() / (2 * size) ** 2
    torch.testing.assert_close(content_loss(features, target, "hpi")[0], content)
    grams = gram_matrix(features), gram_matrix(target)
    torch.testing.assert_close(gram_loss(*grams, "hpi")[0], style)


@pytest.mark.parametrize(
    ("normalization", "divisor"), [("mean", 35), ("johnson", 210), ("engstrom", 210)]
)
def test_means_of_divided_matrices(
    pair: tuple[Tensor, Tensor], normalization: str, divisor: int
) -> None:
    features, target = pair
    content = (features - target).square().mean()
    style = ((undivided_gram(features) - undivided_gram(target)) / divisor).square().mean()
    torch.testing.assert_close(content_loss(features, target, normalization)[0], content)
    grams = gram_matrix(features), gram_matrix(target)
    torch.testing.assert_close(gram_loss(*grams, normalization)[0], style)


def test_neural_style_as_its_program_adds_it_up(vgg16: VGG) -> None:
    image, content, style = (draw_picture(32, seed) for seed in range(3))
    published = find_published("neural-style")
    settings = published.settings() | {
        side: fit_layers(getattr(published, side), vgg16)[0]
        for side in ("content_layers", "style_layers")
    }
    loss = PerceptualLoss(vgg16, **settings)
    given = loss.total(loss.terms(image, loss.content_target(content), loss.style_target(style)))

    layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1"]
    here, there, painted = (
        {layer: 255 * 0.226 * maps for layer, maps in vgg16(picture, layers).items()}
        for picture in (image, content, style)
    )
    expected = 5 * (here["relu4_2"] - there["relu4_2"]).square().mean()
    for layer in ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"):
        grams = [undivided_gram(maps[layer]) / maps[layer].numel() for maps in (here, painted)]
        expected = expected + 100 * (grams[0] - grams[1]).square().mean()
    pixels = 255 * image
    down, right = pixels[..., 1:, :] - pixels[..., :-1, :], pixels[..., 1:] - pixels[..., :-1]
    expected = expected + 1e-3 * (down.square().sum() + right.square().sum()) / 2
    torch.testing.assert_close(given[0], expected)


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_every_recipe_can_be_used_and_is_zero_for_a_flat_picture_of_itself(
    name: str, vgg16: VGG
) -> None:
    published = find_published(name)
    assert published.encoder in ("vgg16", "vgg19") and published.source
    settings = published.settings()
    for side in ("content_layers", "style_layers"):
        settings[side], stand_ins = fit_layers(settings[side], vgg16)
        assert stand_ins == {}
    loss = PerceptualLoss(vgg16, **settings)
    assert loss.normalization in NORMALIZATIONS
    flat = torch.full((1, 3, 32, 32), 0.4)
    terms = loss.terms(flat, loss.content_target(flat), loss.style_target(flat))
    assert float(loss.total(terms)) == pytest.approx(0, abs=1e-2)
    other = loss.terms(draw_picture(32, 0), loss.content_target(flat), loss.style_target(flat))
    assert float(loss.total(other)) > 0.1


def test_settings_are_the_caller_s_own() -> None:
    settings = find_published("johnson").settings()
    settings["style_layers"]["relu1_2"] = 9.0
    assert find_published("johnson").settings()["style_layers"]["relu1_2"] == 1.0


def test_unknown_recipes_are_refused() -> None:
    with pytest.raises(LossError, match=r"Did you mean 'johnson'\?\n  Use one of: gatys"):
        find_published("jonson")


class Named(Encoder):
    def __init__(self, *layers: str) -> None:
        super().__init__()
        self.name, self.layers = "named", layers


def test_layers_that_are_missing_are_replaced_by_the_nearest_before() -> None:
    encoder = Named("relu1_1", "relu1_2", "relu2_1", "relu3_1", "relu4_1")
    fitted, stand_ins = fit_layers({"relu1_1": 1, "relu2_2": 2, "relu4_3": 3}, encoder)
    assert fitted == {"relu1_1": 1, "relu2_1": 2, "relu4_1": 3}
    assert stand_ins == {"relu2_2": "relu2_1", "relu4_3": "relu4_1"}
    fitted, stand_ins = fit_layers({"relu4_1": 1.0, "relu5_1": 2.0}, encoder)
    assert fitted == {"relu4_1": 3.0}
    assert stand_ins == {"relu5_1": "relu4_1"}


def test_layers_without_anything_before_are_refused() -> None:
    with pytest.raises(LossError, match="'squeezenet' has no layer like relu3_3"):
        fit_layers({"relu3_3": 1}, SqueezeNet())
    with pytest.raises(LossError, match="no layer like relu1_1"):
        fit_layers({"relu1_1": 1}, Named("relu2_1"))
