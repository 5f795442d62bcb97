"""What a network answers when all its arithmetic is in integers, over many windows at once.

The kernel of `isru.firmware.integer`, to the bit; the dense layer stays float32, as in the C.
"""

from __future__ import annotations

import numpy as np

from isru.firmware.integer import quantise, run, tables_of
from isru.lstm import LSTMNetwork

INTEGER_ARMS = {("lstm", "tanh"): "integer_tanh", ("lstm", "exp_free"): "integer_isru"}
"""The integer arm for a cell and a family. The kernel has no GRU, and no table of straight lines
is worth its bytes."""


def integer_output(
    network: LSTMNetwork, seen: np.ndarray, inputs: np.ndarray, arm: str
) -> np.ndarray:
    """Return the outputs after each window.

    Parameters
    ----------
    network : LSTMNetwork
    seen : ndarray, shape (m, T, F)
        Training windows, whose largest number sets the scale of the inputs.
    inputs : ndarray, shape (n, T, F)
        Numbers beyond that scale are clipped.
    arm : str
        Of `INTEGER_ARMS`.

    Returns
    -------
    ndarray of float64, shape (n, C)
    """
    model = quantise(network, seen.reshape(-1, seen.shape[2]))
    whole = np.clip(np.rint(inputs / model.input_scale), -127, 127).astype(np.int8)
    hidden = run(model, tables_of(arm), whole)[..., -1, :]
    dense, bias = (array.astype(np.float64) for array in network.get_weights()[-2:])
    return hidden / 128 @ dense + bias
