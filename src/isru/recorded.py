"""What a chapter recorded, read back: each value and each cell of a table by its name."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from isru import paths
from isru.addresses import BadAddress, Cell, cell_of, split
from isru.errors import DamagedFile
from isru.records import read_object

_MOST_NAMED = 12


class NotRecorded(KeyError):
    """A run holds no such value; the message says what it holds instead."""

    def __str__(self) -> str:
        return self.args[0]


class Table:
    """A recorded table: a CSV file, and a JSON file beside it that says what it holds.

    Parameters
    ----------
    path : Path
        The CSV file.
    name : str
        The table's name within its chapter.
    """

    def __init__(self, path: Path, name: str):
        self.path, self.name = path, name
        about = read_object(path.with_suffix(".json"), "keys", "columns")
        self.keys: list[str] = about["keys"]
        self.columns: dict[str, dict] = about["columns"]

    @cached_property
    def rows(self) -> list[dict]:
        """The rows, each cell as its column's type; None where it is empty."""
        with self.path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if rows and list(rows[0]) != list(self.columns):
            raise DamagedFile(f"{self.path} has other columns than the .json beside it says")
        return [
            {name: _typed(text, self.columns[name]["type"]) for name, text in row.items()}
            for row in rows
        ]

    def entry(self, cell: Cell) -> dict:
        """Return a cell as a value is kept: value, unit, kind, interval, tolerance, note.

        Raises
        ------
        NotRecorded
            If no row is so, or the cell is empty.
        BadAddress
            If a column is unknown or no key, or several rows are so.
        """
        if self.rows and cell.column not in self.columns:
            raise BadAddress(f"{cell}: no column {cell.column!r}; there are {_list(self.columns)}")
        if wrong := [key for key in cell.row if self.rows and key not in self.keys]:
            keys = _list(self.keys) or "none"
            raise BadAddress(f"{cell}: {wrong[0]!r} is no key of the table; its keys: {keys}")
        rows = [row for row in self.rows if all(_is(row[k], v) for k, v in cell.row.items())]
        if not rows:
            raise NotRecorded(f"{cell}: no such row; {self._instead(cell)}")
        if len(rows) > 1:
            others = [key for key in self.keys if key not in cell.row]
            raise BadAddress(f"{cell}: {len(rows)} rows are so; tell them apart by {_list(others)}")
        entry = self._entry(rows[0], cell.column)
        if entry is None:
            raise NotRecorded(f"{cell}: the cell is empty")
        return entry

    def _entry(self, row: dict, column: str) -> dict | None:
        if row[column] is None:
            return None
        about = self.columns[column]
        ends = {
            end: row[about[end]] for end in ("low", "high") if row.get(about.get(end)) is not None
        }
        said = {key: about[key] for key in ("unit", "kind", "rtol", "atol", "note") if key in about}
        if "unit_from" in about:
            said["unit"] = row[about["unit_from"]] or ""
        return {"value": row[column], **said, **ends}

    def _instead(self, cell: Cell) -> str:
        for key, level in cell.row.items():
            there = list(dict.fromkeys(_text(row[key]) for row in self.rows))
            if not any(_is(row[key], level) for row in self.rows):
                return f"{key} is one of {_list(there) or 'nothing, the table is empty'}"
        return "each level is there, but not together"

    def cells(self) -> Iterator[tuple[str, dict]]:
        """Yield ``(name, entry)`` of each filled cell but keys and the ends of intervals."""
        if not self.keys:
            return
        ends = {about.get(end) for about in self.columns.values() for end in ("low", "high")}
        shown = [name for name in self.columns if name not in ends and name not in self.keys]
        for row in self.rows:
            levels = {key: _text(row[key]) for key in self.keys}
            for column in shown:
                if (entry := self._entry(row, column)) is not None:
                    yield str(Cell(self.name, levels, column)), entry


def _typed(text: str, kind: str) -> object:
    if text == "":
        return None
    if kind == "truth":
        return text == "True"
    return {"whole": int, "number": float}.get(kind, str)(text)


