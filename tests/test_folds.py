"""The code of chapters: what folds together, what stays open, and where each cell is found."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.utils import new_document

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

from isru_book import folds
from isru_book.aside import Fold
from isru_book.cells import anchor_of, anchor_of_figure, place_of
from isru_book.html import MORE, Disclosure, disclosure, skip_unless_text
from isru_book.run import Run

from isru.records import Record

PROSE = "prose"
PARAMETERS = "seeds: int = 3  # paired seeds, 1..100\nrate: float = 0.1  # of learning, 0..1"
INJECTED = "# Parameters\nseeds = 36"


def cell(name: str, *tags: str, source: str = "a = 1", shows: bool = False):
    """Return a code cell of a notebook."""
    code = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})
    code["id"] = name
    code.outputs = [nbformat.v4.new_output("stream", text="1")] if shows else []
    return code


def write(path: Path, cells: list) -> None:
    """Write a notebook of code cells and pieces of prose."""
    prose = nbformat.v4.new_markdown_cell
    notebook = nbformat.v4.new_notebook(cells=[prose(c) if c == PROSE else c for c in cells])
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def read(cells: list) -> nodes.document:
    """Return the tree that myst-nb makes of a notebook's cells, as far as folds see it."""
    tree = new_document("page", get_default_settings())
    section = nodes.section("", nodes.title("", "A title"))
    section += nodes.paragraph("", "who ran it", ids=[folds.ABOUT])
    tree += section
    for place, one in enumerate(cells):
        if one == PROSE:
            section += nodes.paragraph("", PROSE)
            continue
        told = {"cell_metadata": dict(one.metadata), "cell_index": place, "hide_mode": "input"}
        code = nodes.container("", nb_element="cell_code", **told)
        text = nodes.literal_block("", one.source)
        code += nodes.container("", text, nb_element="cell_code_source")
        if one.outputs:
            seen = nodes.paragraph("", f"output of {one.id}")
            code += nodes.container("", seen, nb_element="cell_code_output")
        section += code
    return tree


def folded(root: Path, executed: list, source: list | None = None) -> nodes.document:
    """Return the page of a chapter whose notebooks hold these cells, executed and as source."""
    write(root / "results" / "notebooks" / "forecaster.ipynb", executed)
    write(root / "notebooks" / "forecaster.ipynb", executed if source is None else source)
    env = SimpleNamespace(
        docname="results/notebooks/forecaster",
        srcdir=root,
        app=SimpleNamespace(),
        note_dependency=lambda path: None,
    )
    env.app.srcdir = root
    tree = read(executed)
    folds.fold(SimpleNamespace(env=env), tree)
    return tree


def layout(tree: nodes.document) -> list[str]:
    """Return what stands on the page, each in a word or two: cells by their anchors."""
    shown = []
    for node in tree[0][2:]:
        if isinstance(node, Disclosure):
            names = [name for part in node for name in part["ids"]]
            shown.append(f"{node['summary']}: {' '.join(names)}")
        elif node.get("ids"):
            shown.append(f"open: {node['ids'][0]}")
        else:
            shown.append(node.astext())
    return shown


def test_cells_with_nothing_between_them_share_a_fold_and_outputs_stay_in_view(tmp_path):
    cells = [cell("a"), cell("b", shows=True), cell("c"), PROSE, cell("d"), cell("e")]
    tree = folded(tmp_path, cells)
    assert layout(tree) == [
        "Code: cell-a cell-b",
        "output of b",
        "Code: cell-c",
        PROSE,
        "Code: cell-d cell-e",
    ]
    assert tree.astext().count("output of b") == 1


def test_a_cell_is_open_where_its_present_source_teaches(tmp_path):
    executed = [cell("a", "hide-input"), cell("b", "hide-input", shows=True), cell("c", "teach")]
    source = [cell("a"), cell("b", "teach"), cell("c")]
    tree = folded(tmp_path, executed, source)
    assert layout(tree) == ["Code: cell-a", "open: cell-b", "Code: cell-c"]
    assert "output of b" in tree.astext()
    # What the tool that reads notebooks would hide in its own way is left to the folds.
    assert not [node for node in tree.findall(nodes.container) if node.get("hide_mode")]


def test_the_parameters_shown_are_the_runs(tmp_path):
    cells = [
        cell("imports"),
        cell("parameters", "parameters", source=PARAMETERS),
        cell("injected-parameters", "injected-parameters", source=INJECTED),
        cell("check-parameters"),
    ]
    Record("forecaster", tmp_path / "results").value("window", 24, kind="exact")
    tree = folded(tmp_path, cells)
    profile = Run(tmp_path).provenance("forecaster")["profile"]
    assert layout(tree) == [
        f"Parameters of this run (profile: {profile}): cell-parameters cell-injected-parameters",
        "Code: cell-imports cell-check-parameters",
    ]
    rows = [[entry.astext() for entry in row] for row in tree.findall(nodes.row)]
    assert rows[1:] == [
        ["seeds", "36", "3", "paired seeds"],
        ["rate", "0.1", "0.1", "of learning"],
    ]
    assert [node.astext() for node in tree.findall(nodes.strong)] == ["36"]


