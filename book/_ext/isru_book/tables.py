"""The directive ``result-table``: a table of the run, set like a figure.

::

    ```{result-table} forecaster-steps
    :columns: framework, step, units, saving
    :rows: batch=32, units=10|25|100
    :sort: -saving
    The caption states the message.
    ```
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

import isru
from isru.errors import DamagedFile
from isru.recorded import NotRecorded, Table
from isru.records import AUTHOR, LICENCE
from isru_book.cells import anchor_of_table, code_link
from isru_book.citation import BOOK, bibtex
from isru_book.html import TABLES, Downloads, Markup, Slot, cell_code, disclosure
from isru_book.numbers import MINUS, CannotShow
from isru_book.run import CHECK, LOGGER, commit_text, notebook_of, run_of
from isru_book.table_latex import caption_text, latex_table
from isru_book.table_numbers import THIN, Cell, decimals_of
from isru_book.table_view import Column, View, Wishes, view
from isru_book.values import note_table

IN_VIEW = 8
LATEX = "isru_latex_tables"  # where a page's metadata keep what is to be downloaded
_IN_VIEW = [str(count) for count in range(1, 2 * IN_VIEW + 1)]
_POINT = 0.5  # the width of a decimal point, in digits
_SENTENCE = re.compile(r".*?[.:;](?=\s|$)|.*", re.DOTALL)
_WISHES = ("columns", "rows", "sort", "pivot", "format", "words")


class ResultTable(SphinxDirective):
    """Show a recorded table with number, caption, labels in words, downloads.

    ``:columns:`` chooses, orders and renames columns; ``:rows:`` keeps rows by conditions (those
    of the role ``rows``); ``:sort:`` orders them, ``-saving`` for falling; ``:pivot: units ->
    saving`` turns the levels of a key into columns; ``:words:`` names levels, ``isru=ISRU``;
    ``:format:`` is a format of all numbers, ``.1f``, or of some, ``saving=.1f, ratio=.2f``;
    ``:interval-of: measured`` says whose interval ``low`` and ``high`` are, where the table does
    not; ``:without-intervals:`` leaves them out; ``:rows-in-view: 5`` shows as many rows in
    place of 8, at most 16; the rest folds.

    On the page of its own chapter its label is ``tab-NAME``, elsewhere ``tab-NAME-PAGE``;
    ``:label: short`` makes it ``tab-short``.
    """

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict] = {
        **dict.fromkeys(_WISHES, directives.unchanged_required),
        "interval-of": directives.unchanged_required,
        "label": directives.unchanged_required,
        "rows-in-view": lambda told: directives.choice(told, _IN_VIEW),
        "without-intervals": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Return the table, or a note that this run leaves it out."""
        name = self.arguments[0]
        run = run_of(self.env)
        chapter = run.maker(name)
        if run.is_missing(chapter):
            return self._left_out(f"The table {name} is not part of this run.")
        note_table(self.env, name)
        try:
            shown = view(run, self._table(name, chapter), self._wishes())
        except (CannotShow, DamagedFile) as error:
            return self._warn(f"table {name}: {error}")
        except NotRecorded:
            if run.name != "published":
                return self._left_out(f"The table {name} is not part of this run.")
            if run.is_to_come(chapter, name.removeprefix(f"{chapter}-")):
                return self._left_out(f"The table {name} comes with the next run of {chapter}.")
            stems = (path.stem for path in (run.folder / "tables").glob("*.json"))
            known = ", ".join(sorted(s for s in stems if s.startswith(chapter))) or "none"
            return self._warn(f"no table {name!r} in this run; its tables: {known}")
        if not shown.rows:
            return self._left_out(f"The table {name} has no such rows in this run.")
        caption = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, caption)
        if not caption.children:
            return self._warn(f"table {name}: expected a caption, got none")
        return self._set(name, chapter, shown, caption[0].children)

    def _table(self, name: str, chapter: str) -> Table:
        run = run_of(self.env)
        recorded = run.recorded(chapter) if chapter else None
        if recorded is None:
            raise NotRecorded("")
        return recorded.table(name.removeprefix(f"{chapter}-"))

    def _wishes(self) -> Wishes:
        told = {wish: " ".join(self.options.get(wish, "").split()) for wish in _WISHES}
        return Wishes(
            **told,
            interval_of=self.options.get("interval-of", ""),
            intervals="without-intervals" not in self.options,
        )

    def _set(self, name: str, chapter: str, shown: View, caption: list[nodes.Node]):
        label = self.options.get("label", name)
        if "label" not in self.options and notebook_of(self.env.docname) != chapter:
            label = f"{name}-{self.env.docname.rpartition('/')[2]}"
        table = table_node(shown, in_view=int(self.options.get("rows-in-view", IN_VIEW)))
        table.insert(0, nodes.title("", "", *caption))
        table["names"].append(f"tab-{label}")
        self.set_source_info(table)
        self.state.document.note_explicit_target(table, table)
        latex = latex_table(shown, caption_text(caption), label, self._source(name, chapter))
        self.env.metadata[self.env.docname].setdefault(LATEX, {})[label] = latex
        made = code_link(chapter, anchor_of_table(run_of(self.env), chapter, name))
        downloads = Downloads("", folder=TABLES, stem=name, suffixes=[".csv", ".tex"], **made)
        downloads["stems"] = {".tex": label}
        return [table, downloads, self._cited(name, label, chapter, caption)]

    def _cited(self, name: str, label: str, chapter: str, caption: list[nodes.Node]) -> nodes.Node:
        """Return the drop-down that says how to cite the recorded table."""
        text = "".join(node.astext() for node in caption)
        title = _SENTENCE.match(text)[0].rstrip(".:;")
        about = {"id": name, "key": label, "title": title, "what": "Table"}
        about |= {"source": f"notebook {chapter}", "author": AUTHOR, "licence": LICENCE}
        run, config = run_of(self.env), self.env.config
        files = {".csv": (run.folder / "tables" / f"{name}.csv").read_bytes()}
        page = f"{self.env.docname}.html#tab-{label}"
        site, doi = config.html_baseurl, config.isru_doi
        made = run.provenance(chapter)
        entry = bibtex(about, files, made, site=site, doi=doi, page=page)
        return disclosure("Cite this table", cell_code(entry, "bibtex"), name="isru-cite")

    def _source(self, name: str, chapter: str) -> list[str]:
        made = run_of(self.env).provenance(chapter)
        about = [f"version {made.get('isru', isru.__version__)}", f"commit {commit_text(made)}"]
        return [
            f"table {name} of: {BOOK}",
            ", ".join([f"notebook {chapter}", *about, made.get("date", "no date")]),
        ]

    def _left_out(self, text: str) -> list[nodes.Node]:
        self.env.note_dependency(str(run_of(self.env).source / CHECK))
        return [nodes.paragraph("", text, classes=["not-in-run"])]

    def _warn(self, message: str) -> list[nodes.Node]:
        LOGGER.warning("result-table: %s", message, location=self.get_location(), type="isru")
        return []


