"""Step by step: the same numbers as a sequence, and no array made on the way."""

import tracemalloc

import numpy as np
import pytest

from isru.lstm import Adam, LSTMNetwork, Stream, sample, train_step

pytestmark = pytest.mark.slow


def build(inputs=3, outputs=2, **settings):
    rng = np.random.default_rng(0)
    return LSTMNetwork(inputs, (5, 4), outputs, return_sequences=True, rng=rng, **settings)


def peak(function):
    """Return the most memory that a call holds beyond what was held before, in bytes."""
    function()
    tracemalloc.start()
    function()
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size


@pytest.mark.parametrize("activation", ["tanh", "isru"])
def test_steps_equal_a_sequence(activation, rng):
    network = build(dtype="float64", activation=activation)
    x = rng.standard_normal((1, 7, 3))
    wanted, _ = network.forward(x)
    stream = Stream(network)
    for _ in range(2):
        steps = [stream.step(row).copy() for row in x[0]]
        np.testing.assert_allclose(steps, wanted[0], rtol=1e-12, atol=1e-15)
        stream.reset()


def test_steps_of_symbols_equal_a_sequence(rng):
    network = build(dtype="float64")
    x = rng.integers(0, 3, 7)
    stream = Stream(network, symbols=True)
    steps = [stream.step(symbol).copy() for symbol in x]
    np.testing.assert_allclose(steps, network.forward(x[None])[0][0], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("activation", ["tanh", "isru"])
def test_a_step_makes_no_array(activation):
    """Of 400 units, so that the smallest array would be 1600 bytes; views are some hundred."""
    network = LSTMNetwork(3, 400, 2, activation=activation, recurrent_activation="isru_sigmoid")
    stream, x = Stream(network), np.ones(3, "float32")
    assert peak(lambda: stream.step(x)) < 1600


def test_longer_windows_allocate_no_more_per_step_than_their_input(rng):
    """Training: what is made for a window does not grow with its steps but by its own input."""
    network, optimizer = LSTMNetwork(2, 500, 1, rng=rng), Adam()
    sizes = []
    for steps in (5, 50):
        x, target = rng.standard_normal((1, steps, 2)), np.zeros((1, 1))
        sizes.append(peak(lambda x=x, y=target: train_step(network, optimizer, x, y)))
    assert sizes[1] - sizes[0] < 45 * 500  # a hidden state of one step is 2000 bytes


@pytest.mark.parametrize(
    ("symbols", "x", "message"),
    [
        (False, np.zeros(4), r"expected shape \(3,\)"),
        (False, 1, r"expected shape \(3,\)"),
        (True, 3, "expected an integer below 3"),
        (True, np.zeros(3), "expected an integer below 3"),
    ],
)
def test_a_bad_step_is_refused(symbols, x, message):
    with pytest.raises(ValueError, match=message):
        Stream(build(), symbols=symbols).step(x)


def test_samples_follow_the_softmax():
    """A network that only has biases draws independent symbols; 4 sigma of 4000 draws."""
    network = build(4, 4)
    network.parameters[...] = 0.0
    share = np.array([0.1, 0.2, 0.3, 0.4])
    network.set_weights([*network.get_weights()[:-1], np.log(share)])
    rng = np.random.default_rng(1)
    for temperature, wanted in ((1.0, share), (0.5, share**2 / np.sum(share**2))):
        drawn = sample(network, 4000, prompt=[0], temperature=temperature, rng=rng)
        got = np.bincount(drawn, minlength=4) / 4000
        assert np.all(np.abs(got - wanted) < 4 * np.sqrt(wanted / 4000))


def test_a_cold_sample_is_the_likeliest_continuation(rng):
    network = build(4, 4)
    symbols = [1, 2]
    for symbol in sample(network, 5, prompt=symbols, temperature=1e-3, rng=rng):
        assert symbol == network.forward(np.array([symbols]))[0][0, -1].argmax()
        symbols.append(symbol)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prompt": []}, "prompt: expected at least one symbol, got none"),
        ({"prompt": [9]}, "expected symbols from 0 to 3"),
        ({"temperature": 0.0}, r"temperature: expected a finite number above 0, got 0.0"),
        ({"count": 0}, "count: expected an integer of at least 1"),
        ({"network": build(4, 3)}, r"as many outputs as symbols \(4\), got 3"),
    ],
)
def test_a_bad_sample_is_refused(settings, message, rng):
    arguments = {"network": build(4, 4), "count": 3, "prompt": [0], "rng": rng, **settings}
    with pytest.raises(ValueError, match=message):
        sample(**arguments)
