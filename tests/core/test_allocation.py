"""Freed memory that is kept."""

import platform
import subprocess
import sys

import pytest

from artem.core.allocation import keep_freed_memory

FAULTS = """
import resource
from artem.core.allocation import keep_freed_memory
import numpy as np
if {keep}:
    keep_freed_memory()
for _ in range(20):
    np.ones(2**22)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator is told")
def test_kept_memory_is_not_asked_for_again() -> None:
    def faults(keep: bool) -> int:
        code = FAULTS.format(keep=keep)
        return int(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)

    assert faults(True) < faults(False) / 2


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert not keep_freed_memory()
