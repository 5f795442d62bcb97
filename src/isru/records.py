"""Results with their provenance: values, tables, figures and models of one notebook.

Every result has a *kind*: ``exact`` (equal on every machine: whole, true or false, a word, or
rounded to `EXACT_DIGITS`), ``tolerance`` (trained quality and what arithmetic libraries move,
equal within an interval or a stated tolerance) or ``machine`` (times, never compared across
machines). Files are written whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from isru import paths
from isru.errors import DamagedFile
from isru.files import write_atomically
from isru.provenance import provenance
from isru.table_columns import check_kind, described

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# Of a number that is exact: processors and their libraries move the sixteenth.
EXACT_DIGITS = 10
AUTHOR = "The ISRU compendium authors"
LICENCE = "CC BY 4.0"
_LOG = logging.getLogger(__name__)
_NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_IDENTIFIER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def read_state(path: Path, *fields: str) -> dict | None:
    """Return the JSON object in a file, None if there is none or it is no such object.

    A damaged one (empty after a power cut, cut off, with the marks of a merge, of something else)
    is named in a warning: what it told must be made again.

    Parameters
    ----------
    path : Path
    *fields : str
        What the object must hold.
    """
    try:
        return read_object(path, *fields)
    except FileNotFoundError:
        return None
    except DamagedFile as error:
        warn_once(f"{error}; treated as not there")
        return None


def read_object(path: Path, *fields: str) -> dict:
    """Return the JSON object in a file.

    Raises
    ------
    FileNotFoundError
    DamagedFile
        If it holds something else, or lacks one of ``fields``; the message names the file.
    """
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DamagedFile(f"{path} is damaged: {_what_is_wrong(path, error)}") from None
    if not isinstance(content, dict):
        raise DamagedFile(
            f"{path} is damaged: expected a JSON object, got {type(content).__name__}"
        )
    if missing := [field for field in fields if field not in content]:
        raise DamagedFile(f"{path} is damaged: it lacks {', '.join(missing)}")
    return content


def _what_is_wrong(path: Path, error: Exception) -> str:
    data = path.read_bytes()
    if not data.strip(b"\0 \t\r\n"):
        return "it is empty"
    if b"<<<<<<<" in data:
        return "it holds the marks of a merge that was not finished"
    return f"expected JSON, got {type(error).__name__}: {error}"


@cache
def warn_once(message: str) -> None:
    """Log a warning, unless this process has given it before."""
    _LOG.warning("%s", message)


def to_json(content: object) -> str:
    """Return stable, readable JSON; numbers that are not finite are refused."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Record:
    """What one notebook leaves behind, written under ``folder`` as it comes.

    Parameters
    ----------
    notebook : str
        The chapter's name, ``"forecaster"``, which leads every value's key.
    folder : Path, optional
        The run's folder; by default the one that the runner names, else ``runs/adhoc``.

    Examples
    --------
    >>> import tempfile
    >>> record = Record("forecaster", folder=Path(tempfile.mkdtemp()))
    >>> record.value("saving", 2.5, kind="machine", unit="%")
    2.5
    >>> record.values["saving"]["unit"]
    '%'
    """

    def __init__(self, notebook: str, folder: Path | None = None):
        if not paths.CHAPTER.fullmatch(notebook):
            raise ValueError(f"expected a chapter's name like 'forecaster', got {notebook!r}")
        self.notebook = notebook
        self.folder = Path(folder) if folder else paths.output()
        self.values: dict[str, dict] = {}
        self._provenance = provenance(paths.root())

    def value(
        self,
        name: str,
        value: float | int | bool | str,
        *,
        kind: str,
        unit: str = "",
        low: float | None = None,
        high: float | None = None,
        rtol: float | None = None,
        atol: float | None = None,
        note: str = "",
    ) -> float | int | bool | str:
        """Record one number or word under the key ``CHAPTER.name`` and return it as recorded.

        An exact number that is not whole is rounded to `EXACT_DIGITS` significant digits.

        Parameters
        ----------
        name : str
            Lower case words joined by ``_``.
        value : float, int, bool or str
            Finite. NumPy scalars are taken.
        kind : {"exact", "tolerance", "machine"}
        unit : str
            "%", "pp", "ns", ...; empty for a pure number.
        low, high : float, optional
            The 95 % interval.
        rtol, atol : float, optional
            For ``kind="tolerance"``: how far another machine's value may lie.
        note : str
            How it was computed, for the tooltip.

        Raises
        ------
        ValueError
            For a bad name or kind, or a number that is not finite.
        """
        _check(name, _NAME, "a value's name in lower case, words joined by '_'")
        check_kind(kind)
        plain = _plain(value, name)
        entry = {"value": exactly(plain) if kind == "exact" else plain, "unit": unit, "kind": kind}
        entry |= _running_cell()
        optional = {"low": low, "high": high, "rtol": rtol, "atol": atol, "note": note}
        for key, given in optional.items():
            if given is not None and given != "":
                entry[key] = _plain(given, f"{name}.{key}")
        self.values[name] = entry
        self._write()
        return entry["value"]

    def _write(self) -> None:
        content = {
            "notebook": self.notebook,
            "provenance": self._provenance,
            "values": self.values,
        }
        write_atomically(self.folder / "values" / f"{self.notebook}.json", to_json(content))

    def table(
        self,
        name: str,
        frame: pd.DataFrame,
        *,
        kind: str,
        keys: Sequence[str] = (),
        columns: Mapping[str, str | Mapping] = MappingProxyType({}),
        rtol: float | None = None,
        atol: float | None = None,
    ) -> pd.DataFrame:
        """Write a pandas DataFrame to ``tables/CHAPTER-name.csv``, and return it.

        What it holds is said beside it, in ``tables/CHAPTER-name.json``. A column ``x_low`` with a
        column ``x_high`` is the 95 % interval of ``x``.

        Parameters
        ----------
        name : str
            Lower case words joined by ``-``.
        frame : pandas.DataFrame
        kind : {"exact", "tolerance", "machine"}
            Of every column that is not told otherwise.
        keys : sequence of str
            The columns that tell its rows apart: by them a cell can be quoted,
            ``forecaster.steps[step=train, units=25].saving``.
        columns : mapping
            Of a column its unit; or ``{"unit", "label", "format", "note", "kind", "rtol", "atol",
            "low", "high", "unit_from"}``, any of them, where low and high name the columns of its
            interval ("" for none), and unit_from the one that holds the unit of each row. What is
            not said follows from the column's name (see `isru.table_words`).
        rtol, atol : float, optional
            As in `value`, for every number of kind tolerance that is not told otherwise.

        Raises
        ------
        ValueError
            For a bad name or kind, a column that is not there, or two rows of the same keys.
        """
        _check(name, _IDENTIFIER, "a table's name in lower case, words joined by '-'")
        tolerance = _tolerance(rtol, atol)
        about = {
            "notebook": self.notebook,
            **_running_cell(),
            "keys": list(keys),
            "columns": described(frame, list(keys), dict(columns), kind, tolerance, name),
        }
        path = self.folder / "tables" / f"{self.notebook}-{name}.csv"
        write_atomically(path, _csv(frame))
        write_atomically(path.with_suffix(".json"), to_json(about))
        self._write()
        return frame

    def figure(
        self,
        identifier: str,
        figure: Figure,
        *,
        data: pd.DataFrame,
        title: str,
        kind: str,
        rtol: float | None = None,
        atol: float | None = None,
    ) -> Figure:
        """Write a figure as SVG, with the plotted numbers as CSV, and return it.

        Parameters
        ----------
        identifier : str
            The figure's name in the book and in citations, ``"forecaster-saving"``.
        figure : matplotlib.figure.Figure
        data : pandas.DataFrame
            Every number that the figure shows.
        title : str
            One line, kept in the files' metadata and in the citation.
        kind : {"exact", "tolerance", "machine"}
        rtol, atol : float, optional
            As in `value`, for every number of ``data``.
        """
        _check(identifier, _IDENTIFIER, "a figure's name in lower case, words joined by '-'")
        check_kind(kind)
        folder = self.folder / "figures"
        folder.mkdir(parents=True, exist_ok=True)
        about = {
            "id": identifier,
            "title": title,
            "notebook": self.notebook,
            "kind": kind,
            **_tolerance(rtol, atol),
            "author": AUTHOR,
            "licence": LICENCE,
        }
        metadata = {
            "Date": None,
            "Title": title,
            "Creator": AUTHOR,
            "Rights": LICENCE,
            "Source": f"notebook {self.notebook}, figure {identifier}",
        }
        figure.savefig(folder / f"{identifier}.svg", metadata=metadata, bbox_inches="tight")
        write_atomically(folder / f"{identifier}.csv", _csv(data))
        write_atomically(folder / f"{identifier}.json", to_json(about))
        return figure

    def model_file(self, name: str) -> Path:
        """Return where a model of this chapter belongs, ``models/CHAPTER-name.npz``."""
        _check(name, _IDENTIFIER, "a model's name in lower case, words joined by '-'")
        path = self.folder / "models" / f"{self.notebook}-{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def model(self, name: str, arrays: dict[str, np.ndarray]) -> Path:
        """Write arrays (no pickles) to :meth:`model_file` and return the path."""
        path = self.model_file(name)
        np.savez(path, **arrays)  # type: ignore[arg-type]  # NumPy's stub takes no names
        return path


def _running_cell() -> dict[str, str]:
    """Return the cell of the notebook that runs, empty outside the runner, which alone tells."""
    path = os.environ.get("ISRU_CELL")
    return {"cell": Path(path).read_text(encoding="utf-8")} if path else {}


def _check(name: str, pattern: re.Pattern, expected: str) -> None:
    if not isinstance(name, str) or not pattern.fullmatch(name):
        raise ValueError(f"expected {expected}, got {name!r}")


def _tolerance(rtol: float | None, atol: float | None) -> dict[str, float]:
    given = {"rtol": rtol, "atol": atol}
    return {name: float(size) for name, size in given.items() if size is not None}


def exactly(value: float | int | bool | str) -> float | int | bool | str:
    """Return a value as one of kind exact is kept: a number that is not whole, rounded."""
    if not isinstance(value, float) or value.is_integer():
        return value
    return float(f"{value:.{EXACT_DIGITS}g}")


def _plain(value, name: str):
    """Return a Python scalar; refuse what JSON or a reader could not take."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"value {name}: expected a number or a string, got {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"value {name}: expected a finite number, got {value}")
    return value


def _csv(frame) -> str:
    return frame.to_csv(index=False, float_format="%.9g", lineterminator="\n")
