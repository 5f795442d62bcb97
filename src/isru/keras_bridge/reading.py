"""Networks of Keras models: what is read, and what is refused by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from isru.keras_bridge.chains import Step, read_chain
from isru.keras_bridge.comparing import check_outputs
from isru.keras_bridge.heads import HEADS, head_of
from isru.keras_bridge.loading import load_tensorflow
from isru.keras_bridge.recognising import registry_entry
from isru.lstm import LSTMNetwork

_IDLE = (
    "Dropout",
    "SpatialDropout1D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
    "Identity",
)
"""Keras's layers that pass their input on when a model is used."""

_HINTS = {
    "Bidirectional": "read each direction as a model of its own, the backward one with its "
    "inputs reversed",
    "Masking": "a network has no masks: cut the sequences to their length",
    "Embedding": "multiply its matrix into the first kernel; integer inputs are one-hot rows",
    "BatchNormalization": "multiply it into the weights of the layer beside it",
    "Normalization": "normalise the inputs beforehand",
    "Flip": "reverse the inputs yourself, x[:, ::-1]",
    "Lambda": "write the last step as keras.layers.LSTM(..., return_sequences=False)",
    "GetItem": "only the last step, h[:, -1, :], can be taken",
    "Dense": "put one dense layer at the end, after the recurrent ones",
}
"""Name of a class -> what to do about a layer or an operation of it that was refused."""


def read_keras(model: Any, engine: str = "numpy", *, logits: bool = False) -> LSTMNetwork:
    """Return the network that computes what a Keras model computes.

    The model is a plain chain: LSTM layers, or GRU layers with ``reset_after=False``, all with
    the same activations, then one dense layer. Also read are ``RNN(LSTMCell(...))``, layers
    without bias, layers that do nothing in use (dropout, noise, ...), models inside the model,
    `TimeDistributed` around the dense layer, the last step as ``h[:, -1, :]``, and a constant
    that multiplies the inputs, which goes into the first kernel. Model and network are then run
    on random inputs, small ones and large ones, and must agree.

    Parameters
    ----------
    model : keras.Model
        A Sequential model, or one made by ``keras.Model(input, output)``.
    engine : str
        Of the network.
    logits : bool
        Whether a softmax or a sigmoid at the end may be left out. A network has none: it gives
        what goes into it, which is what the loss "cross_entropy" takes.

    Returns
    -------
    LSTMNetwork
        In the precision of the model.

    Raises
    ------
    TypeError
        For anything but a Keras model.
    ValueError
        For any other model, and for one whose outputs differ; the message names the layer.

    Examples
    --------
    >>> from isru.keras_bridge import build_keras
    >>> network = LSTMNetwork(3, 8, 2, activation="isru")
    >>> again = read_keras(build_keras(network))
    >>> again.activation.name, again.hidden_sizes
    ('isru', (8,))
    """
    load_tensorflow()
    chain = read_chain(model)
    found = _Parts(model.inputs[0])
    for step in chain:
        _take(found, step)
    if not found.recurrent or found.dense is None:
        names = ", ".join(step.operation.name for step in chain) or "none"
        raise ValueError(
            f"model {model.name}: expected LSTM or GRU layers and then a dense layer, got the "
            f"layers: {names}"
        )
    if found.head_step is not None and not logits:
        raise ValueError(
            f"{found.head_step.name}: expected a dense layer without activation at the end, got "
            f"a {found.head}, which a network does not compute: read_keras(model, logits=True) "
            "reads the network without it, whose outputs are logits"
        )
    network = _build(found, engine)
    check_outputs(model, network, chain, found)
    return network


@dataclass
class _Parts:
    """What a chain consists of, as far as it has been read.

    Attributes
    ----------
    input : keras.KerasTensor
    scale, shift : float
        What the inputs are multiplied with, and what is then added.
    recurrent : list of Step
    last_step : bool
        Whether the last step is taken of a layer's outputs for every step.
    dense : Step or None
    head : str
        Of `isru.keras_bridge.heads.HEADS`, or empty: what follows the dense layer.
    head_step : Step or None
        Where it lies.
    """

    input: Any
    scale: float = 1.0
    shift: float = 0.0
    recurrent: list[Step] = field(default_factory=list)
    last_step: bool = False
    dense: Step | None = None
    head: str = ""
    head_step: Step | None = None

    @property
    def dtype(self) -> str:
        """The precision, which is that of the first recurrent layer."""
        return self.recurrent[0].operation.variable_dtype


