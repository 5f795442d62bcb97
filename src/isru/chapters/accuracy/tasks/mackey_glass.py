"""A delay equation in its chaotic regime, thirty time units ahead."""

from __future__ import annotations

from collections import deque

import numpy as np

from isru.chapters.accuracy.tasks.entry import Split, Task, draws
from isru.chapters.accuracy.tasks.series import forecast_split

DELAY = 17
"""Time units; chaotic from 16.8 on."""
_GAIN, _DECAY, _POWER = 0.2, 0.1, 10
_VALUES = 4200
_SETTLING = 500  # time units after which the start is forgotten


def mackey_glass(start: float, units: int, *, steps: int = 10) -> np.ndarray:
    """Integrate dx/dt = 0.2 x(t - 17) / (1 + x(t - 17)^10) - 0.1 x(t) by Euler's method.

    Parameters
    ----------
    start : float
        x until time 0.
    units : int
        Time units.
    steps : int
        Of the integration in a time unit.

    Returns
    -------
    ndarray, shape (units + 1,)
        x at the times 0, 1, 2, ...

    References
    ----------
    Mackey, M. C. and Glass, L. (1977), Oscillation and chaos in physiological control systems,
    Science 197, 287-289.
    """
    delayed = deque([start] * (DELAY * steps + 1), maxlen=DELAY * steps + 1)
    values = [start]
    for count in range(1, units * steps + 1):
        past, now = delayed[0], delayed[-1]
        delayed.append(now + (_GAIN * past / (1 + past**_POWER) - _DECAY * now) / steps)
        if count % steps == 0:
            values.append(delayed[-1])
    return np.array(values)


def split(seed: int) -> Split:
    """Return the windows of a series whose start the seed draws."""
    start = 1.2 + 0.1 * draws(seed).standard_normal()
    series = mackey_glass(start, _SETTLING + _VALUES - 1)[_SETTLING:]
    return forecast_split(series, step=3, ahead=30)


MACKEY_GLASS = Task(
    name="mackey_glass",
    label="Mackey-Glass",
    split=split,
    units=16,
    loss="log_mse",
    epochs=40,
    batch=32,
    classes=0,
    overlap=0,
    about=(
        "Predict a quantity that answers to its own past with a delay, such as the number of "
        "blood cells, from 16 values. Whoever steers a heater, a pump or a dose meets such a delay."
    ),
    source="generated (Mackey and Glass 1977)",
)
