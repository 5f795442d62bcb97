"""Memory that training takes, by tracemalloc, which sees every NumPy array."""

from __future__ import annotations

import tracemalloc

import numpy as np

from isru.bench.lstm_arms import CLIP_NORM, SYMBOLS, task
from isru.lstm import Adam, LSTMNetwork, train_step


def peak_ratio(engine: str, units: int, batch: int, steps: int) -> float:
    """Return the peak memory of training, once the network is there, over what it must hold.

    That is the parameters, Adam's two moments, and of one window what its backward pass needs:
    of each step x, h, the four gates, c and activation(c). The data itself does not count.
    """
    _warm_up(engine)
    rng = np.random.default_rng(0)
    _, x, target = task(rng, batch, steps, 1)
    tracemalloc.start()
    try:
        network = LSTMNetwork(SYMBOLS, units, SYMBOLS, return_sequences=True, engine=engine)
        optimizer = Adam()
        tracemalloc.reset_peak()  # drawing the weights takes float64 arrays for a moment
        for _ in range(2):
            train_step(network, optimizer, x, target, "cross_entropy", clip_norm=CLIP_NORM)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    caches = steps * batch * (SYMBOLS + 7 * units)
    return peak / (network.dtype.itemsize * (3 * network.parameters.size + caches))


def arrays_per_step(engine: str, units: int = 500) -> float:
    """Return how many arrays (B, H) training makes for each further time step.

    From the peaks of updates over windows of 10 and 110 steps, after one update of each; what
    the window's own input takes is subtracted.
    """
    network, optimizer = LSTMNetwork(2, units, 1, engine=engine), Adam()
    peaks = []
    for steps in (10, 110):
        x, target = np.zeros((1, steps, 2), np.float32), np.zeros((1, 1), np.float32)
        train_step(network, optimizer, x, target)
        tracemalloc.start()
        try:
            train_step(network, optimizer, x, target)
            peaks.append(tracemalloc.get_traced_memory()[1] - x.nbytes)
        finally:
            tracemalloc.stop()
    return max(0.0, (peaks[1] - peaks[0]) / 100) / (units * network.dtype.itemsize)


def _warm_up(engine: str) -> None:
    """Compile, and import what is imported late."""
    for batch in (1, 2):
        network, x, target = task(np.random.default_rng(0), batch, 2, 3, engine=engine)
        train_step(network, Adam(), x, target, "cross_entropy", clip_norm=CLIP_NORM)
