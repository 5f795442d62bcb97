"""What the chapter on the LSTM shows: a tiny task, and what a layer has to remember."""

from __future__ import annotations

import numpy as np
import pandas as pd

from isru.lstm import Adam, LSTMNetwork, train


def waves(rng: np.random.Generator, count: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sine waves of random period and phase, and each one's next value.

    Parameters
    ----------
    rng : numpy.random.Generator
    count, steps : int
        B and T.

    Returns
    -------
    x : ndarray of float32, shape (B, T, 1)
        Periods from 6 to 30 steps.
    target : ndarray of float32, shape (B, 1)
    """
    period, phase = rng.uniform(6, 30, (count, 1)), rng.uniform(0, 2 * np.pi, (count, 1))
    values = np.sin(2 * np.pi * np.arange(steps + 1) / period + phase).astype(np.float32)
    return values[:, :-1, None], values[:, -1:]


def learn(
    *, units: int, epochs: int, steps: int, count: int, seed: int, engine: str = "numpy"
) -> tuple[pd.DataFrame, float]:
    """Train a small network on `waves`; return its learning curve and the simplest rival's error.

    Returns
    -------
    curve : pandas.DataFrame
        Columns epoch (1, 2, ...), training, validation: mean squared errors.
    persistence : float
        Error of taking the last value for the next one, on the validation waves.
    """
    rng = np.random.default_rng(seed)
    data, validation = waves(rng, count, steps), waves(rng, count // 4, steps)
    network = LSTMNetwork(1, units, 1, engine=engine, rng=rng)
    history = train(
        network,
        data,
        optimizer=Adam(5e-3),
        batch_size=32,
        epochs=epochs,
        rng=rng,
        validation=validation,
    )
    curve = pd.DataFrame({"training": history.training_loss, "validation": history.validation_loss})
    curve.insert(0, "epoch", range(1, len(curve) + 1))
    x, target = validation
    return curve, float(np.mean((x[:, -1] - target) ** 2))


def memory_table(features: int, sizes, *, steps: int) -> pd.DataFrame:
    """Return how many numbers a layer keeps besides its parameters, for one sequence.

    Parameters
    ----------
    features : int
        F.
    sizes : sequence of int
        Units C.
    steps : int
        T of a training window.

    Returns
    -------
    pandas.DataFrame
        units; ``rule``: input and output, F + C; ``step``: what one step of a running network
        needs, x, h, c and 4 C pre-activations, since h may not change before all gates are
        computed; ``window``: what the backward pass needs of T steps, x, h, c, activation(c) and
        the gates; ``parameters``.
    """
    return pd.DataFrame(
        {
            "units": units,
            "rule": features + units,
            "step": features + 6 * units,
            "window": steps * (features + 7 * units),
            "parameters": 4 * units * (features + units + 1),
        }
        for units in sizes
    )
