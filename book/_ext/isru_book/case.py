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

_FORM = """
<form class="isru-case" aria-label="Predict the saving for your network" data-case="{data}">
<label>Input features <input name="features" type="number" min="1" max="4096" value="5"></label>
<label>Units <input name="units" type="number" min="1" max="4096" value="25"></label>
<label>Platform <select name="platform">{options}</select></label>
<output aria-live="polite"></output>
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
        options = "".join(f'<option value="{p}">{escape(PLATFORMS[p])}</option>' for p in data)
        form = _FORM.format(data=escape(json.dumps(data)), options=options)
        return [Markup("", html=form)]
