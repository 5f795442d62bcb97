"""What a page shows of a recorded table: which columns and rows, under which words.

A view is made of text alone; `isru_book.tables` writes it as HTML, `isru_book.table_latex` as
LaTeX.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace

from isru.recorded import Table
from isru.studies.level_words import level_words
from isru_book.numbers import CannotShow
from isru_book.rows import condition, parts
from isru_book.run import Run
from isru_book.table_numbers import EMPTY, Cell, number_cells

_COLUMN = re.compile(r"(?P<name>\[[^]]+\]|[^=\[\]]+)(?:=(?P<heading>.*))?")
_EQUAL = re.compile(r"(?P<column>\w+|\[[^]]+\])=(?P<levels>[^{}]+)")
_ENDS = ("low", "high")
_MOST_NAMED = 12


@dataclass(frozen=True)
class Wishes:
    """The options of the directive, as they are written.

    Attributes
    ----------
    columns, rows, sort, pivot, format, words : str
    interval_of : str
        The column whose interval ``low`` and ``high`` are, where the table does not say it.
    intervals : bool
        Whether a value stands with its interval.
    """

    columns: str = ""
    rows: str = ""
    sort: str = ""
    pivot: str = ""
    format: str = ""
    words: str = ""
    interval_of: str = ""
    intervals: bool = True


@dataclass(frozen=True)
class Column:
    """A column as it is shown: heading, whether it stands to the right, whether it names rows."""

    name: str
    heading: str
    right: bool = False
    names_row: bool = False


@dataclass(frozen=True)
class View:
    """A table as it is shown.

    Attributes
    ----------
    columns : list of Column
    rows : list of list of Cell
    groups : list of (str, int)
        Headings above the columns and how many each spans, "" for none; empty without a pivot.
    """

    columns: list[Column]
    rows: list[list[Cell]]
    groups: list[tuple[str, int]] = field(default_factory=list)


def view(run: Run, table: Table, wishes: Wishes) -> View:
    """Return what the wishes leave of a table.

    Raises
    ------
    CannotShow
        For a wish that the table cannot fulfil; the message says what there is. A run other than
        the published one may lack levels that are asked for.
    """
    if not table.columns and run.name != "published":
        return View([], [])  # of a study that did not take place
    table = _with_interval(table, wishes.interval_of)
    rows = _sorted(table, _chosen_rows(run, table, wishes.rows), wishes.sort)
    keys, values = _pivoted(table, wishes.pivot)
    headings = _chosen_columns(table, rows, wishes, keys, values)
    cells = _Cells(table, rows, wishes, shown=[*headings, *values])
    if keys:
        return _turned(cells, headings, keys, values)
    columns = [cells.column(name, heading) for name, heading in headings.items()]
    lines = zip(*(cells[name] for name in headings), strict=True)
    return View(columns, [list(line) for line in lines])


def _with_interval(table: Table, name: str) -> Table:
    """Return a table that says whose interval its columns ``low`` and ``high`` are."""
    if not name:
        return table
    for column in (name, *_ENDS):
        _known(table, column, ":interval-of:")
    told = copy(table)
    told.columns = table.columns | {name: table.columns[name] | {end: end for end in _ENDS}}
    return told


def _known(table: Table, name: str, of: str) -> str:
    if name not in table.columns:
        raise CannotShow(f"{of} no column {name!r}; its columns: {', '.join(table.columns)}")
    return name


def _chosen_rows(run: Run, table: Table, wish: str) -> list[dict]:
    """Return the rows, typed, for which every condition holds."""
    with table.path.open(encoding="utf-8", newline="") as file:
        texts = list(csv.DictReader(file))
    pairs = list(zip(texts, table.rows, strict=True))
    for part in parts(wish):
        holds = condition(run, part)
        if run.name == "published" and texts:
            _check_levels(table, texts, part)
        pairs = [(text, row) for text, row in pairs if holds(text)]
    if not pairs and texts and run.name == "published":
        raise CannotShow(f":rows: expected a choice that leaves some, got {wish!r}")
    return [row for _, row in pairs]


def _check_levels(table: Table, texts: Sequence[Mapping[str, str]], part: str) -> None:
    """Refuse a level that no row has: a filter that was mistyped, or outlived its table."""
    found = _EQUAL.fullmatch(part)
    if not found:
        return
    column = _known(table, found["column"].strip("[]"), ":rows:")
    levels = list(dict.fromkeys(text[column] for text in texts))
    for level in found["levels"].split("|"):
        if level.strip() not in levels and not _is_one(level, levels):
            there = ", ".join(levels[:_MOST_NAMED])
            raise CannotShow(f":rows: no row with {column}={level.strip()}; there are {there}")


def _is_one(level: str, levels: Sequence[str]) -> bool:
    """Return whether a number is among levels, however it is written."""
    try:
        return any(float(level) == float(other) for other in levels if other)
    except ValueError:
        return False


def _sorted(table: Table, rows: list[dict], wish: str) -> list[dict]:
    """Return rows in the order of columns, ``-saving`` for falling; empty cells come last."""
    for part in reversed(parts(wish)):
        falling = part.startswith("-")
        name = _known(table, part.lstrip("-").strip("[]"), ":sort:")
        filled = sorted(
            (row for row in rows if row[name] is not None),
            key=lambda row: row[name],
            reverse=falling,
        )
        rows = filled + [row for row in rows if row[name] is None]
    return rows


def _pivoted(table: Table, wish: str) -> tuple[list[str], dict[str, str | None]]:
    """Return the keys whose levels become columns, and the columns whose values these hold."""
    if not wish:
        return [], {}
    before, arrow, after = wish.partition("->")
    if not arrow or not before.strip() or not after.strip():
        raise CannotShow(f":pivot: expected 'KEY -> COLUMN' as in 'units -> saving', got {wish!r}")
    keys = [_known(table, part.strip("[]"), ":pivot:") for part in parts(before)]
    return keys, _named(table, after, ":pivot:")


def _named(table: Table, wish: str, of: str) -> dict[str, str | None]:
    """Return ``{column: heading}`` of ``"units, saving=Saved, [training, %]"``."""
    found: dict[str, str | None] = {}
    for part in parts(wish):
        match = _COLUMN.fullmatch(part)
        if not match:
            raise CannotShow(f"{of} expected COLUMN or COLUMN=HEADING, got {part!r}")
        name = _known(table, match["name"].strip().strip("[]"), of)
        found[name] = None if match["heading"] is None else _unbracketed(match["heading"])
    return found


def _chosen_columns(
    table: Table, rows: Sequence[dict], wishes: Wishes, keys: Sequence[str], values: Mapping
) -> dict[str, str | None]:
    """Return the columns to be shown, without those of a pivot, with the headings that are told."""
    if wishes.columns:
        found = _named(table, wishes.columns, ":columns:")
        return {name: told for name, told in found.items() if name not in {*keys, *values}}
    about = table.columns.values()
    aside = {said.get(end) for said in about for end in (*_ENDS, "unit_from")} | {*keys}
    if len(rows) > 1:  # what is the same everywhere is the caption's to say
        aside |= {key for key in table.keys if len({row[key] for row in rows}) == 1}
    names = table.keys if values else table.columns
    return {name: None for name in names if name not in aside and name not in values}


class _Cells(dict):
    """The cells of the shown columns: ``{column: [Cell of each row]}``."""

    def __init__(self, table: Table, rows: list[dict], wishes: Wishes, shown: Sequence[str]):
        self.table, self.rows, self.shown = table, rows, shown
        self.words = dict(_pair(part) for part in parts(wishes.words))
        self.formats = _formats(table, wishes.format)
        self.intervals = wishes.intervals
        super().__init__({name: self._of(name) for name in shown})

    def _of(self, name: str) -> list[Cell]:
        values = [row[name] for row in self.rows]
        if self.table.columns[name]["type"] in ("number", "whole"):
            cells = number_cells(values, self._ends(name), self._format(name))
            return self._with_units(name, cells)
        return [EMPTY if value is None else Cell(self.word(name, value)) for value in values]

    def word(self, name: str, value: object) -> str:
        """Return a level in words."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        text = f"{value:.9g}" if isinstance(value, float) else str(value)
        return self.words.get(text) or level_words(name, text)

    def _ends(self, name: str) -> list[tuple[float, float] | None]:
        about = self.table.columns[name]
        ends = [about.get(end) for end in _ENDS]
        if not self.intervals or None in ends or set(ends) & set(self.shown):
            return [None] * len(self.rows)
        pairs = [tuple(row[end] for end in ends) for row in self.rows]
        return [None if None in pair else pair for pair in pairs]  # type: ignore[misc]

    def _format(self, name: str) -> str:
        for wanted in (name, ""):
            if wanted in self.formats and self.table.columns[name]["type"] == "number":
                return self.formats[wanted]
        return self.formats.get(name, self.table.columns[name].get("format", ""))

    def _with_units(self, name: str, cells: list[Cell]) -> list[Cell]:
        """Return cells with their units, where these differ from row to row."""
        units = self._row_units(name)
        if len(set(units)) < 2:
            return cells
        return [
            replace(cell, unit=unit) if cell is not EMPTY else cell
            for cell, unit in zip(cells, units, strict=True)
        ]

    def _row_units(self, name: str) -> list[str]:
        about = self.table.columns[name]
        if "unit_from" not in about:
            return [about["unit"]]
        return [row[about["unit_from"]] or "" for row in self.rows]

    def heading(self, name: str, told: str | None) -> str:
        """Return a column's heading with its unit."""
        label = self.table.columns[name]["label"] if told is None else told
        units = set(self._row_units(name))
        unit = units.pop() if len(units) == 1 else ""
        said = f"({unit})" in label or unit in label.lower().split()  # as in "Cycles"
        return f"{label} ({unit})" if unit and label and not said else label

    def column(self, name: str, told: str | None) -> Column:
        """Return how a column is shown."""
        right = self.table.columns[name]["type"] in ("number", "whole")
        first = name == self.shown[0]
        return Column(name, self.heading(name, told), right, first or name in self.table.keys)


