"""`read_keras`: a model is read as the network that computes the same, or refused by name."""

import importlib
import re

import numpy as np
import pytest

from isru.keras_bridge import (
    KerasActivation,
    build_keras,
    load_tensorflow,
    read_keras,
    registry_entry,
)
from isru.lstm import LSTMNetwork

pytestmark = pytest.mark.slow

B, T, F = 5, 6, 4
# float32: orders of summation, over T steps of some 10 products of inputs up to 30; the outputs
# are about 1. The library's own comparison allows for as much.
TOLERANCE = 1e-5


class Loaded:
    """A module that is loaded when a test first asks it for something."""

    def __init__(self, load):
        self.load = load

    def __getattr__(self, name):
        return getattr(self.load(), name)


tf = Loaded(load_tensorflow)
keras = Loaded(lambda: tf.constant is not None and importlib.import_module("keras"))
L = Loaded(lambda: keras.layers)


@pytest.fixture(autouse=True)
def fixed_seed():
    keras.utils.set_random_seed(0)


def chain(*layers, steps=T):
    """Return the model of these layers; a Keras operation may stand among them."""
    tensor = start = keras.Input((steps, F))
    for layer in layers:
        tensor = layer(tensor)
    return keras.Model(start, tensor)


def outputs(model, x):
    return keras.ops.convert_to_numpy(keras.tree.flatten(model(x))[0])


def batch(dtype="float32"):
    """Return sequences of which some saturate the gates."""
    sizes = np.geomspace(0.3, 30, B)[:, None, None]
    return (np.random.default_rng(1).standard_normal((B, T, F)) * sizes).astype(dtype)


def states(index, **settings):
    """Return an LSTM of which one of the outputs h, h, c goes on."""
    return lambda x: L.LSTM(4, return_state=True, **settings)(x)[index]


def without_input():
    model = keras.Sequential([L.LSTM(4), L.Dense(2)])
    model(np.zeros((1, T, F), "float32"))
    return model


def with_lora():
    model = chain(L.LSTM(4), L.Dense(2))
    model.layers[-1].enable_lora(1, b_initializer="ones")
    return model


def of_random_weights(model):
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.7, array.shape) for array in model.get_weights()])
    return model


READ = {
    "sequential": lambda: keras.Sequential([keras.Input((T, F)), L.LSTM(4), L.Dense(2)]),
    "without input": without_input,
    "fixed batch": lambda: keras.Sequential(
        [keras.Input((T, F), batch_size=B), L.LSTM(4), L.Dense(2)]
    ),
    "unknown steps": lambda: chain(L.LSTM(4), L.Dense(2), steps=None),
    "named ends": lambda: keras.Model(
        {"a": (x := keras.Input((T, F), name="a"))}, {"y": L.Dense(2)(L.LSTM(4)(x))}
    ),
    "nested": lambda: chain(keras.Sequential([L.LSTM(4), L.Dropout(0.5)]), chain2d(L.Dense(2))),
    "last step": lambda: chain(L.LSTM(4, return_sequences=True), lambda h: h[:, -1, :], L.Dense(2)),
    "last output": lambda: chain(L.LSTM(4, return_sequences=True), L.Dense(2), lambda y: y[:, -1]),
    "last state": lambda: chain(states(1, return_sequences=True), L.Dense(2)),
    "state of a layer": lambda: chain(states(1), L.Dense(2)),
    "scale": lambda: chain(lambda x: 2 * (x / 10), L.LSTM(4), L.Dense(2)),
    "rescaling": lambda: chain(
        L.Rescaling(1 / 16, -0.5), L.LSTM(4, bias_initializer="random_normal"), L.Dense(2)
    ),
    "gru": lambda: chain(
        L.GRU(5, reset_after=False, return_sequences=True), L.GRU(4, reset_after=False), L.Dense(2)
    ),
    "gru, implementation 1": lambda: chain(
        L.GRU(4, reset_after=False, implementation=1), L.Dense(2)
    ),
    "cells": lambda: chain(L.RNN(L.LSTMCell(4)), L.Dense(2)),
    "no biases": lambda: chain(
        L.LSTM(5, use_bias=False, return_sequences=True), L.LSTM(4), L.Dense(2, use_bias=False)
    ),
    "no bias in a gru": lambda: chain(L.GRU(4, reset_after=False, use_bias=False), L.Dense(2)),
    "idle layers": lambda: chain(
        L.GaussianNoise(0.3),
        L.Reshape((T, F)),
        L.SpatialDropout1D(0.3),
        L.LSTM(4, dropout=0.2, recurrent_dropout=0.2, return_sequences=True),
        L.GaussianDropout(0.3),
        L.AlphaDropout(0.3),
        L.Identity(),
        L.LSTM(4, unroll=True, implementation=1),
        L.ActivityRegularization(0.1),
        L.Flatten(),
        L.Dropout(0.5),
        L.Activation("linear"),
        L.Dense(2, kernel_regularizer="l2"),
        L.Activation(None),
    ),
    "every step": lambda: chain(
        L.LSTM(4, return_sequences=True), L.TimeDistributed(L.Dense(3)), steps=None
    ),
    "untrainable": lambda: chain(L.LSTM(4, trainable=False), L.Dense(2)),
    "lora": with_lora,
    "large weights": lambda: of_random_weights(chain(L.LSTM(20), L.Dense(2))),
}


