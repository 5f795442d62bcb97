"""Windows of a time series for forecasting: parts in time order, no leakage between them.

A window is ``window`` hours of inputs, the hours ``s .. s + window - 1``, and a target at most
``horizon`` hours later, so that it touches the hours ``s .. s + window + horizon - 1``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of each feature, of the training part only.

    Attributes
    ----------
    mean, scale : ndarray, shape (F,)
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> Scaler:
        """Return the scaler of rows ``(n, F)``; NaN is left out, a constant keeps its unit.

        Raises
        ------
        ValueError
            If there are no rows, or a feature has no value at all.
        """
        known = np.isfinite(values)
        if values.ndim != 2 or not known.any(axis=0).all():
            raise ValueError(
                f"expected rows (n, F) with a value in every feature, got shape {values.shape} "
                f"with {known.sum(axis=0)} known values; use more hours for the training part"
            )
        deviation = np.nanstd(values, axis=0)
        return cls(np.nanmean(values, axis=0), np.where(deviation > 0, deviation, 1.0))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Return ``(values - mean) / scale``."""
        return (values - self.mean) / self.scale


def parts_in_time(hours: int, shares: Sequence[float], gap: int) -> tuple[slice, ...]:
    """Cut ``hours`` into consecutive parts with ``gap`` unused hours between neighbours.

    Parameters
    ----------
    hours : int
    shares : sequence of float
        Positive; the parts' lengths relative to each other, in time order.
    gap : int
        Hours that belong to no part, between each two.

    Returns
    -------
    tuple of slice
        One for each share.

    Raises
    ------
    ValueError
        If a share is not positive, or so few hours are left that a part would be empty.
    """
    if min(shares) <= 0 or gap < 0:
        raise ValueError(f"expected positive shares and a gap >= 0, got {list(shares)} and {gap}")
    left = hours - gap * (len(shares) - 1)
    ends = np.floor(np.cumsum(shares) / np.sum(shares) * left + 1e-9).astype(int)
    starts = np.concatenate([[0], ends[:-1]])
    if left <= 0 or np.any(ends == starts):
        raise ValueError(
            f"expected enough hours for {len(shares)} parts with gaps of {gap}, got {hours}; "
            "use more hours, a shorter window or fewer parts"
        )
    return tuple(
        slice(int(start) + k * gap, int(end) + k * gap)
        for k, (start, end) in enumerate(zip(starts, ends, strict=True))
    )


def carry_forward(values: np.ndarray, limit: int) -> np.ndarray:
    """Fill each gap with the last value before it, at most ``limit`` steps long.

    Only the past is used, as a forecaster would have to. In a longer gap the first ``limit``
    steps are filled and the rest stays NaN.

    Parameters
    ----------
    values : ndarray, shape (T, F)
        NaN where unknown.
    limit : int
        0 fills nothing.
    """
    steps = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(values), steps, -1), axis=0)
    near = (last >= 0) & (steps - last <= limit)
    filled = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(near, filled, np.nan)


def window_starts(usable: np.ndarray, window: int, part: slice, horizon: int) -> np.ndarray:
    """Return the first hour of every window that lies in a part and has no unusable input.

    Parameters
    ----------
    usable : ndarray of bool, shape (T,)
        Whether all inputs of that hour are known.
    window, horizon : int
        Hours of input and hours ahead, both >= 1; inputs and target lie within ``part``.
    part : slice
        With start and stop.

    Returns
    -------
    ndarray of int, shape (n,)
        In time order; perhaps empty.
    """
    if window < 1 or horizon < 1:
        raise ValueError(f"expected window and horizon >= 1, got {window} and {horizon}")
    starts = np.arange(part.start, part.stop - window - horizon + 1)
    gaps = np.concatenate([[0], np.cumsum(~usable)])
    return starts[gaps[starts + window] == gaps[starts]]
