"""The compiled engine against the NumPy one, against difference quotients, and without Numba."""

import subprocess
import sys

import numpy as np
import pytest

from isru import kernels
from isru.activations import ACTIVATIONS
from isru.lstm import LOSSES, Adam, LSTMNetwork, Stream, gradient_check, train_step
from isru.lstm.losses import COMPILED_LOSSES

pytestmark = pytest.mark.slow

# float64: sums of up to 8 steps x 4 sequences x 30 terms in another order. float32: the same
# sums, sqrt(1000) roundings of 6e-8, relative to the largest element.
AGREE = {"float64": 1e-13, "float32": 4e-6}
F, C, T = 3, 2, 8
GATES = sorted(name for name, e in ACTIVATIONS.items() if e.range[0] >= 0 and e.range[1] <= 1)


def pair(sizes=(5,), **settings):
    """Return two networks of equal weights, by engine."""
    rng = np.random.default_rng(0)
    numpy, numba = (
        LSTMNetwork(F, sizes, C, engine=engine, **settings) for engine in ("numpy", "numba")
    )
    weights = [rng.normal(0, 0.5, array.shape) for array in numpy.get_weights()]
    numpy.set_weights(weights)
    numba.set_weights(weights)
    return numpy, numba


def assert_agree(got, wanted, dtype):
    for one, other in zip(got, wanted, strict=True):
        atol = AGREE[dtype] * np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


def results(network, rng, batch, symbols=False, loss="mse"):
    """Return outputs, states and gradients of two windows, the second from the first's state."""
    shape = (batch, T) if network.return_sequences else (batch,)
    found, state = [], None
    for _ in range(2):
        x = rng.integers(0, F, (batch, T)) if symbols else rng.standard_normal((batch, T, F))
        y = rng.standard_normal((*shape, C)) if loss == "mse" else rng.integers(0, C, shape)
        found += network.loss_and_gradients(x, y, loss, state)[1]
        output, state = network.forward(x, state)
        found += [output, *(array for layer in state for array in layer)]
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("symbols", [False, True])
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("sizes", [(5,), (17, 6)])
def test_engines_agree(sizes, batch, symbols, sequences, dtype):
    networks = pair(sizes, return_sequences=sequences, dtype=dtype)
    loss = "cross_entropy" if symbols else "mse"
    wanted, got = (results(n, np.random.default_rng(1), batch, symbols, loss) for n in networks)
    assert_agree(got, wanted, dtype)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_engines_agree_with_every_activation(name):
    networks = pair(activation=name, dtype="float64")
    wanted, got = (results(n, np.random.default_rng(1), 2) for n in networks)
    assert_agree(got, wanted, "float64")


@pytest.mark.parametrize("name", GATES)
def test_engines_agree_with_every_recurrent_activation(name):
    networks = pair(activation="isru", recurrent_activation=name, dtype="float64")
    wanted, got = (results(n, np.random.default_rng(1), 2) for n in networks)
    assert_agree(got, wanted, "float64")


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("place", ["activation", "recurrent_activation"])
def test_gradients_of_the_compiled_engine(place, batch):
    """Difference quotients, each activation once in each place that takes it."""
    for name in sorted(ACTIVATIONS) if place == "activation" else GATES:
        rng = np.random.default_rng(0)  # no activation's numbers hang on which others there are
        _, network = pair((4, 3), dtype="float64", **{place: name})
        x, target = rng.standard_normal((batch, T, F)), rng.standard_normal((batch, C))
        errors = gradient_check(network, x, target, rng=rng)
        # Derivative of ISRU itself where the value is an approximation of it.
        entry = ACTIVATIONS[name]
        limit = 20 * entry.error if entry.approximates == "isru" else 1e-6
        assert max(errors.values()) < limit, (name, errors)


def test_dropout_and_training_agree(rng):
    networks = pair((5, 4), return_sequences=True, dtype="float64")
    x, target = rng.standard_normal((3, T, F)), rng.standard_normal((3, T, C))
    masks = [2.0 * rng.integers(0, 2, (3, T, 5)), None]
    for network in networks:
        optimizer = Adam()
        for _ in range(20):
            train_step(network, optimizer, x, target, masks=masks, clip_norm=1.0)
    numpy, numba = networks
    np.testing.assert_allclose(numba.parameters, numpy.parameters, rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["tanh", "isru"])
def test_steps_equal_a_sequence(activation, dtype, rng):
    networks = pair((5, 7), activation=activation, return_sequences=True, dtype=dtype)
    x = rng.standard_normal((1, T, F))
    wanted, _ = networks[0].forward(x)
    stream = Stream(networks[1])
    for _ in range(2):
        assert_agree([[stream.step(row).copy() for row in x[0]]], wanted, dtype)
        stream.reset()


def test_a_saved_network_goes_on_in_the_other_engine(tmp_path, rng):
    numpy, _ = pair(activation="isru")
    numpy.save(tmp_path / "network.npz")
    numba = LSTMNetwork.load(tmp_path / "network.npz", engine="numba")
    x = rng.standard_normal((2, T, F))
    assert_agree([numba.forward(x)[0]], [numpy.forward(x)[0]], "float32")


def test_without_numba_the_error_says_how_to_get_it():
    code = "import sys; sys.modules['numba'] = None\n"
    code += "from isru.lstm import LSTMNetwork\n"
    code += "LSTMNetwork(1, 1, 1)\n"
    code += "try:\n    LSTMNetwork(1, 1, 1, engine='numba')\n"
    code += "except ImportError as error:\n    print(error)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'isru[kernels]'" in done.stdout, done.stderr


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_compiled_loss_is_the_loss(dtype, rng):
    """Logits of any size, and more classes than a vector holds."""
    y = (30 * rng.standard_normal((7, 2, 19))).astype(dtype)
    target = rng.integers(0, 19, (7, 2))
    y[0, 0, target[0, 0]] = 1e30
    wanted, dwanted = LOSSES["cross_entropy"](y, target)
    loss, dy = COMPILED_LOSSES["cross_entropy"](y.copy(), target)
    assert loss == pytest.approx(wanted, rel=8 * float(np.finfo(dtype).eps))
    np.testing.assert_allclose(dy, dwanted, rtol=1e-5 if dtype == "float32" else 1e-13, atol=1e-45)
    y[1, 1, 5] = np.nan
    assert np.isnan(COMPILED_LOSSES["cross_entropy"](y, target)[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_compiled_adam_is_adam_bit_for_bit(dtype, rng):
    start, engines = rng.standard_normal(1003).astype(dtype), []
    for compiled in (None, kernels.adam_update):
        optimizer, parameters = Adam(), start.copy()
        for seed in range(5):
            gradients = np.random.default_rng(seed).normal(0, 1, 1003).astype(dtype)
            optimizer.update(parameters, gradients, compiled)
        engines.append((parameters, optimizer.first, optimizer.second, optimizer.iteration))
    for numpy, numba in zip(*engines, strict=True):
        np.testing.assert_array_equal(numba, numpy)


def test_weights_begin_with_a_line_of_the_cache():
    for network in pair((16, 8)):
        for layer in network.layers:  # and so do their parts, for units in multiples of 4
            assert layer.recurrent.ctypes.data % 64 == 0
