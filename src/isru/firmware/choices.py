"""What the arguments of the measurements choose: networks, arms, inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from isru.firmware.arms import LSTM_ARMS
from isru.lstm import LSTMNetwork
from isru.lstm.inputs import in_dtype, read_array

FEATURES = 5  # inputs of the networks that are named by their size


def chosen_networks(network, sizes):
    """Return a mapping of arm to network for each size; ``'libm'`` is always there.

    Networks of two cells are refused: the sizes would not tell them apart.
    """
    if (network is None) == (not len(sizes)):
        raise ValueError("expected either a network or sizes, got both or neither")
    if network is None:
        network = [LSTMNetwork(FEATURES, size, 1, rng=np.random.default_rng(0)) for size in sizes]
    several = network if isinstance(network, list | tuple) else [network]
    chosen = [one if isinstance(one, Mapping) else {"libm": one} for one in several]
    cells = sorted({net.cell for networks in chosen for net in networks.values()})
    if len(cells) > 1:
        raise ValueError(f"expected networks of one cell, got {cells}: measure one at a time")
    return chosen


def arm_names(arms, cell="lstm"):
    """Return the names of the arms to measure; a ValueError lists the known ones.

    By default all that the cell has: there is no integer kernel but the LSTM's.
    """
    known = [name for name, arm in LSTM_ARMS.items() if cell == "lstm" or arm.kind != "integer"]
    names = known if arms is None else list(arms)
    for name in names:
        if name not in LSTM_ARMS:
            raise ValueError(f"expected arms of: {', '.join(LSTM_ARMS)}; got {name!r}")
    return names


def input_rows(inputs, network, steps, warm=0):
    """Return the sequence to run, at most ``warm + steps`` rows of float32."""
    if inputs is None:
        inputs = np.random.default_rng(1).standard_normal((warm + steps, network.input_size))
    rows = read_array("inputs", inputs)
    if rows.ndim != 2 or rows.shape[1] != network.input_size:
        raise ValueError(f"inputs: expected shape (T, {network.input_size}), got {rows.shape}")
    rows = in_dtype("inputs", rows[: warm + steps], np.dtype(np.float32))
    rows = np.ascontiguousarray(rows)
    if not 0 <= warm < len(rows):
        raise ValueError(f"warm: expected from 0 to fewer than the {len(rows)} rows, got {warm}")
    return rows


def unit_label(network):
    """Return the units of a network: a number, or text such as ``'32x16'``."""
    sizes = network.hidden_sizes
    return sizes[0] if len(sizes) == 1 else "x".join(map(str, sizes))
