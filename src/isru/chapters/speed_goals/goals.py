"""The speed goals of our own implementation: limits, what a run measures, what holds.

They judge the engines against a plain C loop, other frameworks and the machine's own limits,
never the outcome for an activation. All times are ratios within one run.
"""

from __future__ import annotations

import importlib.util
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from isru import paths
from isru.bench.lstm_arms import COPY_BYTES, PRODUCT_SIZE, SYMBOLS, step_flop
from isru.bench.machine import machine_metadata
from isru.bench.memory import arrays_per_step, peak_ratio
from isru.bench.plain_c import build, compiler
from isru.bench.protocol import Arm
from isru.bench.protocol import measure as time_arms
from isru.bench.summary import floor, per_call, problems, ratio
from isru.cost import arithmetic_intensity, layer_count
from isru.records import to_json, write_atomically
from isru.stats import Interval

ENGINES = ("numpy", "numba") if importlib.util.find_spec("numba") else ("numpy",)
# At least so many times as fast, by engine or peer and units.
AGAINST_C = {
    "numpy": {32: 2, 64: 4, 128: 8, 256: 16},
    "numba": {32: 9, 64: 10, 128: 14, 256: 20},
}
AGAINST_KERAS = {1: 5.0, 32: 1.0, 128: 1.0}
AGAINST_TORCH = {"numpy": dict.fromkeys((32, 64, 128, 256), 1.0)}
AGAINST_TORCH["numba"] = {32: 4, 64: 2.5, 128: 1.8, 256: 1.25}
PEAK_SHARE = 0.6  # of the sgemm peak, from 256 units and a batch of 128 on
STREAM_US = 3.0  # numba engine, 32 units
PEAK_MEMORY = 1.5
ARRAYS_PER_STEP = 0.1  # what a wrapped view takes, never an array
_READING = "reading the recurrent kernel twice a time step, from the second-level cache"
_PER_CALL = "some twenty NumPy calls a time step, each with its fixed cost"
_AROUND = "Python between the compiled parts, and matrix products with few rows"
_PRODUCTS = "matrix products with few rows, and the pointwise work between them"
# By the goal's beginning; of two reasons the second is for 128 units and more.
LIMITED_BY = {
    "numpy engine against c": (_PER_CALL, _READING),
    "numba engine against c": (_AROUND, _READING),
    "numpy engine against": (_PER_CALL, _PRODUCTS),
    "numba engine against": (_AROUND, _PRODUCTS),
    "numpy engine, share": _PRODUCTS,
    "numba engine, share": _PRODUCTS,
    "numba engine, one step": "the call from Python into compiled code, a fixed cost",
    "numpy engine, peak": "a quarter of dz beside the gates, and the loss's arrays",
    "numba engine, peak": "the loss's arrays",
}


@dataclass(frozen=True)
class Settings:
    """How much a run measures.

    Attributes
    ----------
    units, batches : tuple of int
    steps : int
        T of a training window.
    processes, blocks : int
        Of the timing protocol.
    peers : bool
        Whether to time Keras and torch, where they are installed.
    """

    units: tuple[int, ...] = (32, 64, 128, 256)
    batches: tuple[int, ...] = (1, 32, 128)
    steps: int = 100
    processes: int = 6
    blocks: int = 3
    peers: bool = True


def measure(folder=None, progress=True, settings: Settings | None = None) -> pd.DataFrame:
    """Measure all goals, write goals.csv, goals.json and samples-*.csv, return the table.

    Parameters
    ----------
    folder : path-like, optional
        Where to write; runs/bench by default.
    progress : bool
        Show bars.
    settings : Settings, optional

    Returns
    -------
    pandas.DataFrame
        As `measure_goals`.
    """
    settings = settings or Settings()
    folder = Path(folder) if folder is not None else paths.root() / "runs" / "bench"
    table, samples, notes = measure_goals(settings, progress=progress)
    for name, frame in samples.items():
        write_atomically(folder / f"samples-{name}.csv", frame.to_csv(index=False))
    write_atomically(folder / "goals.csv", table.to_csv(index=False))
    report = {
        "machine": machine_metadata(),
        "settings": vars(settings),
        "compiler": compiler(),
        "problems": notes,
        "goals": table.to_dict("records"),
    }
    write_atomically(folder / "goals.json", to_json(report))
    return table


