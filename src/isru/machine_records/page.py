"""What the book shows of machine records: sentences, tables of text, drawings.

The book's directives only lay it out, and `isru.machine_records.check_record` makes all of it of
a record that it accepts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from isru.data.evidence import net_times
from isru.data.published import load_published
from isru.machine_records.kinds import KINDS, VECTOR
from isru.machine_records.quiet import BUSY, busy
from isru.machine_records.schema import read_record
from isru.machine_records.summaries import BROWSER_PARTS, of_kind, summarise, titles
from isru.studies.level_words import level_words
from isru.wording import formatted

FIGURES = ("machine-gains", "machine-steps")
_FORMS = {
    "NumPy calls": "from NumPy calls",
    "compiled, libm": "in compiled code with the C library's tanh",
    "compiled, SIMD": "in compiled vector code",
}
_UNITS = (10, 100, 300)  # the table of steps shows these, the figure all


@dataclass(frozen=True)
class Shown:
    """Records with what they say.

    Attributes
    ----------
    records : dict
        By title, a short name that no two records share; that of a busy processor says so.
    activations, steps, threads, browsers : pandas.DataFrame
        See `isru.machine_records.summaries`.
    files : dict
        The name of each record's file, by title.
    """

    records: Mapping[str, Mapping]
    activations: pd.DataFrame
    steps: pd.DataFrame
    threads: pd.DataFrame
    browsers: pd.DataFrame
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def processors(self) -> dict[str, Mapping]:
        """The records of processors."""
        return of_kind(self.records, "processor")


def summarised(records: Mapping[str, Mapping]) -> Shown:
    """Return records, by the names of their files, with all summaries.

    Raises
    ------
    ValueError
        If a record cannot be summarised; the message names it.
    """
    files = {
        title + (", busy" if _at_work(records[name]) else ""): name
        for name, title in titles(records).items()
    }
    named = {title: records[name] for title, name in files.items()}
    return Shown(named, **summarise(named), files=files)


def _at_work(record: Mapping) -> bool:
    """Return whether a record is of a processor that was busy; a browser does not tell."""
    return record["kind"] == "processor" and busy(record)


def machines_in_words(count: int) -> str:
    """Return over how many machines a sentence goes: ``"one machine"``, ``"2 machines"``."""
    return "one machine" if count == 1 else f"{count} machines"


def answer(shown: Shown) -> str:
    """Return in words on how many machines at rest ISRU is faster, equal or slower."""
    quiet = [title for title, record in shown.processors.items() if not busy(record)]
    count, noisy = len(quiet), len(shown.processors) - len(quiet)
    apart = f" ({noisy} more while it was busy: left out here)" if noisy else ""
    if not count:
        busy_ones = f", {machines_in_words(noisy)} while it was busy" if noisy else ""
        return f"No processor is recorded{' at rest' if noisy else ''}{busy_ones}."
    sentences = []
    calls = shown.activations[shown.activations["machine"].isin(quiet)]
    for form, rows in calls.groupby("form", sort=False):
        dtypes: dict[str, list[str]] = {}
        for dtype, directions in rows.groupby("dtype", sort=False)["direction"]:
            dtypes.setdefault(_where(directions, count), []).append(dtype)
        words = [f"{word} ({' and '.join(names)})" for word, names in dtypes.items()]
        sentences.append(f"{_FORMS[form]} it is {' and '.join(words)}")
    who = f"{machines_in_words(count).capitalize()} {'is' if count == 1 else 'are'}"
    found = "; ".join(sentences)
    return f"{who} recorded{apart}. One call of ISRU compared with one of tanh: {found}."


def _where(directions: pd.Series, count: int) -> str:
    """Return ``"slower"`` where all agree, else ``"slower on 2 of 3 machines, faster on 1"``."""
    counts = directions.value_counts()
    if len(counts) == 1 and counts.iloc[0] == count:
        return counts.index[0]
    (word, most), *others = counts.items()
    rest = "".join(f", {other} on {n}" for other, n in others)
    return f"{word} on {most} of {machines_in_words(count)}{rest}"


def machines_table(shown: Shown) -> list[list[str]]:
    """Return header and rows: each machine with what decides its times."""
    header = ["Machine", "Cores", "Governor", "System", "NumPy (vector targets)", "BLAS"]
    header += ["File; date, code"]
    found = shown.processors.items()
    return [header, *(_machine_row(*item, shown.files.get(item[0], "")) for item in found)]


def _machine_row(title: str, record: Mapping, file: str) -> list[str]:
    machine = record["machine"]
    made = machine["provenance"]
    remarks = f"{len(record['problems'])} remarks"
    if busy(record):
        remarks += f": {BUSY}"
    pools = machine["thread_pools"]
    blas = [f"{p.get('internal_api', '')} {p.get('version', '')}".strip() for p in pools]
    simd = machine["numpy_simd"][-1] if machine["numpy_simd"] else "none named"
    return [
        title,
        str(machine["cpu"]["cores"]),
        machine["cpu"]["governor"],
        machine["system"],
        f"{machine['versions']['numpy']} ({simd})",
        ", ".join(filter(None, blas)) or "unknown",
        f"{file}; {made['date']}, code {made['commit']}; {remarks}",
    ]


def activations_table(shown: Shown) -> list[list[str]]:
    """Return header and rows: one call of tanh and of ISRU."""
    header = ["Machine", "Form", "Type", "tanh (ns a number)", "ISRU (ns a number)"]
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
        for r in shown.activations.itertuples()
    ]
    return [[*header, "Difference (ns a number)", "tanh / ISRU", "ISRU is"], *rows]


def steps_table(shown: Shown) -> list[list[str]]:
    """Return header and rows: what ISRU saves of an LSTM's step."""
    rows = [
        [
            r.machine,
            r.engine,
            r.step,
            str(r.units),
            _interval(r.saving, r.low, r.high, ".1f"),
            formatted(r.floor, ".1f"),
        ]
        for r in shown.steps.itertuples()
        if r.units in _UNITS
    ]
    return [["Machine", "Engine", "Step", "Units", "Saving (%)", "A/A floor (%)"], *rows]


