"""The code cells of a chapter's page: the address of each, and which of them recorded what."""

from __future__ import annotations

from docutils import nodes

from isru.addresses import cell_of, split
from isru_book.run import Run, page_of

PREFIX = "cell-"  # of a cell's anchor, so that none is taken for a heading's


def anchor(cell: str) -> str:
    """Return the anchor of a cell, empty where the cell is unknown."""
    return f"{PREFIX}{cell}" if cell else ""


def anchor_of(run: Run, notebook: str, entry: dict | None) -> str:
    """Return the anchor of the cell that recorded something.

    Parameters
    ----------
    run : Run
    notebook : str
    entry : dict or None
        A recorded value, or the description of a table: what names its ``cell``.

    Returns
    -------
    str
        Empty where the run does not tell the cell, or the page does not show it.
    """
    cell = (entry or {}).get("cell", "")
    return anchor(cell) if cell in run.code_cells(notebook).values() else ""


def anchor_of_table(run: Run, notebook: str, table: str) -> str:
    """Return the anchor of the cell that recorded a table, by its whole name."""
    return anchor_of(run, notebook, run.table(table))


def place_of(run: Run, address: str) -> tuple[str, str]:
    """Return the notebook that recorded what an address names, and the anchor of its cell.

    Parameters
    ----------
    address : str
        ``"forecaster.window"`` or ``"forecaster.steps[units=25].saving"``.
    """
    chapter, name = split(address)
    recorded = run.values(chapter) or {}
    notebook = recorded.get("notebook", chapter)
    if "[" in name:
        return notebook, anchor_of_table(run, notebook, f"{chapter}-{cell_of(name).table}")
    return notebook, anchor_of(run, notebook, recorded.get("values", {}).get(name))


def anchor_of_figure(run: Run, about: dict) -> str:
    """Return the anchor of the cell that drew a figure: tagged ``figure``, and naming it."""
    name = f'"{about["id"]}"'
    drawn = [
        cell["id"]
        for cell in run.page_cells(about["notebook"])
        if "figure" in cell["metadata"].get("tags", ()) and name in "".join(cell["source"])
    ]
    return anchor_of(run, about["notebook"], {"cell": drawn[0]} if drawn else None)


def code_link(notebook: str, place: str) -> dict[str, str]:
    """Return what `isru_book.html.Downloads` needs to lead to a cell; empty for no place."""
    return {"code_page": page_of(notebook), "code_anchor": place} if place else {}


def is_cell(node: nodes.Node) -> bool:
    """Tell whether a node is a code cell of a notebook."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"