def chain2d(layer):
    start = keras.Input((4,))
    return keras.Model(start, layer(start))


@pytest.mark.parametrize("name", READ)
def test_a_plain_chain_is_read_as_the_network_that_computes_it(name):
    model = READ[name]()
    wanted = outputs(model, {"a": batch()} if name == "named ends" else in_batches(model))
    y, _ = read_keras(model).forward(batch()[: len(wanted)])
    np.testing.assert_allclose(y, wanted, rtol=0, atol=TOLERANCE)


def in_batches(model):
    return batch()[: keras.tree.flatten(model.inputs)[0].shape[0]]


def own_layer():
    class OwnLSTM(L.LSTM):
        def call(self, sequences, initial_state=None, mask=None, training=False):
            return 2 * super().call(sequences)

    return OwnLSTM(4)


def own_cell():
    class OwnCell(L.LSTMCell):
        pass

    return L.RNN(OwnCell(4))


def own_model():
    class OwnModel(keras.Model):
        def __init__(self):
            super().__init__()
            self.all = [L.LSTM(4), L.Dense(2)]

        def call(self, x):
            return self.all[1](self.all[0](x))

    return OwnModel()


def own_graph():
    class OwnGraph(keras.Model):
        def call(self, inputs, **settings):
            return -super().call(inputs, **settings)

    start = keras.Input((T, F))
    return OwnGraph(inputs=start, outputs=L.Dense(2)(L.LSTM(4)(start)))


def beside(join):
    """Return a model of what a function makes of its input."""
    start = keras.Input((T, F))
    return keras.Model(start, join(start))


def with_states():
    x, h, c = keras.Input((T, F)), keras.Input((4,)), keras.Input((4,))
    return keras.Model([x, h, c], L.Dense(2)(L.LSTM(4)(x, initial_state=[h, c])))


def decoder(x):
    _, h, c = L.LSTM(4, return_state=True)(x)
    return L.Dense(2)(L.LSTM(4, name="decoder")(x, initial_state=[h, c]))


def two_outputs(x):
    h = L.LSTM(4)(x)
    return [L.Dense(2)(h), h]


def twice(x):
    layer = L.LSTM(4, return_sequences=True, name="shared")
    return L.Dense(2)(layer(layer(x)))


def quantised():
    model = chain(L.LSTM(4), L.Dense(2, name="head"))
    model.get_layer("head").quantize("int8")
    return model


def with_name(layer, name="named"):
    layer.name = name
    return layer


def refuse_layer(layer):
    return lambda: chain(with_name(layer()), L.Dense(2))