def threads_table(shown: Shown) -> list[list[str]]:
    """Return header and rows, none if no machine has more than one core."""
    rows = [
        [
            r.machine,
            r.work.replace("_", " "),
            str(r.threads),
            _interval(r.speedup, r.low, r.high, ".2f"),
        ]
        for r in shown.threads.itertuples()
    ]
    return [["Machine", "Work", "Threads", "Speed-up"], *rows]


def browsers_table(shown: Shown) -> list[list[str]]:
    """Return header and rows: each browser with what decides its times; no rows without one."""
    header = ["Browser", "Engine", "Cores", "Vectors", "Steps of its clock (ms)", "Date"]
    rows = [
        [
            title,
            record["machine"]["browser"]["engine"],
            str(record["machine"]["cores"]),
            "yes" if record["machine"]["simd"] else "no",
            formatted(1e-6 * record["machine"]["clock_ns"], ".3g"),
            f"{record['machine']['provenance']['date']}; {len(record['problems'])} remarks",
        ]
        for title, record in of_kind(shown.records, "browser").items()
    ]
    return [header, *rows]


def browser_times_table(shown: Shown) -> list[list[str]]:
    """Return header and rows: a call and a step with tanh and with each other arm."""
    rows = [
        [
            r.machine,
            f"{BROWSER_PARTS[r.part]} ({r.case})",
            _arm(r.arm),
            formatted(r.ns, ".4g"),
            formatted(r.tanh_ns, ".4g"),
            _interval(r.ratio, r.low, r.high, ".2f"),
            r.direction,
        ]
        for r in shown.browsers.itertuples()
    ]
    return [["Browser", "What", "With", "It takes (ns)", "tanh (ns)", "tanh / it", "It is"], *rows]


