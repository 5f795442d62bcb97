"""The directive ``against-itself``: how often an arm's interval against itself excludes 1."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from isru.bench.summary import against_themselves
from isru_book.run import CHECK, LOGGER, run_of


class AgainstItself(SphinxDirective):
    """Count over tables of samples how many intervals of an arm against itself exclude 1.

    The argument lists the tables; ``:clock: cpu_seconds`` takes the processor's time.
    """

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict] = {"clock": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return one sentence, or a note that this run has none of the tables."""
        run = run_of(self.env)
        self.env.note_dependency(str(run.source / CHECK))
        rng, found = np.random.default_rng(0), []
        for table in self.arguments[0].replace(",", " ").split():
            path = run.folder / "tables" / f"{table}.csv"
            if not path.is_file():
                if run.name == "published":
                    text = "against-itself: no table %r in this run"
                    LOGGER.warning(text, table, location=self.get_location(), type="isru")
                continue
            self.env.note_dependency(str(path))
            clock = self.options.get("clock", "seconds")
            found += against_themselves(pd.read_csv(path), clock=clock, rng=rng)
        if not found:
            text = "This run measured nothing against itself."
            return [nodes.paragraph("", text, classes=["not-in-run"])]
        apart = sum(not one.contains(1) for one in found)
        share = 100 * apart / len(found)
        text = (
            f"Of {len(found)} such ratios in this run, {apart} have an interval that excludes 1: "
            f"{share:.1f} %, where intervals of 95 % should in about 5 %."
        )
        return [nodes.paragraph("", text)]
