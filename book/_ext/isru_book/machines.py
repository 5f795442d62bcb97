"""The directives ``machine-records`` and ``machine-figure``: every machine that was measured.

They read the records themselves, so that one more file in ``results/machines`` is one more row.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
from docutils import nodes
from docutils.parsers.rst import directives
from isru_drawings.exports import export
from sphinx.util.docutils import SphinxDirective

from isru.data.evidence import net_times
from isru.data.published import load_published
from isru.machine_records import check_record
from isru.machine_records.summaries import summarise, titles
from isru.records import AUTHOR, LICENCE
from isru_book import citation
from isru_book.figures import SUFFIXES, size_of
from isru_book.html import FIGURES, Downloads, Picture
from isru_book.numbers import formatted
from isru_book.run import CHECK, LOGGER, run_of
from isru_book.tables import html_table

_TITLES = {
    "machine-gains": "What one call of ISRU takes less than one of tanh, by machine",
    "machine-steps": "What ISRU saves of an LSTM's step by units, by machine",
}
_FORMS = {
    "NumPy calls": "from NumPy calls",
    "compiled, libm": "in compiled code with the C library's tanh",
    "compiled, SIMD": "in compiled vector code",
}
_NONE_YET = "No machine record has been published yet."


class MachineRecords(SphinxDirective):
    """Show one table over all records, or the answer that they give in words.

    The argument: ``answer``, ``machines``, ``activations``, ``steps``, ``threads`` (recorded);
    ``published`` (the original study's machines).
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table or sentences."""
        what = self.arguments[0]
        makers = {
            "answer": answer,
            "machines": _machines,
            "activations": _activations,
            "steps": _steps,
            "threads": _threads,
        }
        if what == "published":
            return [_published()]
        if what not in makers:
            known = ", ".join([*makers, "published"])
            text = f"machine-records: expected one of {known}, got {what!r}"
            LOGGER.warning(text, location=self.get_location(), type="isru")
            return []
        found = _found(self.env)
        if not found["records"]:
            return [nodes.paragraph("", _NONE_YET)]
        return [makers[what](found)]


class MachineFigure(SphinxDirective):
    """Draw ``machine-gains`` or ``machine-steps`` from all records, with downloads."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict] = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the figure."""
        name = self.arguments[0]
        if name not in _TITLES or not self.options.get("alt") or not self.content:
            text = f"machine-figure: expected one of {', '.join(_TITLES)}, ':alt:' and a caption"
            LOGGER.warning(f"{text}, got {name!r}", location=self.get_location(), type="isru")
            return []
        size = _draw(self.env, name)
        body = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, body)
        figure = nodes.figure("", classes=["isru-figure"])
        figure += Picture("", stem=name, alt=self.options["alt"], **size)
        figure += nodes.caption("", "", *body[0].children)
        figure += nodes.legend("", Downloads("", folder=FIGURES, stem=name, suffixes=SUFFIXES))
        figure["names"].append(f"fig-{name}")
        self.set_source_info(figure)
        self.state.document.note_explicit_target(figure, figure)
        return [figure]


def answer(found: dict) -> nodes.paragraph:
    """Return in words on how many machines ISRU is faster, equal or slower."""
    count = len(found["records"])
    sentences = []
    for form, rows in found["activations"].groupby("form", sort=False):
        dtypes: dict[str, list[str]] = {}
        for dtype, directions in rows.groupby("dtype", sort=False)["direction"]:
            dtypes.setdefault(_where(directions, count), []).append(dtype)
        words = [f"{word} ({' and '.join(names)})" for word, names in dtypes.items()]
        sentences.append(f"{_FORMS[form]} it is {' and '.join(words)}")
    who = "One machine is" if count == 1 else f"{count} machines are"
    text = f"{who} recorded. One call of ISRU compared with one of tanh: {'; '.join(sentences)}."
    return nodes.paragraph("", text)


def _where(directions: pd.Series, count: int) -> str:
    """Return ``"slower"`` where all agree, else ``"slower on 2 and faster on 1 of 3"``."""
    counts = directions.value_counts()
    if len(counts) == 1 and counts.iloc[0] == count:
        return counts.index[0]
    return " and ".join(f"{word} on {n}" for word, n in counts.items()) + f" of {count}"


def _found(env) -> dict:
    """Return records and summaries, made once in a build."""
    run = run_of(env)
    files = sorted((run.folder / "machines").glob("*.json"))
    env.note_dependency(str(run.source / CHECK))
    for path in files:
        env.note_dependency(str(path))
    if not hasattr(env.app, "isru_machines"):
        records = {path.name: check_record(path) for path in files}
        named = {titles(records)[name]: record for name, record in records.items()}
        env.app.isru_machines = {"records": named, **summarise(named)}
    return env.app.isru_machines