def test_one_button_stands_beside_the_line_that_says_who_ran_it(tmp_path):
    beside = folded(tmp_path, [cell("a")])[0][1]
    line, button = beside
    assert beside["ids"] == []
    assert line.astext() == "who ran it"
    assert "hidden" in button["html"] and 'aria-pressed="false"' in button["html"]


SOURCES = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
TEMPLATE = Path(__file__).parents[1] / "templates" / "chapter" / "notebook.ipynb"


def is_plumbing(source: str) -> bool:
    """Tell whether code imports something or works on the chapter's record."""
    imports = (ast.Import, ast.ImportFrom)
    return any(
        isinstance(node, imports) or (isinstance(node, ast.Name) and node.id == "record")
        for node in ast.walk(ast.parse(source))
    )


def test_plumbing_is_told_from_what_teaches():
    assert is_plumbing("import numpy as np") and is_plumbing("if a:\n    from b import c")
    assert is_plumbing('kept = record.value("a", 1)') and not is_plumbing("y = f(x)\ny")


@pytest.mark.parametrize("path", [*SOURCES, TEMPLATE], ids=lambda path: path.stem)
def test_at_most_six_cells_of_a_chapter_stay_open_and_none_of_them_is_plumbing(path):
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    tags = {c.id: set(c.metadata.get("tags", ())) for c in cells}
    assert not [name for name, own in tags.items() if own & {"hide-input", "hide-cell"}]
    teach = [c for c in cells if folds.TEACHES in tags[c.id]]
    assert len(teach) <= 6
    assert [c.id for c in teach if is_plumbing(c.source) or "parameters" in tags[c.id]] == []


def shows_its_record(cell) -> bool:
    """Tell whether a cell would show the table that it records last, as pandas writes it."""
    if "remove-output" in cell.metadata.get("tags", ()) or cell.source.rstrip().endswith(";"):
        return False
    last = ast.unparse(ast.parse(cell.source).body[-1:])
    return last.startswith("record.table(")


@pytest.mark.parametrize("path", [*SOURCES, TEMPLATE], ids=lambda path: path.stem)
def test_no_cell_shows_the_table_that_it_records(path):
    """A page sets it with ``result-table``."""
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert [c.id for c in cells if shows_its_record(c)] == []


@pytest.fixture
def recorded(tmp_path, monkeypatch) -> Run:
    """A run whose cell ``record`` recorded a value, a table and a figure's data."""
    import pandas as pd

    told = tmp_path / "cell"
    told.write_text("record", encoding="utf-8")
    monkeypatch.setenv("ISRU_CELL", str(told))
    record = Record("forecaster", tmp_path / "results")
    record.value("window", 24, kind="exact")
    frame = pd.DataFrame({"units": [10], "saving": [1.5]})
    record.table("steps", frame, kind="exact", keys=["units"])
    monkeypatch.delenv("ISRU_CELL")
    record.value("old", 1, kind="exact")
    drawing = cell("draw", "figure", source='record.figure("saving", draw(steps))')
    named = cell("names", source='NAMES = ["saving"]')
    cells = [PROSE, cell("record"), named, drawing]
    write(tmp_path / "results" / "notebooks" / "forecaster.ipynb", cells)
    return Run(tmp_path)


def test_what_was_recorded_leads_to_the_cell_that_recorded_it(recorded):
    for address in ("forecaster.window", "forecaster.steps[units=10].saving"):
        assert place_of(recorded, address) == ("forecaster", "cell-record")
    figure = {"id": "saving", "notebook": "forecaster"}
    assert anchor_of_figure(recorded, figure) == "cell-draw"


def test_an_unknown_cell_leads_to_the_page_alone(recorded):
    assert place_of(recorded, "forecaster.old") == ("forecaster", "")
    assert anchor_of(recorded, "forecaster", {"cell": "gone"}) == ""
    assert anchor_of(recorded, "lstm", {"cell": "record"}) == ""
    assert anchor_of_figure(recorded, {"id": "other", "notebook": "forecaster"}) == ""


def test_a_page_folds_text_of_its_own_which_no_other_format_leaves_out():
    line, text = "How it was timed", nodes.paragraph("", "In fresh processes.")
    shown = SimpleNamespace(
        assert_has_content=lambda: None, arguments=[line], parse_content_to_nodes=lambda: [text]
    )
    (fold,) = Fold.run(shown)
    assert (fold["summary"], fold["name"], fold.astext()) == (line, MORE, text.astext())
    assert skip_unless_text(None, fold) is None
    with pytest.raises(nodes.SkipNode):
        skip_unless_text(None, disclosure("Code", text, name="isru-code"))