def table_node(shown: View, *, in_view: int = IN_VIEW) -> nodes.table:
    """Return a view as a table node; rows beyond those in view fold behind a line among them."""
    heads = [_row([column.heading for column in shown.columns], shown.columns)]
    if shown.groups:
        heads.insert(0, _group_row(shown.groups))
    widths = [_Widths([row[n] for row in shown.rows]) for n in range(len(shown.columns))]
    rows = [
        _row([width.nodes(cell) for width, cell in zip(widths, row, strict=True)], shown.columns)
        for row in shown.rows
    ]
    group = nodes.tgroup(cols=len(shown.columns))
    group += [nodes.colspec(colwidth=1, stub=column.names_row) for column in shown.columns]
    group += nodes.thead("", *heads)
    group += nodes.tbody("", *rows[:in_view])
    if len(rows) > in_view:
        rest = len(rows) - in_view
        group += nodes.tbody("", _fold(rest, len(shown.columns)), classes=["isru-fold"])
        group += nodes.tbody("", *rows[in_view:], classes=["isru-folded"])
    return nodes.table("", group, classes=["isru-table", "isru-result"])


def _fold(rest: int, columns: int) -> nodes.row:
    words = f"The other {rest} rows" if rest > 1 else "The last row"
    line = f'<details class="isru-rest"><summary>{words}</summary></details>'
    return nodes.row("", Markup("", html=f'<td colspan="{columns}">{line}</td>'))


