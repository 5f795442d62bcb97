"""Intervals, paired differences, equivalence, multiplicity: how a number gets its uncertainty.

Two calls with equal generators give equal results. All but `groups` and `by_group`, which walk
through tables, take plain arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as distributions

from isru.arrays import read_array

if TYPE_CHECKING:
    import pandas as pd

STATISTICS = ("mean", "median")
_NORMAL_95 = float(distributions.norm.ppf(0.975))


class Interval(NamedTuple):
    """An estimate with the ends of its interval, all in one unit."""

    estimate: float
    low: float
    high: float

    def contains(self, value: float) -> bool:
        """Return whether ``value`` lies between the ends (ends included)."""
        return self.low <= value <= self.high

    def columns(self, name: str, ends: str = "") -> dict[str, float]:
        """Return the three numbers as ``name``, ``{ends}low`` and ``{ends}high`` of a row."""
        return {name: self.estimate, f"{ends}low": self.low, f"{ends}high": self.high}

    def map(self, function: Callable[[float], float]) -> Interval:
        """Return the interval of a rising function of what is estimated."""
        return Interval(*(function(value) for value in self))

    def widened(self, error: float) -> Interval:
        """Return the interval of 95 % with one more independent source of that standard error."""
        more = _NORMAL_95 * error
        low, high = self.estimate - self.low, self.high - self.estimate
        ends = math.hypot(low, more), math.hypot(high, more)
        return Interval(self.estimate, self.estimate - ends[0], self.estimate + ends[1])


@dataclass(frozen=True)
class PairedDifference:
    """Summary of n paired differences: mean with Student's interval, median, sd (n - 1)."""

    n: int
    mean: float
    low: float
    high: float
    median: float
    sd: float


@dataclass(frozen=True)
class Equivalence:
    """Outcome of two one-sided tests; ``low`` to ``high`` is the 1 - 2 alpha interval."""

    n: int
    mean: float
    low: float
    high: float
    margin: float
    p: float
    passes: bool


def bootstrap_interval(
    sample: ArrayLike,
    *,
    statistic: str = "median",
    level: float = 0.95,
    resamples: int = 10_000,
    rng: np.random.Generator,
) -> Interval:
    """Return a statistic of a sample with its interval: a median's by bootstrap, a mean's by t.

    The ends of a median's interval are the (1 - level)/2 and (1 + level)/2 quantiles of the
    median over samples drawn with replacement. It is too narrow for very few values: it never
    leaves their range, which holds the median with probability 1 - 2^(1 - n), so that 95 % needs
    at least n = 6. A mean has `mean_interval`, because a bootstrap of it covers too little: at
    95 %, 86 % for n = 6 and 90 % for n = 12.

    Parameters
    ----------
    sample : array_like, shape (n,)
        Finite, n >= 1. One value gives a median's interval of width 0.
    statistic : {"mean", "median"}
    level : float
        Coverage, between 0 and 1.
    resamples, rng
        Of the bootstrap; a mean draws nothing.

    Raises
    ------
    ValueError
        If the sample is empty, not one-dimensional or not finite, or the statistic unknown.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> interval = bootstrap_interval([3.0, 5.0, 4.0, 6.0, 5.0, 4.0], rng=rng)
    >>> interval.estimate, interval.contains(4.0)
    (4.5, True)
    """
    values = _sample(sample, "sample")
    if statistic not in STATISTICS:
        raise ValueError(f"expected a statistic of {STATISTICS}, got {statistic!r}")
    if statistic == "mean":
        return mean_interval(values, level=level)
    drawn = values[rng.integers(values.size, size=(resamples, values.size))]
    return Interval(float(np.median(values)), *_range(np.median(drawn, axis=1), level))