def _machines(found: dict) -> nodes.table:
    header = ["Machine", "Cores", "Governor", "System", "NumPy (vector targets)", "BLAS", "Date"]
    rows = []
    for title, record in found["records"].items():
        machine = record["machine"]
        pools = machine["thread_pools"]
        blas = [f"{p.get('internal_api', '')} {p.get('version', '')}".strip() for p in pools]
        simd = machine["numpy_simd"][-1] if machine["numpy_simd"] else "none named"
        rows.append(
            [
                title,
                str(machine["cpu"]["cores"]),
                machine["cpu"]["governor"],
                machine["system"],
                f"{machine['versions']['numpy']} ({simd})",
                ", ".join(blas) or "unknown",
                f"{machine['provenance']['date']}; {len(record['problems'])} remarks",
            ]
        )
    return html_table(header, rows, classes=("isru-small",))


def _activations(found: dict) -> nodes.table:
    header = ["Machine", "Form", "Type", "tanh (ns)", "ISRU (ns)", "Difference (ns)"]
    header += ["tanh / ISRU", "ISRU is"]
    rows = [
        [
            r.machine,
            r.form,
            r.dtype,
            formatted(r.tanh_ns, ".2f"),
            formatted(r.isru_ns, ".2f"),
            _interval(r.gain_ns, r.low, r.high, ".2f"),
            _interval(r.ratio, r.ratio_low, r.ratio_high, ".2f"),
            r.direction,
        ]
        for r in found["activations"].itertuples()
    ]
    return html_table(header, rows, classes=("isru-small",))


def _steps(found: dict) -> nodes.table:
    table = found["steps"]
    shown = table[table["units"].isin([10, 100, 300])]
    header = ["Machine", "Engine", "Step", "Units", "Saving (%)", "A/A floor (%)"]
    rows = [
        [
            r.machine,
            r.engine,
            r.step,
            str(r.units),
            _interval(r.saving, r.low, r.high, ".1f"),
            formatted(r.floor, ".1f"),
        ]
        for r in shown.itertuples()
    ]
    return html_table(header, rows, classes=("isru-small",))


def _threads(found: dict) -> nodes.Node:
    table = found["threads"]
    if table.empty:
        return nodes.paragraph("", "No recorded machine has more than one core.")
    header = ["Machine", "Work", "Threads", "Speed-up"]
    rows = [
        [
            r.machine,
            r.work.replace("_", " "),
            str(r.threads),
            _interval(r.speedup, r.low, r.high, ".2f"),
        ]
        for r in table.itertuples()
    ]
    return html_table(header, rows, classes=("isru-small",))


def _published() -> nodes.table:
    times = net_times(load_published("microbenchmark"))[["tanh", "isru"]]
    header = ["Published machine and compiler", "tanh, net (ns)", "ISRU, net (ns)"]
    rows = [
        [machine, *(formatted(float(v), ".2f") for v in (row.tanh, row.isru, row.tanh - row.isru))]
        for machine, row in times.iterrows()
    ]
    return html_table([*header, "Difference (ns)"], rows, classes=("isru-small",))


def gains(found: dict) -> pd.DataFrame:
    """Return the differences of all machines in float32, recorded ones first, then published."""
    own = found["activations"]
    if len(own):
        own = own[own["dtype"] == "float32"][["machine", "form", "gain_ns", "low", "high"]]
    times = net_times(load_published("microbenchmark"))
    published = pd.DataFrame(
        {"machine": times.index, "form": "published, libm"}
        | {"gain_ns": (times["tanh"] - times["isru"]).to_numpy(), "low": np.nan, "high": np.nan}
    ).sort_values("gain_ns", ascending=False)
    return pd.concat([own, published], ignore_index=True) if len(own) else published


def _draw(env, name: str) -> dict:
    """Write a figure's files into the book and return its size in CSS pixels."""
    import matplotlib as mpl

    from isru.figures.machines import machine_gains, machine_steps
    from isru.figures.style import use_style

    found, forecaster = _found(env), load_published("forecaster")
    with mpl.rc_context():
        use_style()
        if name == "machine-gains":
            data = gains(found)
            figure = machine_gains(data)
        else:
            data = found["steps"]
            figure = machine_steps(data, forecaster)
        folder = Path(env.app.doctreedir) / "machine-figures"
        folder.mkdir(parents=True, exist_ok=True)
        svg = folder / f"{name}.svg"
        figure.savefig(svg, metadata={"Date": None}, bbox_inches="tight")
    data.to_csv(svg.with_suffix(".csv"), index=False, float_format="%.9g", lineterminator="\n")
    source = f"{citation.BOOK} Machine records, figure {name}"
    about = {"title": _TITLES[name], "source": source}
    about |= {"author": AUTHOR, "licence": LICENCE}
    export(svg, about, Path(env.app.outdir) / FIGURES, folder / "cache")
    return size_of(svg)


def _interval(value: float, low: float, high: float, spec: str) -> str:
    return f"{formatted(value, spec)} ({formatted(low, spec)} to {formatted(high, spec)})"
