"""The directive ``your-browser``: the reader's own browser runs the experiment.

The modules are compiled when the book is built, held to the hashes in ``book/your-browser.json``,
and travel in a script of the page's own; no other page loads it. Without the compiler the page says
so and keeps its prose. ``PYTHONPATH=book/_ext python -m isru_book`` pins what the present code
compiles to.
"""

from __future__ import annotations

import base64
import json
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru import paths
from isru.data.forecast import forecast_windows
from isru.emulator.errors import ToolchainError
from isru.emulator.toolchain import compiler_command
from isru.files import write_atomically
from isru.firmware.model import read_model
from isru.firmware.wasm import (
    SIZE,
    activation_module,
    check_pinned,
    native_outputs,
    network_module,
    sha256,
)
from isru.lstm import LSTMNetwork
from isru.publish.history import checkout
from isru_book.html import Markup
from isru_book.over import shown_records
from isru_book.run import LOGGER, run_of
from isru_book.tables import html_table

PINS = "your-browser.json"
MODULES = "browser-modules.js"
UNITS, WINDOWS, SEED = 25, 8, 0
NETWORKS = {"tanh": "tanh", "isru": "ISRU", "exp_free": "ISRU, no exponential"}
_SCRIPTS = ("browser-numbers.js", "browser-worker.js", MODULES, "browser-page.js")
_EMPTY = "\N{EN DASH}"


class Row(NamedTuple):
    """An arm as the table of times shows it.

    Attributes
    ----------
    arm, label : str
    module, entry : str
        The module's name, and its function.
    rival : str
        Whose time is divided by this arm's; empty for none.
    told : str
        What the sentences above the table call it; empty where they leave it out.
    """

    arm: str
    label: str
    module: str
    entry: str
    rival: str = ""
    told: str = ""


PARTS = {
    "activations": (
        Row("tanh", "tanh, C library", "scalar", "run_tanh"),
        Row("tanh_again", "the same again", "scalar", "run_tanh", "tanh"),
        Row("isru", "ISRU", "scalar", "run_isru", "tanh", "One call"),
        Row("rational_tanh", "a fraction for tanh", "scalar", "run_rational_tanh", "tanh"),
        Row("hard_tanh", "straight lines (hard tanh)", "scalar", "run_hard_tanh", "tanh"),
        Row("logistic", "logistic, C library", "scalar", "run_logistic"),
        Row("isru_gate", "ISRU as a gate", "scalar", "run_isru_gate", "logistic"),
        Row("simd_rational_tanh", "a fraction for tanh, vectors", "vectors", "run_rational_tanh"),
        Row(
            *("simd_isru", "ISRU, vectors", "vectors", "run_isru"),
            *("simd_rational_tanh", "One number in vectors, where tanh is a fraction"),
        ),
        Row(
            *("simd_hard_tanh", "straight lines, vectors", "vectors", "run_hard_tanh"),
            "simd_rational_tanh",
        ),
        Row("simd_isru_gate", "ISRU as a gate, vectors", "vectors", "run_isru_gate"),
    ),
    "steps": (
        Row("tanh", "tanh", "tanh", "run_steps"),
        Row("tanh_again", "the same again", "tanh", "run_steps", "tanh"),
        Row("isru", "ISRU", "isru", "run_steps", "tanh", "One step of the network"),
        Row(
            *("exp_free", NETWORKS["exp_free"], "exp_free", "run_steps"),
            *("tanh", "One step without any exponential"),
        ),
    ),
}
_CASES = {
    "activations": {"dtype": "float32", "size": SIZE},
    "steps": {"step": "predict", "units": UNITS},
}
# Of each form of the machines' table, which of our arms stand in its columns.
_BESIDE = {
    "compiled, libm": ("tanh", "isru"),
    "compiled, SIMD": ("simd_rational_tanh", "simd_isru"),
}


class Windows(NamedTuple):
    """Some windows of the weather: inputs (n, T, F), their last hours, the unit of the outputs."""

    inputs: np.ndarray
    ends: list[str]
    change_scale: float


def some_windows() -> Windows:
    """Return `WINDOWS` windows of the test part, spread over it, as the forecasters see them."""
    weather = forecast_windows()
    places = np.linspace(0, len(weather.test.end) - 1, WINDOWS).astype(int)
    ends = [str(end).replace("T", " ") + ":00" for end in weather.test.end[places]]
    return Windows(weather.test.inputs[places], ends, weather.change_scale)


