"""Keras as the oracle: the same weights give the same outputs and gradients."""

import subprocess
import sys

import numpy as np
import pytest
from keras_gradients import keras_loss_and_gradients

from isru.activations import ACTIVATIONS, get_activation
from isru.keras_bridge import (
    KerasActivation,
    build_keras,
    keras_activation,
    known_to_keras,
    load_tensorflow,
    make_train_step,
    registry_entry,
    train_keras,
)
from isru.lstm import Adam, DivergenceError, LSTMNetwork, train, train_step

pytestmark = pytest.mark.slow

# float32: a sum of n products is off by about sqrt(n) roundings of 6e-8, here over up to
# 8 steps x 6 sequences x 20 products; 2e-6 of the largest element is some four times that.
FLOAT32 = 2e-6
B, T, F, C = 6, 8, 3, 2


@pytest.fixture(scope="module")
def tf():
    return load_tensorflow()


def assert_close(got, wanted, tolerance):
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * np.abs(other).max())


def build(rng, sizes=(5,), **settings):
    network = LSTMNetwork(F, sizes, C, rng=rng, **settings)
    network.set_weights([rng.normal(0, 0.5, array.shape) for array in network.get_weights()])
    return network


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize(
    ("sizes", "sequences", "activation", "gate"),
    [
        ((20,), False, "tanh", "sigmoid"),
        ((20,), True, "isru", "sigmoid"),
        ((8, 5), False, "isru", "isru_sigmoid"),
        ((8, 5), True, "tanh", "sigmoid"),
    ],
)
def test_outputs_and_gradients_equal_those_of_keras(
    sizes, sequences, activation, gate, loss, rng, tf
):
    settings = {"activation": activation, "recurrent_activation": gate}
    network = build(rng, sizes, return_sequences=sequences, **settings)
    model = build_keras(network, steps=T)
    x = rng.standard_normal((B, T, F)).astype("float32")
    shape = (B, T) if sequences else (B,)
    target = rng.integers(0, C, shape)
    if loss == "mse":
        target = rng.standard_normal((*shape, C)).astype("float32")
    assert_close([network.forward(x)[0]], [model(x).numpy()], FLOAT32)
    value, gradients = network.loss_and_gradients(x, target, loss)
    theirs, their_gradients = keras_loss_and_gradients(model, x, target, loss)
    assert value == pytest.approx(theirs, rel=FLOAT32)
    assert_close(gradients, their_gradients, FLOAT32)


def test_a_stateful_model_equals_handing_the_state_on(rng, tf):
    network = build(rng, (5, 4), activation="isru")
    model = build_keras(network, steps=T, batch_size=B, stateful=True)
    state = None
    for _ in range(3):
        x = rng.standard_normal((B, T, F)).astype("float32")
        y, state = network.forward(x, state)
        assert_close([y], [model(x).numpy()], FLOAT32)


def test_updates_equal_those_of_keras(rng, tf):
    """Within the float32 in which Keras keeps Adam's rates.

    The network is in float64: Adam divides a gradient by its size, so that in float32 the
    roundings of one that is nearly zero would grow to a whole step.
    """
    network = build(rng, dtype="float64")
    model = build_keras(network, steps=T)
    step, optimizer = make_train_step(model, learning_rate=0.01, clip_norm=0.1), Adam(0.01)
    for _ in range(3):
        x, target = rng.standard_normal((B, T, F)), rng.standard_normal((B, C))
        loss, _ = train_step(network, optimizer, x, target, clip_norm=0.1)
        assert float(step(x, target)) == pytest.approx(loss, rel=FLOAT32)
    assert_close(network.get_weights(), model.get_weights(), FLOAT32)


def test_keras_has_every_activation_with_a_formula():
    assert {*known_to_keras()} == {name for name, one in ACTIVATIONS.items() if one.has_formula}
    with pytest.raises(ValueError, match=r"an activation with a form in Keras.*got 'table_tanh'"):
        KerasActivation("table_tanh")


@pytest.mark.parametrize("name", known_to_keras())
def test_keras_computes_the_definition(name, tf):
    """Value and derivative in float64; 1e-14 is some roundings of a range of about 1."""
    entry, function = get_activation(name), keras_activation(name)
    x = np.linspace(-9.05, 9.05, 400)  # no kink is met
    with tf.GradientTape() as tape:
        tape.watch(tensor := tf.constant(x))
        y = function(tensor)
    np.testing.assert_allclose(y.numpy(), entry.value(x), rtol=1e-12, atol=1e-14)
    slope = entry.derivative(entry.forward(x)[1])
    np.testing.assert_allclose(tape.gradient(y, tensor).numpy(), slope, rtol=1e-10, atol=1e-14)


def test_the_safe_form_is_right_far_out(tf):
    x = tf.constant([-np.inf, -1e38, -0.0, 1e-30, 1e20, np.inf], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = keras_activation("isru")(x)
    np.testing.assert_array_equal(y.numpy(), np.float32([-1, -1, -0.0, 1e-30, 1, 1]))
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), np.float32([0, 0, 1, 1, 0, 0]))


