"""What the C code must compute: the network in float64 NumPy, with any two functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from isru.firmware.model import dequantised
from isru.lstm import LSTMNetwork
from isru.lstm.inputs import in_dtype, read_array


def outputs(network, sequence, activation, gate, *, weights="float32"):
    """Return the output after every step, from a state of zero.

    Parameters
    ----------
    network : LSTMNetwork
        Of LSTM or GRU cells. Its weights are used, not its activations.
    sequence : ndarray, shape (..., T, F)
        One sequence, or many of equal length.
    activation, gate : callable
        On float64 arrays.
    weights : {"float32", "int8"}
        int8: the rounded weights.

    Returns
    -------
    ndarray of float64, shape (..., T, C)
    """
    steps = _steps(network, sequence, activation, gate, weights)
    return np.moveaxis(np.array([output for output, _ in steps]), 0, -2)


def pre_activations(network: LSTMNetwork, sequence: ArrayLike) -> dict[str, np.ndarray]:
    """Return the arguments that the activations of a network get over a sequence.

    Parameters
    ----------
    network : LSTMNetwork
    sequence : ndarray, shape (T, F)

    Returns
    -------
    dict of ndarray of float32
        ``activation``: of candidate and output; ``gate``: of the gates. A GRU has no output
        activation, and two gates.
    """
    functions = network.activation.value, network.recurrent_activation.value
    seen: dict[str, list] = {"activation": [], "gate": []}
    for _, arguments in _steps(network, sequence, *functions, "float32"):
        for name, parts in arguments:
            seen[name] += parts
    return {name: np.concatenate(parts).astype(np.float32) for name, parts in seen.items()}


def _steps(network, sequence, activation, gate, weights):
    """Yield the output of each step, and the arguments of the functions, layer by layer."""
    source = dequantised(network) if weights == "int8" else network
    *layers, dense, dense_bias = (array.astype(np.float64) for array in source.get_weights())
    sequence = in_dtype("sequence", read_array("sequence", sequence), np.dtype(float))
    sequence = np.moveaxis(sequence, -2, 0)
    batch = sequence.shape[1:-1]
    states = [(np.zeros((*batch, size)),) * 2 for size in network.hidden_sizes]
    step = _STEPS[network.cell]
    for x in sequence:
        seen = []
        for number, (h, c) in enumerate(states):
            x, c, arguments = step(x, h, c, layers[3 * number : 3 * number + 3], activation, gate)
            states[number] = x, c
            seen += arguments.items()
        yield x @ dense + dense_bias, seen


def _lstm_step(x, h, c, weights, activation, gate):
    """Return h, c and the arguments of the functions."""
    kernel, recurrent, bias = weights
    z_i, z_f, z_c, z_o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    c = gate(z_f) * c + gate(z_i) * activation(z_c)
    return gate(z_o) * activation(c), c, {"activation": [z_c, c], "gate": [z_i, z_f, z_o]}


def _gru_step(x, h, c, weights, activation, gate):
    """Return h, c (as it came: a GRU has none) and the arguments of the functions."""
    kernel, recurrent, bias = weights
    z_u, z_r, z_h = np.split(x @ kernel + bias, 3, axis=-1)
    of_u, of_r, of_h = np.split(recurrent, 3, axis=1)
    z_u, z_r = z_u + h @ of_u, z_r + h @ of_r
    z_h = z_h + (gate(z_r) * h) @ of_h
    u = gate(z_u)
    return u * h + (1 - u) * activation(z_h), c, {"activation": [z_h], "gate": [z_u, z_r]}


_STEPS = {"lstm": _lstm_step, "gru": _gru_step}
