"""Over how many machines a sentence goes: those that timed a chapter, those that are recorded.

::

    {machines}`forecaster`     on how many machines the chapters named were timed: one machine
    {machines}`all`            all chapters that were
    {machines}`named lstm`     the names of the machines instead: Intel Xeon @ 2.50GHz
    {machines}`recorded`       how many processors have a record: 2 machines
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from docutils import nodes
from sphinx.util.docutils import SphinxRole

from isru.machine_records import page
from isru.machine_records.agreement import OPPOSITE, agreement
from isru.machine_records.schema import read_record
from isru.machine_records.summaries import run_title, run_vectors
from isru_book.run import CHECK, LOGGER, Run, run_of
from isru_book.values import link, reader

PAGE = "book/machines"


class MachinesRole(SphinxRole):
    """Say over how many machines a sentence goes."""

    def run(self):
        """Return the words, linked to the machines' page."""
        asked = self.text.removeprefix("named ")
        if asked == "recorded":
            shown = shown_records(self.env)
            words = page.machines_in_words(len(shown.processors) if shown else 0)
            return [self._linked(words)], []
        run = run_of(self.env)
        known = [values["notebook"] for values in run.every_values()]
        chapters = known if asked == "all" else asked.split(", ")
        for chapter in chapters:
            self.env.note_dependency(str(run.values_file(chapter)))
        found = machines_of(run, [name for name in chapters if timed(run, name)])
        if not found and run.name == "published":
            message = "machines: nothing was timed in %s"
            LOGGER.warning(message, self.text, location=self.get_location(), type="isru")
        names = " and ".join(dict.fromkeys(found.values())) or "no machine"
        words = page.machines_in_words(len(found)) if asked == self.text else names
        return [self._linked(words, "; ".join(found))], []

    def _linked(self, words: str, title: str = "") -> nodes.Node:
        """Return words that lead to the machines' page, plain ones on that page itself."""
        return nodes.Text(words) if self.env.docname == PAGE else link(words, PAGE, title)


def machines_of(run: Run, chapters: Iterable[str]) -> dict[str, str]:
    """Return the machines that ran chapters, each once, with their names in a sentence."""
    found = {}
    for name in chapters:
        made_by = run.provenance(name)
        parts = (made_by.get("machine", "unknown machine"), run_vectors(made_by))
        found[", ".join(filter(None, parts))] = run_title(made_by)
    return dict(sorted(found.items()))


def timed(run: Run, chapter: str) -> bool:
    """Tell whether a chapter recorded what differs between machines by right."""
    recorded = run.recorded(chapter)
    if recorded is None:
        return False
    kinds = {entry.get("kind") for entry in recorded.values_alone.values()}
    for name in recorded.table_names():
        kinds |= {column.get("kind") for column in recorded.table(name).columns.values()}
    return "machine" in kinds


def of_claim(env, claim, verdict, agreed: pd.DataFrame) -> list[nodes.Node]:
    """Return over how many machines a claim's verdict goes, and what the recorded ones say.

    Empty for a claim that rests on no time. ``agreed`` is what `agreements` returns.
    """
    read = reader(env)
    entries = {found.condition.value: read(found.condition.value) for found in verdict.conditions}
    timed_in = [
        address.partition(".")[0]
        for address, entry in entries.items()
        if entry is not None and entry.get("kind") == "machine"
    ]
    machines = machines_of(run_of(env), timed_in)
    if not machines:
        return []
    words = f"The times are of {page.machines_in_words(len(machines))}"
    others = agreed[(agreed["claim"] == claim.id) & ~agreed["own"].astype(bool)]
    if others.empty:
        return [nodes.Text(f"{words}.")]
    same = int((others["here"] == others["there"]).sum())
    opposite = int((others["here"] == others["there"].map(OPPOSITE)).sum())
    count = others["machine"].nunique()
    recorded = f"{count} other recorded {'machine' if count == 1 else 'machines'}"
    return [
        nodes.Text(f"{words}. {same} of {len(others)} comparisons on "),
        link(recorded, PAGE),
        nodes.Text(f" give this run's word, {opposite} the opposite one."),
    ]


def agreements(env, judged: Iterable[tuple]) -> pd.DataFrame:
    """Return what recorded machines say of the conditions of claims (see `agreement`).

    The column ``own`` tells whether the record's machine may be the one that ran the chapter.
    """
    run, shown = run_of(env), shown_records(env)
    conditions = {
        claim.id: {found.condition.value: found.condition.label for found in verdict.conditions}
        for claim, verdict in judged
    }

    def made_by(address: str) -> dict:
        return run.provenance(address.partition(".")[0])

    return agreement(shown, conditions if shown else {}, reader(env), made_by)


def shown_records(env) -> page.Shown | None:
    """Return records and summaries, made once in a build; None where there is no record.

    Raises
    ------
    ValueError
        If a record is refused or cannot be summarised; the message names it.
    """
    run = run_of(env)
    files = sorted((run.folder / "machines").glob("*.json"))
    env.note_dependency(str(run.source / CHECK))
    for path in files:
        env.note_dependency(str(path))
    if not hasattr(env.app, "isru_machines"):
        env.app.isru_machines = None  # what is wrong is told once, not by each directive
        records = {path.name: read_record(path) for path in files}
        env.app.isru_machines = page.summarised(records) if records else None
    return env.app.isru_machines
