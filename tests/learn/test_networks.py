import pytest
import torch
from torch import Tensor, nn

from artem.core.errors import NetworkError
from artem.export.onnx import FrameNetwork
from artem.learn.networks import FineNet, SlimNet, TransformerNet, identity_vector, style_vector
from artem.learn.networks.build import PRESETS, build_network, preset_architecture
from artem.learn.networks.conditional import Grain, conditional_instance_norm


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def tiny() -> SlimNet:
    return SlimNet(stem=8, trunk=8, half=4, blocks=1, refine=1)


# The HPI network


def test_transformer_net_has_the_report_s_parameters_layer_by_layer() -> None:
    network = TransformerNet()
    convolutions = [
        parameters(module) for module in network.modules() if isinstance(module, nn.Conv2d)
    ]
    assert convolutions == [7808, 18496, 73856, *[147584] * 10, 73792, 18464, 7779]
    assert parameters(network) == 1_679_235


@pytest.mark.parametrize("norm", ["instance", "batch"])
@pytest.mark.parametrize("transposed", [False, True])
def test_transformer_net_s_variants_keep_size_and_parameters(norm: str, transposed: bool) -> None:
    network = TransformerNet(norm=norm, transposed=transposed).eval()
    assert parameters(network) == 1_679_235
    kinds = {"instance": nn.InstanceNorm2d, "batch": nn.BatchNorm2d}
    assert {type(module) for module in network.modules()} & set(kinds.values()) == {kinds[norm]}
    transposing = [m for m in network.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert len(transposing) == (2 if transposed else 0)
    with torch.no_grad():
        assert network(torch.rand(1, 3, 32, 44)).shape == (1, 3, 32, 44)


# Conditional instance normalization


def test_conditional_instance_norm_sets_mean_and_deviation() -> None:
    maps = 5 + 3 * torch.randn(2, 4, 16, 16)
    scale, shift = torch.rand(2, 4) + 0.5, torch.randn(2, 4)
    normed = conditional_instance_norm(maps, scale, shift)
    torch.testing.assert_close(normed.mean(dim=(2, 3)), shift, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(normed.std(dim=(2, 3), correction=0), scale, rtol=1e-4, atol=1e-4)


def test_conditional_instance_norm_is_blind_to_gain_and_offset() -> None:
    maps, scale, shift = torch.randn(1, 4, 16, 16), torch.rand(1, 4), torch.randn(1, 4)
    torch.testing.assert_close(
        conditional_instance_norm(3 * maps + 2, scale, shift),
        conditional_instance_norm(maps, scale, shift),
        rtol=1e-3, atol=1e-4,
    )  # fmt: skip


# Grain


def test_grain_adds_its_noise_times_the_style_s_gain() -> None:
    grain = Grain(2)
    maps = torch.rand(2, 5, 20, 30)
    gains = torch.tensor([[0.0, 2.0], [-1.0, 0.5]])
    result = grain(maps, iter([gains]))
    torch.testing.assert_close(result[:, :5], maps)
    torch.testing.assert_close(
        result[:, 5:], gains[:, :, None, None] * grain.noise[:, :, :20, :30].expand(2, -1, -1, -1)
    )


def test_grain_repeats_after_its_period_and_is_the_same_in_every_network() -> None:
    wide = Grain(1)(torch.zeros(1, 1, 3, Grain.PERIOD + 9), iter([torch.ones(1, 1)]))[:, 1:]
    assert torch.equal(wide[..., :9], wide[..., Grain.PERIOD :])
    assert abs(float(Grain(1).noise.mean())) < 0.03 and 0.95 < float(Grain(1).noise.std()) < 1.05
    assert torch.equal(Grain(1).noise, Grain(1).noise)


def test_a_flat_picture_need_not_repeat_at_the_stride_where_there_is_grain() -> None:
    torch.manual_seed(0)
    flat = torch.full((1, 3, 256, 256), 0.5)
    for channels in (0, 2):
        network = SlimNet(stem=8, trunk=8, half=4, blocks=1, refine=1, grain=channels)
        with torch.no_grad():
            painted = network(flat, style_vector(network)[None])
        middle = painted[..., 96:160, 96:160]
        repeats = torch.allclose(middle[..., 8:], middle[..., :-8], atol=1e-4)
        assert repeats == (channels == 0)


# The slim family


def test_slim_net_s_cost_per_pixel() -> None:
    network = SlimNet()
    multiplications = 0

    def count(module: nn.Module, _: object, output: Tensor) -> None:
        nonlocal multiplications
        assert isinstance(module, nn.Conv2d)
        multiplications += output.numel() * module.weight[0].numel()

    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.rand(1, 3, 64, 96), identity_vector(network)[None])
    assert 9000 < multiplications / (64 * 96) < 9700


def test_slim_net_s_parameters() -> None:
    stem, down = 3 * 32 * 64, (32 + 2) * 64 * 16
    trunk, up = 3 * 2 * 64 * 64 * 9, 64 * 32 * 9
    refine = 2 * 2 * 32 * 32 * 9
    head = (32 * 16 * 9 + 16) + (16 * 12 * 9 + 12)
    assert parameters(SlimNet()) == stem + down + trunk + up + refine + head


def test_fine_net_is_the_hpi_network() -> None:
    network, hpi = FineNet(), TransformerNet()
    ours = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    theirs = [m for m in hpi.modules() if isinstance(m, nn.Conv2d)]
    biases = sum(m.out_channels for m in theirs[:-1])  # which the normalization removes
    assert biases == 1600
    assert sum(map(parameters, theirs)) == 1_676_035
    assert parameters(network) == sum(map(parameters, ours)) == 1_676_035 - biases
    for one, other in zip(ours, theirs, strict=True):
        one.load_state_dict(
            {name: other.state_dict()[name] for name in one.state_dict()}, strict=True
        )
    vector = style_vector(network)[None]  # scales 1 and shifts 0, as in a new affine norm
    vector[:, -9:] = torch.tensor([0.0] * 3 + [1.0] * 3 + [0.0] * 3)
    image = torch.rand(1, 3, 32, 44)
    with torch.no_grad():
        torch.testing.assert_close(network(image, vector), hpi(2 * image - 1), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_networks(name: str) -> None:
    network = build_network(preset_architecture(name, {"blocks": 1}))
    assert network.architecture["blocks"] == 1
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        identity = network(image, identity_vector(network)[None])
    torch.testing.assert_close(identity, image, rtol=0, atol=0)


def test_an_unknown_preset() -> None:
    with pytest.raises(NetworkError, match="Did you mean 'micro'"):
        preset_architecture("mcro", {})


def test_style_vectors_hold_a_scale_and_a_shift_for_each_normed_channel_and_the_head() -> None:
    network = SlimNet()
    assert network.style_size == 2 * (32 + 64 + 6 * 64 + 32 + 4 * 32) + 2 + 9
    assert style_vector(network).shape == identity_vector(network).shape == (network.style_size,)
    assert tiny().style_size == 2 * (8 + 8 + 2 * 8 + 8 + 2 * 8) + 2 + 9


@pytest.mark.parametrize("size", [(32, 32), (32, 40), (64, 48), (136, 32)])
def test_output_size_is_input_size(size: tuple[int, int]) -> None:
    network = tiny()
    images = torch.rand(2, 3, *size)
    with torch.no_grad():
        one = network(images, style_vector(network)[None])
        each = network(images, style_vector(network).expand(2, -1))
    assert one.shape == images.shape
    torch.testing.assert_close(one, each)


@pytest.mark.parametrize("size", [(32, 32), (40, 64)])
def test_the_identity_gives_the_picture_back_bit_for_bit(size: tuple[int, int]) -> None:
    network = SlimNet()
    image = torch.rand(1, 3, *size)
    with torch.no_grad():
        assert torch.equal(network(image, identity_vector(network)[None]), image)


def test_painting_as_the_exported_network_does() -> None:
    network = SlimNet(stem=8, trunk=8, half=4, blocks=1, refine=1, grain=2)
    frame = torch.randint(0, 256, (1, 40, 48, 3), dtype=torch.uint8)
    style = style_vector(network)[None]
    with torch.no_grad():
        exported = FrameNetwork(network)(frame, style).permute(0, 3, 1, 2).float()
        painted = network.paint(frame.permute(0, 3, 1, 2) / 255, style) * 255
    torch.testing.assert_close(painted.clamp(0, 255), exported, rtol=0, atol=0.51)


def test_each_picture_of_a_batch_gets_its_own_style() -> None:
    network = tiny()
    images = torch.rand(2, 3, 32, 32)
    styles = torch.stack([style_vector(network), identity_vector(network)])
    with torch.no_grad():
        both = network(images, styles)
        torch.testing.assert_close(both[:1], network(images[:1], styles[:1]))
        torch.testing.assert_close(both[1:], images[1:])


def test_every_number_of_a_style_is_used() -> None:
    network = tiny()
    style = (style_vector(network) + 0.1 * torch.randn(network.style_size)).requires_grad_()
    network(torch.rand(1, 3, 64, 64), style[None]).square().sum().backward()
    assert style.grad is not None
    assert int((style.grad != 0).sum()) == network.style_size


def test_new_styles_start_within_what_a_picture_can_hold() -> None:
    network = SlimNet()
    with torch.no_grad():
        stylized = network(torch.rand(1, 3, 64, 64), style_vector(network)[None])
    assert float(stylized.min()) > -0.5 and float(stylized.max()) < 1.5


def test_the_head_starts_without_a_grid() -> None:
    network = tiny()
    with torch.no_grad():
        flat = network.to_full.conv(torch.randn(1, 4, 10, 10))
    picture = nn.functional.pixel_shuffle(flat, 2)
    for y, x in ((0, 1), (1, 0), (1, 1)):
        torch.testing.assert_close(picture[..., y::2, x::2], picture[..., ::2, ::2])


# Networks from their descriptions


def test_a_network_is_built_again_from_its_architecture() -> None:
    network = tiny()
    again = build_network(network.architecture)
    assert again.architecture == network.architecture
    assert {name: tensor.shape for name, tensor in again.state_dict().items()} == {
        name: tensor.shape for name, tensor in network.state_dict().items()
    }


def test_unknown_architectures_are_refused() -> None:
    with pytest.raises(NetworkError, match="Did you mean 'slim'"):
        build_network({"name": "slimm"})
    with pytest.raises(NetworkError, match="'slim' does not fit"):
        build_network({"name": "slim", "depth": 3})


def test_a_constrained_head_draws_no_grid_on_flat_maps() -> None:
    network = SlimNet(stem=4, trunk=8, half=4, blocks=1)
    for parameter in network.to_full.parameters():
        torch.nn.init.normal_(parameter)
    flat = torch.randn(1, 4, 1, 1).expand(1, 4, 6, 6)

    def head() -> torch.Tensor:
        return torch.pixel_shuffle(network.to_full(flat, iter(())), 2)

    assert head().std(dim=(2, 3)).min() > 0.1
    before = torch.nn.functional.avg_pool2d(head(), 2)
    network.constrain()
    assert head().std(dim=(2, 3)).max() < 1e-5
    torch.testing.assert_close(torch.nn.functional.avg_pool2d(head(), 2), before)
    constrained = network.to_full.conv.weight.clone()
    network.constrain()
    torch.testing.assert_close(network.to_full.conv.weight, constrained)
