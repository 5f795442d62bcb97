"""The directive ``rule-history``: what was changed in the claims after they were written."""

from __future__ import annotations

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from isru.claims.history import Change, load_history
from isru_book.claims import PAGE, anchor
from isru_book.repository import commit_nodes
from isru_book.run import LOGGER
from isru_book.values import link

_KINDS = {"rule": "How a claim is judged", "condition": "Where a claim is judged"}


class RuleHistory(SphinxDirective):
    """List the changes of ``book/history-of-rules.yml`` by kind, oldest first."""

    def run(self) -> list[nodes.Node]:
        """Return a list for each kind of change, with how many there are."""
        path = self.env.srcdir / "book" / "history-of-rules.yml"
        self.env.note_dependency(str(path))
        try:
            changes = load_history(path)
        except (OSError, ValueError) as error:
            LOGGER.warning("rule-history: %s", error, location=self.get_location(), type="isru")
            return []
        found: list[nodes.Node] = []
        for kind, title in _KINDS.items():
            chosen = [change for change in changes if change.kind == kind]
            if not chosen:
                continue
            words = f"{title}: {len(chosen)} change{'s' if len(chosen) != 1 else ''}"
            found.append(nodes.paragraph("", "", nodes.strong("", words)))
            found.append(nodes.bullet_list("", *map(self._item, chosen)))
        return found

    def _item(self, change: Change) -> nodes.list_item:
        line = nodes.paragraph()
        for place, claim in enumerate(change.claims):
            line += [nodes.Text(", ")] if place else []
            line += link(claim, PAGE, anchor=anchor(claim))
        line += nodes.Text(f", {change.date.isoformat()}, commit ")
        line += commit_nodes(self.config, {"commit": change.commit})
        line += nodes.Text(f", after {change.after}. ")
        body = nodes.container()
        lines = StringList(change.what.splitlines(), source=self.env.doc2path(self.env.docname))
        self.state.nested_parse(lines, self.content_offset, body)
        for part in body.children:
            line += part.children
        return nodes.list_item("", line)