def forecasters(models: Path) -> dict[str, LSTMNetwork]:
    """Return the networks of `NETWORKS` that a run holds, by their names here."""
    files = {name: models / f"forecaster-{name.replace('_', '-')}-{UNITS}.npz" for name in NETWORKS}
    return {name: LSTMNetwork.load(file) for name, file in files.items() if file.is_file()}


def _whole(models: Path) -> bool:
    """Tell whether a run holds what is compared: ISRU with tanh."""
    return {"tanh", "isru"} <= set(forecasters(models))


def compiled(networks: dict[str, LSTMNetwork], inputs: np.ndarray) -> dict[str, bytes]:
    """Return all modules: activations, the same in vectors, and the networks.

    Raises
    ------
    ToolchainError
        If the compiler's package is missing.
    """
    rows = inputs.shape[0] * inputs.shape[1]
    modules = {"scalar": activation_module(), "vectors": activation_module(vectors=True)}
    made = {name: network_module(network, rows=rows) for name, network in networks.items()}
    return modules | made


def pins(networks: dict[str, LSTMNetwork], inputs: np.ndarray) -> dict:
    """Return what ``book/your-browser.json`` holds.

    Returns
    -------
    dict
        ``modules``: the hash of each; ``weights``: that of each network's numbers; ``native``:
        the bits of what each network's C gives for each window, compiled for a processor.
    """
    modules = compiled(networks, inputs)
    native = {
        name: [f"{word:08x}" for word in native_outputs(network, inputs, compiler_command())]
        for name, network in networks.items()
    }
    return {
        "modules": {name: sha256(module) for name, module in modules.items()},
        "weights": _weights(networks),
        "native": native,
    }


def _weights(networks) -> dict[str, str]:
    return {name: read_model(network).digest for name, network in networks.items()}


def content(models: Path, pinned: dict) -> dict:
    """Return all that the page's scripts need, as plain values.

    Parameters
    ----------
    models : Path
        The folder of the run's models.
    pinned : dict
        As `pins` returns it. Networks of other weights than those are not held to it.

    Raises
    ------
    ToolchainError
        If the compiler's package is missing.
    ExportError
        If a module has other bytes than the pinned ones.
    """
    windows, networks = some_windows(), forecasters(models)
    modules = compiled(networks, windows.inputs)
    weights = _weights(networks)
    own = {name for name in networks if pinned["weights"].get(name) != weights[name]}
    held = {name: module for name, module in modules.items() if name not in own}
    check_pinned(held, pinned["modules"])
    return {
        "modules": {
            name: {"base64": _base64(module), "sha256": sha256(module)}
            for name, module in modules.items()
        },
        "networks": {
            name: {
                "numpy": network.predict(windows.inputs)[:, 0].astype(float).tolist(),
                "native": [] if name in own else pinned["native"][name],
            }
            for name, network in networks.items()
        },
        "inputs": _base64(windows.inputs.astype("<f4").tobytes()),
        "windows": windows.ends,
        "features": windows.inputs.shape[2],
        "change_scale": windows.change_scale,
        "parts": [
            {"name": part, "case": _CASES[part], "arms": [row._asdict() for row in rows]}
            for part, rows in _parts(networks).items()
        ],
        "beside": _BESIDE,
        "seed": SEED,
        "provenance": _provenance(),
    }


def _parts(networks) -> dict[str, list[Row]]:
    """Return `PARTS` without the networks that a run lacks."""
    there = {"scalar", "vectors", *networks}
    return {part: [row for row in rows if row.module in there] for part, rows in PARTS.items()}


def _provenance() -> dict:
    about = checkout(paths.root(), ("book", "results"))
    return {name: about[name] for name in ("commit", "dirty", "isru")}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


class YourBrowser(SphinxDirective):
    """Show one part of the page: ``controls``, ``networks``, ``times``, ``machines``, ``record``.

    ``controls`` comes first: it writes the script with the modules, and loads all scripts.
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the part, or a sentence where the book was built without the compiler."""
        shown = {
            "controls": _controls,
            "networks": _networks,
            "times": _times,
            "machines": _machines,
            "record": _record,
        }
        what = self.arguments[0]
        if what not in shown:
            text = f"your-browser: expected one of {', '.join(shown)}, got {what!r}"
            LOGGER.warning(text, location=self.get_location(), type="isru")
            return []
        made = _content(self.env)
        if isinstance(made, str):
            text = f"This book was built without a compiler for WebAssembly, so no button: {made}."
            return [nodes.paragraph("", text)] if what == "controls" else []
        return shown[what](self.env, made)


