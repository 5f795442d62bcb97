"""The role ``rows``: a number of a table of the run in prose, so that nobody counts by hand.

::

    {rows}`speed-goals-goals: goal~A/A, holds=no`                    how many rows
    {rows}`mean of skill:.1f in smallest-skills: task=change`     the mean of a column over them
    {rows}`least of update:.2f in characters-phases`                or its least or greatest number

A condition holds where the column's number is equal (``=``), not equal (``!=``), below (``<``) or
above (``>``), or its text contains (``~``) what is given; ``10|25`` stands for either,
``{smallest.pruned_units}`` for a value of the run. A column whose name is no single word stands in
brackets, ``[training, trend]<0``. ``[arm, seed] in forecaster-networks`` keeps the rows of which
that table has one with the same cells. The word ``optional`` at the end is that of the role
``val``.
"""

from __future__ import annotations

import csv
import operator
import re
from collections.abc import Callable
from statistics import fmean

from docutils import nodes
from sphinx.util.docutils import SphinxRole

from isru.addresses import PATTERN
from isru_book.cells import anchor_of_table
from isru_book.numbers import CannotShow, Wanted, find, formatted
from isru_book.run import LOGGER, Run, page_of, run_of
from isru_book.values import left_out, link, note_table

_TEXT = re.compile(
    r"(?:(?P<statistic>mean|least|most) of (?P<column>\w+|\[[^]]+\])(?::(?P<format>\S+))? in )?"
    r"(?P<table>[a-z][a-z0-9-]+)(?:: (?P<conditions>.+?))?(?P<optional> optional)?"
)
_CONDITION = re.compile(r"(?P<column>\w+|\[[^]]+\])(?P<sign>!=|=|<|>|~)(?P<value>.+)")
_ALSO = re.compile(r"\[(?P<columns>[^]]+)\] in (?P<table>[a-z][a-z0-9-]+)")
_BETWEEN = re.compile(r",\s+(?![^[]*\])")  # a comma that stands in no brackets
_VALUE = re.compile(rf"\{{({PATTERN})\}}")
_STATISTICS = {"mean": fmean, "least": min, "most": max}
_SIGNS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt}


class RowsRole(SphinxRole):
    """Show how many rows of a table are as told, or a mean, least or greatest number of them."""

    def run(self):
        """Return a link to the notebook that made the table, or a dash if the run lacks it."""
        run = run_of(self.env)
        try:
            chapter, text = from_rows(run, self.text)
        except CannotShow as error:
            LOGGER.warning("rows: %s", error, location=self.get_location(), type="isru")
            return [nodes.inline("", f"[{self.text}]")], []
        if text is None:
            return [left_out(self.env, chapter)], []
        table = _parsed(self.text)["table"]
        note_table(self.env, table)
        notebook = run.values(chapter)["notebook"]
        place = anchor_of_table(run, notebook, table)
        return [link(text, page_of(notebook), f"of the table: {self.text}", place)], []


def from_rows(run: Run, text: str) -> tuple[str, str | None]:
    """Return the table's chapter and what the role shows, None where the run leaves it out.

    Raises
    ------
    CannotShow
        If the text is none of the forms above, or names a table, column or value that the run
        does not have.
    """
    wanted = _parsed(text)
    chapter = run.maker(wanted["table"])
    rows = _rows(run, wanted["table"], optional=bool(wanted["optional"]))
    if rows is None:
        return chapter, None
    for part in parts(wanted["conditions"] or ""):
        if also := _ALSO.fullmatch(part):
            others = _rows(run, also["table"], optional=bool(wanted["optional"]))
            if others is None:
                return chapter, None
            rows = _in_both(rows, others, also["columns"].split(", "))
        else:
            rows = list(filter(condition(run, part), rows))
    if not wanted["statistic"]:
        return chapter, formatted(len(rows))
    if not rows and wanted["optional"] and run.may_lack(chapter):
        return chapter, None
    return chapter, _statistic(rows, wanted, text)


def _rows(run: Run, table: str, *, optional: bool) -> list[dict] | None:
    """Return a table's rows, None if this run may lack it and does."""
    path = run.folder / "tables" / f"{table}.csv"
    if not path.is_file():
        chapter = run.maker(table)
        if run.is_missing(chapter) or (optional and run.may_lack(chapter)):
            return None
        raise CannotShow(f"no table {table!r} in this run")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _in_both(rows: list[dict], others: list[dict], columns: list[str]) -> list[dict]:
    there = {tuple(_cell(other, column) for column in columns) for other in others}
    return [row for row in rows if tuple(_cell(row, column) for column in columns) in there]


def parts(text: str) -> list[str]:
    """Return what commas part, where these stand in no brackets."""
    return [part.strip() for part in _BETWEEN.split(text) if part.strip()]


def _parsed(text: str) -> re.Match:
    found = _TEXT.fullmatch(" ".join(text.split()))
    if not found:
        raise CannotShow(
            "expected 'TABLE', 'TABLE: CONDITIONS' or 'mean of COLUMN:.1f in TABLE: CONDITIONS', "
            f"got {text!r}"
        )
    return found


def _statistic(rows: list[dict], wanted: re.Match, text: str) -> str:
    column = wanted["column"].strip("[]")
    numbers = [_number(_cell(row, column)) for row in rows]
    if not numbers or not all(isinstance(value, float) for value in numbers):
        raise CannotShow(f"expected rows with numbers in {column!r}, got none: {text!r}")
    return formatted(_STATISTICS[wanted["statistic"]](numbers), wanted["format"] or "")


def condition(run: Run, text: str) -> Callable[[dict], bool]:
    """Return the test of rows, each ``{column: text}``, that a condition states.

    Raises
    ------
    CannotShow
        If it is none, compares with what is no number, or (the test) names an unknown column.
    """
    found = _CONDITION.fullmatch(text.strip())
    if not found:
        raise CannotShow(f"expected a condition such as holds=no or update<0, got {text!r}")
    column, sign = found["column"].strip("[]"), found["sign"]
    given = _VALUE.sub(lambda match: _value(run, match[1]), found["value"])
    others = [_number(part.strip()) for part in given.split("|")]
    if sign in "<>" and not all(isinstance(other, float) for other in others):
        raise CannotShow(f"expected a number to compare with, got {given!r} in {text!r}")

    def holds(row: dict) -> bool:
        cell = _cell(row, column)
        if sign == "~":
            return any(part in cell for part in given.split("|"))
        number = _number(cell)
        if sign in "<>" and not isinstance(number, float):
            return False
        every = all if sign == "!=" else any
        return every(_SIGNS[sign](number, other) for other in others)

    return holds


def _value(run: Run, key: str) -> str:
    entry = find(run, Wanted(key))
    if entry is None:
        raise CannotShow(f"no value {key!r} in this run")
    return str(entry["value"])


def _cell(row: dict, column: str) -> str:
    if column not in row:
        raise CannotShow(f"no column {column!r}; its columns: {', '.join(row)}")
    return row[column]


def _number(cell: str) -> float | str:
    """Return a cell as a number, or as its text where it is none."""
    try:
        return float(cell)
    except ValueError:
        return cell
