"""What an hour adds: by how much runs of one machine differ beyond their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from isru.stats.interval import NORMAL_95, Interval


def between_runs(runs: Sequence[Sequence[Interval | None]]) -> float:
    """Return by how much runs of one machine differ beyond their intervals: a standard deviation.

    Processes of one run share an hour, its frequencies, its neighbours and where memory lies. So
    the same timings are taken in several runs, and what they show is pooled over the timings,
    since few runs of one timing say little. Each timing's variance over its runs, less what the
    runs' own intervals of 95 % explain of it, is what an hour adds; nothing where it is negative.
    Runs are of one machine: another one is no repeat of it.

    Parameters
    ----------
    runs : sequence of R sequences of K intervals
        The same K timings in each run, in one unit, ratios as logarithms; None where a run lacks
        one. A timing of a single run says nothing. 0 if there is no other.

    References
    ----------
    Kalibera & Jones 2013, DOI 10.1145/2464157.2464160: variance at every level of repetition.

    Examples
    --------
    >>> sharp = [[Interval(1.0, 1.0, 1.0)], [Interval(3.0, 3.0, 3.0)]]
    >>> round(between_runs(sharp), 3)
    1.414
    """
    freedom, spread, explained = 0, 0.0, 0.0
    for timing in zip(*runs, strict=True):
        found = [one for one in timing if one is not None]
        if len(found) < 2:
            continue
        own = len(found) - 1
        freedom += own
        spread += own * float(np.var([one.estimate for one in found], ddof=1))
        errors = [(one.high - one.low) / (2 * NORMAL_95) for one in found]
        explained += own * float(np.mean(np.square(errors)))
    return math.sqrt(max(0.0, spread - explained) / freedom) if freedom else 0.0
