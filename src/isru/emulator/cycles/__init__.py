"""The readings of a cycle table: one for each way to resolve what the manual leaves open.

What a manual leaves open is of three kinds: branches, memory, arithmetic. A reading takes each
kind at its low end, nominally, or at its high end. The corners are the eight readings that take
every kind at one of its ends. Two programs on one core share the reading, so that a ratio of
their cycles is to be computed corner by corner.
"""

from __future__ import annotations

from itertools import product
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
