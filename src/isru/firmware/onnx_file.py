"""A network as an ONNX file, of primitive operators or with ONNX's own LSTM operator."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from isru.firmware.checks import Written, check_sequences, in_float32, load
from isru.firmware.errors import ConversionError, DeployError
from isru.firmware.onnx_graph import Graph, add_activation, check_onnx_form
from isru.lstm import LSTMNetwork
from isru.lstm.weights import from_keras_order
from isru.records import write_atomically

OPSET, IR_VERSION = 17, 8  # of 2022: what runtimes that are some years old read, too
FUSED = {"tanh": "Tanh", "softsign": "Softsign", "relu": "Relu"}
"""Candidate activation -> its name inside ONNX's LSTM operator, which takes no other functions."""
FUSED_GATES = {"sigmoid": "Sigmoid"}
_FUSED_ORDER = (0, 3, 1, 2)  # ONNX's operator has the gates i, o, f, c; ours are i, f, c, o


def to_onnx(network: LSTMNetwork, path: str | Path, *, fused: bool = False) -> Written:
    """Write a network as an ONNX file and have it checked.

    Input ``x`` (B, T, F), output ``y`` (B, C), or (B, T, C) with ``return_sequences``, float32;
    B and T are free. One product makes the input projection of all steps.

    Parameters
    ----------
    network : isru.lstm.LSTMNetwork
        Of LSTM cells, any number of layers, any activation with
        a formula or a form in ONNX's operators.
    path : path-like
        A file of this name is replaced.
    fused : bool
        Whether a layer is one LSTM operator, for the activations of `FUSED` and `FUSED_GATES`.
        Otherwise the recurrence is a Scan over the steps, its body made of primitive operators.

    Returns
    -------
    Written

    Raises
    ------
    DeployError
        For another cell, weights that are not finite, or an activation that the form cannot
        hold.
    ConversionError
        If ONNX's checker refuses the file.
    ImportError
        If the package onnx is missing.

    Notes
    -----
    onnxruntime's outputs are those of the NumPy network within 1e-5 (measured by the tests):
    float32 sums in another order, and another tanh.
    """
    onnx = load("onnx")
    network = in_float32(network)
    if fused:
        _check_fused(network)
    else:
        check_onnx_form(network.activation)
        check_onnx_form(network.recurrent_activation)
    graph = Graph()
    layer = _fused_layer if fused else _layer
    *arrays, kernel, bias = network.get_weights()
    h, last = "x", len(network.hidden_sizes) - 1
    for number in range(last + 1):
        keep = number < last or network.return_sequences
        h = layer(graph, h, arrays[3 * number : 3 * number + 3], network, keep)
    y = graph.add("MatMul", h, graph.constant(kernel))
    graph.nodes.append(onnx.helper.make_node("Add", [y, graph.constant(bias)], ["y"]))
    model = _model(onnx, graph, network)
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ConversionError(f"ONNX's checker refused the network: {error}") from error
    path = Path(path)
    write_atomically(path, model.SerializeToString(deterministic=True))
    names = [onnx.TensorProto.DataType.Name(t.data_type) for t in graph.constants.values()]
    return Written(path, path.stat().st_size, _count(model.graph), dict(Counter(names)))


