"""The directives ``machine-records`` and ``machine-figure``: every machine that was measured.

They read the records themselves, so that one more file in ``results/machines`` is one more row.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from isru.machine_records import page
from isru.machine_records.agreement import agreement_table
from isru_book.claims import judged
from isru_book.drawn import DRAWINGS, Drawing, show
from isru_book.over import agreements, shown_records
from isru_book.run import LOGGER, run_of
from isru_book.tables import html_table

_TITLES = {
    "machine-gains": "What one call of ISRU takes less than one of tanh, by machine",
    "machine-steps": "What ISRU saves of an LSTM's step by units, by machine",
}
_NONE_YET = "No machine record has been published yet."
_EMPTY = {  # what a table without rows is replaced by
    "threads": "No recorded machine has more than one core.",
    "browsers": "No browser's record has been published yet.",
}
_NO_CLAIM = "This run measured no condition of a claim that a record holds, too."
_SKIPPED = "Records of yours that cannot be shown"


class MachineRecords(SphinxDirective):
    """Show one table over all records, or the answer that they give in words.

    The argument: ``answer``, or one of `isru.machine_records.page.TABLES` (recorded); ``claims``
    (what records say of the claims' conditions); ``published`` (the original study's machines).
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table or sentences."""
        what = self.arguments[0]
        if what == "published":
            return _table(page.published_table())
        if what not in ("answer", "claims", *page.TABLES):
            known = ", ".join(["answer", "claims", *page.TABLES, "published"])
            text = f"machine-records: expected one of {known}, got {what!r}"
            LOGGER.warning(text, location=self.get_location(), type="isru")
            return []
        shown = shown_records(self.env)
        notes = _skipped(self.env) if what == "machines" else []
        if shown is None:
            return [nodes.paragraph("", _NONE_YET), *notes]
        if what == "answer":
            return [nodes.paragraph("", page.answer(shown))]
        if what == "claims":
            return _table(agreement_table(agreements(self.env, judged(self.env))), _NO_CLAIM)
        return [*_table(page.TABLES[what](shown), _EMPTY.get(what, "")), *notes]


class MachineFigure(SphinxDirective):
    """Draw ``machine-gains`` or ``machine-steps`` from all records, with downloads."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict] = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the figure."""
        name = self.arguments[0]
        if name not in _TITLES or not self.options.get("alt") or not self.content:
            text = f"machine-figure: expected one of {', '.join(_TITLES)}, ':alt:' and a caption"
            LOGGER.warning(f"{text}, got {name!r}", location=self.get_location(), type="isru")
            return []
        body = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, body)
        figure = show(self.env, name, self.options["alt"], body[0].children)
        figure["names"].append(f"fig-{name}")
        self.set_source_info(figure)
        self.state.document.note_explicit_target(figure, figure)
        return [figure]


def _skipped(env) -> list[nodes.Node]:
    """Return a note that names the records of the reader's own that were refused."""
    skipped = run_of(env).skipped_records
    if not skipped:
        return []
    lines = [nodes.list_item("", nodes.paragraph("", why)) for why in skipped.values()]
    return [nodes.admonition("", nodes.title("", _SKIPPED), nodes.bullet_list("", *lines))]


def _table(content: list[list[str]], empty: str = "") -> list[nodes.Node]:
    header, *rows = content
    if rows:
        return [html_table(header, rows, classes=("isru-small",))]
    return [nodes.paragraph("", empty)] if empty else []


def _drawing(name: str, env):
    return page.drawing(name, shown_records(env))


DRAWINGS.update(
    {
        name: Drawing(title, "machine records", "book/machines", partial(_drawing, name))
        for name, title in _TITLES.items()
    }
)