def mean_interval(sample: ArrayLike, *, level: float = 0.95) -> Interval:
    """Return a sample's mean with Student's interval: mean +- t s / sqrt(n).

    t is the (1 + level)/2 quantile of Student's distribution with n - 1 degrees of freedom, s the
    standard deviation (n - 1). It covers as stated for normal values, and for others nearly so:
    much better than a bootstrap of few. One value tells nothing of its spread: its ends are NaN.

    Parameters
    ----------
    sample : array_like, shape (n,)
        Finite, n >= 1.
    level : float
        Coverage, between 0 and 1.

    References
    ----------
    Student 1908, DOI 10.2307/2331554.

    Examples
    --------
    >>> [round(end, 2) for end in mean_interval([3.0, 5.0, 4.0, 6.0, 5.0, 4.0])]
    [4.5, 3.4, 5.6]
    """
    values = _sample(sample, "sample")
    mean = float(np.mean(values))
    if values.size < 2:
        return Interval(mean, math.nan, math.nan)
    error = float(np.std(values, ddof=1) / np.sqrt(values.size))
    return _student(mean, error, values.size - 1, level)


def seeds_and_days(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    block: int = 7,
    level: float = 0.95,
    resamples: int = 2_000,
    rng: np.random.Generator,
) -> Interval:
    """Return the mean over seeds of a ratio of sums over one test series, for other days, too.

    With n and d the sums of a seed over one day of the series, the estimate is the mean over
    seeds of sum(n) / sum(d). Its variance has two parts. Over seeds, s^2 / S. Over days, that of
    the estimate when days are drawn anew in blocks of neighbours, round the end of the series,
    and for all seeds the same: days that follow each other are alike, and their seeds share the
    weather. The interval is Student's with the degrees of freedom of the sum (Satterthwaite):
    S - 1 for the seeds, days / block - 1 for the days.

    Parameters
    ----------
    numerator : array_like, shape (S, D)
        Of each seed and day, the days in the order of time; S >= 2.
    denominator : array_like, shape (D,) or (S, D)
        Of each day, such as the error of a forecast that knows nothing, or 1 for a mean over days.
    block : int
        Days of a block, at most D / 2. Longer than what a day remembers of those before.
    level, resamples, rng
        As for `bootstrap_interval`.

    Raises
    ------
    ValueError
        If a shape does not fit, a number is not finite, or a denominator's sum is not positive.

    Notes
    -----
    Days and seeds are taken as independent sources; what they do together is small beside both
    and is counted with the days.

    References
    ----------
    Politis & Romano 1992 (the circular block bootstrap); Satterthwaite 1946, DOI 10.2307/3002019.

    Examples
    --------
    >>> errors = np.random.default_rng(0).normal(1, 0.1, size=(10, 70))
    >>> found = seeds_and_days(errors, np.ones(70), rng=np.random.default_rng(1))
    >>> found.low < 1 < found.high
    True
    """
    upper, lower = _by_day(numerator, denominator)
    seeds, days = upper.shape
    if not 1 <= block <= days / 2:
        raise ValueError(f"expected a block of 1 to {days // 2} days, half of them, got {block}")
    ratios = upper.sum(axis=1) / lower.sum(axis=1)
    among_seeds = float(np.var(ratios, ddof=1)) / seeds
    starts = rng.integers(days, size=(resamples, math.ceil(days / block)))
    drawn = (starts[:, :, None] + np.arange(block)).reshape(resamples, -1)[:, :days] % days
    again = [np.mean(upper[:, some].sum(axis=1) / lower[:, some].sum(axis=1)) for some in drawn]
    # Blocks scatter about the series' own mean: too little by what a block is of the series.
    among_days = float(np.var(again, ddof=1)) * days / (days - block)
    parts = (among_seeds, seeds - 1), (among_days, days / block - 1)
    variance = among_seeds + among_days
    spread = sum(part**2 / freedom for part, freedom in parts)
    freedom = variance**2 / spread if spread else 1.0
    return _student(float(np.mean(ratios)), math.sqrt(variance), freedom, level)