def run_onnx(path: str | Path, sequences: ArrayLike) -> np.ndarray:
    """Return what onnxruntime computes for sequences (B, T, F), float32, on one processor core.

    Raises
    ------
    DeployError
        For sequences of another shape.
    ImportError
        If onnxruntime is missing.
    """
    runtime = load("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: it writes to the terminal
    providers = ["CPUExecutionProvider"]
    session = runtime.InferenceSession(str(path), options, providers=providers)
    features = session.get_inputs()[0].shape[2]
    return session.run(["y"], {"x": check_sequences("sequences", sequences, features)})[0]


def onnx_operators(path: str | Path) -> dict[str, int]:
    """Return how often each operator occurs in a file, the bodies of loops included."""
    return _count(load("onnx").load(str(path)).graph)


def _check_fused(network):
    pairs = ((network.activation, FUSED), (network.recurrent_activation, FUSED_GATES))
    for entry, names in pairs:
        if entry.name not in names:
            raise DeployError(
                "fused: ONNX's LSTM operator has a fixed list of functions; expected one of: "
                f"{', '.join(names)}; got {entry.name!r}. fused=False holds any that ONNX's "
                "operators can express"
            )


def _layer(graph, x, weights, network, keep):
    """Add a layer of primitive operators; return the name of h, (B, T, H) or the last (B, H)."""
    units = len(weights[1])
    kernel, recurrent, bias = (from_keras_order(array, units) for array in weights)
    z = graph.add("MatMul", x, graph.constant(kernel))
    z = graph.add("Add", z, graph.constant(bias))
    return _scan(graph, z, _zeros(graph, x, units), recurrent, network, keep)


def _zeros(graph, x, units):
    batch = graph.add("Gather", graph.add("Shape", x), graph.constant([0], np.int64))
    shape = graph.add("Concat", batch, graph.constant([units], np.int64), axis=0)
    return graph.add("ConstantOfShape", shape)


def _step(graph, z, h, c, recurrent, network):
    """Add one step; the formula of `isru.lstm.cell.cell_forward`, gates in the order o, i, f, c."""
    units = len(recurrent)
    z = graph.add("Add", z, graph.add("MatMul", h, graph.constant(recurrent)))
    sizes = graph.constant([3 * units, units], np.int64)
    z_gates, z_c = graph.add("Split", z, sizes, outputs=2, axis=1)
    gates = add_activation(graph, z_gates, network.recurrent_activation)
    o, i, f = graph.add("Split", gates, outputs=3, axis=1)
    c_tilde = add_activation(graph, z_c, network.activation)
    c = graph.add("Add", graph.add("Mul", f, c), graph.add("Mul", i, c_tilde))
    return graph.add("Mul", o, add_activation(graph, c, network.activation)), c


def _scan(graph, z, state, recurrent, network, keep):
    helper, body = load("onnx").helper, Graph(graph)
    h, c, z_t = inputs = [body.name(word) for word in ("h_tm1", "c_tm1", "z")]
    h_t, c_t = _step(body, z_t, h, c, recurrent, network)
    outputs = [h_t, c_t] + ([body.add("Identity", h_t)] if keep else [])
    units = len(recurrent)
    sizes = [units, units, 4 * units]
    loop = helper.make_graph(
        body.nodes,
        "step",
        [_tensor(name, ["B", size]) for name, size in zip(inputs, sizes, strict=True)],
        [_tensor(name, ["B", units]) for name in outputs],
    )
    axes = {"scan_input_axes": [1]} | ({"scan_output_axes": [1]} if keep else {})
    results = graph.add(
        "Scan", state, state, z, outputs=len(outputs), body=loop, num_scan_inputs=1, **axes
    )
    return results[2] if keep else results[0]


def _fused_layer(graph, x, weights, network, keep):
    """Add a layer as one LSTM operator; return as `_layer`."""
    kernel, recurrent, bias = (_gates_first(array) for array in weights)
    bias = np.concatenate([bias, np.zeros_like(bias)])  # it has a second one, for h
    arrays = [graph.constant(array[None]) for array in (kernel, recurrent, bias)]
    inner = FUSED[network.activation.name]
    every, last = graph.add(
        "LSTM",
        graph.add("Transpose", x, perm=[1, 0, 2]),
        *arrays,
        outputs=2,
        hidden_size=recurrent.shape[1],
        activations=[FUSED_GATES[network.recurrent_activation.name], inner, inner],
    )
    if not keep:
        return graph.add("Squeeze", last, graph.constant([0], np.int64))
    every = graph.add("Squeeze", every, graph.constant([1], np.int64))
    return graph.add("Transpose", every, perm=[1, 0, 2])


def _gates_first(array):
    """Return an array (..., 4H) of gates i, f, c, o as (4H, ...) of gates i, o, f, c."""
    parts = np.split(array, 4, axis=-1)
    return np.concatenate([parts[gate] for gate in _FUSED_ORDER], axis=-1).T


def _tensor(name, shape):
    onnx = load("onnx")
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


def _model(onnx, graph, network):
    shape = ["B", "T", network.output_size] if network.return_sequences else None
    whole = onnx.helper.make_graph(
        graph.nodes,
        "isru",
        [_tensor("x", ["B", "T", network.input_size])],
        [_tensor("y", shape or ["B", network.output_size])],
        list(graph.constants.values()),
    )
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    return onnx.helper.make_model(
        whole, opset_imports=opsets, ir_version=IR_VERSION, producer_name="isru"
    )


def _count(graph) -> dict[str, int]:
    operators: Counter[str] = Counter()
    for node in graph.node:
        operators[node.op_type] += 1
        for attribute in node.attribute:
            if attribute.HasField("g"):
                operators.update(_count(attribute.g))
    return dict(operators)
