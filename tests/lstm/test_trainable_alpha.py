"""Alpha as a weight, and activations of the candidate and of the cell state apart."""

import copy

import numpy as np
import pytest

from isru.activations import get_activation
from isru.keras_bridge import build_keras
from isru.lstm import Adam, LSTMNetwork, Stream, cell_forward, gradient_check
from isru.lstm.trainable import TrainableLayer

B, T, F, C = 4, 6, 3, 2
TRAINED = {"activation": "isru", "trainable_alpha": True}
SPLIT = {"activation": "isru", "cell_activation": "softsign"}


def build(rng, sizes=(4,), *, spread=0.5, **settings):
    network = LSTMNetwork(F, sizes, C, rng=rng, **{"dtype": "float64", **settings})
    network.set_weights([rng.normal(0, spread, a.shape) for a in network.get_weights()])
    return network


def task(network, rng, batch=B):
    shape = (batch, T) if network.return_sequences else (batch,)
    return rng.standard_normal((batch, T, F)), rng.standard_normal((*shape, C))


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("sizes", [(4,), (4, 3)])
@pytest.mark.parametrize("settings", [TRAINED, SPLIT, {**SPLIT, "cell_activation": "tanh"}])
def test_gradients(settings, sizes, sequences, batch, rng):
    network = build(rng, sizes, return_sequences=sequences, **settings)
    x, target = task(network, rng, batch)
    state = [rng.standard_normal((2, batch, size)) for size in sizes]
    errors = gradient_check(network, x, target, rng=rng, state=state)
    assert max(errors.values()) < 1e-6, errors
    assert ("lstm 0 alpha_roots" in errors) == (settings is TRAINED)


def test_gradients_from_another_alpha_and_scale_and_of_symbols(rng):
    entry = get_activation("isru").with_parameters(alpha=2 / 3, k=1.4)
    network = build(
        rng, activation=entry, trainable_alpha=True, recurrent_activation="isru_sigmoid"
    )
    x, target = rng.integers(0, F, (B, T)), rng.standard_normal((B, C))
    errors = gradient_check(network, x, target, rng=rng)
    assert max(errors.values()) < 1e-6, errors


def test_alpha_starts_where_the_activation_says_and_then_computes_the_same(rng):
    entry = get_activation("isru").with_parameters(alpha=0.25)
    fixed = build(rng, activation=entry)
    *layer, kernel, bias = fixed.get_weights()
    trained = LSTMNetwork(F, 4, C, activation=entry, trainable_alpha=True, dtype="float64")
    assert trained.layers[0].alphas == (0.25, 0.25)
    trained.set_weights([*layer, np.ones(2), kernel, bias])
    x, _ = task(fixed, rng)
    np.testing.assert_array_equal(trained.forward(x)[0], fixed.forward(x)[0])


def test_the_two_alphas_are_those_of_candidate_and_cell_state(rng):
    trained = build(rng, **TRAINED)
    entries = [get_activation("isru").with_parameters(alpha=a) for a in trained.layers[0].alphas]
    *layer, _, kernel, bias = trained.get_weights()
    fixed = build(rng, activation=entries[0], cell_activation=entries[1])
    fixed.set_weights([*layer, kernel, bias])
    x, _ = task(fixed, rng)
    np.testing.assert_allclose(trained.forward(x)[0], fixed.forward(x)[0], rtol=1e-13)


def test_the_cell_state_alone_has_the_cell_activation(rng):
    """The plain cell, whose candidate is computed with one and whose output with the other."""
    network = build(rng, **SPLIT)
    *weights, dense, bias = network.get_weights()
    x, _ = task(network, rng)
    candidate, cell, gate = map(get_activation, ("isru", "softsign", "sigmoid"))
    h = c = np.zeros((B, 4))
    for t in range(T):
        _, c, cache = cell_forward(x[:, t], h, c, weights, candidate, gate)
        h = cache.gates["o"] * cell.value(c)
    np.testing.assert_allclose(network.forward(x)[0], h @ dense + bias, rtol=1e-12)


def test_training_finds_the_alpha_that_made_the_data(rng):
    entries = [get_activation("isru").with_parameters(alpha=a) for a in (4.0, 0.25)]
    teacher = build(rng, spread=1.0, activation=entries[0], cell_activation=entries[1])
    network = LSTMNetwork(F, 4, C, dtype="float64", **TRAINED)
    *layer, kernel, bias = teacher.get_weights()
    network.set_weights([*layer, np.ones(2), kernel, bias])
    x, _ = task(network, rng, 64)
    wanted, adam = teacher.forward(x)[0], Adam(0.05)
    for _ in range(600):
        network.backpropagate(x, wanted)
        network.gradients[: network.layers[0].weights.size] = 0.0  # the alphas alone
        network.gradients[-network.dense.size :] = 0.0
        adam.update(network.parameters, network.gradients)
    np.testing.assert_allclose(network.layers[0].alphas, (4.0, 0.25), rtol=0.05)


@pytest.mark.parametrize("root", [0.0, -1.5, 1e-30])
def test_any_real_root_gives_a_valid_alpha(root, rng):
    network = build(rng, **TRAINED)
    network.layers[0].roots[...] = root
    network.backpropagate(*task(network, rng))
    assert min(network.layers[0].alphas) > 0 and np.isfinite(network.gradients).all()


@pytest.mark.parametrize("settings", [TRAINED, SPLIT])
def test_a_saved_copied_or_streamed_network_is_the_same(settings, rng, tmp_path):
    network = build(rng, (4, 3), return_sequences=True, **settings)
    network.save(tmp_path / "n.npz")
    x, _ = task(network, rng, 1)
    wanted = network.forward(x)[0]
    for twin in (LSTMNetwork.load(tmp_path / "n.npz"), copy.deepcopy(network)):
        assert twin.weight_names == network.weight_names
        np.testing.assert_array_equal(twin.forward(x)[0], wanted)
    stream = Stream(network)
    np.testing.assert_allclose([stream.step(row).copy() for row in x[0]], wanted[0], rtol=1e-12)


def test_what_is_not_used_is_not_written(rng, tmp_path):
    """A file of a plain network is what older versions wrote and read."""
    build(rng).save(tmp_path / "n.npz")
    header = str(np.load(tmp_path / "n.npz")["header"])
    assert "cell_activation" not in header and "trainable_alpha" not in header


def test_the_number_of_weights():
    assert TrainableLayer.size(7, 10) == 4 * 10 * 18 + 2
    network = LSTMNetwork(7, 10, 1, **TRAINED)
    assert network.parameters.size == sum(a.size for a in network.get_weights()) == 733


@pytest.mark.parametrize("settings", [TRAINED, SPLIT])
def test_keras_refuses_what_it_does_not_have(settings, rng):
    with pytest.raises(ValueError, match="for Keras: expected one activation for candidate and"):
        build_keras(build(rng, **settings))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trainable_alpha": True}, "activation: expected 'isru', whose alpha .* got 'tanh'"),
        ({**TRAINED, "engine": "numba"}, "engine, with trainable_alpha: expected .* got 'numba'"),
        ({**SPLIT, "engine": "numba"}, "engine, with cell_activation: expected .* got 'numba'"),
        ({**SPLIT, "cell": "gru"}, "cell, with cell_activation: expected .*'lstm'.* got 'gru'"),
        ({**TRAINED, "cell_activation": "tanh"}, "expected none beside trainable_alpha"),
        ({"cell_activation": "tanhh"}, "expected an activation of"),
    ],
)
def test_what_cannot_be_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LSTMNetwork(F, 4, C, **settings)
