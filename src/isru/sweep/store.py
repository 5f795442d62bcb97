"""Finished rows in a folder, one file each, found again by their content."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from isru import notes
from isru.closure import closure_of, present_digest
from isru.digests import digest
from isru.records import write_atomically


def about(function: Callable) -> dict[str, str]:
    """Return what a function's results rest on, as this process has it.

    Parameters
    ----------
    function : callable
        Importable.

    Returns
    -------
    dict of {str: str}
        The version of ``python`` and of ``isru``; ``code``, a hash of what the function's own
        module and every module of isru that it reaches do; the version of each distribution
        that these import. See `isru.closure`.
    """
    code, versions = closure_of(function.__module__)
    python = ".".join(platform.python_version_tuple()[:2])
    own = {"isru": metadata.version("isru"), "code": digest(code), "python": python}
    return versions | own


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
        # Thousands of rows rest on the same few files: each is hashed once, not once a row.
        self._present = cache(present_digest)

    def key(self, case: object) -> str:
        """Return the name of a case's row: the same for the same content."""
        text = json.dumps([plain(case), self.about], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def get(self, key: str) -> dict | None:
        """Return a finished row and repeat its notes.

        None if there is none, its file is damaged, or what it used is not the same any more.
        """
        if self.folder is None:
            return None
        try:
            kept = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            row, noted = kept["row"], kept["notes"]
            current = all(self._present(n) in (found, None) for n, found in noted.items())
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if not current:
            return None
        notes.repeat(noted)
        return row

    def put(self, key: str, case: object, row: dict, noted: notes.Notes) -> None:
        """Keep a finished row, with what it was made from beside it."""
        if self.folder is not None:
            content = {"row": row, "case": plain(case), "notes": noted, "about": self.about}
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
