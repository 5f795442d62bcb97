"""The C library's float functions as real toolchains build them for cores without double.

Sources of picolibc, read from the installed package: ``tanhf`` (by ``expm1f``), ``expf`` in its
float-only branch, ``sqrtf`` for cores that have no such instruction.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from isru.embedded.targets import Target
from isru.embedded.toolchain import load

NAME = "picolibc 1.7.9, float only"

_FILES = (
    "math/sf_tanh.c",
    "common/sf_expm1.c",
    "math/sf_exp.c",
    "math/sf_sqrt.c",
    "common/sf_fpclassify.c",
    "common/math_errf_oflowf.c",
    "common/math_errf_uflowf.c",
    "common/math_errf_invalidf.c",
    "common/math_errf_with_errnof.c",
)
# The branch of cores whose FPU has no double precision; errors without errno.
_FLAGS = (
    "-D__OBSOLETE_MATH_FLOAT=1",
    "-D_IEEE_LIBM",
    "-D_DEFAULT_SOURCE",
    "-Dfabsf=__builtin_fabsf",
    "-Wno-macro-redefined",
)


class Library(NamedTuple):
    """What `isru.embedded.toolchain.compile_image` takes."""

    sources: dict[str, str]
    include: tuple[str, ...]
    flags: tuple[str, ...]


def math_library(target: Target) -> Library:
    """Return the library's sources, folders of headers and flags.

    Parameters
    ----------
    target : Target
        With an FPU, ``sqrtf`` is an instruction and left out.

    Raises
    ------
    ToolchainError
        If the package is missing or has another version than the pinned one.
    """
    newlib = Path(load("pythondata-software-picolibc").data_location) / "newlib"
    files = [name for name in _FILES if not (target.fpu and ("sqrt" in name or "classify" in name))]
    sources = {
        f"libm/{Path(name).name}": (newlib / "libm" / name).read_text(encoding="utf-8")
        for name in files
    }
    # What its build system would write: nothing of it concerns these files.
    sources["picolibc.h"] = "#pragma once\n"
    folders = ("libc/include", "libm/common", "libm/math")
    return Library(sources, tuple(str(newlib / folder) for folder in folders), _FLAGS)
