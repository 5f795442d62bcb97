"""The run that the book shows: what lies in ``results/`` of the book's source folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from sphinx.util import logging

from isru.publish.contents import chapters, read_contents
from isru.recorded import Recorded

LOGGER = logging.getLogger(__name__)
CHECK = "run.json"  # written by isru.publish.book; a book of results/ has none
_VALUES = {"notebook": str, "provenance": dict, "values": dict}
_FIGURE = dict.fromkeys(("id", "title", "notebook", "author", "licence"), str)
_NOTEBOOK = re.compile(r"results/notebooks/([a-z][a-z0-9-]*)")


class Run:
    """Values, figures, tables and provenance of one run.

    Parameters
    ----------
    source : Path
        The book's source folder, with ``results/`` in it.
    """

    def __init__(self, source: Path):
        self.source = Path(source)
        self.folder = self.source / "results"
        about = _json(self.source / CHECK) or {}
        self._recorded: dict[str, Recorded] = {}
        self.name: str = about.get("run", "published")
        self.order = {name: n for n, name in enumerate(_chapters(self.source))}
        self.missing: list[str] = about.get("missing", [])
        self.borrowed: list[str] = about.get("borrowed", [])  # chapters of the published run
        self.stale: dict[str, list[str]] = about.get("stale", {})
        self.skipped_records: dict[str, str] = about.get("skipped_records", {})

    def values_file(self, chapter: str) -> Path:
        """Return where the values of a chapter lie."""
        return self.folder / "values" / f"{chapter}.json"

    def values(self, chapter: str) -> dict | None:
        """Return ``{"notebook", "provenance", "values"}`` of a chapter, None if not run."""
        return _json(self.values_file(chapter), _VALUES)

    def recorded(self, chapter: str) -> Recorded | None:
        """Return the values and tables of a chapter by their names, None if not run."""
        if self.values(chapter) is None:
            return None
        if chapter not in self._recorded:
            self._recorded[chapter] = Recorded(self.folder, chapter)
        return self._recorded[chapter]

    def every_values(self) -> list[dict]:
        """Return the content of each values file, in reading order."""
        found = [_json(path, _VALUES) for path in (self.folder / "values").glob("*.json")]
        return sorted(found, key=lambda values: self.place(values["notebook"]))

    def keys(self) -> list[str]:
        """Return every key of the run, ``"forecaster.window"``; not the cells of tables."""
        return [f"{v['notebook']}.{name}" for v in self.every_values() for name in v["values"]]

    def figure(self, identifier: str) -> dict | None:
        """Return what is known of a figure, None if the run has none of this name."""
        return _json(self.folder / "figures" / f"{identifier}.json", _FIGURE)

    def table(self, name: str) -> dict | None:
        """Return what is told of a table, by its whole name; None if the run has no such words."""
        return _json(self.folder / "tables" / f"{name}.json")

    def page_cells(self, notebook: str) -> list[dict]:
        """Return the cells of a chapter's page, as the run executed them."""
        return _cells(self.folder / "notebooks" / f"{notebook}.ipynb")

    def code_cells(self, notebook: str) -> dict[int, str]:
        """Return the name of each code cell of a chapter's page by its place among all cells."""
        return {
            place: cell["id"]
            for place, cell in enumerate(self.page_cells(notebook))
            if cell["cell_type"] == "code" and cell.get("id")
        }

    def source_of(self, notebook: str) -> Path:
        """Return where the present source of a chapter lies."""
        return self.source / "notebooks" / f"{notebook}.ipynb"

    def source_cells(self, notebook: str) -> list[dict]:
        """Return the cells of a chapter's present source, none where there is no source."""
        return _cells(self.source_of(notebook))

    def figures(self) -> list[dict]:
        """Return every figure's description, in reading order."""
        found = [_json(path, _FIGURE) for path in (self.folder / "figures").glob("*.json")]
        return sorted(found, key=lambda about: (self.place(about["notebook"]), about["id"]))

    def manifest(self, notebook: str) -> dict:
        """Return the manifest of a notebook's result, empty if there is none."""
        return _json(self.folder / "manifest" / f"{notebook}.json") or {}

    def provenance(self, notebook: str) -> dict:
        """Return profile, commit, date, machine and versions of a notebook's result."""
        values = self.values(notebook) or {}
        return values.get("provenance") or self.manifest(notebook).get("provenance") or {}

    def is_missing(self, chapter: str) -> bool:
        """Tell whether the run is a partial one, made without a chapter."""
        return chapter in self.missing

    def may_lack(self, chapter: str) -> bool:
        """Tell whether the present source of a chapter may record what this run does not have.

        So it is of a run of other parameters than the published one, and of a published result
        that is older than its source or still to be published.
        """
        unpublished = self.values(chapter) is None and self.source_of(chapter).is_file()
        return self.name != "published" or chapter in self.stale or unpublished

    def is_to_come(self, chapter: str, name: str) -> bool:
        """Tell whether the run may lack a table or figure which the chapter's source names."""
        cells = self.source_cells(chapter) if self.may_lack(chapter) else []
        return any(
            f'"{name}"' in "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"
        )

    def place(self, chapter: str) -> tuple[int, str]:
        """Return where a chapter comes in the contents, those without a page at the end."""
        return (self.order.get(chapter, len(self.order)), chapter)

    def maker(self, table: str) -> str:
        """Return the chapter that made a table, by the table's name; "" for none of this run."""
        made = (self.folder / "values").glob("*.json")
        sources = (self.source / "notebooks").glob("*.ipynb")
        known = [*self.missing, *(path.stem for path in [*made, *sources])]
        return max((name for name in known if table.startswith(f"{name}-")), key=len, default="")


def _chapters(source: Path) -> list[str]:
    """Return the chapters that the contents name."""
    toc = source / "_toc.yml"
    return chapters(read_contents(toc)) if toc.is_file() else []


def run_of(env) -> Run:
    """Return the run of a Sphinx environment; read anew in every build."""
    if not hasattr(env.app, "isru_run"):
        env.app.isru_run = Run(env.srcdir)
    return env.app.isru_run


def notebook_of(docname: str) -> str:
    """Return the notebook that a page shows, an empty string for a page of prose."""
    found = _NOTEBOOK.fullmatch(docname)
    return found[1] if found else ""


def page_of(notebook: str) -> str:
    """Return the page that shows a notebook."""
    return f"results/notebooks/{notebook}"


def commit_text(provenance: dict) -> str:
    """Return the commit of a result, marked if the sources were changed after it."""
    commit = provenance.get("commit", "unknown")
    return f"{commit}+changes" if provenance.get("dirty") else commit


def _cells(path: Path) -> list[dict]:
    return (_json(path, {"cells": list}) or {}).get("cells", [])


def _json(path: Path, kinds: Mapping[str, type] = MappingProxyType({})) -> dict | None:
    """Return a file's object, None if there is no file; the error names a file that is odd."""
    if not path.is_file():
        return None
    content = _parsed(path, path.stat().st_mtime_ns)
    for key, kind in kinds.items():
        if not isinstance(content.get(key), kind):
            got = type(content[key]).__name__ if key in content else "nothing"
            raise ValueError(f"{_named(path)}: {key}: expected {kind.__name__}, got {got}")
    return content


@lru_cache(maxsize=512)
def _parsed(path: Path, _changed: int) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{_named(path)}: expected JSON, got {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{_named(path)}: expected an object, got {type(content).__name__}")
    return content


def _named(path: Path) -> str:
    return "/".join(path.parts[-3:])
