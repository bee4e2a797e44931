"""Linear maps through few filters."""

import torch

from artem.learn.training.rank_regression import RankRegression


def samples(noise: float = 0.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs of six numbers, outputs of five that are a map of rank 2 of them, and the map."""
    torch.manual_seed(0)
    mixing = torch.randn(6, 6)
    x = torch.randn(4000, 6) @ mixing + 3
    weight = torch.randn(5, 2) @ torch.randn(2, 6)
    return x, x @ weight.T + 1.5 + noise * torch.randn(4000, 5), weight


def test_a_map_of_low_rank_is_found_whatever_the_portions() -> None:
    x, y, weight = samples()
    regression = RankRegression()
    for start in range(0, 4000, 700):
        regression.add(x[start : start + 700], y[start : start + 700])
    narrow, wide, shift = regression.solve(2)
    torch.testing.assert_close(wide @ narrow, weight, rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(x @ (wide @ narrow).T + shift, y, rtol=1e-2, atol=2e-2)
    torch.testing.assert_close(wide.T @ wide, torch.eye(2))


def test_no_other_map_of_the_rank_does_better() -> None:
    """The error is that of ordinary least squares plus the fitted variance left out."""
    x, _, _ = samples()
    y = x @ torch.randn(5, 6).T
    regression = RankRegression()
    regression.add(x, y)
    errors = []
    for rank in (1, 2, 3, 4, 5):
        narrow, wide, shift = regression.solve(rank)
        errors.append(float((x @ (wide @ narrow).T + shift - y).square().sum(dim=1).mean()))
    spectrum = torch.linalg.svdvals((y - y.mean(dim=0)).double()).square() / len(y)
    for rank, error in enumerate(errors, 1):
        expected = float(spectrum[rank:].sum())
        assert abs(error - expected) < 1e-2 * float(spectrum.sum())


def test_inputs_that_never_vary_do_no_harm() -> None:
    x, y, _ = samples()
    regression = RankRegression()
    regression.add(torch.cat([x, torch.zeros(4000, 2)], dim=1), y)
    narrow, wide, shift = regression.solve(2)
    assert all(bool(tensor.isfinite().all()) for tensor in (narrow, wide, shift))
