"""What the C code must compute: the network in float64 NumPy, with any two functions."""

from __future__ import annotations

import numpy as np

from isru.firmware.export import dequantised
from isru.lstm.inputs import in_dtype, read_array


def outputs(network, sequence, activation, gate, *, weights="float32"):
    """Return the output after every step of one sequence, from a state of zero.

    Parameters
    ----------
    network : LSTMNetwork
        Of LSTM or GRU cells. Its weights are used, not its activations.
    sequence : ndarray, shape (T, F)
    activation, gate : callable
        On float64 arrays.
    weights : {"float32", "int8"}
        int8: the rounded weights.

    Returns
    -------
    ndarray of float64, shape (T, C)
    """
    return _run(network, sequence, activation, gate, weights)[0]


def pre_activations(network, sequence) -> dict[str, np.ndarray]:
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
    _, seen = _run(
        network, sequence, network.activation.value, network.recurrent_activation.value, "float32"
    )
    return {name: np.concatenate(parts).astype(np.float32) for name, parts in seen.items()}


def _run(network, sequence, activation, gate, weights):
    source = dequantised(network) if weights == "int8" else network
    arrays = [array.astype(np.float64) for array in source.get_weights()]
    *layers, dense, dense_bias = arrays
    states = [(np.zeros(size), np.zeros(size)) for size in network.hidden_sizes]
    seen, step = {"activation": [], "gate": []}, _STEPS[network.cell]
    found = []
    for x in in_dtype("sequence", read_array("sequence", sequence), np.dtype(float)):
        for number, (h, c) in enumerate(states):
            kernel, recurrent, bias = layers[3 * number : 3 * number + 3]
            x, c, arguments = step(x, h, c, (kernel, recurrent, bias), activation, gate)
            states[number] = x, c
            for name, parts in arguments.items():
                seen[name] += parts
        found.append(x @ dense + dense_bias)
    return np.array(found), seen


def _lstm_step(x, h, c, weights, activation, gate):
    """Return h, c and the arguments of the functions."""
    kernel, recurrent, bias = weights
    z_i, z_f, z_c, z_o = np.split(x @ kernel + h @ recurrent + bias, 4)
    c = gate(z_f) * c + gate(z_i) * activation(z_c)
    return gate(z_o) * activation(c), c, {"activation": [z_c, c], "gate": [z_i, z_f, z_o]}


def _gru_step(x, h, c, weights, activation, gate):
    """Return h, c (as it came: a GRU has none) and the arguments of the functions."""
    kernel, recurrent, bias = weights
    z_u, z_r, z_h = np.split(x @ kernel + bias, 3)
    of_u, of_r, of_h = np.split(recurrent, 3, axis=1)
    z_u, z_r = z_u + h @ of_u, z_r + h @ of_r
    z_h = z_h + (gate(z_r) * h) @ of_h
    u = gate(z_u)
    return u * h + (1 - u) * activation(z_h), c, {"activation": [z_h], "gate": [z_u, z_r]}


_STEPS = {"lstm": _lstm_step, "gru": _gru_step}
