import pytest
import torch

from artem.learn.losses.histogram import channel_histograms, histogram_loss, quantile_means
from artem.learn.losses.sliced_wasserstein import _rotation, projected_histograms


def test_quantile_means_of_a_divisible_count_are_means_of_sorted_parts() -> None:
    rows = torch.tensor([5.0, 1.0, 2.0, 8.0, 3.0, 3.0]).view(1, 1, 6)
    torch.testing.assert_close(quantile_means(rows, 3), torch.tensor([[[1.5, 3.0, 6.5]]]))
    torch.testing.assert_close(quantile_means(rows, 6), rows.sort().values)
    torch.testing.assert_close(quantile_means(rows, 1), rows.mean(dim=2, keepdim=True))


@pytest.mark.parametrize(("values", "count"), [(7, 3), (3, 7), (100, 256), (1000, 256), (1, 4)])
def test_quantile_means_are_means_of_the_quantile_function(values: int, count: int) -> None:
    rows = torch.randn(2, 3, values)
    # The staircase on a grid fine enough for both counts.
    stairs = rows.sort(dim=2).values.repeat_interleave(count, dim=2)
    expected = stairs.unflatten(2, (count, values)).mean(dim=3)
    torch.testing.assert_close(quantile_means(rows, count), expected, rtol=1e-4, atol=1e-4)


def test_quantile_means_say_the_same_of_more_of_the_same() -> None:
    rows = torch.randn(1, 2, 37)
    more = quantile_means(rows.repeat(1, 1, 3))
    torch.testing.assert_close(more, quantile_means(rows), rtol=1e-3, atol=1e-4)


def test_large_pictures_keep_their_digits() -> None:
    rows = torch.rand(1, 1, 1 << 18) + 100
    expected = rows.sort().values.view(1, 1, 256, -1).double().mean(dim=3)
    torch.testing.assert_close(quantile_means(rows).double(), expected, rtol=1e-6, atol=0)


def test_histograms_forget_where_things_are() -> None:
    features = torch.randn(1, 4, 16, 16)
    shuffled = features.flatten(2)[..., torch.randperm(256)].view_as(features)
    assert float(histogram_loss(channel_histograms(shuffled), channel_histograms(features))) == 0


def test_histogram_loss_is_the_distance_to_the_matched_picture() -> None:
    # Risser et al.: R gives each value the style's value of the same rank.
    features, style = torch.randn(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
    values, wanted = features.flatten(2), style.flatten(2).sort(dim=2).values
    matched = torch.empty_like(values)
    for channel in range(3):
        matched[0, channel, values[0, channel].argsort()] = wanted[0, channel]
    expected = (values - matched).square().mean() / style.square().mean()
    given = histogram_loss(channel_histograms(features), channel_histograms(style))
    torch.testing.assert_close(given[0], expected)


def test_histogram_loss_of_a_shift_closed_form() -> None:
    style = torch.rand(1, 2, 8, 8)
    given = histogram_loss(channel_histograms(style + 3), channel_histograms(style))
    torch.testing.assert_close(given[0], 9 / channel_histograms(style).square().mean())


def test_directions_are_an_orthonormal_frame() -> None:
    for channels in (1, 3, 64):
        directions = _rotation(channels)
        torch.testing.assert_close(
            directions @ directions.T, torch.eye(channels), atol=1e-5, rtol=0
        )


def test_sliced_wasserstein_of_a_shift_closed_form() -> None:
    # Shifting the cloud by v moves each projection by d . v; over a frame these add up to |v|^2.
    style, shift = torch.randn(1, 3, 8, 8), torch.tensor([1.0, -2.0, 0.5]).view(1, 3, 1, 1)
    given = histogram_loss(projected_histograms(style + shift), projected_histograms(style))
    length = projected_histograms(style).square().mean() * 3
    torch.testing.assert_close(given[0], shift.square().sum() / length)


def test_sliced_wasserstein_sees_which_channels_fire_together() -> None:
    features = torch.rand(1, 2, 16, 16)
    together = torch.stack([features[0, 0], features[0, 0]])[None]
    apart = torch.stack([features[0, 0], features[0, 0].flip(0)])[None]
    assert float(histogram_loss(channel_histograms(apart), channel_histograms(together))) == 0
    assert float(histogram_loss(projected_histograms(apart), projected_histograms(together))) > 1e-3
