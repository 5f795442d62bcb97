"""Cycle table of the Cortex-M0+, transcribed from its Technical Reference Manual.

Arithmetic is the multiplier, of 1 cycle (low and nominal) or 32. Loads and stores take 2; 1 is
for the single-cycle port, where no memory of a program lies.
"""

from __future__ import annotations

from collections.abc import Sequence

from isru.emulator.cycles import Reading
from isru.emulator.cycles.arm import (
    BRANCHES,
    LOADS,
    MULTIPLE,
    SIMPLE,
    STORES,
    base_name,
    listed_registers,
)
from isru.emulator.disassembly import Instruction
from isru.emulator.errors import CycleTableError

SOURCE = "Arm, Cortex-M0+ Technical Reference Manual, DDI 0484, table 3-1"


def cycles(block: Sequence[Instruction], taken: bool, reading: Reading) -> float:
    """Return the cycles of one run of a block; as in `isru.emulator.cycles.cortex_m4`."""
    last = len(block) - 1
    return float(
        sum(_m0plus(item, taken and place == last, reading) for place, item in enumerate(block))
    )


def _m0plus(item, taken, reading):
    name = base_name(item.mnemonic)
    if name in ("mul", "muls"):
        return (1, 1, 32)[reading.arithmetic]
    if name in LOADS or name in STORES:
        return 2
    if name in MULTIPLE:
        return listed_registers(item) + (3 if taken else 1)
    if name == "bl":
        return 3
    if name in BRANCHES:
        return 2 if taken else 1
    if name in SIMPLE:
        return 2 if taken and "pc" in item.writes else 1
    if name in ("mrs", "msr", "dmb"):
        return 3
    raise CycleTableError(f"expected an instruction of the Cortex-M0+'s table, got: {item}")
