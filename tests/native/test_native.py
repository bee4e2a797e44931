"""The kernels' own program of tests, built with sanitizers, with emulated instructions, for Arm.

The emulated build runs the AVX-512 kernels on any CPU: the same sources, with each instruction
as a function in plain C++ (``emulation/immintrin.h``).
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "native"
FLAGS = ["-std=c++17", "-pthread", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
EMULATED = ["-DARTEM_EMULATED", f"-I{HERE / 'emulation'}", "-Wno-psabi"]
X86 = ["avx512vpopcntdq", "avx512bw", "avx2", "portable"]


def compiler(name: str, *flags: str, folder: Path) -> list[str]:
    """A compiler that can make programs with these flags, or this test is skipped."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    probe = folder / "probe.cpp"
    probe.write_text("int main() {}\n")
    command = [name, *flags]
    made = subprocess.run(
        [*command, str(probe), "-o", str(folder / "probe")], capture_output=True, text=True
    )
    if made.returncode != 0:
        pytest.skip(f"{' '.join(command)} makes no programs here: {made.stderr[-200:]}")
    return command


def build(command: list[str], folder: Path) -> Path:
    """The driver and all kernels, each source in a process of its own."""
    sources = [*sorted(NATIVE.glob("*.cpp")), HERE / "driver.cpp"]
    objects = [folder / f"{source.stem}.o" for source in sources]
    running = [
        subprocess.Popen(
            [*command, *FLAGS, f"-I{NATIVE}", "-c", str(source), "-o", str(target)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for source, target in zip(sources, objects, strict=True)
    ]
    errors = [process.communicate()[1] for process in running]
    assert all(process.returncode == 0 for process in running), "\n".join(errors)
    program = folder / "driver"
    subprocess.run([*command, "-pthread", *map(str, objects), "-o", str(program)], check=True)
    return program


def kernels_checked(*command: str) -> list[str]:
    """The kernels that the driver found right; it stops at a difference."""
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if "unexpected memory mapping" in ran.stderr:
        pytest.skip("this system's memory layout is beyond the thread sanitizer")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.split()


x86_only = pytest.mark.skipif(
    os.uname().machine not in ("x86_64", "AMD64") if hasattr(os, "uname") else True,
    reason="the emulated kernels are those of x86, and the commands those of Unix",
)


@x86_only
@pytest.mark.parametrize(("sanitizers", "rounds"), [("address,undefined", 10), ("thread", 2)])
def test_all_x86_kernels_emulated_and_sanitized(
    tmp_path: Path, sanitizers: str, rounds: int
) -> None:
    flags = [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all", "-O1", "-g1"]
    command = compiler(os.environ.get("CXX", "g++"), *flags, folder=tmp_path)
    program = build([*command, *EMULATED], tmp_path)
    assert kernels_checked(str(program), str(rounds)) == X86


def test_neon_under_emulation(tmp_path: Path) -> None:
    if shutil.which("qemu-aarch64-static") is None:
        pytest.skip("qemu-aarch64-static is not installed (Debian: qemu-user-static)")
    command = compiler("aarch64-linux-gnu-g++", "-static", "-O1", folder=tmp_path)
    program = build(command, tmp_path)
    assert kernels_checked("qemu-aarch64-static", str(program), "10") == ["neon", "portable"]
