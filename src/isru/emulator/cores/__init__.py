"""The cores: how to compile for each, how to emulate it, and whose cycle table it has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One core.

    Attributes
    ----------
    name : str
    triple, cpu : str
        For the compiler, in Zig's notation.
    flags : tuple of str
        Further flags of the compiler.
    family : {"arm", "aarch64", "riscv"}
        Instruction set, for emulator and disassembler.
    emulated : str
        The emulator's model of the core, without its prefix; ``""`` for its default.
    fpu : bool
        Whether float32 arithmetic and square root are instructions.
    table : str
        Key of the cycle table in `isru.emulator.counting.TABLES`; ``""`` where none is published.
    """

    name: str
    triple: str
    cpu: str
    flags: tuple[str, ...]
    family: str
    emulated: str
    fpu: bool
    table: str = ""


_ALL = (
    Target(
        "cortex-m4f",
        "thumb-freestanding-eabihf",
        "cortex_m4+vfp4d16sp",
        ("-mfloat-abi=hard",),
        "arm",
        "CORTEX_M4",
        fpu=True,
        table="cortex-m4",
    ),
    Target(
        "cortex-m0plus",
        "thumb-freestanding-eabi",
        "cortex_m0plus",
        (),
        "arm",
        "CORTEX_M0",
        fpu=False,
        table="cortex-m0plus",
    ),
    Target(
        "rv32imfc",
        "riscv32-freestanding",
        "generic_rv32+m+c+f",
        ("-mabi=ilp32f",),
        "riscv",
        "",
        fpu=True,
        table="cv32e40p",
    ),
    Target(
        "rv32imc",
        "riscv32-freestanding",
        "generic_rv32+m+c",
        ("-mabi=ilp32",),
        "riscv",
        "",
        fpu=False,
        table="cv32e40p",
    ),
    Target(
        "cortex-m7",
        "thumb-freestanding-eabihf",
        "cortex_m7+fp_armv8d16",
        ("-mfloat-abi=hard",),
        "arm",
        "CORTEX_M7",
        fpu=True,
    ),
    Target("cortex-a53", "aarch64-freestanding", "cortex_a53", (), "aarch64", "A53", fpu=True),
)
TARGETS = {target.name: target for target in _ALL}


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
