"""Two arms paired by seed: their difference, and whether it is small enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as distributions

from isru.stats.samples import mean_interval, read_sample


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


def _paired(treatment, control) -> np.ndarray:
    first, second = read_sample(treatment, "treatment"), read_sample(control, "control")
    if first.size != second.size or first.size < 2:
        raise ValueError(
            f"expected at least 2 pairs, got {first.size} treatment and {second.size} control"
        )
    return first - second