REFUSED = {
    "backwards": (
        refuse_layer(lambda: L.LSTM(4, go_backwards=True)),
        "layer named: expected go_backwards=False.*reverse",
    ),
    "stateful": (
        lambda: keras.Sequential(
            [
                keras.Input((T, F), batch_size=2),
                L.LSTM(4, stateful=True, name="named"),
                L.Dense(2),
            ]
        ),
        "layer named: expected stateful=False",
    ),
    "reset after": (refuse_layer(lambda: L.GRU(4)), "layer named: expected reset_after=False.*GRU"),
    "residual": (
        lambda: beside(lambda x: L.Dense(2)(L.LSTM(4, return_sequences=True)(x) + x)),
        "operation add.*: expected one input.*got 2",
    ),
    "parallel": (
        lambda: beside(lambda x: L.Dense(2)(L.Add(name="named")([L.LSTM(4)(x), L.LSTM(4)(x)]))),
        "layer named: expected one input.*got 2",
    ),
    "flip": (
        lambda: chain(lambda x: keras.ops.flip(x, axis=1), L.LSTM(4), L.Dense(2)),
        "operation flip.*Flip, which is no layer: reverse",
    ),
    "shift of the input": (
        lambda: chain(lambda x: x + 1, L.LSTM(4), L.Dense(2)),
        "operation add.*Add, which is no layer",
    ),
    "divided by the input": (
        lambda: chain(lambda x: 1 / x, L.LSTM(4), L.Dense(2)),
        "operation true_divide.*which is no layer",
    ),
    "scales of each feature": (
        lambda: chain(lambda x: x * np.arange(1.0, 5.0), L.LSTM(4), L.Dense(2)),
        "operation multiply.*expected one finite number",
    ),
    "scale of zero": (
        lambda: chain(lambda x: x * 0, L.LSTM(4), L.Dense(2)),
        "operation multiply.*other than zero",
    ),
    "first step": (
        lambda: chain(L.LSTM(4, return_sequences=True), lambda h: h[:, 0, :], L.Dense(2)),
        "operation get_item.*only the last step",
    ),
    "last unit": (
        lambda: chain(L.LSTM(4), lambda h: h[:, -1:], L.Dense(2)),
        "operation get_item.*only the last step",
    ),
    "operation in between": (
        lambda: chain(L.LSTM(4), keras.ops.tanh, L.Dense(2)),
        "operation tanh.*which is no layer",
    ),
    "scaled outputs": (
        lambda: chain(L.LSTM(4), L.Dense(2), lambda y: 2 * y),
        "operation multiply.*got Multiply",
    ),
    "called twice": (lambda: beside(twice), "layer shared: expected a layer that is called once"),
    "cell state": (
        lambda: chain(states(2, name="named"), L.Dense(2)),
        "layer named: expected the layer's output.*cell state",
    ),
    "initial state": (with_states, "model .*: expected one input, got 3"),
    "decoder": (lambda: beside(decoder), "layer decoder: .* got one with initial_state"),
    "mask": (
        lambda: beside(
            lambda x: L.Dense(2)(L.LSTM(4, name="named")(x, mask=keras.ops.any(x > 0.5, axis=-1)))
        ),
        "layer named: .* got one with mask.*cut the sequences",
    ),
    "masking": (
        lambda: chain(L.Masking(name="named"), L.LSTM(4), L.Dense(2)),
        "layer (named|lstm).*mask",
    ),
    "dropout in use": (
        lambda: chain(
            L.LSTM(4), lambda h: L.Dropout(0.5, name="named")(h, training=True), L.Dense(2)
        ),
        "layer named: .* got one with training",
    ),
    "two outputs": (lambda: beside(two_outputs), "expected one output, got 2"),
    "bidirectional": (
        refuse_layer(lambda: L.Bidirectional(L.LSTM(4))),
        "layer named: .*Bidirectional: read each direction",
    ),
    "normalised": (
        lambda: chain(L.LSTM(4), L.BatchNormalization(name="named"), L.Dense(2)),
        "layer named: .*BatchNormalization",
    ),
    "stacked cells": (
        refuse_layer(lambda: L.RNN([L.LSTMCell(4), L.LSTMCell(3)])),
        "layer named: expected an LSTMCell",
    ),
    "own cell": (refuse_layer(own_cell), "layer named: expected an LSTMCell"),
    "own layer": (refuse_layer(own_layer), "layer named: .*OwnLSTM$"),
    "simple layer": (refuse_layer(lambda: L.SimpleRNN(4)), "layer named: .*SimpleRNN"),
    "another cell above": (
        lambda: chain(
            L.LSTM(4, return_sequences=True), L.GRU(4, reset_after=False, name="named"), L.Dense(2)
        ),
        "layer named: expected the same cell",
    ),
    "another activation above": (
        lambda: chain(
            L.LSTM(4, return_sequences=True), L.LSTM(4, "relu", name="named"), L.Dense(2)
        ),
        "layer named: expected the same cell and the same activations",
    ),
    "dense before": (
        lambda: chain(L.Dense(3, name="named"), L.LSTM(4), L.Dense(2)),
        "layer named: .*Dense in this place",
    ),
    "two dense": (
        lambda: chain(L.LSTM(4), L.Dense(3), L.Dense(2, name="named")),
        "layer named: .*Dense in this place",
    ),
    "activation in between": (
        lambda: chain(L.LSTM(4), L.Activation("tanh", name="named"), L.Dense(2)),
        "layer named: .*Activation",
    ),
    "activation at the end": (
        lambda: chain(L.LSTM(4), L.Dense(2, "relu", name="named")),
        "layer named: expected a dense layer without activation.*relu",
    ),
    "softmax over time": (
        lambda: chain(
            L.LSTM(4, return_sequences=True), L.Dense(2), L.Softmax(axis=1, name="named")
        ),
        "layer named: expected a dense layer without activation",
    ),
    "no dense": (lambda: chain(L.LSTM(4, name="named")), "expected LSTM or GRU layers.*named"),
    "half precision": (
        refuse_layer(lambda: L.LSTM(4, dtype="mixed_float16")),
        "layer named: .*float32 or float64.*'mixed_float16'",
    ),
    "half inputs": (
        lambda: keras.Sequential(
            [keras.Input((T, F), dtype="float16", name="named"), L.LSTM(4), L.Dense(2)]
        ),
        "layer named: expected inputs of float32 or float64, got float16",
    ),
    "two precisions": (
        lambda: chain(L.LSTM(4), L.Dense(2, dtype="float64", name="named")),
        "layer named: .*in float32",
    ),
    "dropout in half precision": (
        lambda: chain(L.Dropout(0.1, dtype="float16", name="named"), L.LSTM(4), L.Dense(2)),
        "layer named: .*'float16'",
    ),
    "quantised": (quantised, "layer head: .*int8"),
    "own model": (own_model, "expected keras.Sequential.*OwnModel"),
    "own graph": (own_graph, "expected keras.Sequential.*OwnGraph"),
    "unbuilt": (
        lambda: keras.Sequential([L.LSTM(4), L.Dense(2)]),
        "expected a built model.*keras.Input",
    ),
    "gate out of range": (
        refuse_layer(lambda: L.LSTM(4, recurrent_activation="tanh")),
        r"layer named, recurrent_activation: expected a function into \[0, 1\]",
    ),
}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_plain_chain_is_refused_by_the_name_of_the_layer(name):
    make, message = REFUSED[name]
    with pytest.raises(ValueError, match=re.compile(message, re.DOTALL)):
        read_keras(make())


