"""Paired differences with intervals over seeds and over days, where `paired` has seeds alone.

Another seed is another network on the same test part; another stretch of days is another test
part. A forecast for other weather meets both.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from isru.stats import groups, seeds_and_days
from isru.studies.paired import BASELINE, METRICS

BLOCK = 7
"""Days that are drawn together: weather lasts longer than one."""


def over_seeds_and_days(
    rows: pd.DataFrame, days: pd.DataFrame, *, rng: np.random.Generator
) -> pd.DataFrame:
    """Compare every arm with the baseline, over seeds and over blocks of days.

    Parameters
    ----------
    rows : pandas.DataFrame
        Test rows of `isru.studies.forecaster.quality`.
    days : pandas.DataFrame
        From `isru.studies.forecaster.days_of_test`.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        ``metric``, ``units``, ``arm``, ``n`` pairs, ``mean`` difference with the ends ``low`` and
        ``high`` of its 95 % interval (`isru.stats.seeds_and_days`), ``unit``. The means are those
        of `isru.studies.paired.compare`. An arm with a single pair is left out.
    """
    found = []
    for name, metric in METRICS.items():
        chosen = rows[rows["target"] == metric.target]
        for group, part in groups(chosen, ["units"], sort=False):
            base = part[part["arm"] == BASELINE].set_index("seed")
            for arm in part["arm"].unique():
                other = part[part["arm"] == arm].set_index("seed")
                seeds = base.index.intersection(other.index)
                if arm == BASELINE or len(seeds) < 2:
                    continue
                sums = _sums(name, base.loc[seeds], other.loc[seeds], days)
                mean = seeds_and_days(*sums, block=BLOCK, rng=rng).map(lambda share: 100 * share)
                row = {"metric": name, **group, "arm": arm, "n": len(seeds)}
                found.append(row | mean.columns("mean") | {"unit": metric.unit})
    return pd.DataFrame(found)


def _sums(metric: str, base, other, days) -> tuple[np.ndarray, np.ndarray]:
    """Return what a difference is the share of: both by day, the first (or both) by seed, too."""
    if metric == "accuracy":
        return _by_day(other["day_right"]) - _by_day(base["day_right"]), days["windows"].to_numpy()
    ours, theirs = _by_day(other["day_losses"]), _by_day(base["day_losses"])
    if metric == "skill":
        return theirs - ours, days["persistence"].to_numpy()
    return ours - theirs, theirs


def _by_day(texts: pd.Series) -> np.ndarray:
    """Return the sums that rows hold as text, shape (seeds, days)."""
    return np.array([text.split() for text in texts], dtype=float)
