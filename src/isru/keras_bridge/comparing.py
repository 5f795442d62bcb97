"""Model and network on the same random inputs: they must compute the same outputs."""

from __future__ import annotations

import contextlib
import re
from textwrap import shorten

import numpy as np

from isru.keras_bridge.heads import apply_head
from isru.keras_bridge.loading import load_tensorflow
from isru.lstm import LSTMNetwork

# Of 1 + |y|. Two orders of summation differ by some 10 roundings; where the recurrence lets them
# grow, what roundings do to the outputs of the network itself is allowed for beside it.
_TOLERANCES = {"float32": 1e-5, "float64": 1e-11}
_GROWTH = 64  # times the largest change that was seen
_MOVES = 3  # how often the weights are moved to see it
_KNOWN = 1e6  # outputs beyond are those of a network without bound that runs away
_ROWS, _STEPS = 12, 12
_SMALLEST, _LARGEST = 0.1, 1000.0  # of the inputs: from nearly linear to saturated


def check_outputs(model, network, chain, found) -> None:
    """Refuse a model that does not compute what the network does.

    Parameters
    ----------
    model : keras.Model
    network : LSTMNetwork
        As it was read, of the whole model but for the head.
    chain : list of Step
    found : object
        With the ``scale`` and ``shift`` of the inputs, the ``recurrent`` steps, the ``dense``
        one, and the ``head``.

    Raises
    ------
    ValueError
        If an output differs by more than roundings, with the first layer that does; or if the
        model cannot be run.
    """
    x = _inputs(model, network, found)
    # on the CPU: a GPU may multiply in less than float32
    with load_tensorflow().device("CPU:0"), _kept_seeds(model):
        y = _outputs(model, x)
        difference = _difference(network, x, y, found.head)
        if difference is None:
            return
        name, difference = _first_difference(network, chain, found, x) or (
            f"model {model.name}",
            difference,
        )
    raise ValueError(
        f"{name}: expected the outputs that its weights and activations give, got some that "
        f"differ by up to {difference:.3g} on random inputs: it computes something of its own, "
        "which a network does not"
    )


def _inputs(model, network, found):
    """Return random sequences (N, T, F), each row of another size, of the model's dtype."""
    rng = np.random.default_rng(0)
    batch, steps, _ = model.inputs[0].shape
    rows = _ROWS if batch is None else batch * -(-_ROWS // batch)
    sizes = np.geomspace(_SMALLEST, _LARGEST, rows)[:, None, None]
    x = sizes * rng.standard_normal((rows, steps or _STEPS, network.input_size))
    return ((x - found.shift) / found.scale).astype(model.inputs[0].dtype)


def _outputs(model, x):
    """Run the model on some sequences, as many at a time as it takes."""
    import keras

    batch = model.inputs[0].shape[0] or len(x)
    shaped = isinstance(model, keras.Sequential)
    outputs = []
    for start in range(0, len(x), batch):
        part = x[start : start + batch]
        given = part if shaped else keras.tree.map_structure(lambda _, part=part: part, model.input)
        try:
            y = model(given, training=False)
        except Exception as error:  # Keras, TensorFlow and a user's layer may raise anything
            raise ValueError(
                f"model {model.name}: expected a model that runs here, so that its outputs can "
                f"be compared, got {type(error).__name__}: {_shortened(error)}"
            ) from error
        [y] = keras.tree.flatten(y)
        outputs.append(keras.ops.convert_to_numpy(y))
    return np.concatenate(outputs)


def _shortened(error):
    """Return what an error says, without Keras's colours and its list of arguments."""
    text = re.sub(r"\x1b\[\d+m", "", str(error)).partition("Arguments received")[0]
    return shorten(text, 300)


@contextlib.contextmanager
def _kept_seeds(model):
    """Put back what a run moves on: the states of the random generators."""
    weights = {id(variable) for variable in model.weights}
    kept = [(state, state.numpy()) for state in model.variables if id(state) not in weights]
    try:
        yield
    finally:
        for state, value in kept:
            state.assign(value)


def _difference(network, x, y, head=""):
    """Return by how much outputs differ from a network's; None if it is by roundings only."""
    rows = (len(x), -1)
    with np.errstate(all="ignore"):  # activations without bound overflow in all of them
        wanted, *others = (apply_head(head, each.forward(x)[0]) for each in _relatives(network))
        if y.shape != wanted.shape:
            return np.inf
        changes = [np.abs(other - wanted).reshape(rows).max(axis=1) for other in others]
        size, growth = np.abs(wanted).reshape(rows).max(axis=1), np.max(changes, axis=0)
        tolerance = _TOLERANCES[network.dtype.name] * (1 + size) + _GROWTH * growth
        difference = np.nan_to_num(np.abs(y - wanted), nan=np.inf).reshape(rows).max(axis=1)
        wrong = (size < _KNOWN) & (difference > tolerance)
    return float(difference[wrong].max()) if wrong.any() else None


def _relatives(network):
    """Return the network in float64, in its own precision, and moved by some roundings."""
    rng = np.random.default_rng(1)
    step = 4 * np.finfo(network.dtype).eps
    weights = [array.astype(np.float64) for array in network.get_weights()]
    sets = [
        [array * (1 + step * rng.choice([-1.0, 1.0], array.shape)) for array in weights]
        for _ in range(_MOVES)
    ]
    kinds = [("float64", weights), (network.dtype.name, weights), *(("float64", s) for s in sets)]
    relatives = []
    for dtype, arrays in kinds:
        relatives.append(LSTMNetwork(**{**network.settings, "dtype": dtype, "engine": "numpy"}))
        relatives[-1].set_weights(arrays)
    return relatives


def _first_difference(network, chain, found, x):
    """Return the name of the first layer whose outputs differ, and by how much; or None."""
    import keras

    value, layers = keras.ops.convert_to_tensor(x), 0
    for step in chain:
        value = step.run(value)
        if any(step is each for each in found.recurrent):
            layers += 1
            y = keras.ops.convert_to_numpy(value)
            difference = _difference(_beginning(network, layers, y.ndim == 3), x, y)
            if difference is not None:
                return step.name, difference
    y = keras.ops.convert_to_numpy(value)
    difference = _difference(network, x, y, found.head)
    if difference is None:  # the layers are right: it is what the model makes of them
        return None
    return (found.head_step or found.dense).name, difference


def _beginning(network, layers, sequences):
    """Return the network of the first layers, whose outputs are theirs."""
    sizes = network.hidden_sizes[:layers]
    settings = {"hidden_sizes": sizes, "output_size": sizes[-1], "return_sequences": sequences}
    part = LSTMNetwork(**{**network.settings, **settings})
    weights = network.get_weights()[: 3 * layers]
    part.set_weights([*weights, np.eye(sizes[-1]), np.zeros(sizes[-1])])
    return part