def _text(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else "" if value is None else str(value)


def _is(value: object, level: str) -> bool:
    """Return whether a cell is as told: a number by its size, all else by its text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return value == float(level)
        except ValueError:
            return False
    return _text(value) == level


def _list(names) -> str:
    names = list(names)
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


class Recorded(Mapping):
    """What one chapter of a run recorded: ``{name: {"value": ..., "unit": ..., "kind": ...}}``.

    A name is a value's, ``"window"``, or a table's cell, ``"steps[units=25].saving"``. A cell may
    be asked for by any keys that leave one row; those that are listed name all of them.

    Parameters
    ----------
    folder : Path
        The run.
    chapter : str

    Raises
    ------
    FileNotFoundError
        If the run lacks the chapter.
    DamagedFile
    """

    def __init__(self, folder: Path, chapter: str):
        self.chapter = chapter
        self.folder = Path(folder)
        self.content = read_object(values_file(self.folder, chapter), "values")
        self.values_alone: dict[str, dict] = self.content["values"]
        if not isinstance(self.values_alone, dict):
            path = values_file(self.folder, chapter)
            raise DamagedFile(f"{path} is damaged: expected an object of values")
        self.notebook: str = self.content.get("notebook", "")
        self.provenance: dict = self.content.get("provenance", {})
        self._tables: dict[str, Table] = {}

    def __getitem__(self, name: str) -> dict:
        if "[" in name:
            cell = cell_of(name)
            return self.table(cell.table).entry(cell)
        if name not in self.values_alone:
            raise NotRecorded(f"values/{self.chapter}.json has no {name!r}")
        return self.values_alone[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.values_alone
        for name in self.table_names():
            yield from (cell for cell, _ in self.table(name).cells())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def items(self) -> list[tuple[str, dict]]:  # type: ignore[override]
        """Return every name with its entry; no row is looked for twice."""
        found = list(self.values_alone.items())
        for name in self.table_names():
            found += self.table(name).cells()
        return found

    def table_names(self) -> list[str]:
        """Return the names of the tables that say what they hold."""
        start = f"{self.chapter}-"
        paths = sorted((self.folder / "tables").glob(f"{start}*.json"))
        return [path.stem.removeprefix(start) for path in paths]

    def keyed_tables(self) -> list[Path]:
        """Return the CSV files of the tables that hold values."""
        return [self.table(n).path for n in self.table_names() if self.table(n).keys]

    def table(self, name: str) -> Table:
        """Return a table; raise `NotRecorded` if there is none, or none that says what it holds."""
        if name not in self._tables:
            path = self.folder / "tables" / f"{self.chapter}-{name}.csv"
            try:
                self._tables[name] = Table(path, name)
            except FileNotFoundError:
                there = _list(self.table_names()) or "none"
                raise NotRecorded(
                    f"no tables/{path.stem}.json in this run; tables of {self.chapter}: {there}"
                ) from None
        return self._tables[name]


def values_file(folder: Path, chapter: str) -> Path:
    """Return where a run keeps the values of a chapter."""
    return folder / "values" / f"{chapter}.json"


def read_values(chapter: str, folder: Path | None = None) -> Recorded:
    """Return what a chapter recorded, ``read_values("activation-cost")["reference_size"]``.

    Parameters
    ----------
    chapter : str
    folder : Path, optional
        The run; by default the present one, else the published one.

    Raises
    ------
    FileNotFoundError
        If that chapter has not been run; the message says how to run it.
    DamagedFile
        If the file does not hold values; the message names it.
    """
    for run in [Path(folder)] if folder else paths.upstream():
        try:
            return Recorded(run, chapter)
        except FileNotFoundError:
            continue
        except DamagedFile as error:
            raise DamagedFile(
                f"{error}. Run that notebook again (make execute NB={chapter})"
            ) from None
    raise FileNotFoundError(
        f"no values of the chapter {chapter}: run it first (make execute NB={chapter})"
    )


def read_value(address: str, folder: Path | None = None) -> float | int | bool | str:
    """Return a recorded number or word by its address, ``"isru.best[target=sup].alpha"``.

    Raises
    ------
    FileNotFoundError, DamagedFile
        As `read_values` does.
    NotRecorded
        If the run holds no such value.
    BadAddress
        If no value can have this address.
    """
    chapter, name = split(address)
    return read_values(chapter, folder)[name]["value"]
