"""Whether the CPU multiplies bytes fast, from what its system says."""

from pathlib import Path

import pytest

from artem.runtime import processor
from artem.runtime.processor import byte_products, linux_flags, why_no_byte_products

X86 = """processor\t: 0
model name\t: Some CPU
flags\t\t: fpu avx2 avx512_vnni avx_vnni
bugs\t\t: none

processor\t: 1
flags\t\t: fpu
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp\n"


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (X86, {"fpu", "avx2", "avx512_vnni", "avx_vnni"}),
        (ARM, {"fp", "asimd", "asimddp"}),
        ("", set()),
        ("vmx flags\t: ept", set()),
    ],
)
def test_linux_flags(tmp_path: Path, text: str, flags: set[str]) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(text)
    assert linux_flags(file) == flags
    assert linux_flags(tmp_path / "missing") == frozenset()


@pytest.mark.parametrize(
    ("flags", "words", "reason"),
    [
        ({"avx2", "avx_vnni", "amx_int8"}, "AMX", None),
        ({"avx2", "avx_vnni"}, "AVX-VNNI", None),
        ({"asimd", "asimddp"}, "Arm dot products", None),
        ({"avx2", "avx512f"}, None, "no instructions for products of bytes"),
        (set(), None, "does not say"),
    ],
)
def test_byte_products(
    monkeypatch: pytest.MonkeyPatch, flags: set[str], words: str | None, reason: str | None
) -> None:
    monkeypatch.setattr(processor, "cpu_flags", lambda: frozenset(flags))
    assert byte_products() == words
    told = why_no_byte_products()
    assert (told is None) if reason is None else (told is not None and reason in told)
