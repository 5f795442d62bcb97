"""Runs of a published notebook again, kept to see whether they come to the same verdicts.

Of such a run ``results/repeats/N`` holds the values and the tables whose rows have keys, since a
verdict needs no more, and the manifest, which says where they come from and what they were.
"""

from __future__ import annotations

import shutil
import statistics
from collections import Counter
from pathlib import Path

from isru import paths
from isru.publish.manifest import read_manifest
from isru.publish.notebooks import Notebook
from isru.recorded import Recorded
from isru.records import read_state, sha256, write_atomically

_UNITS = ("ns", "us", "µs", "ms")  # of one call or step


def repeats(published: Path) -> dict[str, Path]:
    """Return ``{number: run folder}`` of the runs kept beside a published one, from run 2 on."""
    folders = (published / "repeats").glob("[0-9]*")
    return {folder.name: folder for folder in sorted(folders, key=lambda path: int(path.name))}


def times_run(published: Path) -> dict[str, int]:
    """Return ``{notebook: how often}`` of the notebooks that were run again, the first included."""
    found = (
        read_state(path, "notebook")
        for folder in repeats(published).values()
        for path in (folder / "values").glob("*.json")
    )
    again = Counter(values["notebook"] for values in found if values)
    return {notebook: count + 1 for notebook, count in sorted(again.items())}


def paces(published: Path) -> dict[str, dict[str, float]]:
    """Return ``{notebook: {number of the run: its times over the published ones}}``, as medians.

    One code on one processor: what is far from 1 was timed while something slowed one of the runs.
    Counted are the times of calls and of steps: a training, in seconds, may be kept from another
    run, and a time that is the same to the last digit was computed.
    """
    found: dict[str, dict[str, float]] = {}
    for number, folder in repeats(published).items():
        for path in sorted((folder / "values").glob("*.json")):
            before, again = (_times(Recorded(run, path.stem)) for run in (published, folder))
            timed = [name for name, time in again.items() if before.get(name, time) != time]
            if ratios := [again[name] / before[name] for name in timed]:
                found.setdefault(path.stem, {})[number] = statistics.median(ratios)
    return dict(sorted(found.items()))


def _times(recorded: Recorded) -> dict[str, float]:
    """Return the measured times of a chapter's calls and steps by their names."""
    return {
        name: entry["value"]
        for name, entry in recorded.items()
        if entry["kind"] == "machine" and entry["unit"] in _UNITS and (entry["value"] or 0) > 0
    }


def values_file(notebook: Notebook) -> str:
    """Return where the values of a notebook lie in a run."""
    return f"values/{notebook.name}.json"


def keep(notebook: Notebook, run_folder: Path) -> str:
    """Keep a result beside the published one; return the number of that run."""
    number = 2
    while (kept := paths.results() / "repeats" / str(number) / values_file(notebook)).is_file():
        number += 1
    for name in _files(notebook, run_folder):
        target = kept.parents[1] / name
        write_atomically(target, (run_folder / name).read_bytes())
    return str(number)


def forget(notebook: Notebook) -> None:
    """Remove what was kept of a notebook, since it repeated another result."""
    for folder in repeats(paths.results()).values():
        for name in _files(notebook, folder):
            (folder / name).unlink(missing_ok=True)
        if not any(path.is_file() for path in folder.rglob("*")):
            shutil.rmtree(folder)


def edited_repeats(published: Path) -> list[str]:
    """Return the values and tables of kept runs that are not what their manifest says."""
    found = []
    for folder in repeats(published).values():
        recorded = {}
        for path in (folder / "manifest").glob("*.json"):
            recorded |= (read_manifest(folder, path.stem) or {"outputs": {}})["outputs"]
        for path in sorted([*(folder / "values").glob("*.json"), *(folder / "tables").glob("*")]):
            if recorded.get(path.relative_to(folder).as_posix()) != sha256(path):
                found.append(path.relative_to(published).as_posix())
    return found


def _files(notebook: Notebook, folder: Path) -> list[str]:
    """Return what is kept of a notebook's result in ``folder``, the manifest last."""
    values = values_file(notebook)
    recorded = Recorded(folder, notebook.name) if (folder / values).is_file() else None
    tables = recorded.keyed_tables() if recorded else []
    files = [path.with_suffix(end) for path in tables for end in (".csv", ".json")]
    names = [path.relative_to(folder).as_posix() for path in files]
    return [values, *names, f"manifest/{notebook.name}.json"]