def measure_goals(settings: Settings, *, progress: bool = True):
    """Measure all goals.

    Returns
    -------
    table : pandas.DataFrame
        goal, units, batch, relation (">=" or "<="), limit, measured, low, high, unit, holds
        ("yes", "no", or "undecided" where the 95 % interval contains the limit), limited_by
        (what stands in the way; empty where the goal holds).
    samples : dict of pandas.DataFrame
        Raw samples by measurement, "batch-1" and so on, and "stream".
    notes : list of str
        What the measurements say against themselves.
    """
    rows, samples = [], {}
    options = {"processes": settings.processes, "blocks": settings.blocks, "progress": progress}
    with tempfile.TemporaryDirectory() as scratch:
        for batch in settings.batches:
            cases = [
                {"units": units, "batch": batch, "steps": settings.steps}
                for units in settings.units
            ]
            arms = _training_arms(batch, scratch, settings.peers)
            frame = samples[f"batch-{batch}"] = time_arms(arms, cases, **options)
            rows += _training_rows(frame, batch)
    if "numba" in ENGINES:
        cases = [{"units": units, "features": 8} for units in (8, 32, 64)]
        samples["stream"] = time_arms(_stream_arms(), cases, **options)
        rows += _stream_rows(samples["stream"])
    rows += _memory_rows(settings)
    notes = [f"{name}: {note}" for name, frame in samples.items() for note in problems(frame)]
    return pd.DataFrame(rows), samples, notes


