"""What the CPU can: whether it multiplies bytes faster than floats, as int8 networks need."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from pathlib import Path

BYTE_PRODUCTS = {
    "amx_int8": "AMX",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX-VNNI",
    "i8mm": "Arm I8MM",
    "asimddp": "Arm dot products",
}
"""Instructions that multiply and add four or more bytes at once, by Linux's name for them, the
best first. Without them int8 is made of more instructions, and sums of products may overflow."""

MAC_NAMES = {
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.arm.FEAT_DotProd": "asimddp",
    "hw.optional.avx512vnni": "avx512_vnni",
}


def byte_products() -> str | None:
    """The CPU's best instructions for products of bytes; ``None`` where it has or tells none."""
    flags = cpu_flags()
    return next((words for name, words in BYTE_PRODUCTS.items() if name in flags), None)


def why_no_byte_products() -> str | None:
    """Why int8 would not be quicker on this CPU, in words; ``None`` where it is."""
    if byte_products() is not None:
        return None
    if not cpu_flags():
        return "this system does not say whether its CPU multiplies bytes fast"
    return "this CPU has no instructions for products of bytes, such as VNNI"


@cache
def cpu_flags() -> frozenset[str]:
    """What the system says that the CPU can, by Linux's names; empty where it says nothing."""
    system = platform.system()
    if system == "Linux":
        return linux_flags(Path("/proc/cpuinfo"))
    if system == "Darwin":
        return _mac_flags()
    return frozenset()  # Windows tells of no byte products


def linux_flags(cpuinfo: Path) -> frozenset[str]:
    """The flags (x86) or features (Arm) of the first processor in a ``/proc/cpuinfo``."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def _mac_flags() -> frozenset[str]:
    found = {"neon"} if platform.machine() == "arm64" else {"sse2"}
    for key, flag in MAC_NAMES.items():
        try:
            told = subprocess.run(["sysctl", "-n", key], capture_output=True, text=True, timeout=5)
        except (OSError, subprocess.SubprocessError):
            return frozenset()
        if told.stdout.strip() == "1":
            found.add(flag)
    return frozenset(found)
