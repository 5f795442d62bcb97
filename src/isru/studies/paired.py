"""Compare arms with the baseline by pairs of equal seeds, and say in a word what came out."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.stats import ttest_1samp

from isru.stats import groups, holm, paired_difference, tost

BASELINE = "tanh"
CONTROL = "identity"
ALPHA = 0.05
APART = {True: "told apart", False: "not told apart"}
FEWEST = 6  # the interval of fewer pairs never covers 95 %, so that they decide nothing


@dataclass(frozen=True)
class Metric:
    """A column of the rows, and the smallest difference in it that would matter.

    Attributes
    ----------
    column, target : str
        The column, and the task whose rows have it.
    margin : float
        In the metric's unit, or in % of the baseline's value where ``relative``.
    relative : bool
    unit : str
    """

    column: str
    target: str
    margin: float
    relative: bool
    unit: str


METRICS = {
    "skill": Metric("skill", "change", 0.5, relative=False, unit="pp"),
    "accuracy": Metric("accuracy", "rain", 0.5, relative=False, unit="pp"),
    "loss": Metric("loss", "rain", 1.0, relative=True, unit="%"),
}


def differences(rows: pd.DataFrame) -> pd.DataFrame:
    """Return arm minus baseline for each metric, size, arm and seed.

    Parameters
    ----------
    rows : pandas.DataFrame
        Test rows of `isru.studies.forecaster.quality`.

    Returns
    -------
    pandas.DataFrame
        Columns metric, units, arm, seed, difference. A seed that one of the two arms lacks is
        left out.
    """
    found = []
    for name, metric in METRICS.items():
        part = rows[rows["target"] == metric.target]
        if part.empty:
            continue
        wide = part.pivot(index=["units", "seed"], columns="arm", values=metric.column)
        for arm in part["arm"].unique():
            if arm == BASELINE:
                continue
            both = wide[[BASELINE, arm]].dropna()
            change = both[arm] - both[BASELINE]
            if metric.relative:
                change = 100.0 * change / both[BASELINE]
            found.append(change.rename("difference").reset_index().assign(metric=name, arm=arm))
    columns = ["metric", "units", "arm", "seed", "difference"]
    if not found:
        return pd.DataFrame(columns=columns)
    return pd.concat(found, ignore_index=True)[columns]


def compare(pairs: pd.DataFrame, *, rng: np.random.Generator | None = None) -> pd.DataFrame:
    """Test every arm against the baseline: equivalent within the metric's margin, or different.

    Parameters
    ----------
    pairs : pandas.DataFrame
        From `differences`.
    rng : numpy.random.Generator, optional
        Not used, and kept until the next run: the interval of a mean draws nothing.

    Returns
    -------
    pandas.DataFrame
        One row a metric, size and arm: n, ``mean`` with the ends ``low``, ``high`` of its 95 %
        interval, ``median``, ``sd``, ``p``: of the mean at the margin where the whole interval
        lies beyond it, else of the two one-sided tests; ``p_holm``, adjusted for all sizes and
        metrics of that arm; and ``word``, where the adjusted p is below 5 %: "better" or "worse"
        beyond the margin, else "equivalent"; "undecided" for any other, and always with fewer
        than `FEWEST` pairs. Better means a lower loss. An arm with a single pair is left out.
    """
    found = []
    for group, part in groups(pairs, ["metric", "units", "arm"], sort=False):
        if len(part) < 2:
            continue
        values, none = part["difference"].to_numpy(), np.zeros(len(part))
        summary = asdict(paired_difference(values, none))
        margin = METRICS[group["metric"]].margin
        if summary["low"] > margin or summary["high"] < -margin:
            p = _p_at(values, math.copysign(margin, summary["mean"]))
        else:
            p = tost(values, none, margin=margin, alpha=ALPHA).p
        found.append(group | summary | {"p": p})
    table = pd.DataFrame(found)
    if table.empty:
        return table
    table["p_holm"] = table.groupby("arm")["p"].transform(lambda p: holm(p.to_numpy()))
    table["word"] = [_word(row) for row in table.itertuples()]
    return table


def evidence(table: pd.DataFrame) -> pd.DataFrame:
    """Return a comparison with each row's unit, and whether the identity is told apart, in words.

    ``control``, the column of these words, decides nothing: the identity is no control, as it
    does well where a task barely needs a network. The difference of an identity of fewer than
    `FEWEST` pairs is left out. Kept until the next run.
    """
    if table.empty:
        return table
    table = table.copy()
    table.loc[(table["arm"] == CONTROL) & (table["n"] < FEWEST), ["mean", "low", "high"]] = np.nan
    table["unit"] = [METRICS[metric].unit for metric in table["metric"]]
    cases = zip(table["metric"], table["units"], strict=True)
    table["control"] = [APART[told_apart(table, *case)] for case in cases]
    return table


def told_apart(table: pd.DataFrame, metric: str, units: int) -> bool:
    """Return whether the task tells the identity from the baseline.

    True if the whole interval of the identity's difference lies beyond the margin. No verdict
    rests on it.
    """
    chosen = (table["metric"] == metric) & (table["units"] == units) & (table["arm"] == CONTROL)
    found = table[chosen]
    return bool(len(found)) and found["word"].iloc[0] in ("better", "worse")


def with_control(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of `compare` with ``control``, as in `evidence`. Kept until the next run."""
    told = [told_apart(table, row.metric, row.units) for row in table.itertuples()]
    return table.assign(control=[APART[one] for one in told])


def difference_columns(unit: str) -> dict[str, dict]:
    """Return what a table of `compare` is recorded with, for differences in ``unit``."""
    return {
        "mean": {"unit": unit, "low": "low", "high": "high"},
        "median": {"unit": unit, "rtol": 1.0},
        "sd": {"unit": unit, "rtol": 1.0},
        "p": {"atol": 0.05},
        "p_holm": {"atol": 0.05},
    }


def _p_at(values: np.ndarray, mean: float) -> float:
    """Return the two-sided p of a mean; values without any spread leave no doubt."""
    return float(ttest_1samp(values, mean).pvalue) if np.ptp(values) else 0.0


def _word(row) -> str:
    margin = METRICS[row.metric].margin
    if row.n < FEWEST or row.p_holm >= ALPHA:
        return "undecided"
    upwards, downwards = row.low > margin, row.high < -margin
    if not upwards and not downwards:
        return "equivalent"
    return "better" if upwards != (row.metric == "loss") else "worse"
