"""Instructions with the registers that they read and write."""

from __future__ import annotations

import re
from typing import NamedTuple

from isru.emulator.cores import Target
from isru.emulator.errors import CycleTableError
from isru.emulator.toolchain import load

_REGISTER = re.compile(r"\b(?:zero|ra|sp|gp|tp|f?[ast]\d+|ft\d+)\b")
_NO_RESULT = re.compile(r"f?s[bhwd]|f?s[wd]sp|b\w+|j|jr|ret|fence|ecall|ebreak")


class Instruction(NamedTuple):
    """One instruction, as capstone writes it; without the prefix ``c.`` of short RISC-V forms."""

    address: int
    size: int
    mnemonic: str
    operands: str
    reads: frozenset[str]  # registers
    writes: frozenset[str]

    def __str__(self):
        return f"{self.address:x}  {self.mnemonic} {self.operands}".rstrip()


def words(text: str) -> frozenset[str]:
    """Return the words of a text, as tables of mnemonics are written."""
    return frozenset(text.split())


def decode(target: Target, code: bytes, address: int) -> list[Instruction]:
    """Disassemble code, which must begin with an instruction; ``address`` is its first byte's.

    Raises
    ------
    CycleTableError
        If the bytes are no instructions to the end.
    """
    capstone = load("capstone")
    modes = {
        "arm": (capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS),
        "aarch64": (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM),
        "riscv": (capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV32 | capstone.CS_MODE_RISCVC),
    }
    disassembler = capstone.Cs(*modes[target.family])
    disassembler.detail = True
    registers = _riscv_registers if target.family == "riscv" else _arm_registers
    found = []
    for item in disassembler.disasm(code, address):
        mnemonic = item.mnemonic.removeprefix("c.")
        reads, writes = registers(item, mnemonic)
        found.append(Instruction(item.address, item.size, mnemonic, item.op_str, reads, writes))
    if sum(item.size for item in found) != len(code):
        place = found[-1].address + found[-1].size if found else address
        raise CycleTableError(f"{target.name}: expected an instruction at {place:#x}, got data")
    return found


def _arm_registers(item, mnemonic):
    reads, writes = item.regs_access()
    return frozenset(map(item.reg_name, reads)), frozenset(map(item.reg_name, writes))


def _riscv_registers(item, mnemonic):
    # capstone does not tell for RISC-V; the first operand is the result, but for stores,
    # branches and jumps. A short form may also read it, as in add a0, a1.
    named = _REGISTER.findall(item.op_str)
    if _NO_RESULT.fullmatch(mnemonic):
        return frozenset(named), frozenset()
    reads = named[1:]
    if item.size == 2 and mnemonic not in ("li", "lui", "mv", "lw", "lwsp", "flw", "flwsp"):
        reads = named
    return frozenset(reads), frozenset(named[:1])
