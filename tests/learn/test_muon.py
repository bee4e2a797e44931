import pytest
import torch
from torch import nn

from artem.learn.training.muon import SCALE, Muon, orthogonalized


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16), (1, 9)])
def test_a_matrix_is_turned_into_its_nearest_orthogonal_one(shape: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    rank = min(shape)
    left, _ = torch.linalg.qr(torch.randn(shape[0], rank, generator=generator))
    right, _ = torch.linalg.qr(torch.randn(shape[1], rank, generator=generator))
    values = torch.linspace(0.1, 1, rank)
    found = left.mT @ orthogonalized(left @ torch.diag(values) @ right.mT) @ right
    on_diagonal = found.diagonal()
    assert float(on_diagonal.min()) > 0.6 and float(on_diagonal.max()) < 1.3
    torch.testing.assert_close(found, torch.diag(on_diagonal), rtol=0, atol=1e-3)


def test_the_first_step_of_a_convolution_by_hand() -> None:
    kernels = nn.Parameter(torch.randn(6, 4, 3, 3))
    start = kernels.detach().clone()
    gradient = torch.randn_like(kernels)
    kernels.grad = gradient.clone()
    Muon([kernels], lr=0.01).step()
    # The mean after one step is 0.05 of the gradient, Nesterov's look ahead a multiple of it.
    step = orthogonalized(gradient.flatten(1)).view_as(start)
    torch.testing.assert_close(kernels.detach(), start - SCALE * 36**0.5 * 0.01 * step)


def test_it_finds_the_least_squares_and_goes_on_from_its_state() -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(64, 12, generator=generator)
    wanted = torch.randn(12, 5, generator=generator)

    def train(steps: int, weight: nn.Parameter, optimizer: Muon) -> float:
        loss = torch.zeros(())
        for _ in range(steps):
            loss = (inputs @ (weight.mT - wanted)).square().mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        return float(loss.detach())

    whole = nn.Parameter(torch.zeros(5, 12))
    optimizer = Muon([whole], lr=0.01)
    first = train(1, whole, optimizer)
    last = train(299, whole, optimizer)
    assert last < 0.01 * first
    part = nn.Parameter(torch.zeros(5, 12))
    early = Muon([part], lr=0.01)
    train(150, part, early)
    later = Muon([part], lr=0.01)
    later.load_state_dict(early.state_dict())
    train(150, part, later)
    assert torch.equal(part, whole)
