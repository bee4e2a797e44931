"""Compiles the XNOR kernels where there is a compiler; all else stands in pyproject.toml.

They are one shared library that Python loads by ctypes, so a wheel suits every Python 3 of its
platform. Without a compiler the package installs all the same, as a wheel for any platform, and
binary networks run by the NumPy reference.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

LIBRARY = {"win32": "artem_xnor.dll", "darwin": "libartem_xnor.dylib"}.get(
    sys.platform, "libartem_xnor.so"
)
"""As in ``artem.runtime.xnor.native``, beside which it lies."""

UNIX_FLAGS = [
    "-std=c++17", "-O3", "-g0", "-pthread", "-fvisibility=hidden",
    "-ffp-contract=off",  # a fused multiplication and addition rounds once less than the reference
]  # fmt: skip
MSVC_FLAGS = ["/std:c++17", "/O2", "/EHsc", "/fp:precise"]

AVX512 = [
    "-mavx2", "-mavx512f", "-mavx512bw",
    "-Wno-uninitialized", "-Wno-maybe-uninitialized",  # of which GCC 12 suspects its own headers
]  # fmt: skip

INSTRUCTION_SETS = {  # by file; only these may use what not every CPU has
    "avx2.cpp": (["-mavx2"], ["/arch:AVX2"]),
    "avx512bw.cpp": (AVX512, ["/arch:AVX512"]),
    "avx512vpopcntdq.cpp": ([*AVX512, "-mavx512vpopcntdq"], ["/arch:AVX512"]),
}


class BuildKernels(build_ext):
    """Each file with the instruction set that its name says, and a library without Python in it."""

    def get_ext_filename(self, fullname: str) -> str:
        return "/".join([*fullname.split(".")[:-1], LIBRARY])

    def get_export_symbols(self, ext: Extension) -> list[str]:
        return []

    def build_extension(self, ext: Extension) -> None:
        target = Path(self.get_ext_fullpath(ext.name))
        target.unlink(missing_ok=True)  # an older one, should this fail
        target.parent.mkdir(parents=True, exist_ok=True)
        objects = []
        for source in ext.sources:
            objects += self.compiler.compile(
                [source],
                output_dir=self.build_temp,
                extra_postargs=self.flags_for(Path(source).name),
                depends=ext.depends,
            )
        self.compiler.link_shared_object(
            objects,
            str(target),
            target_lang="c++",
            extra_postargs=[] if self.compiler.compiler_type == "msvc" else ["-pthread"],
        )

    def flags_for(self, name: str) -> list[str]:
        unix, msvc = INSTRUCTION_SETS.get(name, ([], []))
        x86 = platform.machine().lower() in ("x86_64", "amd64")
        if self.compiler.compiler_type == "msvc":
            return MSVC_FLAGS + (msvc if x86 else [])
        if sys.platform == "darwin":  # where one compilation may be for two kinds of CPU
            return UNIX_FLAGS + [part for flag in unix for part in ("-Xarch_x86_64", flag)]
        return UNIX_FLAGS + (unix if x86 else [])


class WheelOfKernels(bdist_wheel):
    """Tagged for any Python 3, and for any platform if nothing could be compiled."""

    def run(self) -> None:
        self.run_command("build_ext")
        build = self.get_finalized_command("build_ext")
        self.root_is_pure = not any(Path(file).is_file() for file in build.get_outputs())
        super().run()

    def get_tag(self) -> tuple[str, str, str]:
        tag = super().get_tag()
        return tag if self.root_is_pure else ("py3", "none", tag[2])


setup(
    ext_modules=[
        Extension(
            "artem.runtime.xnor.kernels_library",
            sources=sorted(str(path) for path in Path("native").glob("*.cpp")),
            depends=sorted(str(path) for path in Path("native").glob("*.h")),
            language="c++",
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildKernels, "bdist_wheel": WheelOfKernels},
)
