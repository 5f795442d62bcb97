"""What machine records say: gains of an activation, savings of a step, speed-ups by threads.

Every number is formed within one record: times of two machines are never divided.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from isru.bench import floor, ratio
from isru.machine_records.plans import REFERENCE_SIZE
from isru.machine_records.schema import samples
from isru.stats import Interval, bootstrap_interval, direction, ratio_of_medians

CLOCK = "cpu_seconds"  # one thread that waits for nothing
MARGIN = 0.02
LONGEST_TITLE = 48  # characters: a figure has no room for more
# Form: the part of a record, the arms of tanh and ISRU.
FORMS = {
    "NumPy calls": ("activations", "tanh", "isru_plain"),
    "compiled, libm": ("compiled", "libm_tanh", "libm_isru"),
    "compiled, SIMD": ("compiled", "simd_tanh", "simd_isru"),
}
ENGINES = {"numpy": "NumPy", "numba": "compiled"}


def activation_gains(record: Mapping, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what one call of ISRU takes less than one of tanh, on 100 000 typical numbers.

    Parameters
    ----------
    record : dict
        From `isru.machine_records.check_record`.
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        Columns form, dtype, tanh_ns, isru_ns, gain_ns with low and high (ns per element,
        tanh minus ISRU), ratio (t_tanh / t_isru) with ratio_low and ratio_high, direction.
    """
    rows = []
    for form, (part, tanh, isru) in FORMS.items():
        if part not in record["parts"]:
            continue
        table = samples(record, part)
        table = table[(table["size"] == REFERENCE_SIZE) & (table["input"] == "typical")]
        for dtype, case in table.groupby("dtype"):
            ns = 1e9 / REFERENCE_SIZE * _medians(case)
            gain = bootstrap_interval((ns[tanh] - ns[isru]).to_numpy(), rng=rng)
            times = ratio(case, tanh, isru, clock=CLOCK, rng=rng)
            rows.append(
                {
                    "form": form,
                    "dtype": dtype,
                    "tanh_ns": ns[tanh].median(),
                    "isru_ns": ns[isru].median(),
                    **gain.columns("gain_ns"),
                    **times.columns("ratio", "ratio_"),
                    "direction": direction(times, margin=MARGIN),
                }
            )
    return pd.DataFrame(rows)


def step_savings(record: Mapping, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what ISRU saves of an LSTM's step, in % of the time with tanh.

    Columns engine, step, units, saving, low, high, and floor: what tanh saves against itself
    (the larger end of its 95 % range).
    """
    rows = []
    table = samples(record, "steps")
    for (engine, step, units), case in table.groupby(["engine", "step", "units"]):
        inverse = ratio(case, "isru", "tanh", clock=CLOCK, rng=rng)
        band = floor(case, "tanh", "tanh_again", clock=CLOCK, rng=rng)
        rows.append(
            {
                "engine": ENGINES[engine],
                "step": step,
                "units": int(units),
                "saving": 100 * (1 - inverse.estimate),
                "low": 100 * (1 - inverse.high),
                "high": 100 * (1 - inverse.low),
                "floor": 100 * (band.high - 1),
            }
        )
    return pd.DataFrame(rows)


def thread_speedups(record: Mapping, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the time with one thread of the BLAS over that with several.

    Columns work, threads, speedup, low, high; wall-clock. Empty for a machine with one core.
    """
    counts = sorted(int(n.partition("_")[2]) for n in record["parts"] if n.startswith("threads_"))
    by_threads = {n: samples(record, f"threads_{n}") for n in counts}
    rows = []
    for count in counts:
        for work, one in by_threads[1].groupby("work", sort=False) if count > 1 else ():
            several = by_threads[count]
            found: Interval = ratio_of_medians(
                _by_process(one), _by_process(several[several["work"] == work]), rng=rng
            )
            rows.append({"work": work, "threads": count} | found.columns("speedup"))
    return pd.DataFrame(rows, columns=["work", "threads", "speedup", "low", "high"])


def summarise(records: Mapping[str, Mapping], *, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Return three tables over all records: activations, steps, threads; machine leads each.

    Raises
    ------
    ValueError
        If a record cannot be summarised; the message names it.
    """
    makers = {
        "activations": activation_gains,
        "steps": step_savings,
        "threads": thread_speedups,
    }
    return {
        name: pd.concat(
            [_of_one(make, record, title, seed) for title, record in records.items()]
            or [pd.DataFrame(columns=["machine"])],
            ignore_index=True,
        )
        for name, make in makers.items()
    }


def _of_one(make: Callable, record: Mapping, title: str, seed: int) -> pd.DataFrame:
    try:
        return make(record, rng=np.random.default_rng(seed)).assign(machine=title)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        what = make.__name__.replace("_", " ")
        cause = f"{type(error).__name__}: {error}"
        raise ValueError(f"{title}: no {what} from this record ({cause})") from error


def titles(records: Mapping[str, Mapping]) -> dict[str, str]:
    """Return a short, unique name for each record: the processor, numbered where it recurs."""
    models = {name: _model(record) for name, record in records.items()}
    several = [model for model in models.values() if list(models.values()).count(model) > 1]
    taken = set(models.values())
    found = {}
    for name, model in models.items():
        title = model
        if model in several:
            numbered = (f"{model} ({number})" for number in itertools.count(1))
            title = next(each for each in numbered if each not in taken)
            taken.add(title)
        found[name] = title
    return found


def _model(record: Mapping) -> str:
    model = record["machine"]["cpu"]["model"]
    for noise in ("(R)", "(TM)", "(r)", "(tm)", " CPU", " Processor"):
        model = model.replace(noise, "")
    title = " ".join(model.split()) or "unknown processor"
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 3]}..."


def _medians(case: pd.DataFrame) -> pd.DataFrame:
    """Return each arm's median by process: processes x arms, seconds."""
    return case.groupby(["process", "arm"])[CLOCK].median().unstack("arm")


def _by_process(table: pd.DataFrame) -> list[np.ndarray]:
    """Return the wall-clock of work and its repetition, process by process."""
    return [rows["seconds"].to_numpy() for _, rows in table.groupby("process")]
