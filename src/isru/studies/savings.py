"""What ISRU saves of a network's step: measured, predicted by Amdahl's law, and by size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from isru.bench import floor, ratio
from isru.cost import layer_count, saving
from isru.stats import Interval, direction, groups

# Processor time where the call computes all the time; what a user waits for where it may wait.
CLOCKS = {"numpy": "cpu_seconds", "numba": "cpu_seconds", "keras": "seconds", "c": "cpu_seconds"}
# Where the activation calls are timed without a loop around them that costs as much.
_SHARES = ("numpy", "numba")
# What a table of `savings` is recorded with.
COLUMNS = {
    "step_ms": "ms",
    "saving": {"unit": "%", "low": "low", "high": "high"},
    "floor": "%",
    "plain": "%",
    "share": "%",
    "expected": "%",
}
_GROUP = ["framework", "step", "batch"]
_CALLS = {"tanh_calls", "isru_calls"}
NOT_TIMED = Interval(np.nan, np.nan, np.nan)
_RESAMPLES = 10_000


def step_cases(framework: str, units: Sequence[int], batch: int) -> list[dict]:
    """Return the cases: train and predict a batch, and predict one sequence, for each size."""
    return [
        {"framework": framework, "step": step, "batch": size, "units": count}
        for step, size in (("train", batch), ("predict", batch), ("predict", 1))
        for count in units
    ]


def savings(samples: pd.DataFrame, *, margin: float = 0.02, rng: np.random.Generator):
    """Return what ISRU saves of each timed step, in %, beside what its calls alone predict.

    saving = 100 (t_tanh - t_isru) / t_tanh, t the median over processes of their medians.

    Parameters
    ----------
    samples : pandas.DataFrame
        Of `isru.bench.measure` with `isru.studies.timed_steps.step_arms` and `step_cases`.
    margin : float
        Relative difference below which a difference is of no relevance.
    rng : numpy.random.Generator
        For the bootstrap over processes.

    Returns
    -------
    pandas.DataFrame
        Columns framework, step, batch, units; ``step_ms`` (tanh); ``saving``, ``low``, ``high``;
        ``floor`` (0), ``floor_low``, ``floor_high`` (tanh against itself); ``direction`` (a
        word); ``plain``, ``plain_low``, ``plain_high``: the saving of the plain form; ``share``:
        the time of the tanh calls alone in % of the step, which no other activation can save more
        than (NaN for Keras, where the calls need a loop in the graph of their own);
        ``expected``, ``expected_low``, ``expected_high``: the saving that the activation calls
        alone predict, timed on arrays of the step's own shape. NaN where an arm was not timed.
    """
    rows = []
    for group, part in groups(samples, _GROUP, sort=False):
        for units, case in groups(part, ["units"]):
            rows.append(group | units | _savings_row(case, margin, rng))
    return pd.DataFrame(rows)


def _savings_row(case: pd.DataFrame, margin: float, rng: np.random.Generator) -> dict:
    framework = case["framework"].iloc[0]
    clock = CLOCKS[framework]
    times = _process_medians(case, clock)
    plain = expected = NOT_TIMED
    share = np.nan
    band = floor(case, "tanh", "tanh_again", clock=clock, rng=rng)
    if "plain" in times:
        plain = percent_saved(ratio(case, "tanh", "plain", clock=clock, rng=rng))
    found = ratio(case, "tanh", "isru", clock=clock, rng=rng)
    if times.keys() >= _CALLS:
        expected = _bootstrap(times, _expected, rng)
        share = _share(times) if framework in _SHARES else np.nan
    return {
        "step_ms": 1e3 * float(np.median(times["tanh"])),
        **percent_saved(found).columns("saving"),
        **floor_columns(percent_saved(band), 0.0),
        "direction": direction(found, margin=margin),
        **plain.columns("plain", "plain_"),
        "share": share,
        **expected.columns("expected", "expected_"),
    }


def percent_saved(ratio: Interval) -> Interval:
    """Turn a ratio of times, before over after, into what is saved, in %."""
    return ratio.map(lambda value: 100.0 * (1.0 - 1.0 / value))


def floor_columns(band: Interval, nothing: float) -> dict[str, float]:
    """Return an A/A floor as columns of a row: what no effect is, and the ends of the floor."""
    return {"floor": nothing, "floor_low": band.low, "floor_high": band.high}


def slopes(samples: pd.DataFrame, *, arm: str = "isru", rng: np.random.Generator) -> pd.DataFrame:
    """Return how an arm's saving changes with the size: percentage points per doubling of units.

    The slope of the least-squares line of the saving against log2(units), with its interval
    from resampled processes. Columns framework, step, batch, slope, low, high; a group with
    fewer than two sizes is left out.
    """
    rows = []
    for group, part in groups(samples, _GROUP, sort=False):
        by_size = _by_size(part)
        if len(by_size) < 2:
            continue
        flat = {
            f"{label} {units}": times[label]
            for units, times in by_size.items()
            for label in ("tanh", arm)
        }
        found = _bootstrap(flat, partial(_slope, sizes=list(by_size), arm=arm), rng)
        rows.append(group | found.columns("slope"))
    return pd.DataFrame(rows, columns=[*_GROUP, "slope", "low", "high"])


def predicted(table: pd.DataFrame, *, steps: int, tanh_ns: float, isru_ns: float) -> pd.Series:
    """Predict the savings from the cost of one activation in a large array (Amdahl's law).

    The step's own time with tanh is the whole; its 2 N activations per unit of time, sequence
    and layer are the part. The derivatives are taken to cost the same.

    Parameters
    ----------
    table : pandas.DataFrame
        From `savings`.
    steps : int
        Time steps T.
    tanh_ns, isru_ns : float
        ns per element, forward.

    Returns
    -------
    pandas.Series
        %, in the order of the table.
    """
    counts = [layer_count(1, units).activations * steps for units in table["units"]]
    return pd.Series(
        [
            saving(1e6 * row.step_ms, count * row.batch, tanh_ns, isru_ns)
            for count, row in zip(counts, table.itertuples(), strict=True)
        ],
        index=table.index,
    )


def fit_cases(samples: pd.DataFrame, *, features: int, steps: int) -> dict[str, dict[str, float]]:
    """Fit what one predicting step of one sequence costs at any size, for each framework.

    The time per time step with tanh is ``step_ns + unit_ns N + mac_ns M(F, N)``, M the MACs of
    `isru.cost.layer_count`, none negative; what ISRU saves of it is
    ``saved_step_ns + 2 N saved_ns``. Least squares of relative errors.

    Parameters
    ----------
    samples : pandas.DataFrame
        As for `savings`; the cases with ``batch == 1`` are used.
    features, steps : int
        F and T of the timed network.

    Returns
    -------
    dict
        Framework -> the five numbers, ns. A framework with fewer than three sizes is left out.
    """
    fits = {}
    for framework, part in samples[samples["batch"] == 1].groupby("framework"):
        times = _by_size(part)
        if len(times) < 3:
            continue
        units = np.array(list(times), dtype=float)
        tanh, isru = (
            np.array([np.median(one[arm]) for one in times.values()]) * 1e9 / steps
            for arm in ("tanh", "isru")
        )
        macs = np.array([layer_count(features, int(count)).macs for count in units], dtype=float)
        terms = np.stack([np.ones_like(units), units, macs], axis=1) / tanh[:, None]
        # Columns of equal length: the solver stops on absolute tolerances.
        length = np.linalg.norm(terms, axis=0)
        cost = nnls(terms / length, np.ones_like(units))[0] / length
        saved = np.linalg.lstsq(
            np.stack([1 / tanh, 2 * units / tanh], axis=1), (tanh - isru) / tanh, rcond=None
        )[0]
        names = ("step_ns", "unit_ns", "mac_ns", "saved_step_ns", "saved_ns")
        fits[framework] = dict(zip(names, map(float, [*cost, *saved]), strict=True))
    return fits


def _saving(tanh, isru):
    return 100.0 * (tanh - isru) / tanh


def _slope(times, sizes, arm):
    """Return the slope of the least-squares line of the saving against log2(units).

    Summed size by size, so that a resample equal to the whole gives its slope to the last bit.
    """
    centred = np.log2(sizes) - np.mean(np.log2(sizes))
    found = [_saving(times[f"tanh {units}"], times[f"{arm} {units}"]) for units in sizes]
    weights = centred / (centred @ centred)
    return sum(weight * one for weight, one in zip(weights, found, strict=True))


def _share(times):
    return 100.0 * float(np.median(times["tanh_calls"]) / np.median(times["tanh"]))


def _expected(times):
    return 100.0 * (times["tanh_calls"] - times["isru_calls"]) / times["tanh"]


def _by_size(samples: pd.DataFrame) -> dict[int, dict[str, np.ndarray]]:
    """Return the medians of one framework's samples, units by units."""
    clock = CLOCKS[samples["framework"].iloc[0]]
    return {units: _process_medians(case, clock) for units, case in samples.groupby("units")}


def _process_medians(case: pd.DataFrame, clock: str) -> dict[str, np.ndarray]:
    medians = case.groupby(["arm", "process"])[clock].median().unstack()
    return {arm: medians.loc[arm].to_numpy() for arm in medians.index}


def _bootstrap(
    times: dict[str, np.ndarray], statistic: Callable, rng: np.random.Generator
) -> Interval:
    """Return a statistic of the arms' medians over processes, processes resampled together."""
    count = len(next(iter(times.values())))
    drawn = rng.integers(count, size=(_RESAMPLES, count))
    middle = {name: float(np.median(values)) for name, values in times.items()}
    again = {name: np.median(values[drawn], axis=1) for name, values in times.items()}
    low, high = np.quantile(statistic(again), [0.025, 0.975])
    return Interval(float(statistic(middle)), float(low), float(high))
