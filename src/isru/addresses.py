"""How a recorded value is named: ``forecaster.window``, or a cell of a table.

::

    forecaster.window                                          a value of its own
    forecaster.steps[framework=numpy, step=train, units=25].saving    a cell of a table

In the brackets stand columns that are keys of the table, enough of them that one row is left. A
level that holds a comma, and a column that is no single word, stand in double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_WORDS = r"[a-z0-9]+(?:-[a-z0-9]+)*"  # of chapters and tables
_NAME = r"[a-z0-9]+(?:_[a-z0-9]+)*"
_COLUMN = r'(?:\w+|"[^"\]]*")'
_CELL = rf"{_WORDS}\[[^\]]*\]\.{_COLUMN}"
PATTERN = rf"{_WORDS}\.(?:{_CELL}|{_NAME})"
_ADDRESS = re.compile(PATTERN)
_PARTS = re.compile(rf"(?P<table>{_WORDS})\[(?P<row>[^\]]*)\]\.(?P<column>{_COLUMN})")
_LEVEL = re.compile(rf'\s*(?P<key>{_COLUMN})\s*=\s*(?P<level>"[^"]*"|[^",]*[^",\s])\s*(?:,|$)')


class BadAddress(ValueError):
    """An address that no recorded value can have; the message says what was expected."""


@dataclass(frozen=True)
class Cell:
    """A cell of a chapter's table: the row by levels of key columns, as texts, and the column."""

    table: str
    row: Mapping[str, str]
    column: str

    def __str__(self) -> str:
        row = ", ".join(f"{_column(key)}={_level(level)}" for key, level in self.row.items())
        return f"{self.table}[{row}].{_column(self.column)}"


def split(address: str) -> tuple[str, str]:
    """Return the chapter of an address and the name within it.

    Raises
    ------
    BadAddress
        If the text is no address.
    """
    text = " ".join(address.split())
    if not _ADDRESS.fullmatch(text):
        raise BadAddress(
            "expected an address such as forecaster.window or "
            f"forecaster.steps[step=train, units=25].saving, got {address!r}"
        )
    chapter, _, name = text.partition(".")
    if "[" in name:
        cell_of(name)
    return chapter, name


def cell_of(name: str) -> Cell:
    """Return the cell that a name within a chapter stands for.

    Raises
    ------
    BadAddress
        If it is not of the form ``TABLE[KEY=LEVEL, ...].COLUMN``.
    """
    found = _PARTS.fullmatch(name)
    if not found:
        raise BadAddress(f"expected TABLE[KEY=LEVEL, ...].COLUMN, got {name!r}")
    text, row, place = found["row"], {}, 0
    while place < len(text):
        level = _LEVEL.match(text, place)
        if not level or level["key"].strip('"') in row:
            raise BadAddress(f"expected KEY=LEVEL, KEY=LEVEL, each key once, got [{text}]")
        row[level["key"].strip('"')] = level["level"].strip('"')
        place = level.end()
    return Cell(found["table"], row, found["column"].strip('"'))


def _column(text: str) -> str:
    return text if re.fullmatch(r"\w+", text) else f'"{text}"'


def _level(text: str) -> str:
    return text if re.fullmatch(r"[\w.+/-]+( [\w.+/-]+)*", text) else f'"{text}"'
