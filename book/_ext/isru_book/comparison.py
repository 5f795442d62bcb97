"""The directive ``run-comparison``: this run beside the published one, value by value."""

from __future__ import annotations

from collections import Counter

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru.publish.compare import AGREES, DIFFERS, compare_runs
from isru_book.numbers import MISSING, formatted
from isru_book.run import CHECK, run_of
from isru_book.tables import html_table

PUBLISHED = "published"  # where isru.publish.book puts the published values beside a run's
_ORDER = {DIFFERS: 0, AGREES: 1}


class RunComparison(SphinxDirective):
    """Count what agrees, differs and cannot be compared, then show every value."""

    def run(self) -> list[nodes.Node]:
        """Return a sentence and a table; in the published book a sentence alone."""
        run = run_of(self.env)
        if run.name == "published":
            text = (
                "This is the book of the published run. The book of a run of yours has the "
                "comparison here."
            )
            return [nodes.note("", nodes.paragraph("", text))]
        self.env.note_dependency(str(run.source / CHECK))
        rows = compare_runs(run.source / PUBLISHED, run.folder)
        if not rows:
            text = "Nothing to compare: no value of this run has been published."
            return [nodes.note("", nodes.paragraph("", text))]
        counts = Counter(row.outcome for row in rows)
        others = len(rows) - counts[AGREES] - counts[DIFFERS]
        text = (
            f"Of {len(rows)} values {counts[AGREES]} agree with the published ones, "
            f"{counts[DIFFERS]} differ, and {others} cannot be compared."
        )
        rows.sort(key=lambda row: _ORDER.get(row.outcome, 2))
        shown = [
            [
                [nodes.literal("", row.key)],
                _text(row.published),
                _text(row.yours),
                row.unit,
                row.kind,
                row.outcome,
            ]
            for row in rows
        ]
        header = ["Value", "Published", "Yours", "Unit", "Kind", "Outcome"]
        return [nodes.paragraph("", text), html_table(header, shown, classes=("isru-small",))]


def _text(value: object) -> str:
    return MISSING if value is None else formatted(value)
