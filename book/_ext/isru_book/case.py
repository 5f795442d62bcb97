"""The directive ``your-case``: features, units and platform in, the predicted saving out."""

from __future__ import annotations

import json
from html import escape

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru_book.html import Markup
from isru_book.run import run_of

# Where a platform's constants come from: keys of notebook 06, ``case_PLATFORM_NAME``.
PLATFORMS = {
    "numpy": "NumPy, one thread",
    "numba": "compiled loops (Numba), one thread",
    "keras": "TensorFlow (Keras), one thread",
}
CONSTANTS = ("step_ns", "unit_ns", "mac_ns", "saved_step_ns", "saved_ns")

# A field of text, since one of numbers drops in silence what it cannot read: "2 5" is 25 there.
_FIELD = """<label>{name}, {least} to {most} <input name="{key}" type="text" inputmode="numeric"
 autocomplete="off" data-name="{name}" data-least="{least}" data-most="{most}" value="{value}"
 aria-describedby="{told}"></label>"""
_FIELDS = {"features": ("Input features", 5), "units": ("Units", 25)}
_LEAST, _MOST = 1, 4096
_FORM = """
<form class="isru-case" aria-label="Predict the saving for your network" data-case="{data}">
{fields}
<label>Platform <select name="platform">{options}</select></label>
<output aria-live="polite"></output>
<p class="isru-case-told" id="{told}" role="status"></p>
</form>
<noscript><p>This form needs JavaScript.</p></noscript>
"""


class YourCase(SphinxDirective):
    """Show the form; the run's constants travel inside it, nothing is fetched."""

    def run(self) -> list[nodes.Node]:
        """Return the form, or a sentence if the run holds no constants of any platform."""
        run = run_of(self.env)
        values = (run.values("forecaster") or {}).get("values", {})
        data = {}
        for platform in PLATFORMS:
            keys = {name: values.get(f"case_{platform}_{name}") for name in CONSTANTS}
            if all(keys.values()):
                data[platform] = {name: entry["value"] for name, entry in keys.items()}
        if not data:
            return [nodes.paragraph("", "Not measured yet in this run.", classes=["not-in-run"])]
        return [Markup("", html=form(data, f"isru-case-{self.env.new_serialno('isru-case')}"))]


def form(data: dict[str, dict[str, float]], identifier: str) -> str:
    """Return the form as HTML; ``book/_static/your-case.js`` answers it.

    Parameters
    ----------
    data : dict
        Of each platform the constants of its steps.
    identifier : str
        Of the element that says what is wrong with an input.
    """
    fields = "\n".join(
        _FIELD.format(name=name, key=key, value=value, least=_LEAST, most=_MOST, told=identifier)
        for key, (name, value) in _FIELDS.items()
    )
    options = "".join(f'<option value="{p}">{escape(PLATFORMS[p])}</option>' for p in data)
    return _FORM.format(
        data=escape(json.dumps(data)), fields=fields, options=options, told=identifier
    )
