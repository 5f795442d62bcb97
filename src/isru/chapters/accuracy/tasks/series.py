"""Windows of a series with the value some steps ahead: three parts in time, none overlapping."""

from __future__ import annotations

import numpy as np

from isru.chapters.accuracy.tasks.entry import Part, Split

STEPS = 16
"""Values that a window has."""
_SHARES = (0.6, 0.8)  # where training and validation end
_STRIDE = 2  # from one training window to the next; the other parts have every window


def forecast_split(series: np.ndarray, *, step: int, ahead: int) -> Split:
    """Cut a series into windows; its unit is that of its first part, which trains.

    A window and its target lie in one part.

    Parameters
    ----------
    series : ndarray, shape (n,)
    step : int
        From one value of a window to the next.
    ahead : int
        From a window's last value to the target.
    """
    ends = [int(share * len(series)) for share in _SHARES]
    trained = series[: ends[0]]
    scaled = (series - trained.mean()) / trained.std()
    train, validation, test = np.split(scaled.astype(np.float32), ends)
    return Split(
        _windows(train, step, ahead, _STRIDE),
        _windows(validation, step, ahead, 1),
        _windows(test, step, ahead, 1),
    )


def _windows(series: np.ndarray, step: int, ahead: int, stride: int) -> Part:
    last = (STEPS - 1) * step
    starts = np.arange(0, len(series) - last - ahead, stride)
    inputs = series[starts[:, None] + step * np.arange(STEPS)]
    return Part(inputs[..., None], series[starts + last + ahead][:, None])
