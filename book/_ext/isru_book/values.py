"""The role ``val``: a number of the run in prose, linked to the notebook that made it."""

from __future__ import annotations

from collections.abc import Mapping

from docutils import nodes
from sphinx.util.docutils import SphinxRole

from isru.addresses import split
from isru.recorded import NotRecorded
from isru_book.cells import place_of
from isru_book.numbers import MISSING, CannotShow, Wanted, find, shown, tooltip
from isru_book.run import CHECK, LOGGER, page_of, run_of

ABOUT = "about-this-run"  # the anchor of the line that says who ran a notebook

_LONG = 32  # characters from which a value may be broken at the end of a line


class ValueRole(SphinxRole):
    """Show a value, or a table's cell, as the run has it; an unknown one is a warning."""

    def run(self):
        """Return a link with a tooltip, or a dash if the notebook is not part of the run."""
        run = run_of(self.env)
        try:
            wanted = Wanted(self.text)
            self.env.note_dependency(str(run.values_file(wanted.chapter)))
            if wanted.table:
                note_table(self.env, f"{wanted.chapter}-{wanted.table}")
            entry = find(run, wanted)
            if entry is None:
                return [left_out(self.env, wanted.chapter)], []
            text = shown(entry, wanted)
        except CannotShow as error:
            LOGGER.warning("val: %s", error, location=self.get_location(), type="isru")
            return [nodes.inline("", f"[{self.text}]")], []
        notebook, place = place_of(run, wanted.key)
        return [link(text, page_of(notebook), tooltip(run, wanted, entry), place)], []


def link(text: str, page: str, title: str = "", anchor: str = "") -> nodes.reference:
    """Return a link to a page of the book; its address is set once the page is written."""
    classes = ["isru-value", "isru-long"] if len(text) > _LONG else ["isru-value"]
    node = nodes.reference("", text, internal=True, classes=classes, isru_page=page)
    node["isru_anchor"] = anchor
    if title:
        node["reftitle"] = title
    return node


def reader(env):
    """Return a function that gives what the run recorded at an address, None where nothing."""
    run = run_of(env)

    def read(address: str) -> Mapping | None:
        chapter, name = split(address)
        env.note_dependency(str(run.values_file(chapter)))
        if "[" in name:
            note_table(env, f"{chapter}-{name.partition('[')[0]}")
        record = run.recorded(chapter)
        try:
            return None if record is None else record[name]
        except NotRecorded:
            return None

    return read


def note_table(env, stem: str) -> None:
    """Have a page read again when a table changes."""
    for suffix in (".csv", ".json"):
        env.note_dependency(str(run_of(env).folder / "tables" / f"{stem}{suffix}"))


def left_out(env, chapter: str) -> nodes.inline:
    """Return a dash for a value that this run leaves out, alone or with its whole notebook."""
    env.note_dependency(str(env.srcdir / CHECK))
    missing = [f"not-in-run-{chapter}"] if run_of(env).is_missing(chapter) else []
    return nodes.inline("", MISSING, classes=["not-in-run", *missing])


def resolve_links(app, doctree: nodes.document, docname: str) -> None:
    """Set the addresses of the links that :func:`link` made."""
    for node in list(doctree.findall(nodes.reference)):
        page = node.get("isru_page")
        if page is None:
            continue
        anchor = node["isru_anchor"]
        if page == docname:
            node["refuri"] = f"#{anchor or ABOUT}"
        elif page in app.env.found_docs:
            address = app.builder.get_relative_uri(docname, page)
            node["refuri"] = f"{address}#{anchor}" if anchor else address
        else:
            node.replace_self(nodes.inline("", node.astext(), classes=["isru-value"]))
