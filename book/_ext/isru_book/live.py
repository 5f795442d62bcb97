"""The directive ``characters-live``: the two character models write in the reader's browser.

Their int8 weights travel in a script of the page's own, compiled when the page is read. Without the
compiler, without scripts or without WebAssembly the page keeps the texts that the run recorded.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from threadpoolctl import threadpool_limits

from isru import paths
from isru.chapters.characters.model import CharacterModel
from isru.chapters.characters.study import load_parts
from isru.emulator.errors import ToolchainError
from isru.files import write_atomically
from isru.firmware import dequantised
from isru.firmware.wasm import network_module
from isru_book.html import Markup
from isru_book.run import Run, run_of

CHAPTER = "characters"
MODULES = "characters-modules.js"
LOWEST, HIGHEST, STEP = 0.2, 1.5, 0.05  # of the temperature's slider
LONGEST_PROMPT = 60
ARMS = {"tanh": "tanh", "isru": "ISRU"}
_SCRIPTS = (MODULES, "browser-numbers.js", "characters-live.js")


class CharactersLive(SphinxDirective):
    """Show the controls and the two texts, or a sentence where they cannot be made."""

    def run(self) -> list[nodes.Node]:
        """Return the form; it stays hidden until its script has written the first texts."""
        run = run_of(self.env)
        files = {name: paths.run(run.name) / "models" / f"{CHAPTER}-{name}.npz" for name in ARMS}
        for file in (run.values_file(CHAPTER), *files.values()):
            self.env.note_dependency(str(file))
        values = (run.values(CHAPTER) or {}).get("values", {})
        if "prompt" not in values or not all(file.is_file() for file in files.values()):
            text = "This run has no models to write with."
            return [nodes.paragraph("", text, classes=["not-in-run"])]
        models = {name: CharacterModel.load(file) for name, file in files.items()}
        prompt, temperature = (values[name]["value"] for name in ("prompt", "temperature"))
        try:
            made = live_content(models, prompt, temperature)
        except ToolchainError as error:
            text = f"This book was built without a compiler for WebAssembly, so no form: {error}."
            return [nodes.paragraph("", text)]
        script = Path(self.env.app.outdir) / "_static" / MODULES
        write_atomically(script, f"window.isruCharacters = {json.dumps(made)};\n")
        before = {name: values[f"model_bits_{name}"]["value"] for name in ARMS}
        return [
            nodes.paragraph("", _told(models, _test_text(run), before)),
            Markup("", html=form("../../_static/", prompt, temperature)),
        ]


def live_content(models: Mapping[str, CharacterModel], prompt: str, temperature: float) -> dict:
    """Return what the page's script needs, as plain values.

    Raises
    ------
    ToolchainError
        If the compiler's package is missing.
    """
    modules = {
        name: network_module(model.network, rows=1, weights="int8")
        for name, model in models.items()
    }
    return {
        "alphabet": models["tanh"].alphabet.characters,
        "modules": {name: base64.b64encode(module).decode() for name, module in modules.items()},
        "prompt": prompt,
        "temperature": temperature,
    }


# Matrices this small take many times as long where two threads wait for each other.
@threadpool_limits.wrap(limits=1)
def lost_bits(
    models: Mapping[str, CharacterModel], text: np.ndarray, before: Mapping[str, float]
) -> dict[str, float]:
    """Return the bits a character that int8 weights cost each model on a text.

    Parameters
    ----------
    models : mapping of str to CharacterModel
    text : ndarray of int
        Its symbols.
    before : mapping of str to float
        The bits a character of each model as it is, on the same text.
    """
    rounded = {
        name: CharacterModel(dequantised(model.network), model.alphabet)
        for name, model in models.items()
    }
    return {name: one.bits_per_character(text) - before[name] for name, one in rounded.items()}


def _test_text(run: Run) -> np.ndarray | None:
    """Return the symbols on which the run's models were judged, None where its text is gone."""
    asked = run.manifest(CHAPTER).get("stamp", {}).get("parameters", {})
    try:
        return load_parts(asked.get("text", ""), asked.get("text_length", 0))[1].test
    except (FileNotFoundError, ValueError):
        return None


def _told(models, text: np.ndarray | None, before: Mapping[str, float]) -> str:
    """Return what rounding the weights costs, where that can be computed."""
    said = "To keep the page small, each weight is rounded to 8 bits"
    if text is None:
        return f"{said}."
    lost = lost_bits(models, text, before)
    changes = " and ".join(f"{signed(lost[name])} ({label})" for name, label in ARMS.items())
    return f"{said}. On the test text that changes the bits a character by {changes}."


def signed(number: float) -> str:
    """Return a number with four decimals and its sign, as a page writes it."""
    return f"{round(number, 4) + 0.0:+.4f}".replace("-", "\N{MINUS SIGN}")


def form(static: str, prompt: str, temperature: float) -> str:
    """Return controls, texts and scripts as HTML, with room for what a run asked for.

    Parameters
    ----------
    static : str
        Address of the scripts' folder.
    prompt : str
    temperature : float
        The slider reaches it and, where its usual steps miss it, has none.
    """
    low, high = min(LOWEST, temperature), max(HIGHEST, temperature)
    steps = (temperature - low) / STEP
    step = STEP if math.isclose(steps, round(steps), abs_tol=1e-9) else "any"
    longest = max(LONGEST_PROMPT, len(prompt))
    boxes = "".join(
        f'<section data-live="{name}" aria-label="Text by {label}"><h4>{label}</h4>'
        "<p><b></b><span></span></p></section>\n"
        for name, label in ARMS.items()
    )
    scripts = "".join(f'<script src="{static}{name}" defer></script>\n' for name in _SCRIPTS)
    return f"""
<form class="isru-live" aria-label="Let both models write" hidden>
<label>Prompt <input name="prompt" type="text" maxlength="{longest}" autocomplete="off"
 spellcheck="false" aria-describedby="isru-live-told"></label>
<label>Temperature <span><input name="temperature" type="range" min="{low}" max="{high}"
 step="{step}" autocomplete="off"> <output></output></span></label>
<label>Seed, 1 to 9999 <input name="seed" type="text" inputmode="numeric" maxlength="4"
 autocomplete="off" aria-describedby="isru-live-told"></label>
<p id="isru-live-told" role="status"></p>
{boxes}</form>
<p class="isru-live-without" hidden>This browser runs no WebAssembly, so the models do not write
here.</p>
<noscript><p>To let the models write here, a browser needs JavaScript.</p></noscript>
{scripts}"""
