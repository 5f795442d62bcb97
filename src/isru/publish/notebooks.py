"""The source notebooks: what each declares, and the order in which they can run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from isru import paths
from isru.publish.errors import CompendiumError
from isru.publish.parameters import unknown
from isru.records import KINDS


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
        If the file is no notebook, or declares no kind, needs, measures and budgets.
    """
    try:
        declared = json.loads(path.read_text(encoding="utf-8"))["metadata"]["isru"]
        notebook = Notebook(
            name=path.stem,
            path=path,
            kind=declared["kind"],
            needs=tuple(declared["needs"]),
            measures=bool(declared["measures"]),
            budget_minutes=dict(declared["budget_minutes"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CompendiumError(
            f"{path.name}: expected a notebook whose metadata.isru holds kind, needs, measures "
            f"and budget_minutes, got {type(error).__name__}: {error}"
        ) from None
    if notebook.kind not in KINDS:
        raise CompendiumError(f"{path.name}: expected a kind of {KINDS}, got {notebook.kind!r}")
    return notebook


def all_notebooks() -> list[Notebook]:
    """Return every source notebook, each after those that it needs."""
    known = {n.number: n for n in map(read_notebook, sorted(paths.notebooks().glob("*.ipynb")))}
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
        if name not in by_name:
            raise CompendiumError(unknown("notebook", name, [n.name for n in notebooks]))
    return [n for n in notebooks if n in [by_name[name] for name in wanted]]
