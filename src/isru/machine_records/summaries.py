"""What machine records say: gains of an activation, savings of a step, speed-ups by threads.

Every number is formed within one record: times of two machines are never divided.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from isru.bench import floor, ratio
from isru.machine_records.kinds import KINDS
from isru.machine_records.plans import REFERENCE_SIZE
from isru.machine_records.schema import samples
from isru.stats import Interval, bootstrap_interval, direction, ratio_of_medians
from isru.studies.level_words import level_words
from isru.studies.savings import percent_saved

CLOCK = "cpu_seconds"  # one thread that waits for nothing
MARGIN = 0.02
# Vector instructions, the widest first: the processor's flag for them, and the kernels of OpenBLAS
# that a processor with them gets.
_FLAGS = {"AVX-512": "avx512f", "AVX2": "avx2"}
_KERNELS = dict.fromkeys(("skylakex", "cooperlake", "sapphirerapids"), "AVX-512") | dict.fromkeys(
    ("haswell", "zen", "excavator"), "AVX2"
)
LONGEST_TITLE = 48  # characters: a figure has no room for more
# Form: the part of a record, the arms of tanh and ISRU.
FORMS = {
    "NumPy calls": ("activations", "tanh", "isru_plain"),
    "compiled, libm": ("compiled", "libm_tanh", "libm_isru"),
    "compiled, SIMD": ("compiled", "simd_tanh", "simd_isru"),
}
ENGINES = {"numpy": "NumPy", "numba": "compiled"}
FLOOR = 0.05  # a browser whose tanh differs from itself by more gives no verdict
NO_VERDICT = f"undecided: tanh differs from itself by more than {100 * FLOOR:.0f} %"
# Of a browser: the part of a record and what a page calls it.
BROWSER_PARTS = {"activations": "a number of a call", "steps": "a step"}


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

    Columns engine, step, units, saving, low, high, direction, and floor: what tanh saves against
    itself (the larger end of its 95 % range).
    """
    rows = []
    table = samples(record, "steps").replace({"engine": ENGINES})
    if "c_steps" in record["parts"]:
        generated = samples(record, "c_steps")
        generated["engine"] = "C, " + generated.pop("compiler")
        table = pd.concat([table, generated], ignore_index=True)
    for (engine, step, units), case in table.groupby(["engine", "step", "units"]):
        found = ratio(case, "tanh", "isru", clock=CLOCK, rng=rng)
        band = floor(case, "tanh", "tanh_again", clock=CLOCK, rng=rng)
        rows.append(
            {
                "engine": engine,
                "step": step,
                "units": int(units),
                **percent_saved(found).columns("saving"),
                "floor": 100 * (band.high - 1),
                "direction": direction(found, margin=MARGIN),
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


def browser_times(record: Mapping, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return what tanh and each other arm take in a browser, a call and a step.

    The smallest time of a worker is its own, the median over workers the browser's, as on the
    page that measures; the interval is that of the bootstrap over workers.

    Columns part, case (in words), arm; tanh_ns, ns; ratio (t_tanh / t_arm) with low and high;
    direction, a word: `NO_VERDICT` where tanh differs from itself by more than `FLOOR`.
    """
    rows = []
    for part in BROWSER_PARTS:
        table = samples(record, part)
        for _, case in table.groupby(list(record["parts"][part][0]["case"]), sort=False):
            least = 1e9 * case.groupby(["arm", "process"], sort=False)["seconds"].min().unstack()
            per_call = least / case["size"].iloc[0] if "size" in case else least
            times = {arm: [np.array([ns]) for ns in per_call.loc[arm]] for arm in per_call.index}
            tanh = times.pop("tanh")
            itself = ratio_of_medians(tanh, times.pop("tanh_again"), rng=rng).estimate
            for arm, own in times.items():
                found = ratio_of_medians(tanh, own, rng=rng)
                word = direction(found, margin=MARGIN)
                rows.append(
                    {
                        "part": part,
                        "case": _in_words(case.iloc[0]),
                        "arm": arm,
                        "tanh_ns": float(np.median(tanh)),
                        "ns": float(np.median(own)),
                        **found.columns("ratio"),
                        "direction": NO_VERDICT if abs(itself - 1) > FLOOR else word,
                    }
                )
    return pd.DataFrame(rows)


def _in_words(case: pd.Series) -> str:
    if "dtype" in case:
        return case["dtype"]
    return f"{level_words('step', case['step'])}, {case['units']} units"


def summarise(records: Mapping[str, Mapping], *, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Return four tables over all records: activations, steps, threads, browsers.

    Each record's rows have its title under ``machine``; `browser_times` are of the browsers'
    records, the rest of the processors'.

    Raises
    ------
    ValueError
        If a record cannot be summarised; the message names it.
    """
    makers = {
        "activations": (activation_gains, "processor"),
        "steps": (step_savings, "processor"),
        "threads": (thread_speedups, "processor"),
        "browsers": (browser_times, "browser"),
    }
    return {
        name: pd.concat(
            [_of_one(make, record, title, seed) for title, record in of_kind(records, kind).items()]
            or [pd.DataFrame(columns=["machine"])],
            ignore_index=True,
        )
        for name, (make, kind) in makers.items()
    }


def of_kind(records: Mapping[str, Mapping], kind: str) -> dict[str, Mapping]:
    """Return the records of one kind, ``"processor"`` or ``"browser"``."""
    return {name: record for name, record in records.items() if record["kind"] == kind}


def _of_one(make: Callable, record: Mapping, title: str, seed: int) -> pd.DataFrame:
    try:
        return make(record, rng=np.random.default_rng(seed)).assign(machine=title)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        what = make.__name__.replace("_", " ")
        cause = f"{type(error).__name__}: {error}"
        raise ValueError(f"{title}: no {what} from this record ({cause})") from error


def titles(records: Mapping[str, Mapping]) -> dict[str, str]:
    """Return a short, unique name for each record: processor or browser, numbered where needed."""
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


def run_title(made_by: Mapping) -> str:
    """Return the title that a record of a run's machine has, by the run's provenance.

    Examples
    --------
    >>> machine = "Intel(R) Xeon(R) Processor @ 2.50GHz, 2 cores, Linux x86_64"
    >>> run_title({"machine": machine, "blas": "OpenBLAS 0.3.31 SkylakeX"})
    'Intel Xeon @ 2.50GHz with AVX-512'
    """
    model = made_by.get("machine", "unknown machine").split(",")[0]
    cpu = {"model": model, "flags": [_FLAGS.get(run_vectors(made_by), "")]}
    return _model({"kind": "processor", "machine": {"cpu": cpu}})


def vectors(machine: Mapping) -> str:
    """Return the widest vector instructions of a recorded x86-64 processor; empty for others.

    Processors of one name may differ in them, and the speed of NumPy's tanh with them.
    """
    flags = set(machine.get("cpu", {}).get("flags", ()))
    return next((name for name, flag in _FLAGS.items() if flag in flags), "")


def run_vectors(made_by: Mapping) -> str:
    """Return the same of the machine of a run, by the kernel that its BLAS chose."""
    return _KERNELS.get(made_by.get("blas", "").rpartition(" ")[2].lower(), "")


def _model(record: Mapping) -> str:
    model = KINDS[record["kind"]].names(record["machine"])
    if width := vectors(record["machine"]):
        model += f" with {width}"
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