def _content(env) -> dict | str:
    """Return `content` of the run, made once in a build, or why there is none."""
    if not hasattr(env.app, "isru_browser"):
        pinned = json.loads((Path(env.srcdir) / "book" / PINS).read_text(encoding="utf-8"))
        run = run_of(env)
        own, published = paths.run(run.name) / "models", paths.results() / "models"
        try:
            env.app.isru_browser = content(own if _whole(own) else published, pinned)
        except ToolchainError as error:
            env.app.isru_browser = str(error)
    return env.app.isru_browser


def _controls(env, made: dict) -> list[nodes.Node]:
    text = f"window.isruBrowser = {json.dumps(made)};\n"
    write_atomically(Path(env.app.outdir) / "_static" / MODULES, text)
    return [Markup("", html=controls("../_static/"))]


def controls(static: str) -> str:
    """Return the button and the scripts as HTML; ``static`` is the address of their folder."""
    scripts = "".join(f'<script src="{static}{name}" defer></script>\n' for name in _SCRIPTS)
    return f"""
<div class="isru-browser" data-isru="controls" hidden>
<button type="button" data-isru="go">Measure in this browser</button>
<button type="button" data-isru="stop" disabled>Stop</button>
<progress data-isru="bar" max="1" value="0" aria-label="Measured so far" hidden></progress>
<p data-isru="status" role="status"></p>
</div>
<p data-isru="without" hidden>This browser runs no WebAssembly, so nothing is measured.</p>
<noscript><p>The button needs JavaScript. All else on this page reads without it.</p></noscript>
{scripts}"""


def _place(name: str) -> list[nodes.Node]:
    """Return an empty cell that the script fills."""
    return [Markup("", html=f'<span data-isru="{escape(name)}">{_EMPTY}</span>')]


def _sentence(name: str, text: str) -> Markup:
    return Markup("", html=f'<p data-isru="{name}">{escape(text)}</p>')


def _networks(env, made: dict) -> list[nodes.Node]:
    header = ["24 hours until (UTC)"]
    for name in made["networks"]:
        header += [f"{NETWORKS[name]}, published", "here"]
    rows = []
    for place, end in enumerate(made["windows"]):
        row: list = [end]
        for name, network in made["networks"].items():
            published = network["numpy"][place] * made["change_scale"]
            row += [f"{published:+.2f}".replace("-", "\N{MINUS SIGN}")]
            row += [_place(f"forecast-{name}-{place}")]
        rows.append(row)
    said = "The columns named here fill when you press the button."
    return [_sentence("networks", said), html_table(header, rows, classes=("isru-small",))]


def _times(env, made: dict) -> list[nodes.Node]:
    found: list[nodes.Node] = [_sentence("verdict", "Nothing has been measured here yet.")]
    titles = {"activations": "One call", "steps": f"One step, {UNITS} units"}
    for part in made["parts"]:
        labels = {row["arm"]: row["label"] for row in part["arms"]}
        header = [titles[part["name"]], "ns", "Compared with", "which takes so many times as long"]
        rows = [
            [
                row["label"],
                _place(f"cost-{part['name']}-{row['arm']}"),
                labels.get(row["rival"], ""),
                _place(f"ratio-{part['name']}-{row['arm']}") if row["rival"] else "",
            ]
            for row in part["arms"]
        ]
        found.append(html_table(header, rows, classes=("isru-small",)))
    return found


def _machines(env, made: dict) -> list[nodes.Node]:
    header = ["Machine", "Form", "tanh (ns)", "ISRU (ns)", "tanh / ISRU"]
    rows: list[list] = [
        ["this browser", form, *(_place(f"beside-{form}-{c}") for c in ("tanh", "isru", "ratio"))]
        for form in _BESIDE
    ]
    shown = shown_records(env)
    if shown is not None:
        table = shown.activations
        table = table[(table["dtype"] == "float32") & table["form"].isin(_BESIDE)]
        rows += [
            [
                *(row.machine, row.form, f"{row.tanh_ns:.2f}", f"{row.isru_ns:.2f}"),
                f"{row.ratio:.2f} ({row.ratio_low:.2f} to {row.ratio_high:.2f})",
            ]
            for row in table.itertuples()
        ]
    return [html_table(header, rows, classes=("isru-small",))]


def _record(env, made: dict) -> list[nodes.Node]:
    form = """
<div class="isru-browser" data-isru="offer" hidden>
<label>Which processor is it? A browser does not tell; leave it empty if you like.
<input data-isru="processor" type="text" maxlength="100" autocomplete="off"></label>
<a data-isru="record" href="#" download>Download</a>
</div>
"""
    return [Markup("", html=form)]
