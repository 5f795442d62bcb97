"""Finished rows in a folder, one file each, found again by their content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path

from isru.records import write_atomically
from isru.sweep.sources import about


def plain(case: object) -> dict:
    """Return a configuration as a dict of JSON types.

    Raises
    ------
    TypeError
        If it is neither a dataclass nor a mapping, or holds something that JSON cannot.
    """
    if is_dataclass(case) and not isinstance(case, type):
        content = asdict(case)
    elif isinstance(case, Mapping):
        content = dict(case)
    else:
        raise TypeError(f"expected a configuration as dataclass or dict, got {case!r}")
    return json.loads(_text(content, f"configuration {case}"))


def plain_row(row: object, case: object) -> dict:
    """Return a row as it will be read again: JSON types, NumPy's numbers as Python's.

    Raises
    ------
    TypeError
        If it is no dict, or holds something that JSON cannot.
    """
    if not isinstance(row, Mapping):
        raise TypeError(f"{case}: expected a row as dict, got {type(row).__name__}")
    return json.loads(_text(dict(row), f"row of {case}"))


class Store:
    """Rows by the hash of function, code, libraries and configuration.

    Parameters
    ----------
    folder : str or Path, optional
        Without one nothing is kept.
    function : callable
    machine : str
        Part of the key for rows that only hold on one machine.
    """

    def __init__(self, folder: str | Path | None, function: Callable, machine: str = ""):
        self.name = f"{function.__module__}.{function.__qualname__}"
        self.about = {"function": self.name, **about(function)}
        if machine:
            self.about["machine"] = machine
        self.folder = Path(folder) / self.name if folder else None

    def key(self, case: object) -> str:
        """Return the name of a case's row: the same for the same content."""
        text = json.dumps([plain(case), self.about], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def get(self, key: str) -> dict | None:
        """Return a finished row, None if there is none or its file is damaged."""
        if self.folder is None:
            return None
        try:
            return json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))["row"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, case: object, row: dict) -> None:
        """Keep a finished row, with what it was made from beside it."""
        if self.folder is not None:
            content = {"row": row, "case": plain(case), "about": self.about}
            write_atomically(self.folder / f"{key}.json", _text(content, "row", indent=1) + "\n")


def _text(content: dict, what: str, indent: int | None = None) -> str:
    # A loss may be infinite: unlike a published value, a row may hold what is not finite.
    try:
        return json.dumps(content, default=_scalar, indent=indent, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what}: expected what JSON can hold; {error}") from error


def _scalar(value):
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    raise TypeError(f"got {type(value).__name__}")
