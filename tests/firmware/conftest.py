"""A C compiler for the host, from the pinned package, and small networks."""

import ctypes
import subprocess

import numpy as np
import pytest
from c_warnings import WARNINGS

from isru.emulator.toolchain import compiler_command
from isru.lstm import LSTMNetwork


@pytest.fixture(scope="session")
def host_library(tmp_path_factory):
    """Return a function that compiles C texts for this machine and loads them."""

    def build(files, libraries=("-lm",)):
        folder = tmp_path_factory.mktemp("host")
        for name, text in files.items():
            (folder / name).write_text(text)
        sources = [name for name in files if name.endswith(".c")]
        flags = ["-std=c99", "-O1", "-fno-math-errno", "-shared", "-fPIC", *WARNINGS]
        command = compiler_command(*flags, "-o", "code.so", *sources, *libraries)
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return ctypes.CDLL(str(folder / "code.so"))

    return build


@pytest.fixture
def make_network():
    """Return a function that makes a network with weights that saturate some gates."""

    def make(activation="isru", recurrent_activation="isru_sigmoid", sizes=(6,), seed=0, **more):
        rng = np.random.default_rng(seed)
        settings = {"activation": activation, "recurrent_activation": recurrent_activation}
        network = LSTMNetwork(3, sizes, 2, return_sequences=True, rng=rng, **settings, **more)
        network.set_weights([2 * array for array in network.get_weights()])
        return network

    return make
