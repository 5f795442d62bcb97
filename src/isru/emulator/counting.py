"""From the blocks that ran to instructions (counted) and cycles (estimated).

A core's table is a function from a block's instructions and a reading to cycles; see
`isru.emulator.cycles`. ``cycles`` is the nominal reading. ``cycles_low`` and ``cycles_high``
are the corners with all at one end: between them lies the time of one program. They say little
about the ratio of two, since both run on one core: for that, divide ``cycles_0`` to ``cycles_7``
corner by corner, and take the smallest and the largest of these ratios and the nominal one.

Memory has no wait states. Dependencies are looked up within a block, not across its end.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from isru.emulator.cores import TARGETS, Target
from isru.emulator.cycles import CORNER_COLUMNS, CORNERS, Reading, read_table
from isru.emulator.disassembly import Instruction, decode
from isru.emulator.elf import Image
from isru.emulator.machine import Trace

SOURCES = {
    target.table: read_table(target.table).SOURCE for target in TARGETS.values() if target.table
}
"""Cycle table -> the manual that it is transcribed from."""


class Cost(NamedTuple):
    """Instructions, and cycles where the core has a table (else NaN)."""

    instructions: float
    cycles: float  # nominal
    corners: tuple[float, ...]  # as `isru.emulator.cycles.CORNERS`

    @property
    def low(self) -> float:
        """Cycles with all at the low end."""
        return self.corners[0]

    @property
    def high(self) -> float:
        """Cycles with all at the high end."""
        return self.corners[-1]

    def per(self, calls: int) -> Cost:
        """Return the mean of several calls."""
        corners = tuple(number / calls for number in self.corners)
        return Cost(self.instructions / calls, self.cycles / calls, corners)

    def columns(self) -> dict[str, float]:
        """Return what a table of results shows, without the corners."""
        return {
            "instructions": self.instructions,
            "cycles": self.cycles,
            "cycles_low": self.low,
            "cycles_high": self.high,
        }

    def corner_columns(self) -> dict[str, float]:
        """Return the corners: ``cycles_0`` to ``cycles_7``."""
        return dict(zip(CORNER_COLUMNS, self.corners, strict=True))


def cost(target: Target, image: Image, trace: Trace) -> Cost:
    """Return what a trace of an image cost.

    Raises
    ------
    CycleTableError
        If an instruction ran that the core's table does not list.
    """
    total = [0.0] * (2 + len(CORNERS))
    for (start, following), times in trace.edges.items():
        size = trace.sizes[start]
        code = image.bytes_at(start, size)
        for place, number in enumerate(_block(target, code, start, following != start + size)):
            total[place] += times * number
    instructions, nominal, *corners = total
    return Cost(instructions, nominal, tuple(corners))


@lru_cache(maxsize=1 << 16)
def _block(target, code, start, taken):
    """Return instructions, nominal cycles and the corners of one run of a block."""
    found = straight(target, decode(target, code, start), taken=taken)
    return found.instructions, found.cycles, *found.corners


def straight(target: Target, instructions: list[Instruction], *, taken: bool = False) -> Cost:
    """Return the cost of instructions that run once, one after the other."""
    if not target.table:
        return Cost(len(instructions), math.nan, (math.nan,) * len(CORNERS))
    cycles = read_table(target.table).cycles
    nominal = cycles(instructions, taken, Reading())
    corners = tuple(cycles(instructions, taken, reading) for reading in CORNERS)
    return Cost(len(instructions), nominal, corners)