def _take(found, step):
    """Add a step to the parts.

    Raises
    ------
    ValueError
        If it has no place there.
    """
    if step.is_layer:
        _check_precision(found, step)
    readers = (_take_idle, _take_scale, _take_recurrent, _take_last_step, _take_dense, _take_head)
    if not any(reader(found, step) for reader in readers):
        kind = _kind(step)
        hint = f": {_HINTS[kind]}" if kind in _HINTS else ""
        what = f"a layer of the class {kind}" if step.is_layer else f"{kind}, which is no layer"
        place = " in this place" if kind in (*_RECURRENT, "Dense") else ""
        raise ValueError(
            f"{step.name}: expected LSTM or GRU layers, one dense layer and such as do nothing "
            f"in use, got {what}{place}{hint}"
        )


def _kind(step):
    """Return the class of an operation of Keras by name, or that of a user's own in full.

    What a step of Keras's class does is checked afterwards, when the model is run.
    """
    kind = type(step.operation)
    own = not kind.__module__.startswith("keras.")
    return f"{kind.__module__}.{kind.__qualname__}" if own else kind.__name__


def _check_precision(found, step):
    layer = step.operation
    parts = [layer, *(getattr(layer, name) for name in ("cell", "layer") if hasattr(layer, name))]
    for part in parts:
        quantised = getattr(part, "quantization_mode", None)
        policy = getattr(part, "dtype_policy", None)
        if policy is None:  # a cell of the user's own, which is refused elsewhere
            continue
        wanted = [found.dtype] if found.recurrent else ["float32", "float64"]
        dtypes = {policy.compute_dtype, policy.variable_dtype}
        if quantised or len(dtypes) > 1 or not dtypes <= {*wanted}:
            raise ValueError(
                f"{step.name}: expected weights and arithmetic in {' or '.join(wanted)}, as in "
                f"all layers, got the policy {policy.name!r}: build the model with one of them"
            )
    if not found.recurrent and found.input.dtype not in ("float32", "float64"):
        raise ValueError(
            f"layer {found.input._keras_history.operation.name}: expected inputs of float32 or "
            f"float64, got {found.input.dtype}, which rounds them"
        )


def _take_idle(found, step):
    kind = _kind(step)
    if kind in ("Reshape", "Flatten"):
        before, after = step.tensor.shape[1:], step.output.shape[1:]
        return before == after and sum(size is None for size in after) < 2
    if kind == "Activation":
        import keras

        return step.operation.activation is keras.activations.linear
    return step.is_layer and kind in _IDLE


def _take_scale(found, step):
    if found.recurrent:
        return False
    kind, scale, shift = _kind(step), 1.0, 0.0
    if kind == "Rescaling":
        scale, shift = step.operation.scale, step.operation.offset
    elif kind in ("Multiply", "TrueDivide", "Divide") and not step.is_layer and not step.kwargs:
        left, right = step.args
        constant = right if left is step.tensor else left
        if kind != "Multiply" and constant is left:
            return False
        constant = _number(constant)
        scale = constant if kind == "Multiply" or not constant else 1 / constant
    else:
        return False
    scale, shift = _number(scale), _number(shift)
    if not scale or shift is None:
        raise ValueError(
            f"{step.name}: expected one finite number other than zero that the inputs are "
            "multiplied with, and one that is added: scale the inputs beforehand"
        )
    found.scale, found.shift = found.scale * scale, found.shift * scale + shift
    return True


def _number(value):
    """Return a constant as a float; None if it is not one finite number."""
    try:
        number = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, NotImplementedError):
        return None
    return float(number) if number.ndim == 0 and np.isfinite(number) else None


_RECURRENT = {"LSTM": "LSTMCell", "GRU": "GRUCell", "RNN": None}
_CELLS = {"LSTMCell": ("lstm", 4), "GRUCell": ("gru", 3)}


def _take_recurrent(found, step):
    layer = step.operation
    if _kind(step) not in _RECURRENT or found.dense is not None or found.last_step:
        return False
    cell = type(layer.cell)
    if not cell.__module__.startswith("keras.") or cell.__name__ not in _CELLS:
        raise ValueError(
            f"{step.name}: expected an LSTMCell or a GRUCell, got the cell {cell.__name__}"
        )
    refused = {
        "go_backwards": "reverse the inputs yourself, x[:, ::-1], and build the layer without it",
        "stateful": "forward returns the state and takes it: build the layer without it",
    }
    for name, hint in refused.items():
        if getattr(layer, name):
            raise ValueError(f"{step.name}: expected {name}=False, got True: {hint}")
    if cell.__name__ == "GRUCell" and layer.cell.reset_after:
        raise ValueError(
            f"{step.name}: expected reset_after=False, got True, Keras's default, which computes "
            "another candidate: build it as GRU(..., reset_after=False) and train it anew"
        )
    if len(step.tensor.shape) != 3:
        raise ValueError(
            f"{step.name}: expected inputs of shape (B, T, F), got {step.tensor.shape}"
        )
    if step.output_index == 2:  # output, h, c; without every step's output, h is the output
        raise ValueError(
            f"{step.name}: expected the layer's output to go on, got its cell state: a network "
            "has no way to it"
        )
    found.last_step = bool(step.output_index) and layer.return_sequences
    found.recurrent.append(step)
    return True


