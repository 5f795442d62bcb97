"""Steps of a network to be timed: one update or one prediction of a batch, by three frameworks.

Both engines of `isru.lstm` count as frameworks, ``"numpy"`` and ``"numba"``, beside ``"keras"``.

The factories follow `isru.bench`: everything is prepared outside, the returned call is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from isru.activations import Activation, get_activation
from isru.bench import Arm
from isru.lstm import Adam, LSTMNetwork, train_step
from isru.lstm.inputs import check_choice

FRAMEWORKS = ("numpy", "numba", "keras")
STEPS = ("predict", "gradient", "train")
"""Forward; forward and backward; these and Adam. Each is timed as a whole."""
COMPARED = {"tanh": "tanh", "tanh_again": "tanh", "isru": "isru", "plain": "isru_plain"}
"""Label and function of the arms that a saving and its floor need, and of the plain form."""
SETUP_STEP = "isru.studies.timed_steps:setup_step"
SETUP_ACTIVATIONS = "isru.studies.timed_steps:setup_activations"
"""The factories, as `isru.bench.Arm` names them."""
# So small that thousands of timed updates leave the network where it started.
LEARNING_RATE = 1e-6
_TEXT_CLIP_NORM = 5.0


def step_arms(steps: int, *, few: bool = False, **settings: object) -> list[Arm]:
    """Return the arms: the step with tanh, tanh again, ISRU, plain ISRU; activations alone.

    ISRU is the library's, right for every input; the plain form is what one types first, and
    fails where x^2 overflows.

    Parameters
    ----------
    steps : int
        Time steps T of the sequences.
    few : bool
        Only tanh, tanh again and ISRU, which a saving and its floor need.
    **settings
        Further arguments of `setup_step`.
    """
    arms = [
        Arm(label, SETUP_STEP, {"activation": name, "steps": steps, **settings})
        for label, name in COMPARED.items()
        if not (few and label == "plain")
    ]
    if few:
        return arms
    return arms + [
        Arm(f"{name}_calls", SETUP_ACTIVATIONS, {"activation": name, "steps": steps})
        for name in ("tanh", "isru")
    ]


def setup_step(
    *,
    rng: np.random.Generator,
    units: int,
    step: str,
    activation: str,
    framework: str = "numpy",
    recurrent_activation: str = "sigmoid",
    layers: int = 1,
    batch: int = 32,
    steps: int = 24,
    features: int = 10,
    dtype: str = "float32",
    engine: str = "",
    text: bool = False,
) -> Callable[[], object]:
    """Return a call that makes one step of a stack of LSTM layers with a dense one behind it.

    A forecaster has one output and the mean squared error. A model of ``text`` reads numbers of
    characters and predicts the next one at every time step, with cross-entropy and clipping.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws weights, inputs and targets.
    units : int
    step : {"predict", "gradient", "train"}
        See `STEPS`. In Keras an update is one call of a ``tf.function``, and there is no
        gradient without one.
    activation, recurrent_activation : str
        Candidate and output; gates.
    framework : {"numpy", "numba", "keras"}
        The first two are the engines of `isru.lstm`.
    layers, batch, steps, features : int
        L, B, T, F of the input; of a text F is the size of its alphabet.
    dtype : {"float32", "float64"}
    engine : str
        Another name of the framework where it is an engine; see `isru.lstm.ENGINES`.
    text : bool

    Raises
    ------
    ValueError
        For an unknown step or framework, and as `isru.lstm.LSTMNetwork`.
    """
    framework = engine or framework
    _check(step, framework)
    network = LSTMNetwork(
        features,
        [units] * layers,
        features if text else 1,
        activation=activation,
        recurrent_activation=recurrent_activation,
        return_sequences=text,
        dtype=dtype,
        engine="numpy" if framework == "keras" else framework,
        rng=rng,
    )
    if text:
        x, target = rng.integers(0, features, (2, batch, steps))
        settings = {"loss": "cross_entropy", "clip_norm": _TEXT_CLIP_NORM}
        return step_call(network, step, x, target, **settings)
    x, target = forecast_arrays(network, rng, batch, steps)
    if framework == "keras":
        return _keras_step(network, step, x, target)
    return step_call(network, step, x, target)


def forecast_arrays(
    network: LSTMNetwork, rng: np.random.Generator, batch: int, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs (B, T, F) and targets (B, 1) for a forecaster: time needs no weather."""
    x = rng.standard_normal((batch, steps, network.input_size)).astype(network.dtype)
    return x, rng.standard_normal((batch, 1)).astype(network.dtype)


def step_call(
    network: LSTMNetwork, step: str, x: np.ndarray, target: np.ndarray, loss: str = "mse", **update
) -> Callable[[], object]:
    """Return a call that makes one of `STEPS` of a network from scratch.

    Parameters
    ----------
    network : LSTMNetwork
    step : {"predict", "gradient", "train"}
    x, target : ndarray
    loss : str
        A name in `isru.lstm.LOSSES`.
    **update
        Further arguments of `isru.lstm.train_step`.
    """
    if step == "predict":
        return partial(network.forward, x)
    if step == "gradient":
        return partial(network.backpropagate, x, target, loss)
    return partial(train_step, network, Adam(LEARNING_RATE), x, target, loss, **update)


def setup_activations(
    *,
    rng: np.random.Generator,
    units: int,
    step: str,
    activation: str,
    framework: str = "numpy",
    layers: int = 1,
    batch: int = 32,
    steps: int = 24,
    dtype: str = "float32",
    engine: str = "",
) -> Callable[[], object]:
    """Return a call that does only the candidate and output activations of a step.

    As often and on arrays of the same shape as the network does: per time step two forward
    calls on (B, H) arrays; with a backward pass also their derivatives, in NumPy as there: in
    two calls for all steps. The compiled engine activates the units of one sequence at a time,
    and so does its call here, which copies the inputs first. What two activations differ by here
    is what a step should differ by.

    Parameters
    ----------
    rng, units, step, activation, framework, layers, batch, steps, dtype, engine
        As for `setup_step`.
    """
    framework = engine or framework
    _check(step, framework)
    x = rng.standard_normal((layers * steps, 2, batch, units)).astype(dtype)
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
    arguments = (*compiled_pair(entry, x.dtype), x, *room(x, entry.saves_output, step != "predict"))
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
    check_choice("framework", framework, FRAMEWORKS)
    check_choice("step", step, ("predict", "train") if framework == "keras" else STEPS)


def _keras_step(network: LSTMNetwork, step: str, x: np.ndarray, target: np.ndarray) -> Callable:
    from isru.keras_bridge import build_keras, load_tensorflow, make_train_step

    tf = load_tensorflow()
    model = build_keras(network, steps=x.shape[1], batch_size=x.shape[0])
    x, target = tf.constant(x), tf.constant(target)
    if step == "train":
        update = make_train_step(model, learning_rate=LEARNING_RATE)
        return lambda: update(x, target).numpy()
    predict = tf.function(lambda values: model(values, training=False))
    return lambda: predict(x).numpy()
