"""A name stands for one function, in the registry and in everything that goes by its names."""

import dataclasses

import numpy as np
import pytest

from isru.activations import ACTIVATIONS
from isru.bench import activation_arms, c_loops
from isru.firmware.c_forms import c_form
from isru.firmware.errors import ExportError
from isru.kernels import UFUNCS
from isru.kernels.ufuncs import FAST_BOUNDS
from isru.lstm import LSTMNetwork
from isru.registry import registered

OTHER = dataclasses.replace(ACTIVATIONS["tanh"], kernel=ACTIVATIONS["hard_tanh"].kernel)


def test_another_function_under_a_known_name_makes_no_network():
    with pytest.raises(ValueError, match="another function under the name 'tanh'"):
        LSTMNetwork(2, 3, 1, activation=OTHER)
    flat = dataclasses.replace(ACTIVATIONS["sigmoid"], slope=ACTIVATIONS["hard_sigmoid"].slope)
    with pytest.raises(ValueError, match="another function under the name 'sigmoid'"):
        LSTMNetwork(2, 3, 1, recurrent_activation=flat)
    with pytest.raises(ValueError, match="another function under the name 'tanh'"):
        LSTMNetwork(2, 3, 1, activation="isru", cell_activation=OTHER)


def test_a_function_under_a_name_of_its_own_makes_a_network_that_no_file_takes(tmp_path):
    mine = dataclasses.replace(OTHER, name="my_tanh")
    network = LSTMNetwork(2, 3, 1, activation=mine)
    assert network.forward(np.ones((1, 2, 2)))[0].shape == (1, 1)
    with pytest.raises(ValueError, match=r"expected activations of the registry.*'my_tanh'"):
        network.save(tmp_path / "network.npz")
    with pytest.raises(ExportError, match="activation of the registry, got 'my_tanh'"):
        c_form(mine)


def test_a_member_of_a_family_is_known_with_its_parameters():
    for entry in (ACTIVATIONS["isru"].with_parameters(alpha=0.3), ACTIVATIONS["isru_rsqrt0"]):
        assert registered(entry) is entry
    renamed = dataclasses.replace(ACTIVATIONS["isru"], parameters={"alpha": 2.0, "k": 1.0})
    with pytest.raises(ValueError, match="another function under the name 'isru'"):
        registered(renamed)


def test_no_name_beside_the_registry_is_one_of_its_names():
    beside = [*activation_arms.OPERATIONS, *c_loops.BESIDE, "rsqrt", "copy", "isru_safe"]
    assert not set(beside) & set(ACTIVATIONS)
    assert not {f"{name}_fast" for name in FAST_BOUNDS} & set(ACTIVATIONS)
    assert len(UFUNCS) == len(set(UFUNCS))
