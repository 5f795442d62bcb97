"""The directive ``your-case``: network and platform in, the predicted change of time out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru.data.weather import FEATURES as INPUTS
from isru.recorded import NotRecorded
from isru.studies.level_words import level_words
from isru_book.html import Markup
from isru_book.run import Run, run_of
from isru_book.values import note_table

TABLE = ("processors", "case")  # a row of constants a platform, kind of step and arm
FEATURES = len(INPUTS)
LEAST_ERROR = 1.0  # percentage points
# What the script reads of a row.
_SHAPE = ("units_low", "units_high", "batch_high", "features")
_COSTS = ("call", "neuron", "weight", "mac", "saved_call", "saved_neuron", "error")
_STEPS = {"predict": "a prediction", "train": "a training step"}
_GROUPS = {
    "measured": "measured, one thread",
    "emulated": "counted in an emulator",
    "analysed": "analysed, not run",
}

# A field of text, since one of numbers drops in silence what it cannot read: "2 5" is 25 there.
_FIELD = """<label>{name}, {least} to {most} <input name="{key}" type="text" inputmode="numeric"
 autocomplete="off" data-name="{name}" data-least="{least}" data-most="{most}" value="{value}"
 aria-describedby="{told}"></label>"""
_FIELDS = {
    "units": ("Units", 25),
    "batch": ("Sequences at once", 32),
    "features": ("Input features", FEATURES),
}
_LEAST, _MOST = 1, 4096
_FORM = """
<form class="isru-case" aria-label="Predict the change of time for your network" hidden
 data-case="{data}">
<label>Platform <select name="platform">{platforms}</select></label>
<label>What you run <select name="phase">{phases}</select></label>
{fields}
<output aria-live="polite"></output>
<p class="isru-case-told" id="{told}" role="status"></p>
</form>
<noscript><p>This form needs JavaScript. Without it, read the table above for 25 units and the
chapters <em>forecaster</em> and <em>microcontrollers</em> for other sizes.</p></noscript>
"""


class YourCase(SphinxDirective):
    """Show the form; the run's constants travel inside it, nothing is fetched."""

    def run(self) -> list[nodes.Node]:
        """Return the form, or a sentence if the run holds no constants of any platform."""
        for table in ("-".join(TABLE), "forecaster-steps"):
            note_table(self.env, table)
        run = run_of(self.env)
        found = constants(run) or earlier(run)
        if not found:
            return [nodes.paragraph("", "Not measured yet in this run.", classes=["not-in-run"])]
        return [Markup("", html=form(found, f"isru-case-{self.env.new_serialno('isru-case')}"))]


def constants(run: Run) -> list[dict]:
    """Return the rows of constants that a run recorded, none where it lacks them.

    Three sizes nearly fix the constants of a core, and what they miss of a step is then less than
    what its counts change with the network's weights: no row states less than `LEAST_ERROR`.
    """
    rows = _rows(run, *TABLE)
    return [row | {"error": max(row["error"], LEAST_ERROR)} for row in rows]


def earlier(run: Run) -> list[dict]:
    """Return rows from what the chapter on the forecaster fits: one sequence's prediction."""
    values = run.recorded("forecaster") or {}
    steps = [row for row in _rows(run, "forecaster", "steps") if row.get("step") == "single"]
    found = []
    for platform in dict.fromkeys(row["framework"] for row in steps):
        names = ("step", "unit", "mac", "saved_step", "saved")
        fitted = [f"case_{platform}_{name}_ns" for name in names]
        if not all(name in values for name in fitted):
            continue
        call, neuron, mac, saved_call, saved = (values[name]["value"] for name in fitted)
        costs = {"call": call, "neuron": neuron, "weight": 0, "mac": mac}
        costs |= {"saved_call": saved_call, "saved_neuron": 2 * saved}
        own = {row["units"]: row["saving"] for row in steps if row["framework"] == platform}
        misses = [abs(saving(costs, 1, FEATURES, units) - own[units]) for units in own]
        about = {"platform": platform, "group": "measured", "phase": "predict", "arm": "isru"}
        sizes = {"units_low": min(own), "units_high": max(own), "batch_high": 1}
        about |= sizes | {"unit": "ns", "features": FEATURES, "error": max(misses)}
        found.append(about | costs)
    return found


def _rows(run: Run, chapter: str, table: str) -> list[dict]:
    recorded = run.recorded(chapter)
    try:
        return [] if recorded is None else recorded.table(table).rows
    except NotRecorded:
        return []


def saving(row: Mapping, batch: int, features: int, units: int) -> float:
    """Return what a row of constants predicts, in % of the step's time with tanh.

    The formula of ``book/_static/your-case.js``.
    """
    macs = 4 * units * (features + units + 1) + 3 * units
    both = batch * units
    step = row["call"] + row["neuron"] * both + (row["weight"] + row["mac"] * batch) * macs
    return 100 * (row["saved_call"] + row["saved_neuron"] * both) / step


def form(rows: Iterable[Mapping], identifier: str) -> str:
    """Return the form as HTML; ``book/_static/your-case.js`` answers it.

    Parameters
    ----------
    rows : iterable of mapping
        Constants of steps (see `TABLE`), in the order in which platforms are offered.
    identifier : str
        Of the element that says what is wrong with an input.
    """
    platforms: dict[str, dict] = {}
    groups: dict[str, dict[str, None]] = {}
    for row in rows:
        name = level_words("platform", row["platform"])
        groups.setdefault(row["group"], {})[name] = None
        phases = platforms.setdefault(name, {"unit": row["unit"], "phases": {}})["phases"]
        arm = {key: row[key] for key in (*_COSTS, *_SHAPE)}
        phases.setdefault(row["phase"], []).append({"arm": level_words("arm", row["arm"])} | arm)
    fields = "\n".join(
        _FIELD.format(name=name, key=key, value=value, least=_LEAST, most=_MOST, told=identifier)
        for key, (name, value) in _FIELDS.items()
    )
    return _FORM.format(
        data=escape(json.dumps(platforms)),
        fields=fields,
        platforms="".join(_group(_GROUPS.get(key, key), names) for key, names in groups.items()),
        phases="".join(f'<option value="{key}">{words}</option>' for key, words in _STEPS.items()),
        told=identifier,
    )


def _group(label: str, names: Iterable[str]) -> str:
    options = "".join(f"<option>{escape(name)}</option>" for name in names)
    return f'<optgroup label="{escape(label)}">{options}</optgroup>'
