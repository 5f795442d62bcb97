"""The published run: take results into it, check it, say how it stands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from isru import paths
from isru.errors import CompendiumError
from isru.publish.machines import unknown_sources
from isru.publish.notebooks import Notebook, all_notebooks
from isru.publish.pending import install, pending
from isru.publish.repeats import edited_repeats, forget, keep, repeats
from isru.publish.staleness import edited, read_manifest, stale_reasons
from isru.publish.staleness import reasons as differences
from isru.records import read_state


def state(notebook: Notebook, folder: Path) -> str:
    """Return in words how the result of a notebook in a run stands."""
    manifest = read_manifest(folder, notebook.name)
    if manifest is None:
        return "not run"
    found = _changes(notebook, folder, manifest)
    about = manifest["provenance"]
    made = f"{manifest['profile']}, {about['date']}, {about['commit']}"
    return f"{'; '.join(found) or 'current'} ({made}{' with changes' if about['dirty'] else ''})"


def obstacles(notebook: Notebook, folder: Path) -> list[str]:
    """Return what forbids publishing a result, an empty list if nothing does."""
    manifest = read_manifest(folder, notebook.name)
    if manifest is None:
        return ["not run"]
    found = _changes(notebook, folder, manifest)
    if manifest["profile"] in ("smoke", "adhoc"):
        found.append(f"a run of profile {manifest['profile']} proves nothing: run quick or full")
    found += unknown_sources(manifest["provenance"], "run again")
    executed = read_state(folder / "notebooks" / f"{notebook.name}.ipynb", "cells")
    cells = executed["cells"] if executed else []
    outputs = (output for cell in cells for output in cell.get("outputs", []))
    if any(output["output_type"] == "error" for output in outputs):
        found.append("holds a traceback")
    return found


def _changes(notebook: Notebook, folder: Path, manifest: dict) -> list[str]:
    found = [f"edited by hand: {name}" for name in edited(folder, manifest)]
    return found + [f"stale: {why}" for why in stale_reasons(notebook, folder)]


def publish(run: str, notebooks: list[Notebook]) -> list[str]:
    """Copy results, each as one unit, from a run into ``results/``; return their names.

    What is published already stays as it is, with its repeats.

    Raises
    ------
    CompendiumError
        If one of them must not be published, or another command publishes now; then nothing is.
    """
    with _alone():
        return _publish(paths.run(run), notebooks)


@contextmanager
def _alone() -> Iterator[None]:
    """Let no other command change the published run meanwhile."""
    paths.build().mkdir(parents=True, exist_ok=True)
    lock = FileLock(paths.build() / "publish.lock")
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        raise CompendiumError(
            f"another command publishes now: wait for it, or end it. Its lock is {lock.lock_file}"
        ) from None
    with held:
        yield


def _publish(folder: Path, notebooks: list[Notebook]) -> list[str]:
    reasons = {n.name: obstacles(n, folder) + _is_repeat(n, folder) for n in notebooks}
    _refuse("nothing published", folder, reasons)
    published = {n.name: read_manifest(paths.results(), n.name) for n in notebooks}
    new = [n for n in notebooks if read_manifest(folder, n.name) != published[n.name]]
    for notebook in new:
        manifest = read_manifest(folder, notebook.name)
        unit = paths.build() / "publishing" / notebook.name
        shutil.rmtree(unit, ignore_errors=True)
        for output in [*manifest["outputs"], f"manifest/{notebook.name}.json"]:
            (unit / output).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / output, unit / output)
        if changed := edited(unit, manifest):
            raise CompendiumError(
                f"{notebook.name}: {', '.join(changed)} changed while it was copied (does a run "
                "end now?): repeat the command"
            )
        install(unit, paths.results())
        forget(notebook)
    return [n.name for n in new]


def keep_repeats(run: str, notebooks: list[Notebook]) -> list[str]:
    """Keep results beside the published ones that they repeat; return what is kept, as text.

    Raises
    ------
    CompendiumError
        If one of them must not be published, or does not repeat the published result: the same
        code, parameters and data on the same machine, in another run. Then nothing is kept.
    """
    folder = paths.run(run)
    with _alone():
        reasons = {n.name: obstacles(n, folder) or _no_repeat(n, folder) for n in notebooks}
        _refuse("no repeat kept", folder, reasons)
        return [f"{n.name}, run {keep(n, folder)}" for n in notebooks]


def _refuse(what: str, folder: Path, reasons: dict[str, list[str]]) -> None:
    """Raise if there is a reason against any notebook; the message names them all."""
    lines = [f"{name}: {'; '.join(why)}" for name, why in reasons.items() if why]
    if lines:
        raise CompendiumError(f"{what} from {folder.name}.\n" + "\n".join(lines))


def _no_repeat(notebook: Notebook, folder: Path) -> list[str]:
    """Return why a result is no repeat of the published one, an empty list if it is."""
    mine, published = (read_manifest(f, notebook.name) for f in (folder, paths.results()))
    if published is None:
        return ["not published yet: publish it, run it again, and keep that"]
    if _values(mine) in [_values(manifest) for manifest in [published, *_repeats(notebook)]]:
        return ["published or kept already: run it again"]
    if mine["provenance"]["machine"] != published["provenance"]["machine"]:
        return [f"published from another machine, {published['provenance']['machine']}"]
    kernels = [manifest["provenance"].get("blas") for manifest in (mine, published)]
    if all(kernels) and kernels[0] != kernels[1]:
        return [f"published from another kernel of BLAS, {kernels[1]}; this one is {kernels[0]}"]
    found = differences(published["stamp"], mine["stamp"])
    return [f"{'; '.join(found)} since the published run: publish this one instead"] * bool(found)


def _is_repeat(notebook: Notebook, folder: Path) -> list[str]:
    """Return why a result is one of the kept repeats, an empty list if it is not."""
    if read_manifest(folder, notebook.name) not in _repeats(notebook):
        return []
    return ["kept as a repeat of the published run: name the others, or run it again"]


def _repeats(notebook: Notebook) -> list[dict]:
    found = (read_manifest(f, notebook.name) for f in repeats(paths.results()).values())
    return [manifest for manifest in found if manifest]


def _values(manifest: dict) -> str | None:
    """Return the hash of the values that a result recorded, None if it recorded none."""
    return next((h for f, h in manifest["outputs"].items() if f.startswith("values/")), None)


def problems(folder: Path) -> list[str]:
    """Return what makes a published run untrustworthy: hand edits, and stale exact notebooks."""
    found = []
    for notebook in all_notebooks():
        manifest = read_manifest(folder, notebook.name)
        if manifest is None:
            continue
        found += [f"{notebook.name}: {name} was edited" for name in edited(folder, manifest)]
        if notebook.kind == "exact":
            found += [f"{notebook.name}: {why}" for why in stale_reasons(notebook, folder)]
    return found + [f"a repeat: {name} was edited" for name in edited_repeats(folder)]


def report(run: str) -> list[str]:
    """Return the lines of ``status``: one a notebook, and what waits of an unfinished run."""
    folder = paths.run(run)
    states = {n.name: state(n, folder) for n in all_notebooks()}
    lines = [f"{name:28} {words}" for name, words in states.items()]
    if outdated := sum("stale:" in words for words in states.values()):
        lines.append(f"not up to date: {outdated} of {len(states)}")
    waiting = ", ".join(pending(run))
    return [*lines, f"finished, waiting for the rest: {waiting}"] if waiting else lines
