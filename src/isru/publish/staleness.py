"""Is a result still what its sources would give? Decided by content, never by file times.

A stamp holds what decided a result: the notebook's code, its parameters, the data, activations
and upstream values that it used (see `isru.notes`), the code of the ``isru`` modules it imports
(see `isru.closure`) and the versions of the distributions that these import.
"""

from __future__ import annotations

import ast
from pathlib import Path

from isru import paths
from isru.closure import closure, present_digest
from isru.digests import code_digest, digest
from isru.errors import CompendiumError, DamagedFile
from isru.notes import ACTIVATION, ALL_ACTIVATIONS, Notes
from isru.publish.manifest import inside, read_manifest
from isru.publish.notebooks import Notebook, all_notebooks
from isru.publish.parameters import declared_parameters, read_cells, read_profile, slug
from isru.recorded import Recorded
from isru.records import sha256, warn_once
from isru.wording import shortened

_MOST_NAMED = 5


def notebook_code(path: Path) -> str:
    """Return the code cells of a notebook, joined.

    Raises
    ------
    CompendiumError
        If a cell is no Python: what it rests on could not be told.
    """
    cells = [c["source"] for c in read_cells(path) if c["cell_type"] == "code"]
    for number, source in enumerate(cells, start=1):
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError) as error:
            line = source.splitlines()[(getattr(error, "lineno", None) or 1) - 1 :][:1]
            raise CompendiumError(
                f"{path.name}: expected Python in its code cell {number}, got "
                f"{shortened(*line) if line else error}"
            ) from None
    return "\n\n".join(cells)


def present_notes(stamp: dict) -> dict[str, str]:
    """Return the present digests of what a run noted, as recorded where data is gone."""
    noted = stamp["data"] | stamp["activations"]
    return {name: present_digest(name) or recorded for name, recorded in noted.items()}


def upstream_digest(chapter: str, folders: list[Path]) -> str:
    """Return a hash of the values that a chapter recorded, alone and in tables.

    Neither provenance nor notes count, nor the last digits, which differ between processors.
    """
    for folder in folders:
        try:
            found = Recorded(folder, chapter)
        except FileNotFoundError:
            continue
        except DamagedFile as error:
            warn_once(f"{error}; treated as not there")
            return "damaged"
        return digest({name: _what_counts(entry) for name, entry in found.items()})
    return "missing"


def _what_counts(entry: dict) -> dict:
    return {
        key: f"{part:.9g}" if isinstance(part, float) else part
        for key, part in entry.items()
        if key not in ("note", "cell")
    }


def make_stamp(notebook: Notebook, parameters: dict, notes: Notes, upstream: list[Path]) -> dict:
    """Return the stamp of a result made now.

    Parameters
    ----------
    parameters : dict
        What the profile or the user set; the declared defaults of the rest are added.
    notes : dict
        What the notebook noted that it used.
    upstream : list of Path
        The runs in which upstream values are looked up.
    """
    code = notebook_code(notebook.path)
    modules, versions = closure(code)
    defaults = {name: p.default for name, p in declared_parameters(notebook.path).items()}
    return {
        "notebook": code_digest(code),
        "parameters": defaults | parameters,
        **by_kind(notes),
        "upstream": {name: upstream_digest(name, upstream) for name in notebook.needs},
        "code": modules,
        "versions": versions,
    }


def by_kind(notes: Notes) -> dict[str, Notes]:
    """Return a run's notes as they stand in a stamp."""
    found: dict[str, Notes] = {"data": {}, "activations": {}}
    for name, noted in sorted(notes.items()):
        of_activations = name == ALL_ACTIVATIONS or name.startswith(ACTIVATION)
        found["activations" if of_activations else "data"][name] = noted
    return found


def reasons(old: dict, new: dict) -> list[str]:
    """Return in words how two stamps differ, an empty list if they do not."""
    found = ["the notebook's code changed"] if old["notebook"] != new["notebook"] else []
    words = {
        "parameters": "parameter ",
        "data": "data ",
        "activations": "",
        "upstream": "values of notebook ",
        "code": "code of ",
        "versions": "version of ",
    }
    for part, word in words.items():
        # Values that it no longer reads change nothing; that the code changed is another reason.
        names = sorted(new[part] if part == "upstream" else {*old[part], *new[part]})
        changed = [n for n in names if old[part].get(n) != new[part].get(n)]
        if changed:
            found.append(f"{word}{_some(changed)} changed")
    return found


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names) if more < 2 else f"{', '.join(names[:_MOST_NAMED])} and {more} more"


def profile_parameters(notebook: Notebook, profile: str) -> dict:
    """Return what a profile sets for a notebook; exact ones take no parameters from it."""
    return {} if notebook.kind == "exact" else read_profile(profile).get(slug(notebook.name), {})


def edited(folder: Path, manifest: dict) -> list[str]:
    """Return the files of a result that are missing or differ from their recorded hash."""
    return [
        name
        for name, recorded in manifest["outputs"].items()
        if not _is_whole(folder, name) or sha256(folder / name) != recorded
    ]


def _is_whole(folder: Path, name: str) -> bool:
    return inside(folder, name) and (folder / name).is_file()


def stale_reasons(notebook: Notebook, folder: Path) -> list[str]:
    """Return why the result of a notebook in ``folder`` is stale, an empty list if it is not."""
    manifest = read_manifest(folder, notebook.name)
    if manifest is None:
        return ["not run"]
    old = manifest["stamp"]
    chosen, upstream = manifest["parameters"], [folder]
    if manifest["profile"] == "adhoc":
        upstream.append(paths.results())
    else:
        chosen = profile_parameters(notebook, manifest["profile"])
    return reasons(old, make_stamp(notebook, chosen, present_notes(old), upstream))


def stale_notebooks(folder: Path) -> dict[str, list[str]]:
    """Return {notebook: reasons} for every result in ``folder`` that its sources outgrew."""
    found = {n.name: stale_reasons(n, folder) for n in all_notebooks()}
    return {name: why for name, why in found.items() if why and why != ["not run"]}
