"""The source notebooks: what each declares, and the order in which they can run."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from isru import paths
from isru.publish.errors import CompendiumError
from isru.publish.parameters import CHAPTER, read_cells, slug, unknown
from isru.publish.wording import shortened
from isru.records import KINDS

_LOG = logging.getLogger(__name__)
_NAMED: set[Path] = set()  # what was said to be ignored
_TWO = re.compile(r"\d\d")
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

    @property
    def number(self) -> str:
        """The two digits that lead the name and every key of its values."""
        return self.name[:2]


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
    numbers = isinstance(needs, list) and all(
        isinstance(n, str) and _TWO.fullmatch(n) for n in needs
    )
    _expect(path, "needs", numbers, "a list of two digits each", needs)
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
    if not CHAPTER.fullmatch(path.stem):
        return "its name is not of the form 06-forecaster.ipynb"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return ""
    readable = isinstance(content, dict) and isinstance(content.get("metadata"), dict)
    if readable and "isru" not in content["metadata"]:
        return "it has no metadata.isru, which tells how to run it"
    return ""


def _chapters() -> list[Path]:
    """Return the files of the chapters; others are named, once a process, and left alone."""
    found = []
    for path in sorted(paths.notebooks().glob("*.ipynb")):
        why = foreign(path)
        if not why:
            found.append(path)
        elif path not in _NAMED:
            _NAMED.add(path)
            _LOG.warning("notebooks/%s: ignored, %s", path.name, why)
    return found


def _distinct(notebooks: list[Notebook]) -> None:
    """Refuse two notebooks of one number, which leads their values, or of one profile's section."""
    for what, key in (("number", lambda n: n.number), ("section in the profiles", _section)):
        seen: dict[str, Notebook] = {}
        for notebook in notebooks:
            other = seen.setdefault(key(notebook), notebook)
            if other is not notebook:
                raise CompendiumError(
                    f"{other.path.name} and {notebook.path.name} have one {what}, "
                    f"{key(notebook)}: rename one of them, or move it out of notebooks/"
                )


def _section(notebook: Notebook) -> str:
    return slug(notebook.name)


def all_notebooks() -> list[Notebook]:
    """Return every source notebook, each after those that it needs.

    Raises
    ------
    CompendiumError
        If one is broken, two have one number or section, or one needs another that is not there.
    """
    read = [read_notebook(path) for path in _chapters()]
    _distinct(read)
    known = {notebook.number: notebook for notebook in read}
    ordered: dict[str, Notebook] = {}

    def add(number: str, path: tuple[str, ...]) -> None:
        if number in path:
            raise CompendiumError(f"notebooks need each other: {' -> '.join([*path, number])}")
        if number not in known:
            raise CompendiumError(unknown("notebook", number, known, f"needed by {path[-1]}"))
        for needed in known[number].needs:
            add(needed, (*path, number))
        ordered.setdefault(number, known[number])

    for number in known:
        add(number, ())
    return list(ordered.values())


def select(names: str | None) -> list[Notebook]:
    """Return the notebooks that ``"06"``, ``"06-forecaster"`` or ``"01,06"`` names; None: all.

    Raises
    ------
    CompendiumError
        For a name that no notebook has; the message lists those that exist.
    """
    notebooks = all_notebooks()
    if not names:
        return notebooks
    by_name = {n.number: n for n in notebooks} | {n.name: n for n in notebooks}
    wanted = [name.strip().removesuffix(".ipynb") for name in names.split(",")]
    for name in wanted:
        path = paths.notebooks() / f"{name}.ipynb"
        if name not in by_name and path.is_file() and (why := foreign(path)):
            raise CompendiumError(f"notebooks/{path.name} is no chapter: {why}")
        if name not in by_name:
            raise CompendiumError(unknown("notebook", name, [n.name for n in notebooks]))
    return [n for n in notebooks if n in [by_name[name] for name in wanted]]
