"""What git knows of the checkout, and of the figures and tables that were published before.

A citation names a file by its hash. The commit that it names is that of the code that made the
file; another one took the file in, an earlier one where a later run made the same again. So it is
looked for by its hash, in all that any commit holds of figures and tables.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from isru import __version__
from isru.errors import CompendiumError
from isru.provenance import SOURCES

FIGURES = "results/figures"  # where the files of figures are committed
TABLES = "results/tables"
# What pages put before a name, and what files have behind it.
_BEFORE = re.compile(r"^(?:isru-table-|isru-|fig-|tab-)")
_ENDING = re.compile(r"\.(?:svg|csv|json|pdf|png|tex)$")
_SUFFIXES = (".svg", ".csv")
_LEAST = 7  # hexadecimal digits that name a file
_AGAIN = (
    "comes again from the commit that is cited: git checkout COMMIT, make book, then _figures in "
    "the book"
)
_DRAWN = f"A figure that is drawn when the book is built (its citation names no notebook) {_AGAIN}"


@dataclass(frozen=True)
class Version:
    """A file of a figure or a table as one commit was the first to hold it.

    Attributes
    ----------
    name : str
        "forecaster-skill.svg", in ``results/figures`` or ``results/tables``.
    sha256 : str
    commit, date : str
        Of the commit that took it in.
    blob : str
        Git's own name of the content.
    """

    name: str
    sha256: str
    commit: str
    date: str
    blob: str


def checkout(root: Path, also: tuple[str, ...] = ()) -> dict:
    """Return version, commit and date of a checkout, and whether its sources have changed since.

    Parameters
    ----------
    root : Path
    also : tuple of str
        Folders that count as sources beside `isru.provenance.SOURCES`.

    Returns
    -------
    dict
        ``isru``, ``commit`` ("unknown" without git), ``dirty``, ``date`` of the commit where known.
    """
    try:
        commit, date = _git(root, "log", "-1", "--abbrev=10", "--format=%h %cs").split()
        changed = _git(root, "status", "--porcelain", "--", *SOURCES, *also)
    except (CompendiumError, ValueError):
        return {"isru": __version__, "commit": "unknown", "dirty": False}
    return {"isru": __version__, "commit": commit, "dirty": bool(changed), "date": date}


def versions(
    root: Path, *, everywhere: bool = False, folders: tuple[str, ...] = (FIGURES,)
) -> list[Version]:
    """Return every content that an SVG or CSV ever had in git, oldest first.

    Parameters
    ----------
    root : Path
        The checkout.
    everywhere : bool
        Look in every branch and tag, rather than in what led to the present commit.
    folders : tuple of str
        `FIGURES`, `TABLES` or both.

    Raises
    ------
    CompendiumError
        If there is no git or no history here, or only its end.
    """
    if _git(root, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise CompendiumError(
            "this clone has only the end of the history: get the rest with git fetch --unshallow"
        )
    shown = ["--reverse", "--raw", "--no-abbrev", "--no-renames", "-m", "--format=%H %cs"]
    which = ["--all"] if everywhere else ["HEAD"]
    found: dict[tuple[str, str], tuple[str, str]] = {}
    commit = date = ""
    for line in _git(root, "log", *which, *shown, "--", *folders).splitlines():
        if not line.startswith(":"):
            commit, date = line.split() or (commit, date)
            continue
        about, path = line.split("\t")
        name, blob = PurePosixPath(path).name, about.split()[3]
        if name.endswith(_SUFFIXES) and blob.strip("0"):  # what is deleted has no content
            found.setdefault((name, blob), (commit, date))
    hashes = _hashes(root, sorted({blob for _, blob in found}))
    return [
        Version(name, hashes[blob], commit, date, blob)
        for (name, blob), (commit, date) in found.items()
    ]


def names_in(what: str) -> list[str]:
    """Return the names that a word of a page, or a file, may have for a figure or table.

    Examples
    --------
    >>> names_in("fig-saving")
    ['fig-saving', 'saving']
    >>> names_in("results/figures/isru-tails.svg")  # a figure of this name comes first
    ['isru-tails', 'tails']
    """
    bare = _ENDING.sub("", what.rpartition("/")[2])
    return list(dict.fromkeys([bare, _BEFORE.sub("", bare)]))


def named(found: list[Version], what: str) -> list[Version]:
    """Return the versions of a figure or table, by its name as any page or file has it."""
    for name in names_in(what):
        if fitting := [version for version in found if PurePosixPath(version.name).stem == name]:
            return fitting
    return []


def together(root: Path, of_name: list[Version]) -> dict[tuple[str, str], list[Version]]:
    """Return which of these files lay side by side.

    Parameters
    ----------
    root : Path
    of_name : list of Version
        Of one figure or table.

    Returns
    -------
    dict
        Every commit that took one of them in, and its date -> all of them that it holds.
    """
    known = {(version.name, version.blob): version for version in of_name}
    files = sorted({f"{folder}/{name}" for folder in (FIGURES, TABLES) for name, _ in known})
    held = {}
    for commit, date in dict.fromkeys((version.commit, version.date) for version in of_name):
        lines = [line.split("\t") for line in _git(root, "ls-tree", commit, *files).splitlines()]
        there = {(PurePosixPath(path).name, about.split()[2]) for about, path in lines}
        held[commit, date] = [known[file] for file in sorted(there)]
    return held


def with_hash(found: list[Version], start: str, drawn: frozenset[str] = frozenset()) -> Version:
    """Return the version whose SHA-256 begins so.

    Parameters
    ----------
    found : list of Version
    start : str
        The beginning of a SHA-256. Anything else was meant as a name, which is told.
    drawn : frozenset of str
        The figures that the built book drew itself.

    Raises
    ------
    CompendiumError
        If there is none, or several.
    """
    start = start.lower().removeprefix("sha256:")
    if not re.fullmatch("[0-9a-f]+", start):
        raise CompendiumError(_no_such_name(found, start, drawn))
    fitting = [version for version in found if version.sha256.startswith(start)]
    if len(start) < _LEAST or len({version.sha256 for version in fitting}) > 1:
        raise CompendiumError(
            f"expected the name of a figure or table, or at least {_LEAST} digits of one file's "
            f"SHA-256, got {start!r}, with which those of {len(fitting)} files begin"
        )
    if not fitting:
        raise CompendiumError(
            f"no figure or table that was ever committed has the SHA-256 {start}. {_DRAWN}"
        )
    return fitting[0]


def content(root: Path, version: Version) -> bytes:
    """Return the file as it was."""
    return _git_bytes(root, "cat-file", "blob", version.blob)


def _no_such_name(found: list[Version], what: str, drawn: frozenset[str]) -> str:
    names = names_in(what)
    for name in names:
        if name in drawn:
            return f"{name} is drawn when the book is built, so no commit holds it; it {_AGAIN}"
    known = sorted({PurePosixPath(version.name).stem for version in found} | drawn)
    near = ", ".join(difflib.get_close_matches(names[-1], known, 3))
    told = f"the nearest: {near}" if near else "nothing is named like it"
    # Only a built book knows what it draws.
    return f"no figure or table is named {what!r}; {told}" + ("" if drawn else f". {_DRAWN}")


def _hashes(root: Path, blobs: list[str]) -> dict[str, str]:
    """Return the SHA-256 of each content that git knows by its own name."""
    answer = _git_bytes(root, "cat-file", "--batch", given="\n".join(blobs).encode() + b"\n")
    hashes, at = {}, 0
    for blob in blobs:
        end = answer.index(b"\n", at)
        size = int(answer[at:end].split()[2])
        hashes[blob] = hashlib.sha256(answer[end + 1 : end + 1 + size]).hexdigest()
        at = end + size + 2
    return hashes


def _git(root: Path, *arguments: str) -> str:
    return _git_bytes(root, *arguments).decode()


def _git_bytes(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Return what git answers.

    Raises
    ------
    CompendiumError
        If there is no git, or no repository of this compendium.
    """
    command = ["git", "-c", "core.quotePath=off", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip()
        raise CompendiumError(
            f"expected git with the history of this compendium, got: {said or error}"
        ) from None
    return done.stdout