def _pair(part: str) -> tuple[str, str]:
    level, sign, word = part.partition("=")
    if not sign:
        raise CannotShow(f":words: expected LEVEL=WORD, got {part!r}")
    return level.strip(), _unbracketed(word)


def _unbracketed(text: str) -> str:
    """Return ``"temperature, skill"`` of ``"[temperature, skill]"``: brackets keep a comma."""
    return text.strip().removeprefix("[").removesuffix("]")


def _formats(table: Table, wish: str) -> dict[str, str]:
    """Return ``{column: format}``; "" stands for the numbers of every column."""
    found = {}
    for part in parts(wish):
        name, sign, spec = part.rpartition("=")
        if sign and not spec.strip():
            raise CannotShow(f":format: expected COLUMN=FORMAT, got {part!r}")
        if sign and name.strip() in table.columns:
            found[name.strip()] = spec.strip()
        elif part.strip():
            if sign:
                _known(table, name.strip(), ":format:")
            found[""] = part.strip()
    return found


def _turned(
    cells: _Cells, headings: Mapping[str, str | None], keys: Sequence[str], values: Mapping
) -> View:
    """Return the view whose columns are the levels of keys, in the order in which they come."""
    table, rows = cells.table, cells.rows
    levels = list(dict.fromkeys(tuple(row[key] for key in keys) for row in rows))
    lines: dict[tuple, dict] = {}
    for place, row in enumerate(rows):
        line = lines.setdefault(tuple(row[name] for name in headings), {"first": place})
        level = tuple(row[key] for key in keys)
        if level in line:
            told = ", ".join(f"{name}={row[name]}" for name in (*headings, *keys))
            raise CannotShow(
                f":pivot: expected one row for each cell, got two with {told}; choose more "
                "columns, or fewer rows"
            )
        line[level] = place
    left = [cells.column(name, told) for name, told in headings.items()]
    names = [_level(cells, keys, level) for level in levels]
    columns, groups = _pivot_heads(cells, values, names, ", ".join(_lower(table, k) for k in keys))
    shown = [
        [cells[name][line["first"]] for name in headings]
        + [
            cells[value][line[level]] if level in line else EMPTY
            for level in levels
            for value in values
        ]
        for line in lines.values()
    ]
    blank = [("", len(left))] if left else []
    return View([*left, *columns], shown, [*blank, *groups])


def _lower(table: Table, key: str) -> str:
    label = table.columns[key]["label"]
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _level(cells: _Cells, keys: Sequence[str], level: tuple) -> str:
    words = [cells.word(key, value) for key, value in zip(keys, level, strict=True)]
    return ", ".join(words)


def _pivot_heads(cells: _Cells, values: Mapping, names: Sequence[str], key: str):
    """Return the columns of a pivot and the headings above them."""
    shown = [cells.column(value, told) for value, told in values.items()]
    shown = [replace(column, names_row=False) for column in shown]
    if len(shown) == 1:
        (one,) = shown
        columns = [replace(one, heading=name) for name in names]
        whole = one.heading if None not in values.values() else f"{one.heading} by {key}"
        return columns, [(whole, len(names))] if names else []
    columns = [column for _ in names for column in shown]
    return columns, [(name, len(shown)) for name in names]
