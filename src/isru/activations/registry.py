"""The activations by name; a run notes which ones it uses (see `isru.notes`).

Noted is the file that defines an activation, with its digest as it was when this module was
loaded: an edit during a run must not hide what the run computed with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from isru.closure import activation_digest, activation_files, list_digest
from isru.notes import ACTIVATION, ALL_ACTIVATIONS, NONE, is_noted, note

if TYPE_CHECKING:
    from isru.activations.entry import Activation

# Digested when a note is made: that takes longer than an import should.
_SOURCES = {file: path.read_bytes() for file, path in activation_files().items()}
_LIST = list_digest()


FOUND: dict[str, Activation] = {}
"""Every activation by its name, from the moment that the package is loaded; using it notes none."""


class Registry(Mapping[str, "Activation"]):
    """A read-only dict of activations: to look one up notes it, to loop over or count them all.

    Parameters
    ----------
    entries : mapping
        Name -> `Activation`.
    """

    def __init__(self, entries: Mapping[str, Activation]):
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> Activation:
        if name not in self:
            raise KeyError(name)
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        entry = self._entries.get(str(name))
        if entry is not None:
            note_use(entry.noted_as)
        elif not is_noted(f"{ACTIVATION}{name}"):
            note(f"{ACTIVATION}{name}", NONE)
        return entry is not None

    def __iter__(self) -> Iterator[str]:
        _note_all()
        return iter(self._entries)

    def __len__(self) -> int:
        _note_all()
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<activations: {', '.join(self._entries)}>"


def noted_as(module: str) -> str:
    """Return the name of the note of a module that defines activations, "" for one elsewhere."""
    package, _, file = module.rpartition(".")
    return f"{ACTIVATION}{file}" if package == __package__ and file in _SOURCES else ""


def note_use(name: str) -> None:
    """Note that an activation is used; ``name`` is from `noted_as`."""
    if name and not is_noted(name):
        note(name, digest_of(name))


def _note_all() -> None:
    if not is_noted(ALL_ACTIVATIONS):
        note(ALL_ACTIVATIONS, _LIST)
        for file in _SOURCES:
            note_use(f"{ACTIVATION}{file}")


@cache
def digest_of(name: str) -> str:
    """Return the digest of an activation's file when this process began; ``name`` as above."""
    file = name.removeprefix(ACTIVATION)
    return activation_digest(file, _SOURCES[file]) if file in _SOURCES else NONE
