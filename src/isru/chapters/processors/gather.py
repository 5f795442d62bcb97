"""What other chapters and the machine records say of a platform, in the form of this chapter.

Costs have a row for each (platform, group, form, dtype, arm), steps one for each (platform,
program, phase, batch, units, arm). The group says how a number was found: *measured*, *emulated*
or *analysed*.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from isru.bench import machine_metadata
from isru.bench.c_loops import REPEATED
from isru.chapters.processors.rule import THIS_RUN
from isru.machine_records.kinds import VECTOR
from isru.machine_records.quiet import busy
from isru.machine_records.schema import read_record, samples
from isru.machine_records.summaries import CLOCK, run_title, titles
from isru.notes import note_read
from isru.recorded import Recorded, read_values
from isru.records import sha256

COSTS = ["platform", "group", "form", "dtype", "arm", "cost", "low", "high", "unit"]
STEPS = [
    *("platform", "group", "program", "phase", "batch", "features", "units", "arm"),
    *("cost", "low", "high", "unit", "saving", "saving_low", "saving_high"),
]
CALL = COSTS[:5]
STEP = [name for name in STEPS[:8] if name != "features"]
"""What tells the rows of costs apart, and those of steps."""
STARTED = "_started"
"""What an arm's name ends in where its row is the time of a NumPy call but for its elements."""
CORES = {
    "m4f": "Cortex-M4F",
    "m0plus": "Cortex-M0+",
    "rv32imfc": "RV32IMFC",
    "rv32imc": "RV32IMC",
}
_FORMS = {"libm": "call", "simd": "vector", "fast": "fast", "numpy": "numpy"}
_RECORDED_ARMS = {
    ("activations", "tanh"): ("numpy", "tanh"),
    ("activations", "isru_plain"): ("numpy", "isru_plain"),
    ("compiled", "libm_tanh"): ("call", "tanh"),
    ("compiled", "libm_isru"): ("call", "isru"),
    ("compiled", "simd_tanh"): ("vector", "tanh"),
    ("compiled", "simd_isru"): ("vector", "isru"),
    ("compiled", "simd_rational_tanh"): ("vector", "rational_tanh"),
}
_BROWSER_ARMS = {"logistic": "sigmoid", "isru_gate": "isru_sigmoid"}
_NS = {"s": 1e9, "ms": 1e6, "us": 1e3, "µs": 1e3, "ns": 1.0}
_SIZE, _SHORT = 100_000, 1_000
BATCH, FEATURES, WINDOW = 32, 10, 24  # of a recorded machine's steps: as `setup_step` sets them


def machine_costs(times: pd.DataFrame, short: pd.DataFrame, platform: str) -> pd.DataFrame:
    """Return what the chapter on the cost of activations measured, a row a call.

    Parameters
    ----------
    times, short : pandas.DataFrame
        Its tables ``ns-per-element`` and ``size-ns``: form, dtype, size, arm, ns, low, high.
    platform : str
        The machine's name.
    """
    told = times[times["form"].isin(list(_FORMS)) & (times["size"] == _SIZE)]
    told = told[told["arm"] != "tanh_again"]
    rows = []
    for row in told.itertuples():
        arm, times_done = REPEATED.get(row.arm, (row.arm, 1))
        cost = [value / times_done for value in (row.ns, row.low, row.high)]
        rows.append((platform, "measured", _FORMS[row.form], row.dtype, arm, *cost, "ns"))
    rates = told[told["form"] == "numpy"].set_index(["dtype", "arm"])["ns"]
    calls = short[(short["form"] == "numpy") & (short["size"] == _SHORT)]
    calls = calls.set_index(["dtype", "arm"])["ns"]
    return pd.concat([pd.DataFrame(rows, columns=COSTS), _started(platform, calls, rates)])


def _started(platform: str, calls: pd.Series, rates: pd.Series) -> pd.DataFrame:
    """Return what a NumPy call of tanh and of ISRU takes but for its elements, in ns."""
    rows = [
        (platform, "measured", "numpy", dtype, f"{arm}{STARTED}", *[_SHORT * (ns - rate)] * 3, "ns")
        for (dtype, arm), ns in calls.items()
        if arm in ("tanh", "isru_plain") and (rate := rates.get((dtype, arm))) is not None
    ]
    return pd.DataFrame(rows, columns=COSTS)


