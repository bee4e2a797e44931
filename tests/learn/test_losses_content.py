import torch

from artem.learn.losses import content_loss


def test_zero_for_the_target_and_one_for_nothing() -> None:
    target = torch.randn(2, 4, 5, 6)
    torch.testing.assert_close(content_loss(target, target), torch.zeros(2))
    torch.testing.assert_close(content_loss(torch.zeros_like(target), target), torch.ones(2))


def test_closed_form() -> None:
    # mean((3 - 2)^2) / mean(2^2)
    features, target = torch.full((1, 2, 3, 3), 3.0), torch.full((1, 2, 3, 3), 2.0)
    torch.testing.assert_close(content_loss(features, target), torch.tensor([0.25]))


def test_each_picture_is_judged_by_itself() -> None:
    features, target = torch.randn(3, 4, 5, 6), torch.randn(3, 4, 5, 6)
    alone = torch.cat([content_loss(features[n : n + 1], target[n : n + 1]) for n in range(3)])
    torch.testing.assert_close(content_loss(features, target), alone)


def test_blind_to_the_scale_of_an_encoder() -> None:
    features, target = torch.randn(1, 4, 5, 6), torch.randn(1, 4, 5, 6)
    torch.testing.assert_close(
        content_loss(1000 * features, 1000 * target), content_loss(features, target)
    )


def test_a_target_without_features_gives_no_nan() -> None:
    nothing = torch.zeros(1, 4, 5, 6)
    torch.testing.assert_close(content_loss(nothing, nothing), torch.zeros(1))


def test_half_precision_is_widened_first() -> None:
    # 300^2 is more than float16 holds.
    target = torch.full((1, 1, 2, 2), 300.0, dtype=torch.float16)
    loss = content_loss(2 * target, target)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, torch.ones(1))