def _take_last_step(found, step):
    if _kind(step) != "GetItem" or step.is_layer or step.kwargs or not found.recurrent:
        return False
    _, key = step.args
    every = slice(None)
    last = isinstance(key, tuple) and key in ((every, -1), (every, -1, every), (every, -1, ...))
    if not last or len(step.tensor.shape) != 3:
        return False
    found.last_step = True
    return True


def _take_dense(found, step):
    layer = step.operation
    if not found.recurrent or found.dense is not None:
        return False
    if _kind(step) == "TimeDistributed":
        layer = layer.layer
    if type(layer).__name__ != "Dense" or not type(layer).__module__.startswith("keras."):
        return False
    found.dense = step
    _note_head(found, step, layer.activation, repr(layer.activation))
    return True


def _take_head(found, step):
    if found.dense is None or found.head or not _may_be_head(step):
        return False
    _note_head(found, step, step.run, _kind(step))
    return True


def _may_be_head(step):
    return not step.is_layer or _kind(step) in ("Activation", "Softmax")


def _note_head(found, step, function, described):
    head = head_of(function, step.output.shape, found.dtype)
    if head is None:
        raise ValueError(
            f"{step.name}: expected a dense layer without activation at the end, or with one of "
            f"{', '.join(HEADS)} over the last axis, got {described}"
        )
    if head:
        found.head, found.head_step = head, step


def _build(found, engine):
    """Return the network of the parts."""
    cells = [step.operation.cell for step in found.recurrent]
    settings = _common_settings(found.recurrent)
    blocks = _CELLS[type(cells[0]).__name__][1]
    dense = _dense_layer(found)
    arrays = []
    for cell in cells:
        bias = _array(cell.bias) if cell.use_bias else np.zeros(blocks * cell.units)
        arrays += [_array(cell.kernel), _array(cell.recurrent_kernel), bias]
    kernel, bias = arrays[0], arrays[2]
    if found.shift:
        arrays[2] = bias + found.shift * kernel.sum(axis=0, dtype=np.float64)
    if found.scale != 1:
        arrays[0] = kernel * np.float64(found.scale)
    arrays += [
        _array(dense.kernel),
        _array(dense.bias) if dense.use_bias else np.zeros(dense.units),
    ]
    sequences = found.recurrent[-1].operation.return_sequences and not found.last_step
    network = LSTMNetwork(
        len(kernel),
        [cell.units for cell in cells],
        dense.units,
        return_sequences=sequences,
        dtype=found.dtype,
        engine=engine,
        **settings,
    )
    network.set_weights(arrays)
    return network


def _array(variable):
    return load_tensorflow().convert_to_tensor(variable).numpy()


def _dense_layer(found):
    layer = found.dense.operation
    return layer.layer if _kind(found.dense) == "TimeDistributed" else layer


def _common_settings(steps):
    """Return cell and activations of all recurrent layers, which must be the same."""
    for step in steps:
        cell = step.operation.cell
        entries = {
            name: _entry(step, name, cell) for name in ("activation", "recurrent_activation")
        }
        functions = [(entry.name, dict(entry.parameters)) for entry in entries.values()]
        described = [type(cell).__name__, *functions]
        if step is steps[0]:
            first, settings = described, entries
        elif described != first:
            raise ValueError(
                f"{step.name}: expected the same cell and the same activations in all recurrent "
                f"layers, {first} as in {steps[0].operation.name}, got {described}"
            )
    low, high = settings["recurrent_activation"].range
    if low < 0 or high > 1:
        raise ValueError(
            f"{steps[0].name}, recurrent_activation: expected a function into [0, 1], such as "
            f"'sigmoid', got {settings['recurrent_activation'].name!r} with range "
            f"({low:g}, {high:g})"
        )
    return {**settings, "cell": _CELLS[type(steps[0].operation.cell).__name__][0]}


def _entry(step, name, cell):
    layer = step.operation
    try:
        return registry_entry(getattr(cell, name), units=cell.units, dtype=layer.variable_dtype)
    except ValueError as error:
        raise ValueError(f"{step.name}, {name}: {error}") from error
