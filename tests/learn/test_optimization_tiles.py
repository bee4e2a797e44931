"""Encoding in tiles gives what encoding the whole gives, and so does its gradient."""

from collections.abc import Callable

import pytest
import torch
from drawing import draw_picture

from artem.core.errors import TrainingError
from artem.learn.encoders import VGG, Encoder, SqueezeNet
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization.descent import history_size
from artem.learn.optimization.memory import MemoryPlan
from artem.learn.optimization.objective import Region, RegionalLoss
from artem.learn.optimization.tiles import GRID_PX, TiledEncoder, reach_px, spans

DEEP = ((4, 4), (4, 4), (6, 6, 6), (6, 6), (8,))


def deep_vgg(padding: str) -> VGG:
    """Five scales, random weights."""
    torch.manual_seed(3)
    vgg = VGG("deep", DEEP, padding=padding)
    for parameter in vgg.parameters():
        if parameter.ndim == 4 and parameter.shape[-1] == 3:
            torch.nn.init.kaiming_normal_(parameter)
    vgg.frozen()
    return vgg


ENCODERS: dict[str, Callable[[], Encoder]] = {
    "reflect": lambda: deep_vgg("reflect"),
    "zeros": lambda: deep_vgg("zeros"),
    "squeezenet": lambda: SqueezeNet().frozen(),  # pads nothing, and some poolings run over
}


@pytest.mark.parametrize("size", [(257, 331), (320, 200), (288, 289)])
@pytest.mark.parametrize("name", ENCODERS)
def test_tiles_give_the_whole_pictures_features(name: str, size: tuple[int, int]) -> None:
    encoder = ENCODERS[name]().double()
    image = torch.rand(1, 3, *size, dtype=torch.float64)
    with torch.no_grad():
        whole = encoder(image, encoder.style_layers)
        tiled = TiledEncoder(encoder, 256)(image, encoder.style_layers)
    assert list(tiled) == list(encoder.style_layers)
    for layer, maps in whole.items():
        torch.testing.assert_close(tiled[layer], maps, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("style_losses", [{"gram": 1.0}, {"sliced-wasserstein": 1.0, "mrf": 0.5}])
def test_tiles_give_the_whole_objectives_gradient(style_losses: dict[str, float]) -> None:
    encoder = deep_vgg("reflect")
    content, painting = draw_picture(300, 0)[..., :257, :], draw_picture(128, 1)
    start = torch.rand_like(content)
    gradients = []
    for chosen in (encoder, TiledEncoder(encoder, 256)):
        loss = PerceptualLoss(chosen, style_losses=style_losses)
        objective = RegionalLoss(loss, content, [Region([(1.0, loss.style_target(painting))])])
        image = start.clone().requires_grad_()
        objective(image)[0].backward()
        gradients.append(image.grad)
    whole, tiled = gradients
    assert whole is not None and tiled is not None
    # In float32 a sum in another order may also change what is sorted or matched with what.
    assert float((tiled - whole).norm()) < 2e-4 * float(whole.norm())


def test_a_small_picture_passes_whole(tiny_vgg: VGG) -> None:
    passes: list[object] = []
    tiny_vgg.register_forward_hook(lambda *_: passes.append(_))
    TiledEncoder(tiny_vgg, 64)(torch.rand(1, 3, 64, 40), ["relu1_1"])
    assert len(passes) == 1


@pytest.mark.parametrize("length", [1, 31, 64, 65, 200, 257, 512, 1000])
@pytest.mark.parametrize("halo", [0, 32, 96])
def test_spans_cover_a_side_once(length: int, halo: int) -> None:
    parts = spans(length, 256, halo)
    covered = [pixel for part in parts for pixel in range(part.first, part.last)]
    assert covered == list(range(length))
    assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]
    for part in parts:
        assert part.begin % GRID_PX == 0
        assert part.end - part.begin <= max(256, GRID_PX + 2 * halo)
        assert part.begin == max(0, part.first - halo)
        assert part.end == min(length, part.last + halo)


@pytest.mark.parametrize(
    ("layer", "radius"), [("relu1_2", 2), ("relu2_2", 6), ("relu3_3", 18), ("relu4_2", 34)]
)
def test_reach_covers_the_convolutions_and_poolings(layer: str, radius: int) -> None:
    vgg = VGG("deep", DEEP)
    scale = 2 ** (int(layer[4]) - 1)
    least, most = radius, radius + 3 * scale  # a feature of that scale reads its whole cell, too
    assert -(-least // GRID_PX) * GRID_PX <= reach_px(vgg, [layer]) <= -(-most // GRID_PX) * GRID_PX


def test_memory_is_planned_by_what_a_pixel_takes() -> None:
    encoder = deep_vgg("reflect")
    layers = [*encoder.style_layers, "relu4_2"]
    plan = MemoryPlan(encoder, layers)
    features = encoder(torch.rand(1, 3, 256, 256), layers)
    maps = sum(4 * values.numel() for values in features.values()) / 256**2
    assert plan.maps_bytes == pytest.approx(maps)
    assert plan.graph_bytes > plan.maps_bytes  # what lies between the layers counts, too
    most = 3 << 29
    assert plan.tile_px(300, 400, most) == 0
    side = next(side for side in range(256, 1 << 14, 256) if plan.tile_px(side, side, most))
    tile = plan.tile_px(side, side, most)
    assert 0 < tile < side
    assert plan.tiled_bytes(side, side, tile) <= most < plan.whole_bytes(side, side)


def test_what_cannot_fit_is_refused(tiny_vgg: VGG) -> None:
    plan = MemoryPlan(tiny_vgg, tiny_vgg.layers)
    with pytest.raises(TrainingError, match=r"9000x9000 takes about .* GB with the encoder 'tiny'"):
        plan.tile_px(9000, 9000, 1 << 30)
    with pytest.raises(TrainingError, match="A painting at 20000x9000 takes"):
        plan.refuse_too_large((9000, 20000), 1 << 30)
    plan.refuse_too_large((500, 500), 1 << 30)
    assert history_size(torch.empty(1, 3, 9000, 9000, device="meta")) == 3
