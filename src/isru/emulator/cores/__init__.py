"""The cores, one file each: how to compile for it, how to emulate it, whose cycle table it has.

A core named ``cortex-m4f`` is the `Target` called ``CORE`` in ``cortex_m4f.py`` of this folder.
Nothing else knows of it, but for the file of its cycle table in `isru.emulator.cycles`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules


@dataclass(frozen=True)
class Target:
    """One core.

    Attributes
    ----------
    name : str
        That of its file, with ``-`` for ``_``.
    label : str
        As it is written in tables and figures.
    triple, cpu : str
        For the compiler, in Zig's notation.
    flags : tuple of str
        Further flags of the compiler.
    family : {"arm", "aarch64", "riscv"}
        Instruction set, for emulator and disassembler.
    emulated : str
        The emulator's model of the core, without its prefix; ``""`` for its default.
    fpu : bool
        Whether float32 arithmetic and square root are instructions; else the compiler's runtime
        library is the arithmetic, and the C library's ``sqrtf`` the square root.
    table : str
        Name of the cycle table, a file in `isru.emulator.cycles`; ``""`` where none is published.
    """

    name: str
    label: str
    triple: str
    cpu: str
    family: str
    fpu: bool
    flags: tuple[str, ...] = ()
    emulated: str = ""
    table: str = ""


def read_targets() -> dict[str, Target]:
    """Return the cores of this folder by name.

    Raises
    ------
    ValueError
        If a core is not called like its file.
    """
    found = {}
    for module in sorted(module.name for module in iter_modules(__path__)):
        core = import_module(f"{__name__}.{module}").CORE
        if core.name != module.replace("_", "-"):
            raise ValueError(
                f"expected a core named {module.replace('_', '-')!r} in {module}.py, "
                f"got {core.name!r}"
            )
        found[core.name] = core
    return found


TARGETS = read_targets()


def get_target(target: str | Target) -> Target:
    """Return the target of a name; a `Target` is returned as it is.

    Raises
    ------
    ValueError
        For an unknown name; the message lists the known ones.
    """
    if isinstance(target, Target):
        return target
    if target not in TARGETS:
        raise ValueError(f"expected a target of: {', '.join(TARGETS)}; got {target!r}")
    return TARGETS[target]
