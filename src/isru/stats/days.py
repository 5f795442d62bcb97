"""What networks of several seeds show on one series of days, for other days, too."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from isru.arrays import read_array
from isru.stats.interval import Interval, student


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
    return student(float(np.mean(ratios)), math.sqrt(variance), freedom, level)


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
