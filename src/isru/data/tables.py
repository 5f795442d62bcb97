"""Read a CSV file whose columns and types are known, or say exactly where it is not so."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Collection, Mapping
from pathlib import Path

from isru.notes import note_read

_KINDS = {str: "text", int: "a whole number", float: "a finite number"}


def read_checked_csv(
    path: str | Path,
    columns: Mapping[str, type],
    *,
    optional: Collection[str] = (),
    missing: Collection[str] = ("", "NA"),
    rows: int | None = None,
    name: str | None = None,
):
    """Read the named columns of a CSV file, every cell checked.

    The file is UTF-8 with commas, quotes as in RFC 4180, one header line, and a newline at the
    end of its last line. Columns that are not asked for are skipped, but every row must have as
    many cells as the header: a file that breaks off is an error, never a shorter table.

    Parameters
    ----------
    path : str or Path
    columns : dict of {str: type}
        The columns to read, in the order wanted; each type is ``str``, ``int`` or ``float``.
    optional : collection of str
        Columns in which a cell may be missing: NaN in a ``float`` column, ``""`` in a ``str``
        column. An ``int`` column cannot have gaps; ask for ``float``.
    missing : collection of str
        The texts that stand for a missing cell.
    rows : int, optional
        How many rows the file must have, header not counted: a file cut off between two lines
        is noticed by nothing else.
    name : str, optional
        The data file's name, such as ``"data/published/gpu.csv"``, noted with its SHA-256 as
        read by the running notebook. Without a name nothing is noted.

    Returns
    -------
    pandas.DataFrame
        Columns in the order of ``columns``; dtypes ``int64``, ``float64`` and ``object`` (text).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a column is missing or twice there, a cell is empty or of another type, a number is
        not finite, a row has too few or too many cells, or the file breaks off. The message
        names file, line and column.
    """
    import pandas as pd

    path = Path(path)
    _check_request(columns, optional)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}: expected a CSV with columns {', '.join(columns)}")
    content = path.read_bytes()
    records = _records(path, content)
    header = next(records, (1, []))[1]
    places = _places(path, header, columns)
    cells = {column: [] for column in columns}
    last = 1
    for line, record in records:
        if len(record) != len(header):
            raise ValueError(
                f"{path.name}, line {line}: expected {len(header)} cells, got {len(record)}; "
                "the file is damaged or was cut off, get it again"
            )
        for column, kind in columns.items():
            text = record[places[column]].strip()
            if text in missing:
                cells[column].append(_gap(path, line, column, kind, column in optional))
            else:
                cells[column].append(_cell(path, line, column, kind, text))
        last = line
    count = len(next(iter(cells.values())))
    if rows is not None and count != rows:
        raise ValueError(
            f"{path.name}, line {last}: expected {rows} rows, got {count}; "
            "the file is not the known one or was cut off, get it again"
        )
    if name is not None:
        note_read(name, hashlib.sha256(content).hexdigest())
    dtypes = {str: object, int: "int64", float: "float64"}
    return pd.DataFrame(
        {column: pd.Series(cells[column], dtype=dtypes[kind]) for column, kind in columns.items()}
    )


def _check_request(columns: Mapping[str, type], optional: Collection[str]) -> None:
    if not columns:
        raise ValueError("expected at least one column to read, got none")
    for column, kind in columns.items():
        if kind not in _KINDS:
            raise ValueError(f"column {column!r}: expected the type str, int or float, got {kind}")
        if kind is int and column in optional:
            raise ValueError(f"column {column!r}: an int column cannot have gaps, ask for float")
    unknown = sorted(set(optional) - set(columns))
    if unknown:
        raise ValueError(f"optional names columns that are not read: {', '.join(unknown)}")


def _records(path: Path, content: bytes):
    """Yield ``(line, cells)`` of every record; ``line`` is its last line in the file, from 1."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path.name}, line {line}: expected UTF-8 text, got {error}") from error
    if not text.endswith("\n"):
        raise ValueError(
            f"{path.name}, line {text.count(chr(10)) + 1}: expected a newline at the end of the "
            "last line, got the end of the file; it was cut off, get it again"
        )
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for record in reader:
            yield reader.line_num, record
    except csv.Error as error:
        raise ValueError(f"{path.name}, line {reader.line_num}: not a CSV row: {error}") from error


def _places(path: Path, header: list[str], columns: Mapping[str, type]) -> dict[str, int]:
    names = [cell.strip() for cell in header]
    for column in columns:
        if names.count(column) != 1:
            found = "twice" if column in names else "not there"
            raise ValueError(
                f"{path.name}, line 1, column {column!r}: expected once, is {found}; "
                f"the file has: {', '.join(names)}"
            )
    return {column: names.index(column) for column in columns}


def _gap(path: Path, line: int, column: str, kind: type, allowed: bool) -> float | str:
    if not allowed:
        raise ValueError(
            f"{path.name}, line {line}, column {column!r}: expected {_KINDS[kind]}, "
            "got a missing value; fill the cell or get the file again"
        )
    return "" if kind is str else math.nan


def _cell(path: Path, line: int, column: str, kind: type, text: str) -> str | int | float:
    if kind is str:
        return text
    try:
        number = kind(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or "_" in text:
        raise ValueError(
            f"{path.name}, line {line}, column {column!r}: expected {_KINDS[kind]}, "
            f"got {text!r}; correct the cell or get the file again"
        )
    return number
