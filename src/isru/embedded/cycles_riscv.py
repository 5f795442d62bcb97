"""Cycle table of the CV32E40P, transcribed from its user manual.

The manual gives floating-point latencies by two parameters of the synthesised core: low and
nominal have both at 0, the default, high at 1. Division and square root take 1 to 19 cycles;
nothing here runs beside them, so nominal and high take 19 and low the 12 that a program can hide.
"""

from __future__ import annotations

from collections.abc import Sequence

from isru.embedded.disassembly import Instruction, words
from isru.embedded.errors import CycleTableError

_SIMPLE = words(
    "add addi sub and andi or ori xor xori sll slli srl srli sra srai slt slti sltu sltiu lui "
    "auipc li mv nop neg not seqz snez sltz sgtz mul addi16sp addi4spn zext.b"
)
_LOADS = words("lw lh lhu lb lbu flw lwsp flwsp")
_STORES = words("sw sh sb fsw swsp fswsp")
_BRANCHES = words("beq bne blt bge bltu bgeu beqz bnez blez bgez bltz bgtz bgt ble bgtu bleu")
_JUMPS = words("j jal jr jalr ret")
_LONG_MULTIPLY = {"mulh", "mulhu", "mulhsu"}
_DIVIDE = {"div", "divu", "rem", "remu"}


def cv32e40p(block: Sequence[Instruction], taken: bool) -> tuple[float, float, float]:
    """Return low, nominal and high cycles of one run of a block.

    Parameters
    ----------
    block : sequence of Instruction
    taken : bool
        Whether the next block is another than the one behind.
    """
    total = [0.0, 0.0, 0.0]
    for number, item in enumerate(block):
        before = block[number - 1] if number else None
        last = number == len(block) - 1
        for place, cycles in enumerate(_one(item, before, taken and last)):
            total[place] += cycles
    return tuple(total)


def _one(item, before, taken):
    name = item.mnemonic
    depends = before is not None and bool(before.writes & item.reads)
    stall = int(depends and before.mnemonic in _LOADS)  # a load's result, right behind it
    float_stall = int(depends and _is_float(before.mnemonic))
    return tuple(
        cycles + stall + (float_stall if high else 0)
        for high, cycles in _with_flag(_cycles(item, name, taken))
    )


def _with_flag(cycles):
    """Pair low, nominal and high with whether it is high."""
    low, nominal, high = cycles
    return (False, low), (False, nominal), (True, high)


def _cycles(item, name, taken):
    if name in _SIMPLE or name in _LOADS or name in _STORES:
        return 1, 1, 1
    if name in _BRANCHES:
        return (3, 3, 4) if taken else (1, 1, 1)
    if name in _JUMPS:
        return 2, 2, 3
    if name in _LONG_MULTIPLY:
        return 5, 5, 5
    if name in _DIVIDE:
        return 3, 19, 35
    if name in ("fdiv.s", "fsqrt.s"):
        return 12, 19, 19
    if _is_float(name):
        return 1, 1, 1
    raise CycleTableError(f"expected an instruction of the CV32E40P's table, got: {item}")


def _is_float(name):
    return name.startswith("f") and name not in ("fence", "flw", "fsw", "flwsp", "fswsp")
