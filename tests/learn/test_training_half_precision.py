import pytest
import torch

from artem.learn.training import half_precision
from artem.learn.training.half_precision import fast_bfloat16


@pytest.mark.parametrize(("asked", "expected"), [("0", False), ("1", True)])
def test_the_environment_has_the_last_word(
    monkeypatch: pytest.MonkeyPatch, asked: str, expected: bool
) -> None:
    monkeypatch.setenv("ARTEM_BFLOAT16", asked)
    assert fast_bfloat16(torch.device("cpu")) is expected


@pytest.mark.parametrize("supported", [False, True])
@pytest.mark.parametrize("pays", [False, True])
def test_a_cpu_has_to_have_it_and_to_be_quicker(
    monkeypatch: pytest.MonkeyPatch, supported: bool, pays: bool
) -> None:
    monkeypatch.delenv("ARTEM_BFLOAT16", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: supported, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    monkeypatch.setattr(half_precision, "_pays_here", lambda: pays)
    assert fast_bfloat16(torch.device("cpu")) is (supported and pays)


@pytest.mark.parametrize(("half_s", "pays"), [(1.0, False), (0.8, True), (2.0, False)])
def test_what_is_quicker_is_timed(
    monkeypatch: pytest.MonkeyPatch, half_s: float, pays: bool
) -> None:
    clock = iter(
        at for trial in range(half_precision.TRIALS) for at in (0.0, 1.0 + trial, 0.0, half_s)
    )
    monkeypatch.setattr(half_precision, "perf_counter", lambda: next(clock))
    assert half_precision._pays_here.__wrapped__() is pays
