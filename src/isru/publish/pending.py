"""Finished notebooks wait beside the run until all of it is done; then they replace it.

So a failing or interrupted run leaves the last good one as it was, and the next resumes with
what is finished. A result moves as one unit: notebook, values, figures, tables, models, manifest.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from isru import paths
from isru.files import move, write_atomically
from isru.publish.manifest import checked_manifest, inside, manifest_path, read_manifest
from isru.records import sha256, to_json


def pending_folder(run: str) -> Path:
    """Return where the finished notebooks of an unfinished run wait."""
    return paths.build() / "pending" / run


def finish(scratch: Path, run: str, manifest: dict) -> Path:
    """Complete a scratch folder with its manifest and add it to the pending results."""
    files = sorted(p for p in scratch.rglob("*") if p.is_file())
    manifest["outputs"] = {p.relative_to(scratch).as_posix(): sha256(p) for p in files}
    name = manifest["notebook"]
    write_atomically(scratch / "manifest" / f"{name}.json", to_json(manifest))
    target = pending_folder(run) / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.rmtree(target)
    move(scratch, target)
    return target


def pending(run: str) -> dict[str, Path]:
    """Return {notebook: folder} of the finished results that wait for the rest of their run."""
    folders = sorted(pending_folder(run).glob("*"))
    return {f.name: f for f in folders if manifest_path(f, f.name).is_file()}


def install(unit: Path, run_folder: Path) -> None:
    """Move a finished result into a run; files that it no longer makes are removed.

    The manifest goes last. Broken off in between, the same call completes it: a file that has
    moved is simply not there any more.
    """
    name = unit.name
    manifest = checked_manifest(manifest_path(unit, name), name)
    before = read_manifest(run_folder, name) or {"outputs": {}}
    for old in set(before["outputs"]) - set(manifest["outputs"]):
        if inside(run_folder, old):
            (run_folder / old).unlink(missing_ok=True)
    for output in [*manifest["outputs"], f"manifest/{name}.json"]:
        if (unit / output).is_file():
            move(unit / output, run_folder / output)
    shutil.rmtree(unit)


def install_all(run: str) -> None:
    """Move every pending result of a run into it."""
    for unit in pending(run).values():
        install(unit, paths.run(run))
