"""The C library's float functions as real toolchains build them for cores without double.

Sources of picolibc, read from the installed package: ``tanhf`` (by ``expm1f``), ``expf`` in its
float-only branch, ``sqrtf`` for cores that have no such instruction.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from isru.emulator.cores import Target
from isru.emulator.toolchain import cache_folder, load
from isru.records import write_atomically

NAME = "picolibc 1.7.9, float only"

_OVERFLOW = (
    "common/math_errf_oflowf.c",
    "common/math_errf_uflowf.c",
    "common/math_errf_with_errnof.c",
)
_FILES = {
    "tanhf": ("math/sf_tanh.c", "common/sf_expm1.c", *_OVERFLOW),
    "expf": ("math/sf_exp.c", *_OVERFLOW),
    "expm1f": ("common/sf_expm1.c", *_OVERFLOW),
    "log1pf": (
        "common/sf_log1p.c",
        "common/math_errf_divzerof.c",
        "common/math_errf_invalidf.c",
        "common/math_errf_with_errnof.c",
    ),
    "sqrtf": (
        "math/sf_sqrt.c",
        "common/sf_fpclassify.c",
        "common/math_errf_invalidf.c",
        "common/math_errf_with_errnof.c",
    ),
}
# The branch of cores whose FPU has no double precision; errors without errno.
_FLAGS = (
    "-D__OBSOLETE_MATH_FLOAT=1",
    "-D_IEEE_LIBM",
    "-D_DEFAULT_SOURCE",
    "-Dfabsf=__builtin_fabsf",
    "-Wno-macro-redefined",
)


class Library(NamedTuple):
    """What `isru.emulator.toolchain.compile_image` takes."""

    files: tuple[str, ...]
    flags: tuple[str, ...]


def math_library(target: Target, functions: Iterable[str]) -> Library:
    """Return the files of the library that some functions need, and the flags for them.

    Parameters
    ----------
    target : Target
        With an FPU, ``sqrtf`` is an instruction and left out.
    functions : iterable of str
        Of ``tanhf``, ``expf``, ``expm1f``, ``log1pf`` and ``sqrtf``.

    Raises
    ------
    ToolchainError
        If the package is missing or has another version than the pinned one.
    """
    needed = [name for name in _FILES if name in functions]
    if target.fpu:
        needed = [name for name in needed if name != "sqrtf"]
    if not needed:
        return Library((), ())
    newlib = Path(load("pythondata-software-picolibc").data_location) / "newlib"
    configuration = cache_folder() / "picolibc" / "picolibc.h"
    if not configuration.is_file():  # what its build system would write; nothing of it matters here
        write_atomically(configuration, "#pragma once\n")
    folders = (newlib / "libc/include", newlib / "libm/common", configuration.parent)
    files = dict.fromkeys(str(newlib / "libm" / file) for name in needed for file in _FILES[name])
    return Library(tuple(files), (*_FLAGS, *(f"-I{folder}" for folder in folders)))
