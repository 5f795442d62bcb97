"""What a run uses besides its code, noted when it is used: data files and activations.

A note is a name with the digest of what it names. The runner names a log in ``$ISRU_READS`` and
keys its notes into the stamp; a row of a sweep is kept with the notes of its own computation.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

ACTIVATION = "activation "
"""What the name of a note of one activation's file begins with."""
ALL_ACTIVATIONS = "the list of activations"
NONE = "none"
"""The digest of what is not there."""

Notes = dict[str, str]
_outside: Notes = {}
_nowhere: Notes = {}
_NOTES: ContextVar[Notes] = ContextVar("notes", default=_outside)
_open: list[Notes] = []  # of the computations under way
_data: Notes = {}  # all that this process has read: what it keeps is not read again
_logged: set[tuple[str, str, str]] = set()


def note_read(name: str, digest: str) -> None:
    """Note that the data file ``name`` was read, with its SHA-256.

    ``name`` is relative to the compendium, or starts with the package that holds the file; a
    member of an archive is ``archive!/member``.
    """
    _data[name] = _joined(_data.get(name), digest)
    note(name, digest)


def is_noted(name: str) -> bool:
    """Return whether a note of this name was made in the present computation."""
    return name in _NOTES.get()


def note(name: str, digest: str) -> None:
    """Make a note for the computation under way, and in the run's log where there is one."""
    mine = _NOTES.get()
    if mine is _nowhere:
        return
    # A thread that a computation started knows nothing of it.
    for notes in [mine] if mine is not _outside else [mine, *_open]:
        notes[name] = _joined(notes.get(name), digest)
    log = os.environ.get("ISRU_READS")
    if log and (log, name, digest) not in _logged:
        _logged.add((log, name, digest))
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"name": name, "sha256": digest}) + "\n")


def _joined(one: str | None, other: str) -> str:
    """Return one digest for two; of what changed meanwhile, none that it can have again."""
    if one is None or one == other:
        return other
    return " and ".join(sorted({*one.split(" and "), *other.split(" and ")}))


@contextmanager
def noting() -> Iterator[Notes]:
    """Collect the notes of a computation.

    With them is all data that this process has read before: a function that keeps what it read
    does not read it again.
    """
    notes: Notes = {}
    _outside.clear()
    token = _NOTES.set(notes)
    _open.append(notes)
    try:
        yield notes
    finally:
        _open[:] = [other for other in _open if other is not notes]
        _NOTES.reset(token)
        for name, digest in _data.items():
            notes[name] = _joined(notes.get(name), digest)
        repeat(notes)


@contextmanager
def unnoted() -> Iterator[None]:
    """Note nothing meanwhile: no result rests on what is looked at, as with a list in an error."""
    token = _NOTES.set(_nowhere)
    try:
        yield
    finally:
        _NOTES.reset(token)


def repeat(notes: Mapping[str, str]) -> None:
    """Make the notes of a computation whose result is taken as it was kept."""
    for name, digest in notes.items():
        note(name, digest)


def read_log(log: Path) -> Notes:
    """Return the notes of a run."""
    notes: Notes = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        notes[entry["name"]] = _joined(notes.get(entry["name"]), entry["sha256"])
    return dict(sorted(notes.items()))
