"""Runs of a published notebook again, kept to see whether they come to the same verdicts."""

from __future__ import annotations

import shutil
from pathlib import Path

from isru import paths


def repeats(published: Path) -> dict[str, Path]:
    """Return ``{number: run folder}`` of the runs kept beside a published one, from run 2 on."""
    folders = (published / "repeats").glob("[0-9]*")
    return {folder.name: folder for folder in sorted(folders, key=lambda path: int(path.name))}


def keep(values: Path) -> str:
    """Keep a notebook's values beside the published ones; return the number of that run.

    Parameters
    ----------
    values : Path
        ``values/NN.json`` of a run. Values alone are kept: a verdict needs no more.
    """
    number = 2
    while (kept := paths.results() / "repeats" / str(number) / "values" / values.name).is_file():
        number += 1
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(values, kept)
    return str(number)


def forget(notebook: str) -> None:
    """Remove what was kept of a notebook, by its number, since it repeated another result."""
    for folder in repeats(paths.results()).values():
        (folder / "values" / f"{notebook}.json").unlink(missing_ok=True)
        if not any((folder / "values").iterdir()):
            shutil.rmtree(folder)
