import torch

from artem.learn.losses import gram_loss, gram_matrix


def test_gram_matrix_against_a_slow_reference() -> None:
    features = torch.randn(2, 3, 4, 5)
    gram = torch.zeros(2, 3, 3)
    for n in range(2):
        for first in range(3):
            for second in range(3):
                for y in range(4):
                    for x in range(5):
                        gram[n, first, second] += (
                            features[n, first, y, x] * features[n, second, y, x]
                        )
    torch.testing.assert_close(gram_matrix(features), gram / 20)


def test_the_gradient_is_that_of_both_factors() -> None:
    features = torch.randn(2, 3, 4, 5, requires_grad=True)
    weights = torch.randn(2, 3, 3)  # not symmetric
    (gram_matrix(features) * weights).sum().backward()
    found, features.grad = features.grad, None
    rows = features.flatten(2)
    (rows @ rows.transpose(1, 2) / 20 * weights).sum().backward()
    assert found is not None and features.grad is not None
    torch.testing.assert_close(found, features.grad)


def test_gram_matrix_closed_form() -> None:
    # Constant channels a and b: [[aa, ab], [ab, bb]], at any size.
    for height, width in ((1, 1), (3, 7)):
        features = torch.tensor([2.0, -3.0]).view(1, 2, 1, 1).expand(1, 2, height, width)
        expected = torch.tensor([[[4.0, -6.0], [-6.0, 9.0]]])
        torch.testing.assert_close(gram_matrix(features), expected)


def test_gram_matrix_is_symmetric_without_negative_directions() -> None:
    gram = gram_matrix(torch.randn(2, 8, 9, 7))
    torch.testing.assert_close(gram, gram.transpose(1, 2))
    assert torch.linalg.eigvalsh(gram).min() > -1e-5


def test_gram_matrix_forgets_where_things_are() -> None:
    features = torch.randn(1, 8, 16, 16)
    shuffled = features.flatten(2)[..., torch.randperm(256)].view_as(features)
    torch.testing.assert_close(gram_matrix(shuffled), gram_matrix(features))


def test_gram_matrix_forgets_shifts() -> None:
    features = torch.randn(1, 8, 16, 16)
    shifted = features.roll((3, -5), dims=(2, 3))
    torch.testing.assert_close(gram_matrix(shifted), gram_matrix(features))


def test_gram_matrix_is_the_same_for_more_of_the_same_texture() -> None:
    features = torch.randn(1, 8, 6, 5)
    torch.testing.assert_close(gram_matrix(features.repeat(1, 1, 2, 3)), gram_matrix(features))


def test_gram_matrix_remembers_which_channels_fire_together() -> None:
    features = torch.rand(1, 2, 16, 16)
    apart = torch.stack([features[0, 0], features[0, 1].flip(0)])[None]
    assert not torch.allclose(gram_matrix(apart), gram_matrix(features), atol=1e-4)


def test_gram_loss_is_zero_for_the_target_and_one_for_nothing() -> None:
    target = gram_matrix(torch.randn(2, 4, 8, 8))
    torch.testing.assert_close(gram_loss(target, target), torch.zeros(2))
    torch.testing.assert_close(gram_loss(torch.zeros_like(target), target), torch.ones(2))


def test_gram_loss_closed_form() -> None:
    # ||diag(3, 0) - diag(1, 1)||^2 / ||diag(1, 1)||^2 = (4 + 1) / 2
    gram, target = torch.diag(torch.tensor([3.0, 0.0]))[None], torch.eye(2)[None]
    torch.testing.assert_close(gram_loss(gram, target), torch.tensor([2.5]))


def test_gram_loss_takes_one_style_for_all_or_one_for_each() -> None:
    grams = gram_matrix(torch.randn(3, 4, 8, 8))
    style = gram_matrix(torch.randn(1, 4, 8, 8))
    torch.testing.assert_close(gram_loss(grams, style), gram_loss(grams, style.expand(3, 4, 4)))


def test_gram_loss_is_blind_to_the_scale_of_a_layer() -> None:
    grams, style = gram_matrix(torch.randn(1, 4, 8, 8)), gram_matrix(torch.randn(1, 4, 8, 8))
    torch.testing.assert_close(gram_loss(1e4 * grams, 1e4 * style), gram_loss(grams, style))