@pytest.mark.parametrize("thing", ["model.keras", LSTMNetwork(2, 2, 1)])
def test_what_is_no_model_is_refused(thing):
    with pytest.raises(TypeError, match=r"expected a Keras model, got"):
        read_keras(thing)


def clipped_relu(x):
    return keras.ops.clip(x, 0, 0.2)


def scaled_tanh(x):
    return 1.7159 * keras.ops.tanh(2 * x / 3)


def older_hard_sigmoid(x):
    return keras.ops.clip(0.2 * x + 0.5, 0, 1)


def far_relu(x):
    return keras.ops.clip(x, 0, 1e6)


FOREIGN = {"relu": clipped_relu, "tanh": scaled_tanh, "hard_sigmoid": older_hard_sigmoid}


@pytest.mark.parametrize("name", FOREIGN)
def test_an_activation_under_the_name_of_one_of_kerass_is_refused(name):
    function = FOREIGN[name]
    function.__name__ = name
    where = "recurrent_activation" if "sigmoid" in name else "activation"
    model = chain(L.LSTM(4, name="named", **{where: function}), L.Dense(2))
    with pytest.raises(
        ValueError, match=f"layer named, {where}: .*the name of Keras's {name}, but"
    ):
        read_keras(model)


OTHERS = {name: lambda name=name: keras.activations.get(name) for name in ("silu", "relu6", "gelu")}
OTHERS |= {
    "a layer": lambda: L.ReLU(6.0),
    "far out": lambda: far_relu,
    "of the row": lambda: keras.activations.softmax,
    "of another shape": lambda: keras.ops.sum,
    "not of numbers": lambda: keras.layers.LSTM(3),
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_activation_that_no_entry_equals_is_refused(name):
    with pytest.raises(
        ValueError, match=r"expected a(n activation of the registry| function), got"
    ):
        registry_entry(OTHERS[name](), units=3)


EQUAL = {
    "keras.ops": (lambda: keras.ops.tanh, "tanh", {}),
    "tf.nn": (lambda: tf.nn.sigmoid, "sigmoid", {}),
    "tf.math": (lambda: tf.math.softplus, "softplus", {}),
    "own name": (lambda: lambda x: keras.ops.tanh(x), "tanh", {}),
    "elu": (lambda: keras.activations.elu, "elu", {"alpha": 1.0}),
    "an elu's alpha": (lambda: L.ELU(0.7), "elu", {"alpha": 0.7}),
    "leaky_relu": (lambda: keras.activations.leaky_relu, "leaky_relu", {"slope": 0.2}),
    "a layer": (lambda: L.LeakyReLU(0.3), "leaky_relu", {"slope": 0.3}),
    "none": (lambda: keras.activations.get(None), "identity", {}),
    "ours": (lambda: KerasActivation("isru", alpha=0.5), "isru", {"alpha": 0.5, "k": 1.0}),
    "ours in keras": (
        lambda: lambda x: x * keras.ops.rsqrt(1 + x * x),
        "isru_plain",
        {"alpha": 1.0},
    ),
}


@pytest.mark.parametrize("name", EQUAL)
def test_an_activation_is_known_by_its_values(name):
    make, wanted, parameters = EQUAL[name]
    entry = registry_entry(make(), units=2)
    assert (entry.name, dict(entry.parameters)) == (wanted, parameters)


HEADS = {
    "softmax": lambda: chain(L.LSTM(4), L.Dense(3, "softmax")),
    "sigmoid": lambda: chain(L.LSTM(4), L.Dense(3, "sigmoid")),
    "a layer": lambda: chain(L.LSTM(4), L.Dense(3), L.Activation("softmax")),
    "a layer of its own": lambda: chain(L.LSTM(4), L.Dense(3), L.Softmax()),
    "an operation": lambda: chain(L.LSTM(4), L.Dense(3), keras.ops.softmax),
    "every step": lambda: chain(
        L.LSTM(4, return_sequences=True), L.TimeDistributed(L.Dense(3, "softmax"))
    ),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_softmax_or_sigmoid_is_left_out_only_when_asked(name):
    model = HEADS[name]()
    with pytest.raises(ValueError, match=r"got a (softmax|sigmoid).*logits=True"):
        read_keras(model)
    y, _ = read_keras(model, logits=True).forward(batch())
    head = tf.nn.sigmoid if name == "sigmoid" else tf.nn.softmax
    np.testing.assert_allclose(head(y).numpy(), outputs(model, batch()), rtol=0, atol=TOLERANCE)


def spoilt(place):
    """Return a model one layer of which computes twice what Keras's class computes."""
    model = chain(
        L.LSTM(4, return_sequences=True, name="first"),
        L.LSTM(3, name="second"),
        L.Dense(2, name="head"),
    )
    layer = model if place == "model" else model.get_layer(place)
    call = layer.call
    layer.call = lambda *args, **kwargs: 2 * call(*args, **kwargs)
    return model


@pytest.mark.parametrize("place", ["first", "second", "head", "model"])
def test_a_difference_of_the_outputs_is_laid_to_its_layer(place):
    model = spoilt(place)
    model.name = "model"
    with pytest.raises(ValueError, match=rf"{place}: expected the outputs .* differ by up to"):
        read_keras(model)


def test_a_model_that_cannot_be_run_is_refused():
    model = chain(L.LSTM(4, use_cudnn=True), L.Dense(2))
    with pytest.raises(ValueError, match=r"expected a model that runs here.*cudnn"):
        read_keras(model)


def test_reading_leaves_the_random_generators_as_they_were():
    model = chain(L.LSTM(4, dropout=0.5), L.Dropout(0.5), L.Dense(2))
    before = [array.numpy() for array in model.variables]
    read_keras(model)
    for one, other in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(one, other.numpy())


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_goes_to_keras_and_comes_back_the_same(cell, dtype):
    settings = {"activation": "isru", "recurrent_activation": "isru_sigmoid", "dtype": dtype}
    network = LSTMNetwork(F, (5, 4), 2, cell=cell, return_sequences=True, **settings)
    twin = read_keras(build_keras(network))
    assert twin.settings == network.settings
    for one, other in zip(twin.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
