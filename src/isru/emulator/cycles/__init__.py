"""The cycle tables, one file each, and the readings of what a manual leaves open.

A table named ``cortex-m4`` is ``cortex_m4.py`` of this folder. It holds ``SOURCE``, the manual;
``cycles(block, taken, reading)``, the cycles of one run of a block; and, for a core with an FPU,
``MULTIPLY_ACCUMULATE``, the least that a load, a product and a sum can take.

What a manual leaves open is of three kinds: branches, memory, arithmetic. A reading takes each
kind at its low end, nominally, or at its high end. The corners are the eight readings that take
every kind at one of its ends. Two programs on one core share the reading, so that a ratio of
their cycles is to be computed corner by corner.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from itertools import product
from pkgutil import iter_modules
from types import ModuleType
from typing import NamedTuple

LOW, NOMINAL, HIGH = range(3)


class Reading(NamedTuple):
    """How to read a table; each is `LOW`, `NOMINAL` or `HIGH`."""

    branches: int = NOMINAL
    memory: int = NOMINAL
    arithmetic: int = NOMINAL


# The first has all at the low end, the last all at the high end; arithmetic changes fastest.
CORNERS = tuple(Reading(*ends) for ends in product((LOW, HIGH), repeat=3))
CORNER_COLUMNS = tuple(f"cycles_{number}" for number in range(len(CORNERS)))


@cache
def read_table(name: str) -> ModuleType:
    """Return the cycle table of a name.

    Raises
    ------
    ValueError
        If no file of this folder has it; the message lists those that there are.
    """
    module, files = name.replace("-", "_"), {file.name for file in iter_modules(__path__)}
    if module not in files:
        raise ValueError(f"expected a cycle table of: {', '.join(sorted(files))}; got {name!r}")
    return import_module(f"{__name__}.{module}")
