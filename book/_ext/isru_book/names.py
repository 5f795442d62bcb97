"""Names of what a run recorded, as the book's search finds them and leads to their place.

Sphinx's search knows words of the text and objects of domains. These are such objects: values
(``forecaster.saving_10``), tables (``forecaster.steps``), their columns (``forecaster.steps.ns``)
and figures (``forecaster-skill``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sphinx.domains import Domain, ObjType

from isru_book.cells import anchor_of
from isru_book.drawn import DRAWINGS
from isru_book.run import page_of, run_of
from isru_book.values import ABOUT

_BEHIND_THE_TEXT = 2  # Sphinx's priority of what is listed after the words of pages

Found = tuple[str, str, str, str, str, int]


class ResultNames(Domain):
    """Every value, table, column and figure of the run that has a page."""

    name = "isru"
    label = "recorded"
    object_types = {kind: ObjType(kind) for kind in ("value", "table", "column", "figure")}  # noqa: RUF012

    def get_objects(self) -> Iterable[Found]:
        """Yield (name, name, kind, page, anchor, priority)."""
        return [*self._values(), *self._tables(), *self._figures()]

    def _values(self) -> Iterator[Found]:
        for record in run_of(self.env).every_values():
            for name, entry in record["values"].items():
                place = self._cell(record["notebook"], entry)
                yield from self._found(f"{record['notebook']}.{name}", "value", *place)

    def _tables(self) -> Iterator[Found]:
        run = run_of(self.env)
        for path in sorted((run.folder / "tables").glob("*.json")):
            about = run.table(path.stem)
            notebook = about["notebook"]
            name = f"{notebook}.{path.stem.removeprefix(f'{notebook}-')}"
            place = self._label(f"tab-{path.stem}") or self._cell(notebook, about)
            yield from self._found(name, "table", *place)
            for column in about["columns"]:
                yield from self._found(f"{name}.{column}", "column", *place)

    def _figures(self) -> Iterator[Found]:
        for name in [*(about["id"] for about in run_of(self.env).figures()), *DRAWINGS]:
            place = self._label(f"fig-{name}")
            if place:
                yield from self._found(name, "figure", *place)

    def _found(self, name: str, kind: str, page: str, anchor: str) -> Iterator[Found]:
        if page in self.env.found_docs:
            yield name, name, kind, page, anchor, _BEHIND_THE_TEXT

    def _cell(self, notebook: str, recorded: dict) -> tuple[str, str]:
        """Return the place of the cell that recorded something, the page's top where unknown."""
        place = anchor_of(run_of(self.env), notebook, recorded)
        return page_of(notebook), place or ABOUT

    def _label(self, name: str) -> tuple[str, str] | None:
        """Return the page and anchor of a label, None if the book has none of this name."""
        return self.env.domains["std"].anonlabels.get(name)

    def merge_domaindata(self, docnames: list[str], otherdata: dict) -> None:
        """Merge nothing: the names are those of the run, whoever read the pages."""

    def resolve_any_xref(self, *_) -> list:
        """Resolve no reference: pages quote results by the roles of their own."""
        return []


def use_places(app, config) -> None:
    """Have the search put a name that was asked for first, and lead to the words it found."""
    config.html_search_scorer = str(Path(__file__).with_name("search-places.js"))
