"""Steps of a network to be timed: one update or one prediction of a batch, by three frameworks.

Both engines of `isru.lstm` count as frameworks, ``"numpy"`` and ``"numba"``, beside ``"keras"``.

The factories follow `isru.bench`: everything is prepared outside, the returned call is timed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from isru.activations import Activation, get_activation
from isru.lstm import Adam, LSTMNetwork, train_step

FRAMEWORKS = ("numpy", "numba", "keras")
STEPS = ("train", "predict")
# So small that thousands of timed updates leave the network where it started.
_LEARNING_RATE = 1e-6


def setup_step(
    *,
    rng: np.random.Generator,
    units: int,
    step: str,
    activation: str,
    framework: str = "numpy",
    recurrent_activation: str = "sigmoid",
    batch: int = 32,
    steps: int = 24,
    features: int = 10,
    dtype: str = "float32",
    engine: str = "",
) -> Callable[[], object]:
    """Return a call that makes one step of a forecaster: LSTM layer, dense layer, one output.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws weights, inputs and targets.
    units : int
    step : {"train", "predict"}
        One update (forward, backward, Adam; in Keras one call of a ``tf.function``), or the
        forward pass alone.
    activation, recurrent_activation : str
        Candidate and output; gates.
    framework : {"numpy", "numba", "keras"}
        The first two are the engines of `isru.lstm`.
    batch, steps, features : int
        B, T, F of the input.
    dtype : {"float32", "float64"}
    engine : str
        Another name of the framework where it is an engine; see `isru.lstm.ENGINES`.

    Raises
    ------
    ValueError
        For an unknown step or framework, and as `isru.lstm.LSTMNetwork`.
    """
    framework = engine or framework
    _check(step, framework)
    network = LSTMNetwork(
        features,
        units,
        1,
        activation=activation,
        recurrent_activation=recurrent_activation,
        dtype=dtype,
        engine="numpy" if framework == "keras" else framework,
        rng=rng,
    )
    x = rng.standard_normal((batch, steps, features)).astype(dtype)
    target = rng.standard_normal((batch, 1)).astype(dtype)
    if framework == "keras":
        return _keras_step(network, step, x, target)
    if step == "predict":
        return lambda: network.forward(x)
    optimizer = Adam(_LEARNING_RATE)
    return lambda: train_step(network, optimizer, x, target)


def setup_activations(
    *,
    rng: np.random.Generator,
    units: int,
    step: str,
    activation: str,
    framework: str = "numpy",
    batch: int = 32,
    steps: int = 24,
    dtype: str = "float32",
) -> Callable[[], object]:
    """Return a call that does only the candidate and output activations of a step.

    As often and on arrays of the same shape as the network does: per time step two forward
    calls on (B, H) arrays; with ``step="train"`` also their derivatives, in NumPy as there: in
    two calls for all steps. The compiled engine activates the units of one sequence at a time,
    and so does its call here, which copies the inputs first. What two activations differ by here
    is what a step should differ by.

    Parameters
    ----------
    rng, units, step, activation, framework, batch, steps, dtype
        As for `setup_step`.
    """
    _check(step, framework)
    x = rng.standard_normal((steps, 2, batch, units)).astype(dtype)
    make = {
        "numpy": _numpy_activations,
        "numba": _compiled_activations,
        "keras": _keras_activations,
    }
    return make[framework](get_activation(activation), step, x)


def _numpy_activations(entry: Activation, step: str, x: np.ndarray) -> Callable:
    y, saved = np.empty_like(x), np.empty_like(x)
    slope = np.empty_like(x[:, 0])
    triples = [(x[t, k], y[t, k], saved[t, k]) for t in range(len(x)) for k in range(2)]
    kept = (y if entry.saves_output else saved).swapaxes(0, 1)

    def forward():
        for one_x, one_y, one_saved in triples:
            entry.forward(one_x, out=one_y, saved=one_saved)

    def forward_and_derivative():
        forward()
        for array in kept:
            entry.derivative(array, out=slope)

    return forward if step == "predict" else forward_and_derivative


def _compiled_activations(entry: Activation, step: str, x: np.ndarray) -> Callable:
    from isru.kernels import compiled_pair
    from isru.kernels.rows import apply_rows, room

    x = x.reshape(-1, x.shape[-1])
    arguments = (*compiled_pair(entry, x.dtype), x, *room(x, entry.saves_output, step == "train"))
    return lambda: apply_rows(*arguments)


def _keras_activations(entry: Activation, step: str, x: np.ndarray) -> Callable:
    from isru.keras_bridge import keras_activation, load_tensorflow

    tf = load_tensorflow()
    function = keras_activation(entry)
    x = tf.constant(x)

    def forward(values):
        # As in Keras's LSTM: a loop in the graph over arrays of steps, and a product with the
        # activation's output, for whose gradient that output is kept in any case.
        count = len(x)
        arrays = [
            tf.TensorArray(values.dtype, count).unstack(values[:, k])
            for k in range(values.shape[1])
        ]

        def one_step(t, total):
            candidate, output = (function(array.read(t)) for array in arrays)
            return t + 1, total + candidate * output

        zero = tf.zeros_like(values[0, 0])
        return tf.while_loop(lambda t, _: t < count, one_step, (0, zero))[1]

    def forward_and_gradient(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            total = forward(values)
        return tape.gradient(total, values)

    call = tf.function(forward if step == "predict" else forward_and_gradient)
    return lambda: call(x).numpy()


def _check(step: str, framework: str) -> None:
    for name, given, known in (("step", step, STEPS), ("framework", framework, FRAMEWORKS)):
        if given not in known:
            raise ValueError(f"{name}: expected one of {known}, got {given!r}")


def _keras_step(network: LSTMNetwork, step: str, x: np.ndarray, target: np.ndarray) -> Callable:
    from isru.keras_bridge import build_keras, load_tensorflow, make_train_step

    tf = load_tensorflow()
    model = build_keras(network, steps=x.shape[1], batch_size=x.shape[0])
    x, target = tf.constant(x), tf.constant(target)
    if step == "train":
        update = make_train_step(model, learning_rate=_LEARNING_RATE)
        return lambda: update(x, target).numpy()
    predict = tf.function(lambda values: model(values, training=False))
    return lambda: predict(x).numpy()
