import pytest
import torch

from artem.learn.losses.moments import channel_moments, coral_loss, covariance, moments_loss


def test_moments_closed_form() -> None:
    # A channel of 1 and 5, and a flat one of 2: means 3 and 2, deviations 2 and 0.
    features = torch.tensor([[1.0, 5.0], [2.0, 2.0]]).view(1, 2, 1, 2)
    expected = torch.tensor([[[3.0, 2.0], [2.0, 0.0]]])
    torch.testing.assert_close(channel_moments(features), expected, atol=4e-3, rtol=0)


def test_moments_loss_closed_form() -> None:
    moments = torch.tensor([[[3.0, 1.0], [2.0, 0.0]]])
    target = torch.tensor([[[1.0, 1.0], [1.0, 1.0]]])
    # (4 + 0 + 1 + 1) / 4
    torch.testing.assert_close(moments_loss(moments, target), torch.tensor([1.5]))


def test_moments_see_gain_and_offset_but_not_which_channels_fire_together() -> None:
    features = torch.rand(1, 3, 16, 16)
    apart = torch.stack([maps.flatten()[torch.randperm(256)] for maps in features[0]])
    target = channel_moments(features)
    assert float(moments_loss(channel_moments(apart.view_as(features)), target)) < 1e-9
    assert float(moments_loss(channel_moments(2 * features), target)) == pytest.approx(1, abs=1e-3)
    assert float(moments_loss(channel_moments(features + 1), target)) > 1


def test_covariance_of_a_known_mixture() -> None:
    # White noise through a matrix A has the covariance A A^T, whatever is added to it.
    mixing = torch.tensor([[2.0, 0.0], [1.0, 3.0]])
    noise = torch.randn(1, 2, 256, 256)
    features = torch.einsum("cd,ndhw->nchw", mixing, noise) + 7
    expected = (mixing @ mixing.T)[None]
    torch.testing.assert_close(covariance(features), expected, rtol=0.02, atol=0.05)


def test_covariance_against_a_slow_reference() -> None:
    features = torch.randn(2, 3, 4, 5) + 1
    expected = torch.zeros(2, 3, 3)
    for n in range(2):
        points = features[n].flatten(1).T
        middle = points.mean(dim=0)
        for point in points:
            expected[n] += torch.outer(point - middle, point - middle) / 20
    torch.testing.assert_close(covariance(features), expected)


def test_coral_closed_form() -> None:
    # ||diag(3, 0) - diag(1, 1)||^2 / ||diag(1, 1)||^2 = (4 + 1) / 2
    given, target = torch.diag(torch.tensor([3.0, 0.0]))[None], torch.eye(2)[None]
    torch.testing.assert_close(coral_loss(given, target), torch.tensor([2.5]))


def test_coral_is_blind_to_channel_means() -> None:
    features = torch.randn(1, 4, 8, 8)
    shifted = features + torch.tensor([1.0, -2.0, 3.0, 0.5]).view(1, 4, 1, 1)
    assert float(coral_loss(covariance(shifted), covariance(features))) < 1e-9
