"""From the blocks that ran to instructions (counted) and cycles (estimated).

A core's table is a function from a block's instructions to its cost. The estimate has three
values: ``low`` takes every number that the core's manual gives as a range at its low end and
no stall, ``high`` takes every one at its high end and every stall, and ``nominal`` is between.
Memory has no wait states. Dependencies are looked up within a block, not across its end.
"""

from __future__ import annotations

from collections.abc import Callable
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
    table = TABLES.get(target.table)
    blocks = {start: _decoded(target, image, start, size) for start, size in trace.sizes.items()}
    instructions = sum(times * len(blocks[start]) for (start, _), times in trace.edges.items())
    if table is None:
        return Cost(instructions, float("nan"), float("nan"), float("nan"))
    cycles = [0.0, 0.0, 0.0]
    for (start, following), times in trace.edges.items():
        taken = following != start + trace.sizes[start]
        for place, number in enumerate(table(blocks[start], taken)):
            cycles[place] += times * number
    low, nominal, high = cycles
    return Cost(instructions, nominal, low, high)


def straight(target: Target, instructions: list[Instruction], *, taken: bool = False) -> Cost:
    """Return the cost of instructions that run once, one after the other."""
    low, nominal, high = TABLES[target.table](instructions, taken)
    return Cost(len(instructions), nominal, low, high)


def _decoded(target, image, start, size):
    for section in image.sections:
        offset = start - section.address
        if 0 <= offset < len(section.content):
            return decode(target, section.content[offset : offset + size], start)
    raise KeyError(f"no section holds {start:#x}")
