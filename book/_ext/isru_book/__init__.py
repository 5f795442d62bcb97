"""The book's own Sphinx extension: what ties its text to the numbers and files of a run.

`_ROLES` and `_DIRECTIVES` below are what pages can use; each says in its class what it shows.
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
from isru_book.against_itself import AgainstItself
from isru_book.answer import (
    AnswerFigure,
    ChangeRole,
    ClaimAdvice,
    DeviceRole,
    PlacesRole,
    PlainlyRole,
    RivalsRole,
    SwitchRole,
)
from isru_book.aside import Fold
from isru_book.browser import YourBrowser
from isru_book.case import YourCase
from isru_book.cell import CellDrawing
from isru_book.claims import ClaimCards, VerdictRole
from isru_book.code import PackageCode
from isru_book.comparison import RunComparison
from isru_book.earlier import EarlierFigures
from isru_book.environment import EnvironmentTable
from isru_book.example import ExampleRole
from isru_book.figures import FigureList, ResultFigure, start_conversions, write_files
from isru_book.history import RuleHistory
from isru_book.live import CharactersLive
from isru_book.machines import MachineFigure, MachineRecords
from isru_book.names import ResultNames, use_places
from isru_book.over import MachinesRole
from isru_book.parameters import ParameterTable
from isru_book.problems import MeasurementProblems
from isru_book.provenance import ProvenanceTable
from isru_book.rooms import RoomDrawing, RoomList
from isru_book.rows import RowsRole
from isru_book.tables import ResultTable
from isru_book.telling import Telling
from isru_book.values import ValueRole, resolve_links

_ROLES = {
    "change": ChangeRole,
    "device": DeviceRole,
    "example": ExampleRole,
    "machines": MachinesRole,
    "places": PlacesRole,
    "plainly": PlainlyRole,
    "rivals": RivalsRole,
    "rows": RowsRole,
    "switch": SwitchRole,
    "val": ValueRole,
    "verdict": VerdictRole,
}
_DIRECTIVES = {
    "against-itself": AgainstItself,
    "answer-figure": AnswerFigure,
    "cell-drawing": CellDrawing,
    "characters-live": CharactersLive,
    "claim-advice": ClaimAdvice,
    "claim-cards": ClaimCards,
    "earlier-figures": EarlierFigures,
    "environment-table": EnvironmentTable,
    "figure-list": FigureList,
    "fold": Fold,
    "machine-figure": MachineFigure,
    "machine-records": MachineRecords,
    "measurement-problems": MeasurementProblems,
    "package-code": PackageCode,
    "parameter-table": ParameterTable,
    "provenance-table": ProvenanceTable,
    "result-figure": ResultFigure,
    "result-table": ResultTable,
    "room-drawing": RoomDrawing,
    "rule-history": RuleHistory,
    "room-list": RoomList,
    "run-comparison": RunComparison,
    "your-browser": YourBrowser,
    "your-case": YourCase,
}
# Pages that list whatever the run holds: read again in every build, since a new file is no
# change of an old one.
_LISTS = (
    "book/intro",
    "book/claims",
    "book/figures",
    "book/parameters",
    "book/environment",
    "book/compare",
    "book/machines",
    "book/your-browser",
)


def setup(app) -> dict:
    """Register everything with Sphinx; what fails later is told in words."""
    app = Telling(app)
    app.add_config_value("isru_doi", "", "env")
    for name, role in _ROLES.items():
        app.add_role(name, role())
    for name, directive in _DIRECTIVES.items():
        app.add_directive(name, directive)
    app.add_domain(ResultNames)
    html.add_nodes(app)
    plugins.remember()
    app.connect("config-inited", offline.use_local_scripts)
    app.connect("config-inited", repository.use_repository)
    app.connect("config-inited", use_places)
    app.connect("builder-inited", start_conversions)
    app.connect("builder-inited", provenance.announce)
    app.connect("env-get-outdated", lambda app, env, *_: [d for d in _LISTS if d in env.found_docs])
    app.connect("doctree-read", provenance.add_to_page)
    app.connect("doctree-read", folds.fold)
    app.connect("doctree-resolved", resolve_links)
    app.connect("html-page-context", accessibility.repair)
    app.connect("html-page-context", redirects.lead_on)
    app.connect("html-page-context", repository.launch_sources, repository.AFTER_THE_THEME)
    app.connect("build-finished", write_files)
    app.connect("build-finished", redirects.write)
    app.connect("build-finished", offline.remove_templates)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True}
