"""The directive ``environment-table``: machines and versions behind a run and this book."""

from __future__ import annotations

import platform
from importlib import metadata

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru_book.provenance import arithmetic
from isru_book.run import page_of, run_of
from isru_book.tables import html_table
from isru_book.values import link

_BUILDERS = (
    "jupyter-book",
    "sphinx",
    "myst-nb",
    "sphinx-book-theme",
    "papermill",
    "vl-convert-python",
)


class EnvironmentTable(SphinxDirective):
    """Say what ran each notebook, which versions it used, and what built the book."""

    def run(self) -> list[nodes.Node]:
        """Return the tables, each under a line that names it."""
        tools = [["Python", platform.python_version()]]
        tools += [[name, metadata.version(name)] for name in _BUILDERS]
        ran, packages = self._recorded()
        return [
            *_titled(
                "What ran the notebooks", ["Notebook", "Machine", "Python", "NumPy", "BLAS"], ran
            ),
            *_titled("Packages behind the results", ["Package", "Version", "Notebooks"], packages),
            *_titled("What built this book", ["Package", "Version"], tools),
        ]

    def _recorded(self) -> tuple[list[list], list[list]]:
        """Return a row a notebook, and a row a package version that a stamp names."""
        run = run_of(self.env)
        ran, used = [], {}
        for values in run.every_values():
            name, about = values["notebook"], values["provenance"]
            self.env.note_dependency(str(run.values_file(name)))
            own = [about.get(key, "unknown") for key in ("machine", "python", "numpy")]
            computed = " · ".join(arithmetic(about)) or "not recorded"
            ran.append([[link(name, page_of(name))], *own, computed])
            for package, version in run.manifest(name).get("stamp", {}).get("versions", {}).items():
                used.setdefault((package, version), []).append(name)
        packages = [[p, v, ", ".join(sorted(ns))] for (p, v), ns in sorted(used.items())]
        return ran, packages


def _titled(title: str, header: list[str], rows: list[list]) -> list[nodes.Node]:
    if not rows:
        return []
    line = nodes.paragraph("", title, classes=["isru-table-title"])
    return [line, html_table(header, rows, classes=("isru-small",))]
