"""The role ``example``: the one network that stands for all where a page needs a size.

::

    {example}`network`       25-unit forecaster, linked to where it is introduced
    {example}`parameters`    a number of it, computed from the run's inputs

Its units are settled here; what it reads is recorded by the chapter on the forecaster, and what
it takes is counted by `isru.cost`.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.util.docutils import SphinxRole

from isru.cost import layer_count
from isru_book.numbers import CannotShow, Wanted, find
from isru_book.run import LOGGER, Run, page_of, run_of
from isru_book.values import left_out, link

UNITS = 25
CHAPTER = "forecaster"
ANCHOR = "running-example"
_FLOAT32 = 4  # bytes


class ExampleRole(SphinxRole):
    """Show the running example, or a number of it, with a link to where it is introduced."""

    def run(self):
        """Return the link, or a dash if the run lacks the chapter that introduces it."""
        run = run_of(self.env)
        self.env.note_dependency(str(run.values_file(CHAPTER)))
        try:
            facts = example(run)
            if facts is None:
                return [left_out(self.env, CHAPTER)], []
            if self.text not in facts:
                raise CannotShow(f"expected one of {', '.join(facts)}, got {self.text!r}")
        except CannotShow as error:
            LOGGER.warning("example: %s", error, location=self.get_location(), type="isru")
            return [nodes.inline("", f"[{self.text}]")], []
        return [link(facts[self.text], page_of(CHAPTER), about(facts), ANCHOR)], []


def example(run: Run) -> dict[str, str] | None:
    """Return what is known of the running example as text, None if the run may lack it."""
    recorded = [find(run, Wanted(f"{CHAPTER}.{name}")) for name in ("features", "window")]
    if None in recorded:
        return None
    features, window = (entry["value"] for entry in recorded)
    count = layer_count(features, UNITS)
    parameters = count.parameters + UNITS + 1  # of the dense layer: a weight a unit and a bias
    numbers = {
        "units": UNITS,
        "inputs": features,
        "window": window,
        "parameters": parameters,
        "bytes": _FLOAT32 * parameters,
        "macs": count.macs,
        "gates": count.gates,
        "activations": count.activations,
    }
    return {"network": f"{UNITS}-unit forecaster"} | {
        name: f"{number:,}" for name, number in numbers.items()
    }


def about(facts: dict[str, str]) -> str:
    """Return the running example in one line."""
    return (
        f"The running example: {facts['units']} units, {facts['inputs']} inputs an hour for "
        f"{facts['window']} hours, {facts['parameters']} parameters"
    )
