"""A nonlinear filter with a memory of ten steps, driven by noise."""

from __future__ import annotations

import numpy as np

from isru.chapters.accuracy.tasks.entry import Part, Split, Task, draws

_VALUES, _SETTLING = 4600, 200
_STEPS = 20
_PARTS = (slice(0, 2400), slice(2430, 3200), slice(3230, 4379))  # no window reaches into another
_HIGHEST = 0.5  # of the input, which is uniform from 0 on
_DIVERGED = 1.0


def narma10(inputs: np.ndarray) -> np.ndarray:
    """Return what the filter answers to inputs u, the first ten answers being 0.

    y(t+1) = 0.3 y(t) + 0.05 y(t) (y(t) + ... + y(t-9)) + 1.5 u(t-9) u(t) + 0.1

    References
    ----------
    Atiya, A. F. and Parlos, A. G. (2000), New results on recurrent network training, IEEE
    Transactions on Neural Networks 11, 697-709, equation 86.
    """
    u, y = inputs.tolist(), [0.0] * len(inputs)
    for t in range(9, len(u) - 1):
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * sum(y[t - 9 : t + 1]) + 1.5 * u[t - 9] * u[t] + 0.1
    return np.array(y)


def _driven(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and answers after the start is forgotten; drawn again where they run away."""
    while True:
        inputs = rng.uniform(0, _HIGHEST, _VALUES)
        answers = narma10(inputs)
        if answers.max() <= _DIVERGED:
            return inputs[_SETTLING:], answers[_SETTLING:]


def split(seed: int) -> Split:
    """Return windows of the input with the answer to their last value, in three parts in time."""
    inputs, answers = _driven(draws(seed))
    scaled = (inputs - _HIGHEST / 2) / (_HIGHEST / np.sqrt(12))  # of a uniform variable
    starts = np.arange(len(inputs) - _STEPS)
    windows = scaled[starts[:, None] + np.arange(_STEPS)][..., None].astype(np.float32)
    targets = answers[starts + _STEPS][:, None]
    trained = targets[_PARTS[0]]
    targets = ((targets - trained.mean()) / trained.std()).astype(np.float32)
    return Split(*(Part(windows[part], targets[part]) for part in _PARTS))


NARMA = Task(
    name="narma",
    label="NARMA-10",
    split=split,
    units=16,
    loss="log_mse",
    epochs=30,
    batch=32,
    classes=0,
    overlap=0,
    about=(
        "Compute what an unknown filter with a memory of ten steps answers to random inputs. "
        "Whoever replaces a sensor or a model of a plant by a network that learned it, does this."
    ),
    source="generated (Atiya and Parlos 2000)",
)