def emulated_costs(calls: pd.DataFrame) -> pd.DataFrame:
    """Return the cycles of a scalar call on each emulated core that has a table of cycles.

    Parameters
    ----------
    calls : pandas.DataFrame
        The table ``calls`` of the chapter on microcontrollers.
    """
    told = calls.dropna(subset=["cycles"])
    rows = [
        (
            CORES.get(core := row.target.removeprefix("cortex-"), core),
            *("emulated", "call", "float32", row.arm),
            *(row.cycles, row.cycles_low, row.cycles_high, "cycles"),
        )
        for row in told.itertuples()
        if row.arm != "identity" or row.role == "activation"
    ]
    return pd.DataFrame(rows, columns=COSTS)


def recorded_machines(folder: Path) -> dict[str, dict]:
    """Return the machine records in a folder by the title that a page gives them.

    One of a processor that was busy with something else is left out.
    """
    records = {}
    for path in sorted(folder.glob("*.json")):
        record = read_record(path)
        note_read(f"results/machines/{path.name}", sha256(path))
        if not busy(record):
            records[path.name] = record
    return {title: records[name] for name, title in titles(records).items()}


def record_costs(record: dict, platform: str) -> pd.DataFrame:
    """Return what a record says of a call: the median over processes of medians, in ns.

    The ends are those of the middle half of its processes. Of a browser it is the fastest sample
    of each worker: no other program can make one faster.
    """
    if record["kind"] == "browser":
        return _browser_costs(samples(record, "activations"), platform)
    rows, started = [], []
    for part in ("activations", "compiled"):
        if part not in record["parts"]:
            continue
        table = samples(record, part)
        table = table[table["input"] == "typical"]
        for (size, dtype, arm), case in table.groupby(["size", "dtype", "arm"]):
            if (part, arm) not in _RECORDED_ARMS:
                continue
            form, name = _RECORDED_ARMS[part, arm]
            ns = 1e9 / size * case.groupby("process")[CLOCK].median()
            row = (platform, "measured", form, dtype, name, *_middle(ns), "ns")
            if size == _SIZE:
                rows.append(row)
            elif size == _SHORT and form == "numpy":
                started.append(row)
    costs, short = (pd.DataFrame(each, columns=COSTS) for each in (rows, started))
    keys = ["dtype", "arm"]
    rates = costs[costs["form"] == "numpy"].set_index(keys)["cost"]
    return pd.concat([costs, _started(platform, short.set_index(keys)["cost"], rates)])


def _browser_costs(table: pd.DataFrame, platform: str) -> pd.DataFrame:
    rows = []
    for (size, dtype, arm), case in table.groupby(["size", "dtype", "arm"]):
        form = "vector" if arm.startswith(VECTOR) else "call"
        name = arm.removeprefix(VECTOR)
        ns = 1e9 / size * case.groupby("process")["seconds"].min()
        row = (platform, "measured", form, dtype, _BROWSER_ARMS.get(name, name))
        rows.append((*row, *_middle(ns), "ns"))
    found = pd.DataFrame(rows, columns=COSTS)
    return found[found["arm"] != "tanh_again"]


def _middle(values: pd.Series) -> list[float]:
    return [values.median(), values.quantile(0.25), values.quantile(0.75)]


def machine_steps(
    steps: pd.DataFrame, platform: str, *, features: int, window: int
) -> pd.DataFrame:
    """Return what a time step of the forecaster takes, with tanh and with ISRU, in ns.

    Parameters
    ----------
    steps : pandas.DataFrame
        Its table ``steps``: framework, step, batch, units, step_ms, saving, low, high, and the
        same of plain ISRU.
    platform : str
    features, window : int
        F and T of its network.
    """
    rows = []
    for row in steps.itertuples():
        phase = "train" if row.step == "train" else "predict"
        case = (platform, "measured", row.framework, phase, row.batch, features)
        ns = 1e6 * row.step_ms / window
        rows.append((*case, row.units, "tanh", ns, ns, ns, "ns", 0.0, 0.0, 0.0))
        for arm, *saved in (
            ("isru", row.saving, row.low, row.high),
            ("isru_plain", row.plain, row.plain_low, row.plain_high),
        ):
            if not np.isnan(saved[0]):
                cost, high, low = (ns * (1 - one / 100) for one in saved)
                rows.append((*case, row.units, arm, cost, low, high, "ns", *saved))
    return pd.DataFrame(rows, columns=STEPS)


