"""GRU, peephole and coupled cells: gradients, and oracles that are LSTMs or Keras's own GRU."""

import numpy as np
import pytest
from keras_gradients import keras_loss_and_gradients

from isru.activations import ACTIVATIONS
from isru.cost import network_count
from isru.keras_bridge import build_keras
from isru.lstm import CELLS, Adam, LSTMNetwork, Stream, gradient_check, train_step

pytestmark = pytest.mark.slow

VARIANTS = [cell for cell in CELLS if cell != "lstm"]
B, T, F, C = 4, 5, 3, 2


def build(cell, rng, sizes=(4,), **settings):
    network = LSTMNetwork(F, sizes, C, cell=cell, rng=rng, **{"dtype": "float64", **settings})
    network.set_weights([rng.normal(0, 0.5, array.shape) for array in network.get_weights()])
    return network


def task(network, rng, loss="mse", symbols=False):
    shape = (B, T) if network.return_sequences else (B,)
    x = rng.integers(0, F, (B, T)) if symbols else rng.standard_normal((B, T, F))
    target = rng.standard_normal((*shape, C)) if loss == "mse" else rng.integers(0, C, shape)
    return x, target


def states(network, rng):
    return [rng.standard_normal((2, B, size)) for size in network.hidden_sizes]


@pytest.mark.parametrize("symbols", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("sizes", [(4,), (4, 3)])
@pytest.mark.parametrize("cell", VARIANTS)
def test_gradients_of_every_cell(cell, sizes, sequences, symbols, rng):
    network = build(cell, rng, sizes, return_sequences=sequences)
    loss = "cross_entropy" if symbols else "mse"
    x, target = task(network, rng, loss, symbols)
    errors = gradient_check(network, x, target, loss=loss, rng=rng, state=states(network, rng))
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize("cell", VARIANTS)
def test_gradients_with_activations_that_save_their_output_or_something_else(cell, rng):
    for name in ("isru", "softsign", "rational_tanh"):
        network = build(cell, rng, activation=name, recurrent_activation="isru_sigmoid")
        errors = gradient_check(network, *task(network, rng), rng=rng)
        assert max(errors.values()) < 1e-6, (name, errors)
    assert not ACTIVATIONS["isru"].saves_output


@pytest.mark.parametrize("cell", CELLS)
def test_the_parameters_are_those_that_the_cost_model_counts(cell):
    network = LSTMNetwork(7, (5, 3), 2, cell=cell)
    assert network.parameters.size == network_count(7, [5, 3], 2, cell=cell).parameters
    assert sum(array.size for array in network.get_weights()) == network.parameters.size


def same_run(one, other, rng):
    x, target = task(one, rng)
    np.testing.assert_allclose(one.forward(x)[0], other.forward(x)[0], rtol=1e-12, atol=1e-14)
    return [network.loss_and_gradients(x, target)[1] for network in (one, other)]


def test_peepholes_of_zero_leave_an_lstm(rng):
    lstm = build("lstm", rng)
    kernel, recurrent, bias, *dense = lstm.get_weights()
    network = build("peephole", rng)
    network.set_weights([kernel, recurrent, bias, np.zeros((3, 4)), *dense])
    ours, wanted = same_run(network, lstm, rng)
    for one, other in zip(ours[:3] + ours[4:], wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)


def test_a_coupled_cell_is_an_lstm_whose_input_gate_mirrors_the_forget_gate(rng):
    """1 - s(z) = s(-z) for the logistic function."""
    network = build("coupled", rng)
    *layer, kernel, bias = network.get_weights()
    forget_first = [np.concatenate([-part[..., :4], part], axis=-1) for part in layer]
    lstm = build("lstm", rng)
    lstm.set_weights([*forget_first, kernel, bias])
    same_run(network, lstm, rng)


@pytest.mark.parametrize("sequences", [False, True])
def test_the_gru_equals_that_of_keras(sequences, rng):
    network = build("gru", rng, (6, 4), return_sequences=sequences, dtype="float32")
    x, target = task(network, rng)
    x, target = x.astype("float32"), target.astype("float32")
    model = build_keras(network)
    y, _ = network.forward(x)
    np.testing.assert_allclose(y, model(x).numpy(), rtol=0, atol=2e-6)
    _, wanted = keras_loss_and_gradients(model, x, target)
    _, gradients = network.loss_and_gradients(x, target)
    for one, other in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-6 * max(1, np.abs(other).max()))


@pytest.mark.parametrize("cell", ["peephole", "coupled"])
def test_keras_refuses_a_cell_that_it_does_not_have(cell):
    with pytest.raises(ValueError, match=f"cell, for Keras: expected one of .*got '{cell}'"):
        build_keras(LSTMNetwork(1, 1, 1, cell=cell))


@pytest.mark.parametrize("cell", VARIANTS)
def test_windows_go_on_where_the_last_one_ended(cell, rng):
    network = build(cell, rng, (4, 3), return_sequences=True)
    x = rng.standard_normal((1, T, F))
    wanted, _ = network.forward(x)
    first, state = network.forward(x[:, :2])
    second, _ = network.forward(x[:, 2:], state)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), wanted, rtol=1e-12)
    stream = Stream(network)
    steps = [stream.step(row).copy() for row in x[0]]
    np.testing.assert_allclose(steps, wanted[0], rtol=1e-12)


@pytest.mark.parametrize("cell", VARIANTS)
def test_a_saved_cell_comes_back(cell, rng, tmp_path):
    network = build(cell, rng)
    network.save(tmp_path / "n.npz")
    again = LSTMNetwork.load(tmp_path / "n.npz")
    assert again.cell == cell
    np.testing.assert_array_equal(again.parameters, network.parameters)


@pytest.mark.parametrize("cell", VARIANTS)
def test_training_lowers_the_loss(cell, rng):
    network, optimizer = LSTMNetwork(F, 6, C, cell=cell, rng=rng), Adam(1e-2)
    x, target = task(network, rng)
    losses = [train_step(network, optimizer, x, target)[0] for _ in range(60)]
    assert losses[-1] < losses[0] / 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell": "lstn"}, "cell: expected one of .*, got 'lstn'"),
        ({"cell": "gru", "engine": "numba"}, "engine: expected 'numpy' for the cell 'gru', got"),
    ],
)
def test_a_cell_that_cannot_be_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LSTMNetwork(1, 1, 1, **settings)
