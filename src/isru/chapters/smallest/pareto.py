"""Which models are worth their cost, as far as the trained seeds can tell.

A model's skill is known from a few seeds only. Two models are compared by the differences of
equal seeds, so that what a seed does to both does not count. Where the seeds do not decide, the
answer is "open".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats

from isru.stats import Interval

LEVEL = 0.95
ON, OFF, OPEN = "on", "off", "open"
LIMITS = ("flash", "ram", "cycles")


def mean_interval(values: Sequence[float]) -> Interval:
    """Return a mean with its 95 % interval by Student's t, mean +- t s / sqrt(n).

    Equal values give an interval of width 0; a single one, other than 0, an infinite one.
    """
    values = np.asarray(values, float)
    mean = float(values.mean())
    if not values.any():
        return Interval(0.0, 0.0, 0.0)
    if values.size < 2:
        return Interval(mean, -np.inf, np.inf)
    half = _quantile(values.size) * float(values.std(ddof=1)) / np.sqrt(values.size)
    return Interval(mean, mean - half, mean + half)


@lru_cache
def _quantile(count: int) -> float:
    return float(stats.t.ppf(0.5 + LEVEL / 2, count - 1))


def difference(one: Sequence[float], other: Sequence[float]) -> Interval:
    """Return the mean of ``one - other`` over equal seeds with its interval."""
    return mean_interval(np.subtract(one, other))


def by_cost(points: pd.DataFrame, cost: str) -> list:
    """Return the labels from the cheapest point; equal costs go by flash, RAM, then place."""
    names = list(dict.fromkeys([cost, "flash", "ram"]))
    return list(points.sort_values(names, kind="stable").index)


def front(points: pd.DataFrame, samples: Mapping, *, cost: str = "cycles") -> pd.Series:
    """Say of each point whether it lies on the front of skill against cost.

    Parameters
    ----------
    points : pandas.DataFrame
        Its index names the points; columns ``cost``, ``flash`` and ``ram``.
    samples : mapping of label to array, shape (seeds,)
        Skills, higher is better; the same seeds in the same order for every point.
    cost : str

    Returns
    -------
    pandas.Series of str
        ``"on"``: its skill is surely above that of every cheaper point. ``"off"``: some cheaper
        point (or one of equal cost that `by_cost` puts before it) is surely as good, that is,
        the interval of the difference lies at or above 0. Else ``"open"``. Being on needs every
        comparison, so that it takes no correction for their number; being off needs one of many.
    """
    order, words = by_cost(points, cost), {}
    for place, label in enumerate(order):
        against = [difference(samples[label], samples[cheap]) for cheap in order[:place]]
        if all(gain.low > 0 for gain in against):
            words[label] = ON
        else:
            words[label] = OFF if any(gain.high <= 0 for gain in against) else OPEN
    return pd.Series([words[label] for label in points.index], points.index, name="front")


@dataclass(frozen=True)
class Answer:
    """The cheapest point that reaches what is asked.

    Attributes
    ----------
    label : object
        Of the point.
    skill : Interval
    wanted : float
        The skill asked for.
    surely : bool
        Whether the point's skill is surely as high as asked, not only its mean.
    on_front : bool
        Whether every cheaper point is surely worse than this one.
    doubtful : tuple
        Cheaper points that may reach it as well: the interval does not exclude it.
    """

    label: object
    skill: Interval
    wanted: float
    surely: bool
    on_front: bool
    doubtful: tuple = field(default=())

    @property
    def singled_out(self) -> bool:
        """Whether the seeds decide that this point, and no cheaper one, is the answer."""
        return self.surely and self.on_front and not self.doubtful


def cheapest(
    points: pd.DataFrame,
    samples: Mapping,
    *,
    cost: str = "cycles",
    within: float | None = None,
    least: float | None = None,
    **limits: float | None,
) -> Answer | None:
    """Return the cheapest point whose mean skill reaches what is asked, or None.

    Parameters
    ----------
    points, samples, cost
        As for `front`.
    within : float, optional
        How far below the best mean skill *of the points that fit* the answer may lie; compared
        with the best by pairs.
    least : float, optional
        In place of ``within``: the skill itself.
    **limits : float, optional
        The most ``flash``, ``ram`` and ``cycles``.

    Raises
    ------
    ValueError
        If neither or both of ``within`` and ``least`` are given, or for an unknown limit.
    """
    if (within is None) == (least is None):
        raise ValueError("expected either within or least, got both or neither")
    if unknown := set(limits) - set(LIMITS):
        raise ValueError(f"expected limits of {LIMITS}, got {sorted(unknown)}")
    for name, most in limits.items():
        points = points if most is None else points[points[name] <= most]
    if points.empty:
        return None
    best = max(points.index, key=lambda label: float(np.mean(samples[label])))
    wanted = float(np.mean(samples[best])) - within if least is None else float(least)
    level = np.asarray(samples[best]) - within if least is None else wanted
    order = by_cost(points, cost)
    gaps = {label: mean_interval(np.asarray(samples[label]) - level) for label in order}
    reaching = [label for label in order if gaps[label].estimate >= 0]
    if not reaching:
        return None
    label = reaching[0]
    cheaper = order[: order.index(label)]
    return Answer(
        label,
        mean_interval(samples[label]),
        wanted,
        surely=gaps[label].low >= 0,
        on_front=all(difference(samples[label], samples[c]).low > 0 for c in cheaper),
        doubtful=tuple(c for c in cheaper if gaps[c].high >= 0),
    )