def ratio_of_medians(
    numerator: Sequence,
    denominator: Sequence,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    rng: np.random.Generator,
) -> Interval:
    """Return the ratio of two medians with its bootstrap interval over processes.

    The effect is the median of the numerator's process medians over the denominator's. A
    resample draws processes, both arms together, because what disturbs a process disturbs both;
    measurements within a process share its memory layout and are no independent evidence
    (Kalibera & Jones 2013). Fewer than 6 processes cover less than 95 % (`bootstrap_interval`).

    Parameters
    ----------
    numerator, denominator : sequence of P array_like
        Positive times of each process, in the same order of processes; any number of them.
    level, resamples, rng
        As for `bootstrap_interval`.

    Raises
    ------
    ValueError
        If the numbers of processes differ, or a time is not positive and finite.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> slow, fast = [[2.0, 2.2]] * 6, [[1.0, 1.1]] * 6  # six processes, two times of each
    >>> ratio_of_medians(slow, fast, rng=rng)
    Interval(estimate=2.0, low=2.0, high=2.0)
    """
    if len(numerator) != len(denominator):
        raise ValueError(
            "expected both arms from the same processes, got "
            f"{len(numerator)} and {len(denominator)} of them"
        )
    upper = _process_medians(numerator, "numerator")
    lower = _process_medians(denominator, "denominator")
    ratios = _resampled_ratios(upper, lower, resamples, rng)
    return Interval(float(np.median(upper) / np.median(lower)), *_range(ratios, level))


def aa_floor(
    pairs: Sequence[tuple[Sequence, Sequence]],
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    rng: np.random.Generator,
) -> Interval:
    """Return the A/A floor: the range of the effect of an arm against itself.

    What `ratio_of_medians` gives over resamples of the processes, pooled over all pairs. The
    labels are exchangeable, so each ratio counts also as its inverse: ``low <= 1 <= high``, and
    ``low = 1 / high`` but for interpolation. It says what this machine can resolve. It stands
    beside a measured effect and is not added to its interval, which holds the same noise already:
    an arm's interval against itself excludes 1 about as often as its level allows.

    Parameters
    ----------
    pairs : sequence of (arm, again)
        One pair a condition; both as `ratio_of_medians` takes them.
    level, resamples, rng
        As for `bootstrap_interval`; ``resamples`` for each pair.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> again = [[1.0], [1.0], [1.0], [1.0], [1.0], [1.0]]
    >>> aa_floor([(again, again)], rng=rng)
    Interval(estimate=1.0, low=1.0, high=1.0)
    """
    medians = [(_process_medians(arm, "arm"), _process_medians(a2, "again")) for arm, a2 in pairs]
    ratios = np.concatenate([_resampled_ratios(*pair, resamples, rng) for pair in medians])
    return Interval(1.0, *_range(np.concatenate([ratios, 1 / ratios]), level))


def paired_difference(
    treatment: ArrayLike, control: ArrayLike, *, level: float = 0.95
) -> PairedDifference:
    """Summarise treatment - control, value by value (the same seed in both arms).

    Parameters
    ----------
    treatment, control : array_like, shape (n,)
        Paired by position; n >= 2.
    level : float
        Coverage of the mean's interval, see `mean_interval`.

    Examples
    --------
    >>> found = paired_difference([2.0, 3.0, 4.0], [1.0, 2.0, 3.0])
    >>> found.n, found.mean, found.low, found.high
    (3, 1.0, 1.0, 1.0)
    """
    differences = _paired(treatment, control)
    interval = mean_interval(differences, level=level)
    return PairedDifference(
        n=differences.size,
        mean=interval.estimate,
        low=interval.low,
        high=interval.high,
        median=float(np.median(differences)),
        sd=float(np.std(differences, ddof=1)),
    )


