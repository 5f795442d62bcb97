"""What the C code must compute: the network in float64 NumPy, with any two functions."""

from __future__ import annotations

import numpy as np

from isru.embedded.export import dequantised


def outputs(network, sequence, activation, gate, *, weights="float32"):
    """Return the output after every step of one sequence, from a state of zero.

    Parameters
    ----------
    network : LSTMNetwork
        Its weights are used, not its activations.
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
        ``activation``: of candidate and output; ``gate``: of the three gates.
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
    seen = {"activation": [], "gate": []}
    found = []
    for x in np.asarray(sequence, np.float64):
        for number, (h, c) in enumerate(states):
            kernel, recurrent, bias = layers[3 * number : 3 * number + 3]
            z = np.split(x @ kernel + h @ recurrent + bias, 4)
            i, f, o = (gate(part) for part in (z[0], z[1], z[3]))
            c = f * c + i * activation(z[2])
            seen["activation"] += [z[2], c]
            seen["gate"] += [z[0], z[1], z[3]]
            x = o * activation(c)
            states[number] = x, c
        found.append(x @ dense + dense_bias)
    return np.array(found), seen