def _group_row(groups: Sequence[tuple[str, int]]) -> nodes.row:
    row = nodes.row()
    for text, span in groups:
        entry = nodes.entry("", nodes.paragraph("", text), classes=["isru-group"] if text else [])
        if span > 1:
            entry["morecols"] = span - 1
        row += entry
    return row


class _Widths:
    """The widest value and interval of a column, so that all its points stand in line."""

    def __init__(self, cells: Sequence[Cell]):
        self.decimals = max((decimals_of(cell.text) or 0 for cell in cells), default=0)
        self.value = max((_width(cell.text) + self._behind(cell.text) for cell in cells), default=0)
        self.interval = max(
            (_width(f"({cell.interval})") for cell in cells if cell.interval), default=0
        )

    def _behind(self, text: str) -> float:
        """Return how much room a number leaves where others of its column have decimals."""
        own = decimals_of(text)
        if own is None or own == self.decimals:
            return 0
        return self.decimals - own + (0 if own else _POINT)

    def nodes(self, cell: Cell) -> list[nodes.Node]:
        """Return what a cell holds."""
        if not self.interval and not self.decimals:
            return [nodes.Text(cell.whole)]
        text = nodes.Text(cell.text)
        inside: list[nodes.Node] = [text]
        if behind := self._behind(cell.text):
            inside.append(Slot("", width=behind))
        if not self.interval:
            return inside + ([nodes.Text(f"\N{NO-BREAK SPACE}{cell.unit}")] if cell.unit else [])
        interval = f"({cell.interval})" if cell.interval else ""
        unit = f"\N{NO-BREAK SPACE}{cell.unit}" if cell.unit else ""
        return [
            Slot("", "", *inside, width=self.value, classes=["isru-value-slot"]),
            nodes.Text(" "),
            Slot("", f"{interval}{unit}", width=self.interval),
        ]


def _width(text: str) -> float:
    """Return how wide text is in digits; points, thin spaces and brackets are narrow."""
    narrow = sum(text.count(sign) for sign in (".", THIN, "(", ")", " ", "t"))
    return len(text) - _POINT * narrow + 0.1 * text.count(MINUS)


def html_table(header: list, rows: list[list], *, classes: tuple[str, ...] = ()) -> nodes.table:
    """Return a table node; a cell is text or a list of inline nodes, numbers go to the right."""
    numeric = [all(_is_number(row[n]) for row in rows) and bool(rows) for n in range(len(header))]
    columns = [Column("", "", right=right) for right in numeric]
    group = nodes.tgroup(cols=len(header))
    group += [nodes.colspec(colwidth=1) for _ in header]
    group += nodes.thead("", _row(header, columns))
    group += nodes.tbody("", *(_row(row, columns) for row in rows))
    return nodes.table("", group, classes=["isru-table", *classes])


def _row(cells: list, columns: Sequence[Column]) -> nodes.row:
    pairs = zip(cells, columns, strict=True)
    return nodes.row("", *(_entry(cell, column.right) for cell, column in pairs))


def _entry(cell: str | list[nodes.Node], right: bool) -> nodes.entry:
    inside = [nodes.Text(cell)] if isinstance(cell, str) else cell
    entry = nodes.entry("", nodes.paragraph("", "", *inside))
    if right:
        entry["classes"].append("text-right")
    return entry


def _is_number(cell) -> bool:
    if not isinstance(cell, str):
        return False
    text = cell.replace(MINUS, "-").replace(",", "")
    try:
        float(text)
    except ValueError:
        return not text
    return True
