"""Small networks whose gates saturate, and sequences for them."""

import numpy as np
import pytest

from isru.lstm import LSTMNetwork

F, C, T = 3, 2, 3


@pytest.fixture
def make_network():
    """Return a function that makes a network of large weights."""

    def make(activation="isru", gate="sigmoid", sizes=(4,), **more):
        rng = np.random.default_rng(0)
        network = LSTMNetwork(
            F, sizes, C, activation=activation, recurrent_activation=gate, rng=rng, **more
        )
        network.set_weights([2 * array for array in network.get_weights()])
        return network

    return make


@pytest.fixture
def sequences():
    return np.random.default_rng(1).standard_normal((6, T, F)).astype(np.float32)