def recorded_steps(record: dict, platform: str) -> pd.DataFrame:
    """Return what a record says of a time step, in ns: medians over its processes."""
    browser = record["kind"] == "browser"
    found = []
    for part in ("steps", "c_steps"):
        if part not in record["parts"]:
            continue
        table = samples(record, part)
        table["program"] = "browser" if browser else table.get("engine", "c")
        for (program, phase, units), case in table.groupby(["program", "step", "units"]):
            if program == "c":
                program = {"predict": "export_c", "train": "plain_c"}[phase]
            # A browser and the exported C take one sequence; a browser one time step of it.
            batch = 1 if part == "c_steps" or browser else BATCH
            times = case.groupby(["arm", "process"])
            ns = times["seconds"].min() if browser else times[CLOCK].median() / WINDOW
            about = (platform, "measured", program, phase, batch, FEATURES, units)
            found += _recorded_arms(about, 1e9 * ns.unstack("arm"))
    return pd.DataFrame(found, columns=STEPS)


def _recorded_arms(about: tuple, ns: pd.DataFrame) -> list[tuple]:
    """Return a row for each arm; ``ns`` has a row for each process."""
    rows = []
    for arm in ("tanh", "isru", "exp_free"):
        if arm in ns:
            saved = 100 * (1 - ns[arm] / ns["tanh"])
            middle = 100 * (1 - ns[arm].median() / ns["tanh"].median())
            rows.append((*about, arm, *_middle(ns[arm]), "ns", middle, *_middle(saved)[1:]))
    return rows


def emulated_steps(steps: pd.DataFrame, features: int) -> pd.DataFrame:
    """Return the cycles of a step of the exported C on each emulated core.

    Its arm ``libm`` is tanh and the logistic function; the ends of a saving are those of the
    readings of the manual.

    Parameters
    ----------
    steps : pandas.DataFrame
        The table ``steps`` of the chapter on microcontrollers.
    features : int
    """
    readings = [name for name in steps if name.removeprefix("cycles_").isdigit()]
    rows = []
    for (target, units), part in steps.dropna(subset=["cycles"]).groupby(["target", "units"]):
        core = target.removeprefix("cortex-")
        case = (CORES.get(core, core), "emulated", "firmware", "predict", 1, features, units)
        arms = part.set_index("arm")
        tanh = arms.loc["libm"]
        for arm, row in arms.iterrows():
            saved = [
                100 * (1 - row[name] / tanh[name])
                for name in ("cycles", *readings)
                if not np.isnan(row[name])
            ]
            cost = (row["cycles"], row["cycles_low"], row["cycles_high"], "cycles")
            name = "tanh" if arm == "libm" else arm
            rows.append((*case, name, *cost, saved[0], min(saved), max(saved)))
    return pd.DataFrame(rows, columns=STEPS)


def published_costs() -> pd.DataFrame:
    """Return the costs that other chapters recorded, under the names of what ran them."""
    timed = read_values("activation-cost")
    times, short = (_frame(timed, name) for name in ("ns-per-element", "size-ns"))
    calls = _frame(read_values("microcontrollers"), "calls")
    return pd.concat([machine_costs(times, short, ran_on(timed)), emulated_costs(calls)])


def published_steps() -> pd.DataFrame:
    """Return the steps that other chapters recorded, under the names of what ran them."""
    timed = read_values("forecaster")
    features, window = (int(timed[name]["value"]) for name in ("features", "window"))
    steps = _frame(timed, "steps")
    rows = machine_steps(steps, ran_on(timed), features=features, window=window)
    device = read_values("microcontrollers")
    counted = pd.concat([_frame(device, name) for name in ("steps", "others")])
    return pd.concat([rows, emulated_steps(counted, features)])


def ran_on(recorded: Recorded) -> str:
    """Return the name of the machine that ran a chapter, as a page writes it."""
    return run_title(recorded.provenance)


def _frame(recorded: Recorded, table: str) -> pd.DataFrame:
    return pd.DataFrame(recorded.table(table).rows)


def this_machine(others: Iterable[str] = ()) -> str:
    """Return the name of the machine that runs this, apart from those of ``others``."""
    name = titles({"": {"kind": "processor", "machine": machine_metadata()}})[""]
    return f"{name}{THIS_RUN}" if name in set(others) else name


def own(rows: pd.DataFrame, machine: str) -> pd.DataFrame:
    """Return rows of this chapter in the common form, so that they can join the others.

    What was measured is of ``machine``; a measured step, timed over the forecaster's window, is
    told a time step, in ns.
    """
    told = rows.reindex(columns=STEPS if "phase" in rows else COSTS)
    if told.empty:
        return told
    here = told["group"] == "measured"
    told["platform"] = told["platform"].where(~here, machine)
    if "phase" in told:
        factor = (told["unit"].map(_NS) / WINDOW).where(here, 1.0)
        told = told.assign(**{name: told[name] * factor for name in ("cost", "low", "high")})
        told["unit"] = told["unit"].where(~here, "ns")
    return told
