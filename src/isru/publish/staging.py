"""The book's source folder: prose, extension and one run, laid out as in the checkout.

Only what changed is written, so that Sphinx reads again only what changed; a changed file always
gets a new time, whatever the time of its origin.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from isru import paths
from isru.errors import CompendiumError, DamagedFile
from isru.publish.contents import chapters, read_contents, with_last_part, with_present
from isru.publish.environment import say
from isru.publish.machines import record_files
from isru.publish.normalise import with_present_prose
from isru.publish.notebooks import all_notebooks
from isru.publish.rooms import plan
from isru.publish.staleness import stale_notebooks
from isru.records import read_object, to_json

_SHOWN_PARTS = ("values", "figures", "tables", "manifest")
_COMPARED_PARTS = ("values", "tables", "manifest")


def stage(run: str, source: Path) -> None:
    """Make ``source`` the folder from which the book of ``run`` is built.

    Parameters
    ----------
    run : str
        ``"published"`` or a folder of ``runs/``.
    source : Path
        Made if needed; what does not belong there is removed.

    Raises
    ------
    CompendiumError
        If the run has no notebook, or the published run lacks one that the contents name.
    """
    root, folder = paths.root(), paths.run(run)
    files: dict[str, Path | bytes] = {"_config.yml": root / "_config.yml"}
    files |= _tree(root / "book", "book")
    sources = {f"{notebook.name}.ipynb" for notebook in all_notebooks()}
    files |= {
        name: path
        for name, path in _tree(root / "notebooks", "notebooks").items()
        if path.parent.name == "parameters" or path.name in sources
    }
    executed: dict[str, Path] = {}
    own = {path.stem for path in (folder / "notebooks").glob("*.ipynb")}
    # What a run lacks is shown as published, so that a run of one notebook has its book, too.
    for origin in dict.fromkeys((paths.results(), folder)):
        for part in _SHOWN_PARTS:
            files |= _tree(origin / part, f"results/{part}")
        executed |= {path.stem: path for path in sorted((origin / "notebooks").glob("*.ipynb"))}
    files |= _tree(paths.results() / "repeats", "results/repeats")
    records, skipped = record_files(run)
    files |= {f"results/machines/{name}": path for name, path in records.items()}
    if not own:
        raise CompendiumError(
            f"no executed notebook in {folder / 'notebooks'}: expected at least one. "
            "Run them first (make execute)"
        )
    for name, path in executed.items():
        files[f"results/notebooks/{path.name}"] = _page(path, paths.notebooks() / f"{name}.ipynb")
    borrowed = sorted(set(executed) - own)
    if run != "published":
        for part in _COMPARED_PARTS:
            files |= _tree(paths.results() / part, f"published/{part}")
        for name in borrowed:  # nothing of the run's own to compare with
            files.pop(f"published/values/{name}.json", None)
    outside = [] if run == "published" else outside_contents(run)
    contents, missing = _contents(root / "_toc.yml", set(executed), outside)
    if missing and run == "published":
        raise CompendiumError(
            f"the published run lacks {', '.join(missing)}, which _toc.yml names: "
            "run and publish it, or take it out of _toc.yml"
        )
    files["_toc.yml"] = contents
    stale = stale_notebooks(folder)
    if borrowed:
        published = stale_notebooks(paths.results())
        stale |= {name: published[name] for name in borrowed if name in published}
    about = {"run": run, "missing": missing, "borrowed": borrowed, "stale": stale}
    if skipped:
        about["skipped_records"] = skipped
        say("\n".join(["not shown in the book:", *(f"  {why}" for why in skipped.values())]))
    _check_readable(files)
    files["run.json"] = to_json(about).encode()
    files["rooms.json"] = to_json(plan()).encode()
    _write(files, source)


def _check_readable(files: dict[str, Path | bytes]) -> None:
    """Refuse what would break pages without a word of the file that is to blame."""
    for name, path in files.items():
        if re.fullmatch(r".*(values|tables|manifest)/[^/]+\.json", name):
            try:
                read_object(path)
            except DamagedFile as error:
                raise CompendiumError(
                    f"{error}. Restore it (git checkout), or run its notebook again"
                ) from None


def _tree(folder: Path, below: str) -> dict[str, Path]:
    """Return {path in the source folder: file} of everything visible below ``folder``."""
    return {
        f"{below}/{path.relative_to(folder).as_posix()}": path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _hidden(path.relative_to(folder))
    }


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _page(executed: Path, source: Path) -> Path | bytes:
    """Return the executed notebook, with the present prose where its source still fits it."""
    if not source.is_file():
        return executed
    import nbformat

    for path in (executed, source):
        read_object(path, "cells", "metadata")  # names it where it is damaged
    notebooks = [nbformat.read(path, as_version=4) for path in (executed, source)]
    return nbformat.writes(with_present_prose(*notebooks)).encode()


def _contents(toc: Path, executed: set[str], outside: list[str]) -> tuple[bytes, list[str]]:
    """Return the contents without the notebooks that the run lacks, and the names of these.

    What the contents do not name comes last, in a part of its own.
    """
    import yaml

    contents = read_contents(toc)
    missing = [name for name in chapters(contents) if name not in executed]
    present = with_present(contents, executed)
    if outside:
        present = with_last_part(present, "Not in the contents yet", outside)
    return yaml.safe_dump(present, sort_keys=False, allow_unicode=True).encode(), missing


def outside_contents(run: str) -> list[str]:
    """Return the notebooks of a run whose pages the contents do not name: no book shows them."""
    named = chapters(read_contents(paths.root() / "_toc.yml"))
    executed = sorted(path.stem for path in (paths.run(run) / "notebooks").glob("*.ipynb"))
    return [name for name in executed if name not in named]


def _write(files: dict[str, Path | bytes], source: Path) -> None:
    wanted = set(files)
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        if path.is_file() and path.relative_to(source).as_posix() not in wanted:
            path.unlink()
    for name, origin in files.items():
        content = origin if isinstance(origin, bytes) else origin.read_bytes()
        write_if_changed(source / name, content)


def write_if_changed(path: Path, content: bytes) -> None:
    """Write a file unless it has this content already."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def mirror(origin: Path, target: Path) -> None:
    """Make ``target`` equal to ``origin``; files that are equal already are left alone."""
    wanted = {path.relative_to(origin) for path in origin.rglob("*") if path.is_file()}
    for path in sorted(target.rglob("*"), reverse=True) if target.is_dir() else ():
        if path.is_file() and path.relative_to(target) not in wanted:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for name in sorted(wanted):
        ours, theirs = origin / name, target / name
        if not theirs.is_file() or not _same(ours, theirs):
            theirs.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ours, theirs)


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


def tracebacks(run_folder: Path) -> list[str]:
    """Return the cells of executed notebooks that hold an error, ``"forecaster: cell x"``."""
    found = []
    for path in sorted((run_folder / "notebooks").glob("*.ipynb")):
        for cell in read_object(path, "cells")["cells"]:
            for output in cell.get("outputs", ()):
                if output["output_type"] == "error":
                    what = f"{output['ename']}: {output['evalue']}"
                    found.append(f"{path.stem}: cell {cell.get('id', '?')}: {what}")
    return found
