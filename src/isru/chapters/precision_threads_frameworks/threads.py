"""When do threads shorten a training step? Speed-ups, what a hand-off costs, where they meet.

A step hands its gates to threads L (2 T + 1) + 1 times. With t_alone the part of the step that
only one thread can do, t_hand what that many hand-offs of empty tasks take, and t_shared the
tasks in turn, Amdahl's law with hand-offs says::

    t_threads = t_alone + t_hand + t_shared / S

S is what the machine's cores do at once, measured with tasks so long that hand-offs weigh
nothing. All of it is measured; nothing is fitted to the threaded step.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from isru.bench import Arm, floor, ratio
from isru.chapters.precision_threads_frameworks.threads_setups import hand_offs
from isru.data.law import QUOTED_NS
from isru.data.published import load_published
from isru.stats import Interval, bootstrap_interval, direction, groups
from isru.studies.savings import NOT_TIMED, floor_columns

CLOCK = "seconds"  # what a user waits for: processor time adds up over threads
FORMS = ("kept", "new")
# One thread beside threads of the gates, and beside threads of the BLAS: two measurements, whose
# processes have nothing in common but their numbers, so that no arm of one is named in the other.
GATES_ONE, BLAS_ONE = "gates_one", "one"
# What a table of `speedups` is recorded with.
COLUMNS = {
    "step_ms": "ms",
    "speedup": {"low": "low", "high": "high"},
    "shared_us": "µs",
}
_SETUPS = "isru.chapters.precision_threads_frameworks.threads_setups"
_CASE = ["batch", "layers", "units"]


def thread_arms(*, steps: int, features: int, tasks: int) -> list[Arm]:
    """Return the arms: one thread twice, kept and new threads, and what the prediction needs."""
    step, empty = f"{_SETUPS}:setup_step", f"{_SETUPS}:setup_hand_offs"
    network = {"steps": steps, "features": features}
    shared = network | {"tasks": tasks}
    arms = [
        Arm(GATES_ONE, step, network | {"run": "in_turn", "tasks": 1}),
        Arm(f"{GATES_ONE}_again", step, network | {"run": "in_turn", "tasks": 1}),
        Arm("in_turn", step, shared | {"run": "in_turn"}),
        Arm("alone", step, shared | {"run": "skip"}),
    ]
    for form in FORMS:
        arms.append(Arm(form, step, shared | {"run": form}))
        arms.append(Arm(f"{form}_empty", empty, {"steps": steps, "run": form, "tasks": tasks}))
    return arms


def blas_arms(*, steps: int, features: int, tasks: int) -> list[Arm]:
    """Return the arms: the step with one BLAS thread, twice, and with several.

    In a measurement of their own: threads of the BLAS go on spinning for a while after a
    product and would disturb every other arm.
    """
    network = {"steps": steps, "features": features, "run": "in_turn", "tasks": 1}
    counts = {BLAS_ONE: 1, f"{BLAS_ONE}_again": 1, "blas": tasks}
    return [Arm(name, f"{_SETUPS}:setup_step", network | {"blas": n}) for name, n in counts.items()]


def core_arms(*, tasks: int) -> list[Arm]:
    """Return the arms that show what the cores do at once: long tasks in turn and in threads."""
    names = {"in_turn": "in_turn", "in_turn_again": "in_turn", "kept": "kept"}
    return [
        Arm(label, f"{_SETUPS}:setup_long_tasks", {"run": run, "tasks": tasks})
        for label, run in names.items()
    ]


def thread_cases(layers: Sequence[int], units: Sequence[int], batches: Sequence[int]) -> list[dict]:
    """Return the cases, every combination."""
    return [
        {"batch": batch, "layers": count, "units": size}
        for batch in batches
        for count in layers
        for size in units
    ]


def cores_at_once(samples: pd.DataFrame, *, rng: np.random.Generator) -> dict[int, Interval]:
    """Return S for each batch: the time of long tasks in turn over that in threads."""
    return {
        int(batch): ratio(part, "in_turn", "kept", clock=CLOCK, rng=rng)
        for batch, part in samples.groupby("batch")
    }


def speedups(
    samples: pd.DataFrame,
    forms: Sequence[str],
    *,
    steps: int,
    cores: dict[int, Interval] | None = None,
    margin: float = 0.02,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the speed-up of each form over one thread, beside its prediction.

    Parameters
    ----------
    samples : pandas.DataFrame
        Of `isru.bench.measure` with `thread_arms` or with `blas_arms`.
    forms : sequence of str
        Labels of arms.
    steps : int
        T.
    cores : dict, optional
        From `cores_at_once`; without it nothing is predicted.
    margin : float
        Relative difference below which a difference is of no relevance.
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        form, batch, layers, units; ``step_ms`` (one thread); ``speedup``, ``low``, ``high``;
        ``floor`` (1), ``floor_low``, ``floor_high``; ``direction``; and, NaN without a prediction,
        ``predicted``, ``predicted_low``, ``predicted_high`` and ``shared_us``, the work that
        one hand-off shares out.
    """
    rows = []
    one = GATES_ONE if GATES_ONE in set(samples["arm"]) else BLAS_ONE
    for about, case in groups(samples, _CASE):
        band = floor(case, one, f"{one}_again", clock=CLOCK, rng=rng)
        times = case.groupby(["arm", "process"])[CLOCK].median().unstack()
        about |= {"step_ms": 1e3 * float(times.loc[one].median()), **floor_columns(band, 1.0)}
        for form in forms:
            found = ratio(case, one, form, clock=CLOCK, rng=rng)
            row = {"form": form, **about, **found.columns("speedup")}
            row["direction"] = direction(found, margin=margin)
            expected, row["shared_us"] = NOT_TIMED, np.nan
            if cores:
                expected = _predicted(times, form, cores[about["batch"]].estimate, rng)
                shared = (times.loc["in_turn"] - times.loc["alone"]).median()
                row["shared_us"] = 1e6 * shared / hand_offs(about["layers"], steps)
            rows.append(row | expected.columns("predicted", "predicted_"))
    return pd.DataFrame(rows)