def rates(samples: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return how fast the training steps compute, for a roofline.

    Parameters
    ----------
    samples : dict of pandas.DataFrame
        From `measure_goals`.

    Returns
    -------
    pandas.DataFrame
        arm, units, batch, intensity (FLOP per byte that a step must move at least), gflops; for
        the arms "product" and "copy" the machine's roofs: gflops, and in ``gflops`` of the copy
        its billion bytes a second.
    """
    rows = []
    for name, frame in samples.items():
        if not name.startswith("batch-"):
            continue
        medians = frame.groupby(["units", "batch", "steps", "arm"])["cpu_seconds"].median()
        for (units, batch, steps, arm), seconds in medians.items():
            work = step_flop(units, batch, steps)
            work = {"product": 2 * PRODUCT_SIZE**3, "copy": 2 * COPY_BYTES}.get(arm, work)
            intensity = arithmetic_intensity(layer_count(SYMBOLS, units), SYMBOLS, batch=batch)
            rows.append(
                {"arm": arm, "units": int(units), "batch": int(batch)}
                | {"intensity": intensity, "gflops": 1e-9 * work / seconds}
            )
    return pd.DataFrame(rows)


def goal_row(goal, relation, limit, found: Interval, *, units, batch, unit="") -> dict:
    """Return a row of the table; what it takes to hold depends on the whole interval."""
    sign = 1 if relation == ">=" else -1
    reached = [sign * end >= sign * limit for end in (found.low, found.high)]
    holds = "yes" if all(reached) else "undecided" if any(reached) else "no"
    return {
        "goal": goal,
        "units": units,
        "batch": batch,
        "relation": relation,
        "limit": limit,
        "measured": found.estimate,
        "low": found.low,
        "high": found.high,
        "unit": unit,
        "holds": holds,
        "limited_by": "" if holds == "yes" else _limited_by(goal, units),
    }


def _limited_by(goal: str, units: int) -> str:
    """Return what keeps a goal out of reach."""
    for start, reason in LIMITED_BY.items():
        if goal.startswith(start):
            return reason[units >= 128] if isinstance(reason, tuple) else reason
    return "what else the machine did"


def _training_arms(batch: int, scratch: str, peers: bool) -> list[Arm]:
    factory = "isru.bench.lstm_arms:"
    arms = [Arm(engine, factory + "ours", {"engine": engine}) for engine in ENGINES]
    arms += [Arm("numpy again", factory + "ours", {"engine": "numpy"})]
    arms += [Arm("product", factory + "product"), Arm("copy", factory + "copy")]
    if batch == 1 and compiler():
        arms.append(Arm("c", factory + "plain_c", {"library": str(build(scratch))}))
    for peer in ("keras", "torch") if peers else ():
        if importlib.util.find_spec(peer):
            arms.append(Arm(peer, factory + peer))
    return arms


def _training_rows(frame: pd.DataFrame, batch: int) -> list[dict]:
    rows = []
    for (units, steps), part in frame.groupby(["units", "steps"]):
        case = {"units": int(units), "batch": batch}
        peers = set(part["arm"])
        for engine in ENGINES:
            limits = [("c", AGAINST_C[engine].get(units), "cpu_seconds")]
            limits += [("keras", AGAINST_KERAS.get(batch), "seconds")]
            torch_limit = AGAINST_TORCH[engine].get(units) if batch == 1 else 1 / 1.1
            limits += [("torch", torch_limit, "seconds")]
            for peer, limit, clock in limits:
                if peer in peers and limit is not None:
                    found = _ratio(part, peer, engine, clock)
                    goal = f"{engine} engine against {peer}, times as fast"
                    rows.append(goal_row(goal, ">=", limit, found, **case))
            if batch >= 128 and units >= 256:
                found = _peak_share(part, engine, step_flop(units, batch, steps))
                goal = f"{engine} engine, share of the sgemm peak"
                rows.append(goal_row(goal, ">=", PEAK_SHARE, found, **case))
        found = floor(
            part, "numpy", "numpy again", clock="cpu_seconds", rng=np.random.default_rng(0)
        )
        rows.append(goal_row("A/A floor of the ratios", "<=", 0.05, _width(found), **case))
    return rows


def _ratio(frame, numerator: str, denominator: str, clock: str) -> Interval:
    return ratio(frame, numerator, denominator, clock=clock, rng=np.random.default_rng(0))


def _width(found: Interval) -> Interval:
    size = found.high - 1
    return Interval(size, size, size)


def _peak_share(frame, engine: str, flop: int) -> Interval:
    """Return the step's FLOP rate over that of the large product."""
    found = _ratio(frame, "product", engine, "cpu_seconds")
    share = flop / (2 * PRODUCT_SIZE**3)
    return found.map(lambda rate: share * rate)


def _stream_arms() -> list[Arm]:
    factory = "isru.bench.lstm_arms:stream"
    arms = [Arm(engine, factory, {"engine": engine}) for engine in ENGINES]
    return [*arms, Arm("numba isru", factory, {"engine": "numba", "activation": "isru"})]


def _stream_rows(frame: pd.DataFrame) -> list[dict]:
    times = per_call(frame, clock="cpu_seconds", rng=np.random.default_rng(0))
    rows = []
    for time in times[(times["arm"] == "numba") & (times["units"] == 32)].itertuples():
        found = Interval(time.seconds, time.low, time.high).map(lambda seconds: 1e6 * seconds)
        goal = "numba engine, one step of a stream"
        rows.append(goal_row(goal, "<=", STREAM_US, found, units=32, batch=1, unit="us"))
    return rows


def _memory_rows(settings: Settings) -> list[dict]:
    rows, batch, units = [], max(settings.batches), max(settings.units)
    for engine in ENGINES:
        exact = Interval(*[arrays_per_step(engine)] * 3)
        goal = f"{engine} engine, arrays made for each time step"
        rows.append(goal_row(goal, "<=", ARRAYS_PER_STEP, exact, units=500, batch=1))
        exact = Interval(*[peak_ratio(engine, units, batch, settings.steps)] * 3)
        goal = f"{engine} engine, peak memory over what must be held"
        rows.append(goal_row(goal, "<=", PEAK_MEMORY, exact, units=units, batch=batch))
    return rows
