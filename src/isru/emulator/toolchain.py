"""The cross-compiler and its companions, from pip packages, found and checked at run time."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from isru import paths
from isru.emulator.cores import Target
from isru.emulator.elf import Image, read_elf
from isru.emulator.errors import CompileError, SoftFloatError, ToolchainError
from isru.records import write_atomically

# Another version would give other counts: what is measured is these versions' code.
PINNED = {
    "ziglang": "0.17.1",
    "pythondata-software-picolibc": "1.7.9.post181",
    "unicorn": "2.1.4",
    "capstone": "5.0.9",
}
_MODULES = {"pythondata-software-picolibc": "pythondata_software_picolibc"}

OPTIMISATION = "-Os"
"""What every image is compiled with: its cycles and its bytes belong to one binary."""

FLAGS = (
    "-std=c99",
    "-ffreestanding",
    "-fno-math-errno",  # or sqrtf is a call beside the square root instruction
    "-fomit-frame-pointer",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-sanitize=all",
    "-g",  # or the linker strips the symbols; adds nothing that is loaded
)
FLASH, RAM = 0x0001_0000, 0x2000_0000
_LINKER_SCRIPT = f"""\
SECTIONS
{{
    . = {FLASH:#x};
    .text : {{ *(.text .text.*) }}
    .rodata : {{ *(.rodata .rodata.* .srodata .srodata.*) }}
    .data : {{ *(.data .data.* .sdata .sdata.*) }}
    .bss : {{ *(.bss .bss.* .sbss .sbss.* COMMON) }}
    /DISCARD/ : {{ *(.ARM.exidx*) *(.ARM.attributes) *(.comment) *(.eh_frame*) *(.riscv.*) }}
}}
"""
_IMAGES: dict[str, Image] = {}
_SOFT = re.compile(r"\b(__aeabi_[df]\w+|__(?:add|sub|mul|div)[sd]f3)\b")


@cache
def load(package: str):
    """Import a package of the toolchain, of the pinned version.

    Parameters
    ----------
    package : str
        A key of `PINNED`.

    Raises
    ------
    ToolchainError
        If it is missing or has another version; the message says what to install.
    """
    wanted = PINNED[package]
    advice = f"install it by: pip install {package}=={wanted}"
    try:
        found = importlib.metadata.version(package)
        module = importlib.import_module(_MODULES.get(package, package))
    except (ImportError, importlib.metadata.PackageNotFoundError) as error:
        raise ToolchainError(
            f"expected the package {package} {wanted} for the microcontroller part, got none "
            f"({error}); {advice}"
        ) from None
    if found != wanted:
        raise ToolchainError(
            f"expected {package} {wanted}, since counts belong to versions, got {found}; {advice}"
        )
    return module


def toolchain_versions() -> dict[str, str]:
    """Return the pinned packages with their versions.

    Raises
    ------
    ToolchainError
        As :func:`load`, for the first that is missing or differs.
    """
    for package in PINNED:
        load(package)
    return dict(PINNED)


def toolchain_problem() -> str:
    """Return why nothing can be measured here and what to install; ``""`` if it can."""
    try:
        toolchain_versions()
    except ToolchainError as error:
        return str(error)
    return ""


def compiler_command(*arguments) -> list[str]:
    """Return a command line of the C compiler (Clang, from the package ziglang)."""
    folder = Path(load("ziglang").__file__).parent
    program = shutil.which("zig", path=folder) or folder / "zig"
    return [os.fspath(program), "cc", *map(os.fspath, arguments)]


def compile_image(
    target: Target,
    sources: Mapping[str, str],
    *,
    entries: Sequence[str],
    library: Sequence[str] = (),
    flags: Sequence[str] = (),
    optimisation: str = OPTIMISATION,
) -> Image:
    """Compile and link a program; equal input is compiled once.

    Parameters
    ----------
    target : Target
    sources : mapping
        File name -> text; names that end in ``.c`` are compiled, others can be included.
    entries : sequence of str
        Functions that must be kept; what they do not reach is dropped.
    library : sequence of str
        Paths of further C files, of a package whose version is pinned.
    flags : sequence of str
        Further flags.
    optimisation : str

    Raises
    ------
    CompileError
        With the command and what the compiler said.
    SoftFloatError
        If the core has an FPU and the program does not use it.
    """
    key = {
        "versions": PINNED,
        "target": [target.triple, target.cpu, *target.flags],
        "flags": [*FLAGS, *_portable(flags), optimisation, _LINKER_SCRIPT],
        "sources": dict(sources),
        "entries": list(entries),
        "library": [Path(file).name for file in library],
        "fpu": target.fpu,
    }
    load("ziglang")
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
    if digest not in _IMAGES:
        kept = cache_folder() / f"{digest}.elf"
        if not kept.is_file():
            job = target, sources, entries, library, (optimisation, *FLAGS, *flags)
            write_atomically(kept, _compile(*job))
        _IMAGES[digest] = read_elf(kept.read_bytes())
    if target.fpu:
        check_hard_float(_IMAGES[digest])
    return _IMAGES[digest]


def _portable(flags):
    """Return flags without the folders that differ between machines."""
    return [flag for flag in flags if not flag.startswith("-I")]


def cache_folder() -> Path:
    """Return where compiled images are kept: in ``build/``, or in a temporary folder."""
    return paths.compiled()


def _compile(target, sources, entries, library, flags) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in {**sources, "image.ld": _LINKER_SCRIPT}.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        # A core with an FPU needs nothing of the compiler's runtime library, and if it asks for
        # something, that is an error worth having. Without one, that library is the arithmetic.
        runtime = ("-nostdlib",) if target.fpu else ()
        command = compiler_command(
            *("-target", target.triple, f"-mcpu={target.cpu}", *target.flags),
            *flags,
            "-I.",
            *(file for file in sources if file.endswith(".c")),
            *library,
            *(*runtime, "-Wl,-T,image.ld", "-Wl,--gc-sections"),
            *(f"-Wl,-u,{entry}" for entry in entries),
            f"-Wl,--entry={entries[0]}",
            *("-o", "image.elf"),
        )
        run(command, folder, f"compiling for {target.name}", fpu=target.fpu)
        return (folder / "image.elf").read_bytes()


def run(command: Sequence[str], folder, purpose: str, *, fpu: bool = False) -> None:
    """Run a compiler.

    Raises
    ------
    CompileError
        If it fails.
    SoftFloatError
        If ``fpu`` and it fails because floating-point routines are missing.
    """
    caches = {**paths.compiler_caches(), **os.environ}
    done = subprocess.run(command, cwd=folder, env=caches, capture_output=True, text=True)
    if done.returncode == 0:
        return
    if fpu and (missing := sorted(set(_SOFT.findall(done.stderr)))):
        raise SoftFloatError(_soft_float(missing))
    raise CompileError(f"{purpose} failed:\n{' '.join(command)}\n{done.stderr[-3000:]}")


def check_hard_float(image: Image) -> None:
    """Refuse an image for a core with an FPU that computes floats in software.

    Raises
    ------
    SoftFloatError
        The message names the routines.
    """
    soft = sorted(name for name in image.symbols if _SOFT.fullmatch(name))
    if soft:
        raise SoftFloatError(_soft_float(soft))


def _soft_float(names):
    return (
        "expected floating-point instructions for a core with an FPU, got calls of "
        f"{', '.join(names[:6])}: name the FPU in the target's cpu (cortex_m4+vfp4d16sp, say)"
    )
