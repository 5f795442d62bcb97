"""An estimate with the ends of its interval, and two ways to come by the ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats as distributions

NORMAL_95 = float(distributions.norm.ppf(0.975))


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
        more = NORMAL_95 * error
        low, high = self.estimate - self.low, self.high - self.estimate
        ends = math.hypot(low, more), math.hypot(high, more)
        return Interval(self.estimate, self.estimate - ends[0], self.estimate + ends[1])


def student(estimate: float, error: float, freedom: float, level: float) -> Interval:
    """Return the interval of an estimate whose error has Student's distribution."""
    half = float(distributions.t.ppf((1 + _level(level)) / 2, freedom) * error)
    return Interval(estimate, estimate - half, estimate + half)


def central(values: np.ndarray, level: float) -> tuple[float, float]:
    """Return the central ``level`` range of values."""
    low, high = np.quantile(values, [(1 - _level(level)) / 2, (1 + level) / 2])
    return float(low), float(high)


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, got {level}")
    return level
