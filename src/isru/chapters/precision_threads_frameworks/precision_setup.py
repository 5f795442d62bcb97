"""A stacked network's step in either precision, to be timed; imports little, as a worker must."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from isru.lstm import Adam, LSTMNetwork, train_step

_LEARNING_RATE = 1e-6  # thousands of timed updates leave the network where it started


def setup_stack(
    *,
    rng: np.random.Generator,
    layers: int,
    units: int,
    step: str,
    dtype: str,
    activation: str = "tanh",
    batch: int = 1,
    steps: int = 24,
    features: int = 87,
) -> Callable[[], object]:
    """Return a call that makes one update of a stacked network, or its forward pass alone.

    Parameters
    ----------
    rng : numpy.random.Generator
    layers, units, batch, steps, features : int
        L, H, B, T, F.
    step : {"train", "predict"}
    dtype : {"float32", "float64"}
    activation : str
    """
    shape = features, [units] * layers, 1
    network = LSTMNetwork(*shape, activation=activation, dtype=dtype, rng=rng)
    x = rng.standard_normal((batch, steps, features)).astype(dtype)
    target = rng.standard_normal((batch, 1)).astype(dtype)
    if step == "predict":
        return lambda: network.forward(x)
    optimizer = Adam(_LEARNING_RATE)
    return lambda: train_step(network, optimizer, x, target)