def test_the_gradient_is_the_entry_s_own_where_a_branch_overflows(tf):
    entry = get_activation("elu").with_parameters(alpha=0.5)
    x = tf.constant([-1e4, -1.0, 1e4], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = keras_activation(entry)(x)
    np.testing.assert_allclose(y, entry.value(x.numpy()), rtol=1e-12)
    np.testing.assert_allclose(tape.gradient(y, x), [0, 0.5 * np.exp(-1), 1], rtol=1e-12)


def test_parameters_of_an_activation_reach_keras(tf):
    entry = get_activation("isru").with_parameters(alpha=0.25, k=2.0)
    x = np.linspace(-3, 3, 20)
    function = keras_activation(entry)
    np.testing.assert_allclose(function(tf.constant(x)).numpy(), entry.value(x), rtol=1e-13)
    again = KerasActivation.from_config(function.get_config())
    assert registry_entry(again).parameters == entry.parameters


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
def test_a_model_is_saved_loaded_and_cloned_with_its_activations(rng, tf, tmp_path):
    import keras

    network = build(rng, (5, 4), activation="isru", recurrent_activation="isru_sigmoid")
    model = build_keras(network)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    x = rng.standard_normal((B, T, F)).astype("float32")
    for other in (loaded, clone):
        np.testing.assert_array_equal(other(x).numpy(), model(x).numpy())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
@pytest.mark.parametrize(
    ("lines", "silent"),
    [
        ("import keras, isru.keras_bridge", False),
        ("from isru.keras_bridge import load_tensorflow\nload_tensorflow()\nimport keras", True),
    ],
    ids=["keras first", "keras later"],
)
def test_a_saved_model_with_our_activations_is_loaded_in_another_process(
    lines, silent, rng, tf, tmp_path
):
    """Our own road to TensorFlow, before which Keras is not imported, is silent, too."""
    network = build(rng, activation="isru", recurrent_activation="isru_sigmoid")
    model = build_keras(network)
    model.save(tmp_path / "model.keras")
    x = rng.normal(size=(B, T, F)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    code = (
        f"{lines}\nprint('loaded', flush=True)\nimport numpy as np\n"
        "model = keras.models.load_model('model.keras')\n"
        "np.save('y.npy', model.predict(np.load('x.npy'), verbose=0))"
    )
    said = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, **said)
    assert not silent or done.stdout.startswith("loaded")
    assert_close([np.load(tmp_path / "y.npy")], [model.predict(x, verbose=0)], FLOAT32)


def test_importing_the_bridge_loads_no_tensorflow():
    code = "import isru.keras_bridge, sys; print({'tensorflow', 'keras'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_another_backend_of_keras_is_refused_with_what_to_do(tf, monkeypatch):
    import keras

    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(ImportError, match=r"backend tensorflow, got jax: set .*KERAS_BACKEND"):
        load_tensorflow.__wrapped__()


def trained_by_both(rng, epochs, **settings):
    """Return network and history of `train` and of `train_keras`, from one start, in one order."""
    network = build(rng, (5,), activation="isru", dtype="float64")
    x = rng.standard_normal((50, T, F))
    target = x.mean(axis=(1, 2))[:, None] * np.ones(C) + rng.normal(0, 0.3, (50, C))
    for trainer in (train, train_keras):
        own = LSTMNetwork(**network.settings)
        own.set_weights(network.get_weights())
        data = {"data": (x[:36], target[:36]), "validation": (x[36:], target[36:])}
        common = {"batch_size": 16, "epochs": epochs, "rng": np.random.default_rng(3)}
        yield own, trainer(own, **data, **common, **settings)


def test_keras_trains_from_the_same_start_in_the_same_order_by_the_same_rule(rng, tf):
    # Keras rounds Adam's constants to float32, so they are ones that float32 holds; then both
    # compute in float64: roundings of 1e-16 stay far below 1e-9 over some dozens of updates.
    constants = {"beta_1": 0.875, "beta_2": 1 - 2**-10, "epsilon": 2**-23}
    settings = {"optimizer": Adam(2**-6, **constants), "patience": 2, "clip_norm": 0.5}
    (ours, history), (theirs, their_history) = trained_by_both(rng, 20, **settings)
    assert history.stopped_early and history.best_epoch > 0
    for name in ("best_epoch", "stopped_early", "iterations"):
        assert getattr(their_history, name) == getattr(history, name)
    for name in ("training_loss", "validation_loss"):
        assert getattr(their_history, name) == pytest.approx(getattr(history, name), rel=1e-9)
    assert_close(theirs.get_weights(), ours.get_weights(), 1e-9)


def test_keras_trains_on_symbols_as_the_library_does(rng, tf):
    network = build(rng, (5,), return_sequences=True)
    x, target = rng.integers(0, F, (40, T)), rng.integers(0, C, (40, T))
    losses = []
    for trainer in (train, train_keras):
        own = LSTMNetwork(**network.settings)
        own.set_weights(network.get_weights())
        how = {"loss": "cross_entropy", "optimizer": Adam(0.01), "epochs": 2, "batch_size": 16}
        history = trainer(own, (x, target), rng=np.random.default_rng(3), **how)
        losses.append(history.training_loss)
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_a_training_that_diverges_in_keras_ends_at_its_best_weights(rng, tf):
    network = build(rng, (5,), activation="identity")
    x = 1e3 * rng.standard_normal((40, 40, F)).astype("float32")
    start = network.get_weights()
    with pytest.raises(DivergenceError) as caught:
        settings = {"optimizer": Adam(10.0), "batch_size": 8}
        train_keras(network, (x, x[:, 0, :C]), epochs=9, rng=rng, **settings)
    assert caught.value.history.best_epoch == -1
    assert_close(network.get_weights(), start, 0)
