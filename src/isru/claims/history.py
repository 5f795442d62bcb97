"""What was changed in a claim after it was written: read ``book/history-of-rules.yml``."""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from isru import paths, yaml_text
from isru.errors import CompendiumError
from isru.wording import shortened

KINDS = ("rule", "condition")
_FIELDS = ("claims", "date", "commit", "kind", "after", "what")


@dataclass(frozen=True)
class Change:
    """One change of one or more claims.

    Attributes
    ----------
    claims : tuple of str
    date : datetime.date
    commit : str
        The one that made it.
    kind : {"rule", "condition"}
        How a claim is judged, or only where.
    after : str
        What had been seen by then.
    what : str
        What was changed, and whom it favours; it may quote values.
    """

    claims: tuple[str, ...]
    date: datetime.date
    commit: str
    kind: str
    after: str
    what: str


def load_history(path: str | Path | None = None) -> list[Change]:
    """Read the changes, oldest first.

    Parameters
    ----------
    path : str or Path, optional
        By default ``book/history-of-rules.yml`` of the compendium.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not YAML, or a field is missing, unknown or of a wrong kind; the message names
        the entry and the field.
    """
    path = Path(path) if path else paths.root() / "book" / "history-of-rules.yml"
    try:
        content = yaml_text.read_yaml_file(path, path.name)
    except CompendiumError as error:
        raise ValueError(str(error)) from error
    if not isinstance(content, list):
        raise ValueError(f"{path.name}: expected a list of changes, got {shortened(content)}")
    changes = [_change(entry, place, path.name) for place, entry in enumerate(content, start=1)]
    for before, after in itertools.pairwise(changes):
        if after.date < before.date:
            raise ValueError(f"{path.name}: expected the oldest first, got {after.date} too late")
    return changes


def _change(entry: object, place: int, file: str) -> Change:
    def expect(condition: object, name: str, expected: str, got: object) -> None:
        if not condition:
            what = f"{file}, entry {place}, field {name}"
            raise ValueError(f"{what}: expected {expected}, got {shortened(got)}")

    expect(isinstance(entry, Mapping), "claims", "a mapping of fields", entry)
    assert isinstance(entry, Mapping)  # for the checker of types
    for name in entry:
        expect(name in _FIELDS, str(name), f"a field of {', '.join(_FIELDS)}", name)
    for name in _FIELDS:
        expect(name in entry, name, "a value", "no such field")
    claims, commit = entry["claims"], str(entry["commit"])
    listed = isinstance(claims, list) and claims and all(isinstance(c, str) for c in claims)
    expect(listed, "claims", "a list of claims", claims)
    date = _date(entry["date"])
    expect(date, "date", "a date such as 2026-11-21", entry["date"])
    expect(re.fullmatch("[0-9a-f]{7,40}", commit), "commit", "seven or more hex digits", commit)
    expect(entry["kind"] in KINDS, "kind", f"one of {', '.join(KINDS)}", entry["kind"])
    for name in ("after", "what"):
        text = entry[name]
        expect(isinstance(text, str) and text.strip(), name, "text", text)
    texts = {name: entry[name].strip() for name in ("kind", "after", "what")}
    assert date is not None  # for the checker of types
    return Change(claims=tuple(claims), date=date, commit=commit, **texts)


def _date(text: object) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(str(text))
    except ValueError:
        return None
