"""Cycle table of the CV32E40P, transcribed from its user manual.

Branches and jumps take a cycle more at the high end, where the target is a long instruction that
is not aligned. Arithmetic: the latency of floating-point instructions is a parameter of the
synthesised core, 0 by default; at the high end it is 1, and the instruction that follows and uses
the result waits for it. Division and square root take 19 where the instruction that follows is
of the FPU or uses the result. Others can run beside them: at the low end each one of the block
saves a cycle, and eleven leave 1, as the manual says; else none does. Integer division takes 3 to
35. Memory: loads and stores are aligned and take 1, a load's result used at once another one.
"""

from __future__ import annotations

from collections.abc import Sequence

from isru.emulator.cycles import HIGH, LOW, Reading
from isru.emulator.disassembly import Instruction, words
from isru.emulator.errors import CycleTableError

SOURCE = "OpenHW Group, CV32E40P User Manual, Pipeline Details"
MULTIPLY_ACCUMULATE = 1 + 1  # a load and the fused form
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
_FLOAT_DIVIDE = {"fdiv.s", "fsqrt.s"}


def cycles(block: Sequence[Instruction], taken: bool, reading: Reading) -> float:
    """Return the cycles of one run of a block.

    Parameters
    ----------
    block : sequence of Instruction
    taken : bool
        Whether the next block is another than the one behind.
    reading : Reading
    """
    total = 0.0
    for number, item in enumerate(block):
        if number:
            total += _stall(item, block[number - 1], reading)
        if item.mnemonic in _FLOAT_DIVIDE and reading.arithmetic == LOW:
            beside = _beside(item, block[number + 1 :])
            total += 1 if beside >= 11 else 19 - beside
        else:
            total += _cycles(item, item.mnemonic, taken and number == len(block) - 1, reading)
    return total


def _beside(item, behind):
    """Return how many instructions there are before one of the FPU or one with the result."""
    places = (
        place
        for place, other in enumerate(behind)
        if _is_float(other.mnemonic) or item.writes & (other.reads | other.writes)
    )
    return next(places, len(behind))


def _stall(item, before, reading):
    if not before.writes & item.reads:
        return 0
    if before.mnemonic in _LOADS or item.mnemonic in ("jr", "jalr"):
        return 1
    late = _is_float(before.mnemonic) and before.mnemonic not in _FLOAT_DIVIDE
    return int(late and reading.arithmetic == HIGH)


def _cycles(item, name, taken, reading):
    if name in _SIMPLE or name in _LOADS or name in _STORES:
        return 1
    if name in _BRANCHES:
        return (3, 3, 4)[reading.branches] if taken else 1
    if name in _JUMPS:
        return (2, 2, 3)[reading.branches]
    if name in _LONG_MULTIPLY:
        return 5
    if name in _DIVIDE:
        return (3, 19, 35)[reading.arithmetic]
    if name in _FLOAT_DIVIDE:
        return 19
    if _is_float(name):
        return 1
    raise CycleTableError(f"expected an instruction of the CV32E40P's table, got: {item}")


def _is_float(name):
    return name.startswith("f") and name not in ("fence", "flw", "fsw", "flwsp", "fswsp")
