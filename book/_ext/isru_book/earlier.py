"""The directive ``earlier-figures``: what an older citation names, and where it is found."""

from __future__ import annotations

import hashlib

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru import paths
from isru.errors import CompendiumError
from isru.publish.history import FIGURES, Version, versions
from isru_book.html import disclosure
from isru_book.repository import file_nodes
from isru_book.run import run_of
from isru_book.tables import html_table

_HEADER = ["File", "SHA-256", "Since", "Commit that holds it"]


class EarlierFigures(SphinxDirective):
    """List every file of a figure that was published before and is another one now."""

    def run(self) -> list[nodes.Node]:
        """Return the table behind a line that opens it, or a sentence where no history is."""
        try:
            found = versions(paths.root())
        except CompendiumError as error:
            text = f"This book was built without the history that lists them: {error}."
            return [nodes.paragraph("", text, classes=["not-in-run"])]
        present = self._present()
        earlier = [version for version in found if version.sha256 not in present]
        if not earlier:
            return [nodes.paragraph("", "No figure has been published in another form before.")]
        earlier.sort(key=lambda version: (version.name, version.date))
        table = html_table(_HEADER, list(map(self._row, earlier)), classes=("isru-small",))
        return [disclosure(f"The {len(earlier)} earlier files, each by its SHA-256", table)]

    def _row(self, version: Version) -> list:
        address = f"{FIGURES}/{version.name}"
        held = file_nodes(self.config, version.commit, address)
        return [version.name, [nodes.literal("", version.sha256)], version.date, held]

    def _present(self) -> set[str]:
        folder = run_of(self.env).folder / "figures"
        return {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.*")}
