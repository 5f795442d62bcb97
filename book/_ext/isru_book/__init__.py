"""The book's own Sphinx extension: what ties its text to the numbers and files of a run.

Roles: ``val`` (a recorded value), ``rows`` (a number of a table), ``verdict`` (the word on a
claim), ``example`` (the running example). Directives: ``result-figure``, ``figure-list``,
``earlier-figures``, ``result-table``, ``claims-table``, ``parameter-table``,
``provenance-table``, ``environment-table``, ``run-comparison``, ``your-case``,
``machine-records``, ``machine-figure``, ``cell-drawing``, ``room-list``, ``room-drawing``.
"""

from __future__ import annotations

from isru_book import (
    accessibility,
    folds,
    html,
    offline,
    plugins,
    provenance,
    redirects,
    repository,
)
from isru_book.case import YourCase
from isru_book.cell import CellDrawing
from isru_book.claims import ClaimsTable, VerdictRole
from isru_book.comparison import RunComparison
from isru_book.earlier import EarlierFigures
from isru_book.environment import EnvironmentTable
from isru_book.example import ExampleRole
from isru_book.figures import FigureList, ResultFigure, start_conversions, write_files
from isru_book.machines import MachineFigure, MachineRecords
from isru_book.parameters import ParameterTable
from isru_book.problems import MeasurementProblems
from isru_book.provenance import ProvenanceTable
from isru_book.rooms import RoomDrawing, RoomList
from isru_book.rows import RowsRole
from isru_book.tables import ResultTable
from isru_book.telling import Telling
from isru_book.values import ValueRole, resolve_links

_DIRECTIVES = {
    "cell-drawing": CellDrawing,
    "claims-table": ClaimsTable,
    "earlier-figures": EarlierFigures,
    "environment-table": EnvironmentTable,
    "figure-list": FigureList,
    "machine-figure": MachineFigure,
    "machine-records": MachineRecords,
    "measurement-problems": MeasurementProblems,
    "parameter-table": ParameterTable,
    "provenance-table": ProvenanceTable,
    "result-figure": ResultFigure,
    "result-table": ResultTable,
    "room-drawing": RoomDrawing,
    "room-list": RoomList,
    "run-comparison": RunComparison,
    "your-case": YourCase,
}
# Pages that list whatever the run holds: read again in every build, since a new file is no
# change of an old one.
_LISTS = (
    "book/intro",
    "book/figures",
    "book/parameters",
    "book/environment",
    "book/compare",
    "book/machines",
)


def setup(app) -> dict:
    """Register everything with Sphinx; what fails later is told in words."""
    app = Telling(app)
    app.add_config_value("isru_doi", "", "env")
    app.add_role("example", ExampleRole())
    app.add_role("rows", RowsRole())
    app.add_role("val", ValueRole())
    app.add_role("verdict", VerdictRole())
    for name, directive in _DIRECTIVES.items():
        app.add_directive(name, directive)
    html.add_nodes(app)
    plugins.remember()
    app.connect("config-inited", offline.use_local_scripts)
    app.connect("config-inited", repository.use_repository)
    app.connect("builder-inited", start_conversions)
    app.connect("builder-inited", provenance.announce)
    app.connect("env-get-outdated", lambda app, env, *_: [d for d in _LISTS if d in env.found_docs])
    app.connect("doctree-read", provenance.add_to_page)
    app.connect("doctree-read", folds.fold)
    app.connect("doctree-resolved", resolve_links)
    app.connect("html-page-context", accessibility.repair)
    app.connect("html-page-context", repository.launch_sources, repository.AFTER_THE_THEME)
    app.connect("build-finished", write_files)
    app.connect("build-finished", redirects.write)
    app.connect("build-finished", offline.remove_templates)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True}
