"""The directive ``measurement-problems``: what a run's timings say against themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pandas as pd
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from isru.bench import summary
from isru.studies.level_words import level_words
from isru_book.numbers import CannotShow
from isru_book.run import CHECK, LOGGER, run_of

_NEEDED = ("process", "block", "arm", "loops", "seconds", "cpu_seconds")


class MeasurementProblems(SphinxDirective):
    """List what `isru.bench.problems` finds in tables of samples, one point each.

    ``:names:`` says what each table is of, in the order of the tables and with commas between;
    ``:arms:`` are those that are judged, all unless told;
    ``:by: framework`` judges the parts of a table by themselves; ``:clock: cpu_seconds`` judges
    the processor's time, ``cpu_seconds, keras=seconds`` that of a part by another.
    """

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict] = {
        "arms": directives.unchanged_required,
        "by": directives.unchanged_required,
        "clock": directives.unchanged_required,
        "names": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return the list, or a note that this run leaves the measurement out."""
        run = run_of(self.env)
        tables = _listed(self.arguments[0])
        for table in tables:
            if run.is_missing(run.maker(table)):
                self.env.note_dependency(str(run.source / CHECK))
                text = f"The table {table} is not part of this run."
                return [nodes.paragraph("", text, classes=["not-in-run"])]
        try:
            found = self._found(tables)
        except CannotShow as error:
            message = "measurement-problems: %s"
            LOGGER.warning(message, error, location=self.get_location(), type="isru")
            return []
        points = [nodes.list_item("", nodes.paragraph("", text)) for text in found]
        return [nodes.bullet_list("", *points)] if points else [nodes.paragraph("", "Nothing.")]

    def _found(self, tables: list[str]) -> list[str]:
        names = _listed(self.options.get("names", "")) or [""] * len(tables)
        if len(names) != len(tables):
            raise CannotShow(f"expected a name for each of {len(tables)} tables, got {len(names)}")
        clocks, found = _clocks(self.options.get("clock", "seconds")), []
        arms = _listed(self.options.get("arms", ""))
        for table, name in zip(tables, names, strict=True):
            path = run_of(self.env).folder / "tables" / f"{table}.csv"
            if not path.is_file():
                if run_of(self.env).name != "published":  # it may measure fewer sizes
                    continue
                raise CannotShow(f"no table {table!r} in this run")
            self.env.note_dependency(str(path))
            told = problems(path, clocks, self.options.get("by"), arms)
            found += [": ".join(filter(None, (name, part, text))) for part, text in told]
        return found


def problems(
    path: Path, clocks: dict[str, str], by: str | None, arms: Sequence[str] = ()
) -> list[list[str]]:
    """Return ``[part, sentence]`` of all that is wrong with a table of samples, or some arms."""
    samples = pd.read_csv(path)
    needed = {*_NEEDED, *clocks.values()} | ({by} if by else set())
    if missing := sorted(needed - set(samples)):
        raise CannotShow(f"table {path.stem}: expected samples with a column {missing[0]!r}")
    if absent := sorted(set(arms) - set(samples["arm"])):
        raise CannotShow(f"table {path.stem}: expected samples of an arm {absent[0]!r}")
    samples = samples[samples["arm"].isin(arms)] if arms else samples
    found = []
    for part, rows in samples.groupby(by, sort=False) if by else [("", samples)]:
        clock = clocks.get(str(part), clocks[""])
        name = level_words(by, str(part)) if by else ""
        found += [[name, text] for text in summary.problems(rows, clock=clock)]
    return found


def _clocks(wish: str) -> dict[str, str]:
    """Return ``{part: column}`` of ``"cpu_seconds, keras=seconds"``; "" stands for all others."""
    clocks = {"": "seconds"}
    for piece in _listed(wish):
        part, _, clock = piece.rpartition("=")
        clocks[part.strip()] = clock.strip()
    return clocks


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