def _arm(name: str) -> str:
    """Return an arm of a browser in words."""
    plain = name.removeprefix(VECTOR)
    words = "ISRU, as a gate" if plain == "isru_gate" else level_words("arm", plain)
    return words if plain == name else f"{words}, in vectors"


def published_table() -> list[list[str]]:
    """Return header and rows: the machines of the original study."""
    header = ["Published machine and compiler", "tanh, net (ns)", "ISRU, net (ns)"]
    times = net_times(load_published("microbenchmark"))[["tanh", "isru"]]
    rows = [
        [machine, *(formatted(float(v), ".2f") for v in (row.tanh, row.isru, row.tanh - row.isru))]
        for machine, row in times.iterrows()
    ]
    return [[*header, "Difference (ns)"], *rows]


# By the argument of the directive that shows it.
TABLES = {
    "machines": machines_table,
    "activations": activations_table,
    "steps": steps_table,
    "threads": threads_table,
    "browsers": browsers_table,
    "browser-times": browser_times_table,
}


def gains(shown: Shown | None) -> pd.DataFrame:
    """Return the differences of all machines in float32, recorded ones first, then published."""
    times = net_times(load_published("microbenchmark"))
    published = pd.DataFrame(
        {
            "machine": times.index,
            "form": "published, libm",
            "gain_ns": (times["tanh"] - times["isru"]).to_numpy(),
            "low": np.nan,
            "high": np.nan,
        }
    ).sort_values("gain_ns", ascending=False)
    if shown is None or shown.activations.empty:
        return published
    own = shown.activations
    own = own[own["dtype"] == "float32"][["machine", "form", "gain_ns", "low", "high"]]
    return pd.concat([own, published], ignore_index=True)


def drawing(name: str, shown: Shown | None):
    """Return a figure of `FIGURES` and the table that it shows; without records as published."""
    from isru.machine_records.figure import machine_gains, machine_steps

    if name == "machine-gains":
        data = gains(shown)
        return machine_gains(data), data
    data = pd.DataFrame({"engine": []}) if shown is None else shown.steps
    return machine_steps(data, load_published("forecaster")), data


def show(record: Mapping) -> None:
    """Make all that the book shows of one record.

    Raises
    ------
    ValueError
        If something of it cannot be made; the message says what and why.
    FileNotFoundError
        If the published figures are missing, which stand beside it.
    """
    import io

    for name in ("microbenchmark", "forecaster"):  # a damaged one is no fault of the record
        load_published(name)
    what = "its summaries"
    try:
        shown = summarised({"this record": record})
        for table in (answer, *TABLES.values()):
            what = f"its {table.__name__.replace('_', ' ')}"
            table(shown)
        for name in FIGURES:
            what = f"the figure {name} with it"
            drawing(name, shown)[0].savefig(io.BytesIO(), format="svg")
    except Exception as error:  # whatever it is, the file is at fault, and the page must not break
        cause = f"{type(error).__name__}: {error}"
        raise ValueError(f"the book cannot show {what} ({cause})") from error


def check_record(path: str | Path) -> dict:
    """Read a machine record and refuse what does not follow the schema or cannot be shown.

    Returns
    -------
    dict
        ``format``, ``schema``, ``machine`` (see `isru.bench.machine_metadata`), ``settings``,
        ``parts`` (`isru.machine_records.samples` makes tables of them), ``problems``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is broken (no JSON, a field missing or malformed, times that no clock gives),
        foreign (something else than a machine record), of another schema version, too large,
        names a person's folder or address, was changed after the measurement, or breaks a table
        or figure of the book. The message names file, field, what was expected and what came.
    """
    record = read_record(path)
    try:
        show(record)
    except ValueError as error:
        raise ValueError(
            f"machine record {Path(path).name}: {error}. {KINDS[record['kind']].again.capitalize()}"
        ) from error
    return record


def _interval(value: float, low: float, high: float, spec: str) -> str:
    return f"{formatted(value, spec)} ({formatted(low, spec)} to {formatted(high, spec)})"
