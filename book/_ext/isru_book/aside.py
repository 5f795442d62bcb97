"""The directive ``fold``: what only some readers want, behind a line that opens it."""

from __future__ import annotations

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru_book.html import MORE, disclosure


class Fold(SphinxDirective):
    """Show the content, without headings, behind the line that the argument gives."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the content in its fold."""
        self.assert_has_content()
        return [disclosure(self.arguments[0], *self.parse_content_to_nodes(), name=MORE)]
