"""Cycle table of the Cortex-M4, transcribed from its Technical Reference Manual.

Branches: P, the cycles to refill the pipeline, is 1 to 3; nominal is 1 for a branch to a fixed
address, which the core fetches early, and 2 for one through a register.
Memory (the section "Load/store timings"): a load takes 2 cycles, or 1 right behind another load,
which the address must not depend on; at the high end always 2, and 3 where it reads beside the
code. A store with an immediate offset takes 1, one with a register 2, or 1 right behind a load;
VSTR takes 2. An address from the data processing just before costs a cycle more, since nothing
forwards it: in all readings. Arithmetic: the result of a floating-point instruction is there one
cycle later for the instruction that follows (a multiply-accumulate does not need its addend
before that); at the low end never, at the high end after each. Integer division takes 2 to 12.
VDIV and VSQRT take 14. Integer instructions behind them complete out of order: at the low end
those up to the block's end or the next floating-point instruction run in these 14 cycles, else
none does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from isru.emulator.cycles import HIGH, LOW, Reading
from isru.emulator.cycles.arm import (
    BRANCHES,
    FLOAT,
    LOADS,
    MULTIPLE,
    SIMPLE,
    STORES,
    base_name,
    listed_registers,
)
from isru.emulator.disassembly import Instruction, words
from isru.emulator.errors import CycleTableError

SOURCE = (
    "Arm, Cortex-M4 Technical Reference Manual, DDI 0439, tables 3-1 and 7-1 and the section "
    "Load/store timings"
)
MULTIPLY_ACCUMULATE = 1 + 1 + 1  # the fused form takes 3 cycles beside the load
_FIXED, _REGISTER = (1, 1, 3), (1, 2, 3)  # P, low nominal high, by where the target comes from
_FUSED = words("vmla vmls vnmla vnmls vfma vfms vfnma vfnms")
_FLOAT_CYCLES = dict.fromkeys(FLOAT, 1) | dict.fromkeys(_FUSED, 3)
_FLOAT_CYCLES |= {"vdiv": 14, "vsqrt": 14}
_ARITHMETIC = FLOAT - {"vmov", "vmrs", "vmsr", "vcmp", "vcmpe", "vabs", "vneg"}
_CORE_REGISTER = re.compile(r"\b(?:r\d+|sb|sl|fp|ip|sp|lr)\b")


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
        before = block[number - 1] if number else None
        last = number == len(block) - 1
        total += _m4(item, before, taken and last, reading)
        if reading.arithmetic == LOW and base_name(item.mnemonic) in ("vdiv", "vsqrt"):
            total -= min(13, _integers(block[number + 1 :]))
    return total


def _integers(behind):
    """Return how many instructions there are before the first one of the FPU."""
    places = (place for place, item in enumerate(behind) if item.mnemonic.startswith("v"))
    return next(places, len(behind))


def _m4(item, before, taken, reading):
    name = base_name(item.mnemonic)
    refill = _REGISTER[reading.branches] if taken else 0  # where the program counter is written
    if name in FLOAT:
        return _m4_float(item, name, before, reading)
    if name in LOADS:
        return _m4_load(item, before, reading) + refill
    if name in STORES:
        return _m4_store(item, name, before, reading)
    if name in MULTIPLE or name in ("ldrd", "strd"):
        return 1 + (2 if name in ("ldrd", "strd") else listed_registers(item)) + refill
    if name in ("bx", "blx"):
        return 1 + refill
    if name in BRANCHES:
        return 1 + (_FIXED[reading.branches] if taken else 0)
    if name in ("sdiv", "udiv"):
        return (2, 7, 12)[reading.arithmetic]
    if name in ("tbb", "tbh"):
        return (2, 2, 3)[reading.memory] + _REGISTER[reading.branches]
    if name in SIMPLE:
        return 1 + (refill if "pc" in item.writes else 0)
    raise CycleTableError(f"expected an instruction of the Cortex-M4's table, got: {item}")


def _m4_load(item, before, reading):
    if reading.memory == HIGH and "pc" in item.operands:
        return 3
    return 2 - _pipelined(item.reads, before, reading) + _address_stall(item.reads, before)


def _m4_store(item, name, before, reading):
    address = _address(item)
    stall = _address_stall(address, before)
    if name == "vstr":
        return 2 + stall
    with_register = "#" not in item.operands and "," in item.operands.partition("[")[2]
    if not with_register:
        return 1 + stall
    return 2 - _pipelined(address, before, reading) + stall


def _pipelined(address, before, reading):
    behind_load = before is not None and base_name(before.mnemonic) in LOADS
    return int(behind_load and reading.memory < HIGH and not before.writes & address)


def _address_stall(address, before):
    computed = before is not None and base_name(before.mnemonic) in SIMPLE
    return int(computed and bool(before.writes & address))


def _address(item):
    inside = item.operands.partition("[")[2]
    return frozenset(name for name in item.reads if re.search(rf"\b{name}\b", inside))


def _m4_float(item, name, before, reading):
    cycles = _FLOAT_CYCLES[name]
    if name == "vmov" and len(_CORE_REGISTER.findall(item.operands)) == 2:
        cycles = 2
    return cycles + (0, _float_stall(item, name, before), 1)[reading.arithmetic]


def _float_stall(item, name, before):
    if before is None or base_name(before.mnemonic) not in _ARITHMETIC:
        return 0
    reads = item.reads
    if name in _FUSED:
        reads = reads - item.writes  # the addend is needed later
        operands = [text.strip() for text in item.operands.split(",")]
        reads |= frozenset(operands[1:])
    return int(bool(before.writes & reads))
