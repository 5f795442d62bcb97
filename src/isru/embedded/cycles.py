"""From the blocks that ran to instructions (counted) and cycles (estimated).

A core's table is a function from a block's instructions to its cost. The estimate has three
values: ``low`` takes every number that the core's manual gives as a range at its low end and
no stall, ``high`` takes every one at its high end and every stall, and ``nominal`` is between.
Memory has no wait states. Dependencies are looked up within a block, not across its end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from isru.embedded.cycles_arm import cortex_m0plus, cortex_m4
from isru.embedded.cycles_riscv import cv32e40p
from isru.embedded.disassembly import Instruction, decode
from isru.embedded.elf import Image
from isru.embedded.emulator import Trace
from isru.embedded.targets import Target

TABLES: dict[str, Callable] = {
    "cortex-m4": cortex_m4,
    "cortex-m0plus": cortex_m0plus,
    "cv32e40p": cv32e40p,
}
SOURCES = {
    "cortex-m4": "Arm, Cortex-M4 Technical Reference Manual, DDI 0439, tables 3-1 and 7-1",
    "cortex-m0plus": "Arm, Cortex-M0+ Technical Reference Manual, DDI 0484, table 3-1",
    "cv32e40p": "OpenHW Group, CV32E40P User Manual, Pipeline Details",
}


class Cost(NamedTuple):
    """Instructions, and cycles where the core has a table (else NaN)."""

    instructions: int
    cycles: float
    low: float
    high: float

    def __sub__(self, other):
        return Cost(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))

    def per(self, calls: int) -> Cost:
        """Return the mean of several calls."""
        return Cost(*(number / calls for number in self))


def cost(target: Target, image: Image, trace: Trace) -> Cost:
    """Return what a trace cost.

    Parameters
    ----------
    target : Target
    image : Image
        That ran.
    trace : Trace

    Raises
    ------
    CycleTableError
        If an instruction ran that the core's table does not list.
    """
    total = [0.0, 0.0, 0.0, 0.0]
    for (start, following), times in trace.edges.items():
        size = trace.sizes[start]
        code = image.bytes_at(start, size)
        for place, number in enumerate(_block(target, code, start, following != start + size)):
            total[place] += times * number
    instructions, low, nominal, high = total
    return Cost(instructions, nominal, low, high)


@lru_cache(maxsize=1 << 16)
def _block(target, code, start, taken):
    """Return instructions and low, nominal and high cycles of one run of a block."""
    block = decode(target, code, start)
    table = TABLES.get(target.table)
    cycles = table(block, taken) if table else (math.nan,) * 3
    return len(block), *cycles


def straight(target: Target, instructions: list[Instruction], *, taken: bool = False) -> Cost:
    """Return the cost of instructions that run once, one after the other."""
    low, nominal, high = TABLES[target.table](instructions, taken)
    return Cost(len(instructions), nominal, low, high)