def tost(
    treatment: ArrayLike, control: ArrayLike, *, margin: float, alpha: float = 0.05
) -> Equivalence:
    """Test by two one-sided paired t tests whether two arms are equivalent within a margin.

    H0: |mean difference| >= margin. With d the mean and s the standard error of the n
    differences, t_low = (d + margin)/s and t_high = (d - margin)/s; p is the larger of
    P(T > t_low) and P(T < t_high), T with n - 1 degrees of freedom. p < alpha exactly when the
    1 - 2 alpha interval d +- t s lies strictly inside +-margin. A standard error of 0 decides
    by d alone.

    Parameters
    ----------
    treatment, control : array_like, shape (n,)
        Paired by position, n >= 2, in the margin's unit.
    margin : float
        Positive: the smallest difference that would matter, fixed beforehand.
    alpha : float
        Level of each one-sided test.

    References
    ----------
    Schuirmann 1987, DOI 10.1007/BF01068419; Lakens 2017, DOI 10.1177/1948550617697177.

    Examples
    --------
    >>> tost([1.0, 2.1, 2.9, 4.0], [1.1, 2.0, 3.0, 3.9], margin=0.5).passes
    True
    """
    if not margin > 0:
        raise ValueError(f"expected a positive margin, got {margin}")
    differences = _paired(treatment, control)
    n, mean = differences.size, float(np.mean(differences))
    error = float(np.std(differences, ddof=1) / np.sqrt(n))
    if error == 0:
        p, half = (0.0 if abs(mean) < margin else 1.0), 0.0
    else:
        above = distributions.t.sf((mean + margin) / error, n - 1)
        below = distributions.t.cdf((mean - margin) / error, n - 1)
        p, half = float(max(above, below)), float(distributions.t.isf(alpha, n - 1) * error)
    return Equivalence(n, mean, mean - half, mean + half, margin, p, p < alpha)


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
        errors = [(one.high - one.low) / (2 * _NORMAL_95) for one in found]
        explained += own * float(np.mean(np.square(errors)))
    return math.sqrt(max(0.0, spread - explained) / freedom) if freedom else 0.0


def holm(p_values: ArrayLike) -> np.ndarray:
    """Return Holm's adjusted p values, in the given order.

    Sorted ascending, the k-th of m (from 0) becomes the largest of (m - j) p_j for j <= k, at
    most 1. Rejecting where the adjusted value is below alpha keeps the chance of any false
    rejection in the family below alpha.

    Parameters
    ----------
    p_values : array_like, shape (m,)
        Between 0 and 1.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6(2), 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = read_array("p values", p_values).astype(float)
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise ValueError(f"expected a list of p values between 0 and 1, got {p_values!r}")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1)
    return adjusted


def groups(
    frame: pd.DataFrame, keys: Sequence[str], *, sort: bool = True
) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Yield each group's keys by name, to begin a row with, and its rows.

    Parameters
    ----------
    frame : pandas.DataFrame
    keys : sequence of str
        Columns; without any all rows are one group.
    sort : bool
        Whether the groups come in the order of their keys, or in that of their first rows.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"units": [10, 10, 25], "time": [1.0, 3.0, 4.0]})
    >>> [(key, len(rows)) for key, rows in groups(frame, ["units"])]
    [({'units': 10}, 2), ({'units': 25}, 1)]
    """
    if not len(keys):
        yield {}, frame
        return
    for values, part in frame.groupby(list(keys), sort=sort, dropna=False):
        yield dict(zip(keys, values, strict=True)), part


