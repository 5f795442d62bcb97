"""The directive ``result-table``: a table of the run, from its CSV file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from isru_book.html import TABLES, Downloads
from isru_book.numbers import CannotShow, formatted
from isru_book.run import CHECK, LOGGER, run_of


class ResultTable(SphinxDirective):
    """Show ``tables/CHAPTER-name.csv`` with a number, a caption and a link to the file.

    ``:columns:`` chooses columns and renames them, ``units=Units, saving=Saving (%)``;
    ``:format:`` is the format of the numbers, ``.3g`` unless told. Integers stay as they are.
    """

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict] = {
        "columns": directives.unchanged_required,
        "format": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return the table, or a note that this run leaves it out."""
        name = self.arguments[0]
        run = run_of(self.env)
        path = run.folder / "tables" / f"{name}.csv"
        if not path.is_file():
            if run.is_missing(run.maker(name)):
                self.env.note_dependency(str(run.source / CHECK))
                text = f"The table {name} is not part of this run."
                return [nodes.paragraph("", text, classes=["not-in-run"])]
            known = ", ".join(sorted(p.stem for p in path.parent.glob("*.csv"))) or "none"
            return self._warn(f"no table {name!r} in this run; its tables: {known}")
        self.env.note_dependency(str(path))
        try:
            header, *rows = read_table(path)
            header, rows = chosen(header, rows, self.options.get("columns", ""))
            rows = [[cell_text(c, self.options.get("format", ".3g")) for c in row] for row in rows]
        except CannotShow as error:
            return self._warn(f"table {name}: {error}")
        node = html_table(header, rows)
        caption = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, caption)
        if not caption.children:
            return self._warn(f"table {name}: expected a caption, got none")
        node.insert(0, nodes.title("", "", *caption[0].children))
        node["names"].append(f"tab-{name}")
        self.set_source_info(node)
        self.state.document.note_explicit_target(node, node)
        return [node, Downloads("", folder=TABLES, stem=name, suffixes=[".csv"])]

    def _warn(self, message: str) -> list[nodes.Node]:
        LOGGER.warning("result-table: %s", message, location=self.get_location(), type="isru")
        return []


def read_table(path: Path) -> list[list[str]]:
    """Return the rows of a CSV file, its header first, all of one length.

    Raises
    ------
    CannotShow
        If it is empty, no text or has rows of several lengths.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CannotShow(f"expected CSV, got {error}") from None
    if not rows:
        raise CannotShow("expected a header, got an empty file")
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise CannotShow(f"expected rows of one length, got {sorted(lengths)}")
    return rows


def chosen(header: list[str], rows: list[list[str]], columns: str):
    """Return header and rows of the wanted columns under their new names."""
    if not columns:
        return [name.replace("_", " ") for name in header], rows
    pairs = [part.partition("=") for part in columns.split(",")]
    names = [name.strip() for name, _, _ in pairs]
    for name in names:
        if name not in header:
            raise CannotShow(f"no column {name!r}; its columns: {', '.join(header)}")
    places = [header.index(name) for name in names]
    titles = [title.strip() or name.strip() for name, _, title in pairs]
    return titles, [[row[place] for place in places] for row in rows]


def cell_text(cell: str, spec: str) -> str:
    """Return a CSV cell as text: a number in the format, everything else as it is."""
    for kind, form in ((int, ""), (float, spec)):
        try:
            return formatted(kind(cell), form)
        except ValueError:
            continue
    return cell


def html_table(header: list, rows: list[list], *, classes: tuple[str, ...] = ()) -> nodes.table:
    """Return a table node; a cell is text or a list of inline nodes, numbers go to the right."""
    group = nodes.tgroup(cols=len(header))
    for _ in header:
        group += nodes.colspec(colwidth=1)
    numeric = [all(_is_number(row[n]) for row in rows) and bool(rows) for n in range(len(header))]
    group += nodes.thead("", _row(header, numeric))
    group += nodes.tbody("", *(_row(row, numeric) for row in rows))
    return nodes.table("", group, classes=["isru-table", *classes])


def _row(cells: list, numeric: list[bool]) -> nodes.row:
    row = nodes.row()
    for cell, right in zip(cells, numeric, strict=True):
        inside = [nodes.Text(cell)] if isinstance(cell, str) else cell
        entry = nodes.entry("", nodes.paragraph("", "", *inside))
        if right:
            entry["classes"].append("text-right")
        row += entry
    return row


def _is_number(cell) -> bool:
    if not isinstance(cell, str):
        return False
    text = cell.replace("\N{MINUS SIGN}", "-").replace(",", "")
    try:
        float(text)
    except ValueError:
        return not text
    return True
