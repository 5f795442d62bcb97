"""Starting weights: Keras's defaults, drawn in float64 so that every precision starts alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def glorot_uniform(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Draw a matrix uniformly from +-sqrt(6 / (rows + columns)).

    References
    ----------
    Glorot, X. and Bengio, Y. (2010), Understanding the difficulty of training deep feedforward
    neural networks, AISTATS, equation 16.
    """
    limit = np.sqrt(6.0 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns))


def orthogonal(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Draw a matrix with orthonormal rows (``rows <= columns``), uniformly distributed.

    References
    ----------
    Saxe, A. M., McClelland, J. L. and Ganguli, S. (2014), Exact solutions to the nonlinear
    dynamics of learning in deep linear neural networks, ICLR.
    """
    q, r = np.linalg.qr(rng.standard_normal((columns, rows)))
    return (q * np.sign(np.diag(r))).T


def lstm_weights(rng: np.random.Generator, input_size: int, units: int) -> list[np.ndarray]:
    """Draw kernel, recurrent kernel and bias of an LSTM layer, gates in Keras's order.

    Glorot-uniform over all four gates together, orthogonal, and zero but for the forget gate's
    bias, which is one.
    """
    bias = np.zeros(4 * units)
    bias[units : 2 * units] = 1.0
    kernel = glorot_uniform(rng, input_size, 4 * units)
    return [kernel, orthogonal(rng, units, 4 * units), bias]


def dense_weights(rng: np.random.Generator, units: int, output_size: int) -> list[np.ndarray]:
    """Draw kernel (Glorot-uniform) and bias (zero) of a dense layer."""
    return [glorot_uniform(rng, units, output_size), np.zeros(output_size)]


def network_weights(
    rng: np.random.Generator,
    input_size: int,
    hidden_sizes: Sequence[int],
    output_size: int,
    draw: Callable[[np.random.Generator, int, int], list[np.ndarray]] = lstm_weights,
) -> list[np.ndarray]:
    """Draw all weights of a network, layer by layer, in the order of ``get_weights``.

    ``draw(rng, input_size, units)`` draws those of one layer.
    """
    weights: list[np.ndarray] = []
    size = input_size
    for units in hidden_sizes:
        weights += draw(rng, size, units)
        size = units
    return weights + dense_weights(rng, size, output_size)
