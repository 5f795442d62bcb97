"""What is timed of frameworks: updates of a classifier that reads an image row by row.

A stack of LSTM layers, as in the published notebook, compiled by Keras as a graph, with and
without XLA, or in NumPy. Arms of one process share a compiled step where they are equal, since
compiling takes seconds: what two compilations differ by shows between processes only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from isru.activations import get_activation
from isru.lstm import LSTMNetwork
from isru.studies.timed_steps import LEARNING_RATE, step_call

CLASSES = 10


def image_network(
    rng: np.random.Generator, *, activation: str, layers: int, units: int, columns: int
) -> LSTMNetwork:
    """Return a classifier of images read row by row: LSTM layers, then ten classes."""
    return LSTMNetwork(columns, [units] * layers, CLASSES, activation=activation, rng=rng)


def setup_step(
    *,
    rng: np.random.Generator,
    units: int,
    batch: int,
    activation: str,
    mode: str,
    layers: int,
    rows: int,
    columns: int,
    framework: str = "keras",
    step: str = "train",
) -> Callable[[], object]:
    """Return a call that makes one update of an image classifier.

    Parameters
    ----------
    rng : numpy.random.Generator
    units, batch, layers, rows, columns : int
        H, B, L, T, F.
    activation : str
    mode : {"graph", "xla", "numpy"}
        Keras in a ``tf.function``, without and with XLA, or the NumPy engine.
    framework, step : str
        Names of the case; this is Keras, or NumPy beside it, and an update.
    """
    shape = activation, layers, units, rows, columns
    x, target = images(rng, batch, rows, columns)
    if mode == "numpy":
        network = image_network(
            rng, activation=activation, layers=layers, units=units, columns=columns
        )
        return step_call(network, "train", x, target, "cross_entropy")
    from isru.keras_bridge import load_tensorflow

    tf = load_tensorflow()
    update = _kept_step(*shape, batch, mode)
    x, target = tf.constant(x), tf.constant(target)
    return lambda: update(x, target).numpy()


def images(rng: np.random.Generator, batch: int, rows: int, columns: int):
    """Return random images (B, T, F) in [0, 1) and their classes (B,): time needs no pictures."""
    x = rng.random((batch, rows, columns), dtype=np.float32)
    return x, rng.integers(0, CLASSES, batch).astype(np.int32)


def build_step(activation, layers, units, rows, columns, batch, mode):
    """Return the update of a Keras model, to be traced and compiled by its first call.

    Parameters
    ----------
    activation : str
    layers, units, rows, columns, batch : int
        L, H, T, F, B.
    mode : {"graph", "xla"}
    """
    from isru.keras_bridge import build_keras, make_train_step

    network = image_network(
        np.random.default_rng(0), activation=activation, layers=layers, units=units, columns=columns
    )
    model = build_keras(network, steps=rows, batch_size=batch)
    return make_train_step(
        model, "cross_entropy", learning_rate=LEARNING_RATE, jit_compile=mode == "xla"
    )


_kept_step = lru_cache(maxsize=16)(build_step)


def setup_calls(
    *,
    rng: np.random.Generator,
    units: int,
    batch: int,
    activation: str,
    mode: str,
    layers: int,
    rows: int,
    framework: str = "keras",
    step: str = "train",
) -> Callable[[], object]:
    """Return a call of only the candidate and output activations of an update, with gradients.

    As often and on arrays of the shape that the network has, in a loop of the graph, with the
    product whose gradient makes Keras keep the activations' outputs in any case.
    """
    from isru.keras_bridge import keras_activation, load_tensorflow

    tf = load_tensorflow()
    function = keras_activation(get_activation(activation))
    values = tf.constant(rng.standard_normal((layers * rows, 2, batch, units)).astype(np.float32))

    @tf.function(jit_compile=mode == "xla")
    def forward_and_gradient(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            total = tf.scan(
                lambda total, pair: total + function(pair[0]) * function(pair[1]),
                values,
                initializer=tf.zeros_like(values[0, 0]),
            )[-1]
        return tape.gradient(total, values)

    return lambda: forward_and_gradient(values).numpy()
