"""The mean or the median of a sample, with its interval."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from isru.arrays import read_array
from isru.stats.interval import Interval, central, student

STATISTICS = ("mean", "median")


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
    values = read_sample(sample, "sample")
    if statistic not in STATISTICS:
        raise ValueError(f"expected a statistic of {STATISTICS}, got {statistic!r}")
    if statistic == "mean":
        return mean_interval(values, level=level)
    drawn = values[rng.integers(values.size, size=(resamples, values.size))]
    return Interval(float(np.median(values)), *central(np.median(drawn, axis=1), level))


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
    values = read_sample(sample, "sample")
    mean = float(np.mean(values))
    if values.size < 2:
        return Interval(mean, math.nan, math.nan)
    error = float(np.std(values, ddof=1) / np.sqrt(values.size))
    return student(mean, error, values.size - 1, level)


def read_sample(values, name: str) -> np.ndarray:
    """Return a sample as an array; one that is empty, no list or not finite is refused."""
    array = read_array(name, values).astype(float)
    if array.ndim != 1 or array.size == 0 or not np.all(np.isfinite(array)):
        raise ValueError(
            f"{name}: expected a non-empty list of finite numbers, got shape {array.shape} "
            f"with {np.count_nonzero(~np.isfinite(array))} not finite"
        )
    return array
