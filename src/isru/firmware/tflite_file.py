"""A network as a TensorFlow Lite file, by way of Keras and TensorFlow's own converter."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from isru.firmware.checks import Written, check_sequences, check_steps, in_float32
from isru.firmware.errors import ConversionError, DeployError
from isru.keras_bridge import (
    build_keras,
    has_keras_form,
    keras_activation,
    known_to_keras,
    load_tensorflow,
)
from isru.keras_bridge.loading import error_stream_to_scratch
from isru.lstm import LSTMNetwork
from isru.records import write_atomically

QUANTISE = ("none", "dynamic", "int8")
# TensorFlow 2.21 quantises operators in an order that changes from one conversion to the next. In
# about one of five the first step's SPLIT, of which the forget gate is never read (the cell is
# empty), stays in float32: the file computes the same, but is larger.
_CONVERSIONS = 20
_FORESEEN = (
    "Statistics for quantized inputs were expected",  # a float input is what is wanted
    r"\s*Warning: tf.lite.Interpreter is deprecated",  # its successor is another distribution
)


def to_tflite(
    network: LSTMNetwork,
    path: str | Path,
    *,
    steps: int,
    quantise: str = "none",
    representative: ArrayLike | None = None,
    unroll: bool | None = None,
) -> Written:
    """Write a network as a TensorFlow Lite file for one sequence of a fixed length at a time.

    Input (1, T, F), output (1, C), or (1, T, C) with ``return_sequences``, both float32.

    Parameters
    ----------
    network : isru.lstm.LSTMNetwork
        Of LSTM cells, any number of layers, any activation that Keras has.
    path : path-like
        A file of this name is replaced.
    steps : int
        T.
    quantise : {"none", "dynamic", "int8"}
        dynamic: matrices of weights as int8, if they have 1024 elements or more; int8: all
        weights and all arithmetic, with scales from `representative`.
    representative : array_like, shape (N, T, F), optional
        Sequences as they will come; for int8 and only there. A hundred will do.
    unroll : bool, optional
        Whether the steps follow one another in the file, or are the body of a WHILE. None takes
        the WHILE, which is the smaller file, except for int8.

    Returns
    -------
    Written

    Raises
    ------
    DeployError
        For another cell, weights that are not finite, an activation that Keras cannot have,
        arguments that do not fit.
    ConversionError
        If the converter fails, for instance because an operator has no int8 form, with its
        message; or if it leaves float32 between an int8 file's input and output.
    ImportError
        If TensorFlow is missing.

    Notes
    -----
    Without quantisation the interpreter's outputs are those of the NumPy network within 1e-5
    (measured by the tests). Keras 3 gives the converter no LSTM to recognise: the file holds
    primitive operators for every activation, tanh included, and no
    UNIDIRECTIONAL_SEQUENCE_LSTM (the tests read it from the file). In TensorFlow 2.21 the int8
    conversion of a WHILE ends the process by a segmentation fault; hence it is refused.
    """
    steps, unroll = check_steps(steps), quantise == "int8" if unroll is None else bool(unroll)
    network = _check(network, quantise, unroll)
    if (representative is None) == (quantise == "int8"):
        raise DeployError(
            "representative: expected sequences for quantise='int8' and None otherwise, got "
            f"{'None' if representative is None else 'sequences'} for {quantise!r}"
        )
    if representative is not None:
        features = network.input_size
        representative = check_sequences("representative", representative, features, steps)
    load_tensorflow()
    model = build_keras(network, steps=steps, batch_size=1)
    for layer in model.layers[:-1]:
        layer.unroll = unroll
    content = _convert(model, (1, steps, network.input_size), quantise, representative)
    path = Path(path)
    write_atomically(path, content)
    return Written(path, len(content), *tflite_contents(path))


def run_tflite(path: str | Path, sequences: ArrayLike) -> np.ndarray:
    """Return what TensorFlow Lite's interpreter computes for sequences (N, T, F), one by one.

    Without delegates: with the operators' own kernels.

    Raises
    ------
    DeployError
        For sequences of another shape.
    ConversionError
        If the interpreter cannot run the file; with its message.
    """
    tf = load_tensorflow()
    resolver = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with _foreseen(), _explained("TensorFlow Lite's interpreter cannot run the file"):
        interpreter = tf.lite.Interpreter(str(path), experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
    [x], [y] = interpreter.get_input_details(), interpreter.get_output_details()
    _, steps, features = x["shape"]
    outputs = []
    for sequence in check_sequences("sequences", sequences, features, steps):
        interpreter.set_tensor(x["index"], sequence[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(y["index"]))
    return np.concatenate(outputs)


def tflite_contents(path: str | Path) -> tuple[dict[str, int], dict[str, int]]:
    """Return how often each operator and each type of tensor occurs in a file, loops included."""
    return _contents(Path(path).read_bytes())


def _contents(content: bytes) -> tuple[dict[str, int], dict[str, int]]:
    load_tensorflow()
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    names = {code: name for name, code in vars(schema.BuiltinOperator).items()}
    types = {code: name for name, code in vars(schema.TensorType).items()}
    operators = Counter(
        names[codes[operator.opcodeIndex]]
        for graph in model.subgraphs
        for operator in graph.operators
    )
    tensors = Counter(types[tensor.type] for graph in model.subgraphs for tensor in graph.tensors)
    return dict(operators), dict(tensors)


def activation_operators(activation, folder) -> list[str]:
    """Return the operators that the converter makes of one activation, in their order."""
    tf = load_tensorflow()
    function = keras_activation(activation)
    signature = [tf.TensorSpec((1, 4), tf.float32)]
    traced = tf.function(function, input_signature=signature).get_concrete_function()
    path = Path(folder) / f"activation-{function.__name__}.tflite"
    write_atomically(path, _converted(traced))
    return list(tflite_contents(path)[0])


def _check(network, quantise, unroll):
    network = in_float32(network)
    if quantise not in QUANTISE:
        raise DeployError(f"quantise: expected one of {', '.join(QUANTISE)}; got {quantise!r}")
    if quantise == "int8" and not unroll:
        raise DeployError(
            "unroll: expected True or None for quantise='int8', since TensorFlow's converter "
            "crashes on the int8 form of a loop; got False"
        )
    for entry in (network.activation, network.recurrent_activation):
        if not has_keras_form(entry):
            known = ", ".join(known_to_keras())
            raise DeployError(
                f"expected an activation with a form in Keras, of: {known}; got {entry.name!r}"
            )
    return network


def _convert(model, shape, quantise, representative) -> bytes:
    tf = load_tensorflow()
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec(shape, tf.float32)]
    function = tf.function(lambda x: model(x), input_signature=signature)
    with _foreseen(), _explained("TensorFlow could not trace the network"):
        # constants: a Keras 3 model's variables would be read before they are set
        function = convert_variables_to_constants_v2(function.get_concrete_function())
    settings: dict[str, object] = {}
    if quantise != "none":
        settings["optimizations"] = [tf.lite.Optimize.DEFAULT]
    if quantise != "int8":
        return _converted(function, **settings)
    settings["representative_dataset"] = lambda: ([row[None]] for row in representative)
    for _ in range(_CONVERSIONS):
        content = _converted(function, int8=True, **settings)
        if _contents(content)[1]["FLOAT32"] == 2:  # input and output
            return content
    raise ConversionError(
        f"expected int8 everywhere between input and output, but each of {_CONVERSIONS} "
        "conversions left float32 tensors there"
    )


def _converted(function, int8=False, **settings) -> bytes:
    tf = load_tensorflow()
    with _foreseen(), _explained("TensorFlow Lite's converter failed"):
        owner = tf.Module()  # that of nothing: the function holds its constants itself
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], owner)
        for name, value in settings.items():
            setattr(converter, name, value)
        if int8:  # an operator without int8 form is an error, not a float operator in between
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        return converter.convert()


@contextlib.contextmanager
def _foreseen():
    """Keep the terminal free of TensorFlow's messages, and pass over the warnings `_FORESEEN`."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it tells an interactive Python, a notebook's, of every file
    try:
        with warnings.catch_warnings(), error_stream_to_scratch():
            for message in _FORESEEN:
                warnings.filterwarnings("ignore", message, UserWarning)
            yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _explained(what):
    from tensorflow.lite.python.convert import ConverterError

    try:
        yield
    except (ConverterError, RuntimeError, TypeError, ValueError) as error:
        raise ConversionError(f"{what}: {error}") from error
