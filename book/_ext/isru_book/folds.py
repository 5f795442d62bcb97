"""The code of a chapter folds behind a quiet line, unless its cell is there to teach.

Cells that follow one another, nothing to be seen between them, share one fold. Outputs stay in
view. The parameters shown are the run's: its own values, beside the declared defaults.
"""

from __future__ import annotations

from docutils import nodes

from isru.publish.parameters import parameters_of_run
from isru_book.cells import anchor, is_cell
from isru_book.html import Markup, disclosure
from isru_book.parameters import value_text
from isru_book.run import Run, notebook_of, run_of
from isru_book.tables import html_table
from isru_book.values import ABOUT

TEACHES = "teach"  # the tag of a cell that stays open
_PARAMETERS = ("parameters", "injected-parameters")
# Without scripts it would do nothing, and stays out of sight.
_BUTTON = (
    '<p class="isru-all-code" hidden><button type="button" aria-pressed="false">'
    "Show all code</button></p>\n"
)


def fold(app, doctree: nodes.document) -> None:
    """Fold the code of a chapter's page, and give each of its cells an address."""
    env = app.env
    notebook = notebook_of(env.docname)
    if not notebook:
        return
    run = run_of(env)
    if run.source_of(notebook).is_file():
        env.note_dependency(str(run.source_of(notebook)))
    _describe(doctree, run, notebook)
    for cells in _adjacent(doctree):
        parent, start = cells[0].parent, cells[0].parent.index(cells[0])
        parent[start : start + len(cells)] = _laid_out(cells, run.provenance(notebook))
    _add_button(doctree)


def _add_button(doctree: nodes.document) -> None:
    """Put the button for all code beside the line that says who ran the notebook."""
    for line in doctree.findall(nodes.paragraph):
        if ABOUT in line["ids"]:
            beside = nodes.container("", classes=["isru-about"])
            line.parent[line.parent.index(line)] = beside
            beside += [line, Markup("", html=_BUTTON)]
            return


def _describe(doctree: nodes.document, run: Run, notebook: str) -> None:
    """Give each cell its anchor, and the tags that its source has now."""
    known = run.code_cells(notebook)
    tags = {c.get("id"): c["metadata"].get("tags", []) for c in run.source_cells(notebook)}
    for cell in doctree.findall(is_cell):
        name = known.get(cell["cell_index"], "")
        if name:
            cell["ids"].append(anchor(name))
        cell["tags"] = tags.get(name, cell["cell_metadata"].get("tags", []))
        cell.attributes.pop("hide_mode", None)  # of a run from before its cells were folded


def _adjacent(doctree: nodes.document) -> list[list[nodes.container]]:
    """Return the page's code cells, those together that follow one another."""
    found: list[list[nodes.container]] = []
    for cell in list(doctree.findall(is_cell)):
        last = found[-1][-1] if found else None
        if last is not None and cell.parent.index(cell) and _before(cell) is last:
            found[-1].append(cell)
        else:
            found.append([cell])
    return found


def _before(cell: nodes.container) -> nodes.Node:
    return cell.parent[cell.parent.index(cell) - 1]


def _laid_out(cells: list[nodes.container], provenance: dict) -> list[nodes.Node]:
    """Return what the page shows of cells that follow one another."""
    shown: list[nodes.Node] = []
    waiting: list[nodes.container] = []  # for the fold that they share
    parameters: list[nodes.container] = []

    def close() -> None:
        if parameters:
            shown.append(_parameters(parameters, provenance))
        if waiting:
            shown.append(disclosure("Code", *waiting, name="isru-code"))
        parameters.clear()
        waiting.clear()

    for cell in cells:
        if TEACHES in cell["tags"]:
            close()
            shown.append(cell)
            continue
        output = _part(cell, "cell_code_output")
        if any(tag in cell["tags"] for tag in _PARAMETERS):
            parameters.append(cell)
        elif _part(cell, "cell_code_source") is not None:
            waiting.append(cell)
        if output is not None:
            cell.remove(output)
            close()
            shown.append(nodes.container("", output, classes=["cell", "isru-output"]))
    close()
    return shown


def _part(cell: nodes.container, name: str) -> nodes.container | None:
    return next((part for part in cell if part.get("nb_element") == name), None)


def _parameters(cells: list[nodes.container], provenance: dict) -> nodes.Node:
    """Return the fold of the parameters: what the run had, bold where no default was kept."""
    declared, *injected = (_part(cell, "cell_code_source").astext() for cell in cells)
    rows = []
    for parameter, value in parameters_of_run(declared, "\n".join(injected)):
        text, default = value_text(value), value_text(parameter.default)
        mark = nodes.Text(text) if text == default else nodes.strong("", text)
        rows.append([[nodes.literal("", parameter.name)], [mark], default, parameter.help])
    profile = f" (profile: {provenance['profile']})" if "profile" in provenance else ""
    table = html_table(["Parameter", "This run", "Default", "What it is"], rows)
    table["ids"] += [name for cell in cells for name in cell["ids"]]
    return disclosure(f"Parameters of this run{profile}", table, name="isru-code")