def _predicted(times: pd.DataFrame, form: str, cores: float, rng) -> Interval:
    """Return t_one / (t_alone + t_hand + t_shared / S), the median over processes."""
    shared = times.loc["in_turn"] - times.loc["alone"]
    threads = times.loc["alone"] + times.loc[f"{form}_empty"] + shared / cores
    return bootstrap_interval((times.loc[GATES_ONE] / threads).to_numpy(), rng=rng)


def hand_off_us(
    samples: pd.DataFrame, *, steps: int, rng: np.random.Generator
) -> dict[str, Interval]:
    """Return what one hand-off of empty tasks takes, in us, for each form."""
    found = {}
    for form in FORMS:
        part = samples[samples["arm"] == f"{form}_empty"]
        each = 1e6 * part[CLOCK] / part["layers"].map(lambda count: hand_offs(count, steps))
        by_process = each.groupby(part["process"]).median()
        found[form] = bootstrap_interval(by_process.to_numpy(), rng=rng)
    return found


def break_even(units: Sequence[int], speedup: Sequence[float]) -> float:
    """Return the units from which on the speed-up stays above 1.

    Interpolated between the sizes in the logarithms of both; infinite if the largest size
    gains nothing, 0 if all sizes gain.
    """
    order = np.argsort(units)
    sizes, gains = np.log(np.array(units)[order]), np.log(np.array(speedup)[order])
    below = np.flatnonzero(gains <= 0)
    if not len(below):
        return 0.0
    last = below[-1]
    if last == len(sizes) - 1:
        return float("inf")
    part = -gains[last] / (gains[last + 1] - gains[last])
    return float(np.exp(sizes[last] + part * (sizes[last + 1] - sizes[last])))


def break_evens(table: pd.DataFrame) -> pd.DataFrame:
    """Return where each curve of `speedups` crosses 1, measured and predicted, as text.

    Columns form, batch, layers, measured, predicted: the units, or "above N", "below N" with
    the largest or the smallest size, or "" where nothing is predicted.
    """
    rows = []
    for row, part in groups(table, ["form", "batch", "layers"]):
        for name, column in {"measured": "speedup", "predicted": "predicted"}.items():
            row[name] = ""
            if part[column].notna().all():
                row[name] = _text(break_even(part["units"], part[column]), part["units"])
        rows.append(row)
    return pd.DataFrame(rows)


def _text(size: float, units: pd.Series) -> str:
    if size == float("inf"):
        return f"above {units.max()}"
    return f"below {units.min()}" if size == 0 else f"{size:.0f}"


def published_speedups(features: int) -> pd.DataFrame:
    """Return the published speed-ups by machine and units, medians over the layers.

    Parameters
    ----------
    features : int
        Inputs F of the first layer, symbols of the text.

    Returns
    -------
    pandas.DataFrame
        cpu, units, speedup, ``shared_us``: an estimate of the work of one hand-off. A layer's
        products take `isru.data.law.QUOTED_NS` a MAC forward and twice that backward, in two
        hand-offs for each time step.
    """
    table = load_published("threads")
    table["shared_us"] = [
        1.5e-3 * QUOTED_NS[1] * _gate_macs(row.layers, row.units, features)
        for row in table.itertuples()
    ]
    middle = table.groupby(["cpu", "units"])[["speedup_total", "shared_us"]].median()
    return middle.rename(columns={"speedup_total": "speedup"}).reset_index()


def published_break_evens(table: pd.DataFrame) -> pd.DataFrame:
    """Return where the published curves cross 1: columns cpu, ``units`` and ``shared_us``.

    Parameters
    ----------
    table : pandas.DataFrame
        From `published_speedups`.
    """
    rows = []
    for cpu, part in table.groupby("cpu"):
        places = {name: break_even(part[name], part["speedup"]) for name in ("units", "shared_us")}
        rows.append({"cpu": cpu} | places)
    return pd.DataFrame(rows)


def _gate_macs(layers: int, units: int, features: int) -> float:
    """Return the MACs of the gates' products in a time step, the mean over the layers."""
    inputs = [features] + [units] * (layers - 1)
    return float(np.mean([4 * units * (size + units + 1) for size in inputs]))
