"""Check of a network's gradients against central differences, for tests and for the reader."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from isru.lstm.network import LSTMNetwork, State


def gradient_check(
    network: LSTMNetwork,
    x: ArrayLike,
    target: ArrayLike,
    *,
    loss: str = "mse",
    rng: np.random.Generator,
    state: State | None = None,
    masks: Sequence[np.ndarray | None] | None = None,
    step: float = 1e-5,
) -> dict[str, float]:
    """Compare each weight array's gradient with a difference quotient in a random direction.

    For the gradient ``g`` of an array of ``n`` weights and a direction ``v`` of ``n`` standard
    normal numbers, the error is ``|(L(w + step v) - L(w - step v)) / (2 step) - g.v| / |g|``:
    ``g.v`` has the standard deviation ``|g|``, so the error is relative to its usual size.
    With the default step a right gradient leaves about 1e-9, truncation and rounding together;
    a wrong term leaves about its share of the gradient. Where an activation has a kink, a
    difference quotient across it is no derivative.

    Parameters
    ----------
    network : LSTMNetwork
        In float64; its weights are the same afterwards, to the last bit.
    x, target, loss, state, masks
        As in :meth:`LSTMNetwork.loss_and_gradients`.
    rng : numpy.random.Generator
        Draws the directions.
    step : float

    Returns
    -------
    errors : dict
        Relative error by the name of the weight array.

    Raises
    ------
    ValueError
        If the network is not in float64.

    Examples
    --------
    >>> from isru.lstm import LSTMNetwork
    >>> network = LSTMNetwork(3, 4, 2, activation="isru", dtype="float64")
    >>> rng = np.random.default_rng(0)
    >>> x, target = rng.standard_normal((5, 6, 3)), rng.standard_normal((5, 2))
    >>> max(gradient_check(network, x, target, rng=rng).values()) < 1e-6
    True
    """
    if network.dtype != np.float64:
        raise ValueError(f"network: expected dtype float64 for a check, got {network.dtype}")
    weights = network.get_weights()
    _, gradients = network.loss_and_gradients(x, target, loss, state, masks=masks)

    def loss_at(index, direction):
        moved = list(weights)
        moved[index] = weights[index] + direction
        network.set_weights(moved)
        return network.backpropagate(x, target, loss, state, masks=masks)[0]

    errors = {}
    for index, (name, gradient) in enumerate(zip(network.weight_names, gradients, strict=True)):
        direction = rng.standard_normal(gradient.shape)
        change = loss_at(index, step * direction) - loss_at(index, -step * direction)
        difference = abs(change / (2 * step) - np.vdot(gradient, direction))
        size = np.linalg.norm(gradient)
        errors[name] = float(difference / size) if size else (np.inf if difference else 0.0)
    network.set_weights(weights)
    return errors
