"""The source notebooks: what each declares, and the order in which they can run."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from isru import paths
from isru.errors import CompendiumError
from isru.publish.contents import chapters, former_names, read_contents
from isru.publish.parameters import read_cells, unknown
from isru.table_columns import KINDS
from isru.wording import shortened

_LOG = logging.getLogger(__name__)
_NAMED: set[Path] = set()  # what was said to be ignored
_PROFILES = ("smoke", "quick", "full")


@dataclass(frozen=True)
class Notebook:
    """A source notebook and what its metadata declares under ``isru``."""

    name: str
    path: Path
    kind: str
    needs: tuple[str, ...]
    measures: bool
    budget_minutes: dict[str, float]


def read_notebook(path: Path) -> Notebook:
    """Read what a notebook declares.

    Raises
    ------
    CompendiumError
        If the file is no notebook, or declares no kind, needs, measures and budgets, each as it
        has to be.
    """
    read_cells(path)
    declared = _metadata(path).get("isru")
    wanted = ("kind", "needs", "measures", "budget_minutes")
    if not isinstance(declared, dict) or set(wanted) - set(declared):
        raise CompendiumError(
            f"{path.name}: expected a notebook whose metadata.isru holds {', '.join(wanted)}, "
            f"got {shortened(declared)}"
        )
    kind, needs, measures, budgets = (declared[name] for name in wanted)
    if kind not in KINDS:
        raise CompendiumError(f"{path.name}: expected a kind of {KINDS}, got {shortened(kind)}")
    names = isinstance(needs, list) and all(
        isinstance(n, str) and paths.CHAPTER.fullmatch(n) for n in needs
    )
    _expect(path, "needs", names, "a list of chapters' names", needs)
    _expect(path, "measures", isinstance(measures, bool), "true or false", measures)
    whole = isinstance(budgets, dict) and all(_minutes(budgets.get(name)) for name in _PROFILES)
    _expect(path, "budget_minutes", whole, f"minutes above 0 of {', '.join(_PROFILES)}", budgets)
    return Notebook(path.stem, path, kind, tuple(needs), measures, dict(budgets))


def _metadata(path: Path) -> dict:
    """Return a notebook's metadata, empty where it has none."""
    content = json.loads(path.read_text(encoding="utf-8"))
    found = content.get("metadata") if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}


def _minutes(value: object) -> bool:
    return type(value) in (int, float) and 0 < value < 1e6


def _expect(path: Path, name: str, right: bool, expected: str, got: object) -> None:
    if not right:
        raise CompendiumError(
            f"{path.name}, metadata.isru.{name}: expected {expected}, got {shortened(got)}"
        )


def foreign(path: Path) -> str:
    """Return why a file in ``notebooks/`` is no chapter of the compendium, empty if it is one.

    A file with a chapter's name that cannot be read is a chapter that is broken.
    """
    if not paths.CHAPTER.fullmatch(path.stem):
        return "its name is not of the form exp-free.ipynb (a to z, 0 to 9, '-')"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return ""
    readable = isinstance(content, dict) and isinstance(content.get("metadata"), dict)
    if readable and "isru" not in content["metadata"]:
        return "it has no metadata.isru, which tells how to run it"
    return ""


def _chapters() -> list[Path]:
    """Return the files of the chapters, in reading order, then by name those without a page.

    Others are named, once a process, and left alone.
    """
    place = {name: n for n, name in enumerate(chapters(read_contents(paths.contents())))}
    files = paths.notebooks().glob("*.ipynb")
    found = []
    for path in sorted(files, key=lambda p: (place.get(p.stem, len(place)), p.stem)):
        why = foreign(path)
        if not why:
            found.append(path)
        elif path not in _NAMED:
            _NAMED.add(path)
            _LOG.warning("notebooks/%s: ignored, %s", path.name, why)
    return found


def all_notebooks() -> list[Notebook]:
    """Return every source notebook, each after those that it needs.

    Raises
    ------
    CompendiumError
        If one is broken, or needs another that is not there.
    """
    read = [read_notebook(path) for path in _chapters()]
    known = {notebook.name: notebook for notebook in read}
    ordered: dict[str, Notebook] = {}

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise CompendiumError(f"notebooks need each other: {' -> '.join([*path, name])}")
        if name not in known:
            raise CompendiumError(unknown("notebook", name, known, f"needed by {path[-1]}"))
        for needed in known[name].needs:
            add(needed, (*path, name))
        ordered.setdefault(name, known[name])

    for name in known:
        add(name, ())
    return list(ordered.values())


def select(names: str | None) -> list[Notebook]:
    """Return the notebooks that ``"forecaster"`` or ``"isru,forecaster"`` names; None: all.

    Raises
    ------
    CompendiumError
        For a name that no notebook has; the message lists those that exist, and says what a
        chapter is called that once had a number.
    """
    notebooks = all_notebooks()
    if not names:
        return notebooks
    by_name = {n.name: n for n in notebooks}
    wanted = [name.strip().removesuffix(".ipynb") for name in names.split(",")]
    for name in wanted:
        path = paths.notebooks() / f"{name}.ipynb"
        if name in by_name:
            continue
        if path.is_file() and (why := foreign(path)):
            raise CompendiumError(f"notebooks/{path.name} is no chapter: {why}")
        for former, present in former_names().items():
            if name in (former, former.partition("-")[0]):
                raise CompendiumError(f"a chapter is known by its name: {name} is now {present}")
        raise CompendiumError(unknown("chapter", name, by_name))
    return [n for n in notebooks if n.name in wanted]