def by_group(
    frame: pd.DataFrame,
    keys: Sequence[str],
    column: str,
    *,
    statistic: str = "median",
    name: str = "",
    sort: bool = True,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return a statistic of a column, with its interval, for each group: a table of one row each.

    Parameters
    ----------
    frame, keys, sort
        As for `groups`.
    column : str
        Its numbers within a group are a sample, as for `bootstrap_interval`.
    statistic : {"median", "mean"}
    name : str
        Of the statistic's column; by default that of the statistic.
    rng : numpy.random.Generator
        Drawn from group by group.

    Returns
    -------
    pandas.DataFrame
        The keys, ``n`` (numbers in the group), the statistic, ``low`` and ``high``.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"units": [10, 10, 25], "time": [1.0, 3.0, 4.0]})
    >>> by_group(frame, ["units"], "time", rng=np.random.default_rng(0))["median"].tolist()
    [2.0, 4.0]
    """
    import pandas as pd

    name = name or statistic
    rows = []
    for group, part in groups(frame, keys, sort=sort):
        found = bootstrap_interval(part[column].to_numpy(), statistic=statistic, rng=rng)
        rows.append(group | {"n": len(part)} | found.columns(name))
    return pd.DataFrame(rows, columns=[*keys, "n", name, "low", "high"])


def named(found: Mapping, key: str, name: str) -> pd.DataFrame:
    """Return intervals by name as a table: ``key``, ``name``, ``name_low`` and ``name_high``.

    Parameters
    ----------
    found : dict of {str: Interval}
    key, name : str
        The columns of the names and of the estimates.

    Examples
    --------
    >>> named({"tanh": Interval(2.0, 1.0, 3.0)}, "arm", "ratio")
        arm  ratio  ratio_low  ratio_high
    0  tanh    2.0        1.0         3.0
    """
    import pandas as pd

    rows = [{key: level} | ends.columns(name, f"{name}_") for level, ends in found.items()]
    return pd.DataFrame(rows)


def direction(ratio: Interval, *, margin: float = 0.02) -> str:
    """Return in one word how t_baseline / t_candidate compares.

    An interval above 1 + margin is ``"faster"``, one below 1/(1 + margin) is ``"slower"``, one
    inside the margin is ``"equal"``. Any other is ``"undecided"``.

    Examples
    --------
    >>> direction(Interval(1.2, 1.1, 1.3))
    'faster'
    """
    if ratio.low > 1 + margin:
        return "faster"
    if ratio.high < 1 / (1 + margin):
        return "slower"
    inside = ratio.low >= 1 / (1 + margin) and ratio.high <= 1 + margin
    return "equal" if inside else "undecided"


def _student(estimate: float, error: float, freedom: float, level: float) -> Interval:
    half = float(distributions.t.ppf((1 + _level(level)) / 2, freedom) * error)
    return Interval(estimate, estimate - half, estimate + half)


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, got {level}")
    return level


def _by_day(numerator, denominator) -> tuple[np.ndarray, np.ndarray]:
    """Return both sums as arrays of seeds and days."""
    upper = read_array("numerator", numerator).astype(float)
    lower = read_array("denominator", denominator).astype(float)
    if upper.ndim != 2 or len(upper) < 2 or lower.shape not in (upper.shape, upper.shape[1:]):
        raise ValueError(
            "expected a numerator of at least 2 seeds by days and a denominator of as many days, "
            f"got shapes {upper.shape} and {lower.shape}"
        )
    lower = np.broadcast_to(lower, upper.shape)
    if not (np.all(np.isfinite(upper)) and np.all(np.isfinite(lower))):
        raise ValueError("expected finite sums of each seed and day")
    if not np.all(lower.sum(axis=1) > 0):
        raise ValueError("expected a denominator whose sum over the days is positive")
    return upper, lower


def _range(values: np.ndarray, level: float) -> tuple[float, float]:
    """Return the central ``level`` range of values."""
    low, high = np.quantile(values, [(1 - _level(level)) / 2, (1 + level) / 2])
    return float(low), float(high)


def _sample(values, name: str) -> np.ndarray:
    array = read_array(name, values).astype(float)
    if array.ndim != 1 or array.size == 0 or not np.all(np.isfinite(array)):
        raise ValueError(
            f"{name}: expected a non-empty list of finite numbers, got shape {array.shape} "
            f"with {np.count_nonzero(~np.isfinite(array))} not finite"
        )
    return array


def _resampled_ratios(upper, lower, resamples: int, rng: np.random.Generator) -> np.ndarray:
    drawn = rng.integers(upper.size, size=(resamples, upper.size))
    return np.median(upper[drawn], axis=1) / np.median(lower[drawn], axis=1)


def _process_medians(arm: Sequence, name: str) -> np.ndarray:
    times = [_sample(process, name) for process in arm]
    if not times or min(process.min() for process in times) <= 0:
        raise ValueError(f"{name}: expected positive times from at least one process")
    return np.array([np.median(process) for process in times])


def _paired(treatment, control) -> np.ndarray:
    first, second = _sample(treatment, "treatment"), _sample(control, "control")
    if first.size != second.size or first.size < 2:
        raise ValueError(
            f"expected at least 2 pairs, got {first.size} treatment and {second.size} control"
        )
    return first - second
