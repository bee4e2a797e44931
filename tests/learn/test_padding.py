import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from artem.learn.networks.conditional import conditional_instance_norm, fused_instance_norm
from artem.learn.padding import ReflectionPadding


@pytest.mark.parametrize("size", [(5, 7), (9, 4), (4, 4)])
@pytest.mark.parametrize("pixels", [1, 2, 3])
def test_the_padding_for_gpus_is_pytorch_s_own(size: tuple[int, int], pixels: int) -> None:
    maps = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    theirs = F.pad(maps, (pixels,) * 4, mode="reflect")
    ours: Tensor = ReflectionPadding.apply(maps, pixels)  # type: ignore[no-untyped-call]
    assert ours.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(ours, theirs)
    weights = torch.randn_like(theirs)
    gradients = [torch.autograd.grad((one * weights).sum(), maps)[0] for one in (ours, theirs)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("styles", [1, 3])
def test_the_normalization_for_gpus_is_the_same(styles: int) -> None:
    maps = torch.randn(3, 4, 6, 5, dtype=torch.float64).mul(3).add(1).requires_grad_()
    scale, shift = (torch.randn(styles, 4, dtype=torch.float64).requires_grad_() for _ in "ab")
    plain = conditional_instance_norm(maps, scale, shift)
    fused = fused_instance_norm(maps, scale, shift, 1e-5)
    torch.testing.assert_close(plain, fused)
    weights = torch.randn_like(plain)
    gradients = [
        torch.autograd.grad((one * weights).sum(), (maps, scale, shift)) for one in (plain, fused)
    ]
    torch.testing.assert_close(*gradients)
