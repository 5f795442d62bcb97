"""ONNX files compute what the NumPy network computes, or are refused with a reason."""

import sys

import numpy as np
import onnx
import onnxruntime as runtime
import pytest

from isru.activations import ACTIVATIONS, get_activation
from isru.firmware import DeployError, onnx_file, onnx_operators, run_onnx, to_onnx
from isru.firmware.onnx_graph import Graph, add_activation

pytestmark = pytest.mark.slow

# float32: some roundings of 6e-8 a step, over 3 steps and sums of 7 products, with outputs of
# about 1; another order of the gates moves outputs by more than 0.1.
FLOAT32 = 2e-6


def assert_same(network, path, x):
    np.testing.assert_allclose(run_onnx(path, x), network.forward(x)[0], rtol=0, atol=FLOAT32)


@pytest.mark.parametrize("sequence", [False, True])
@pytest.mark.parametrize(
    ("activation", "gate", "fused"),
    [("isru", "isru_sigmoid", False), ("tanh", "sigmoid", False), ("tanh", "sigmoid", True)],
)
def test_a_file_computes_what_the_network_does(
    make_network, sequences, tmp_path, activation, gate, fused, sequence
):
    network = make_network(activation, gate, (4, 5), return_sequences=sequence)
    written = to_onnx(network, tmp_path / "a.onnx", fused=fused)
    assert_same(network, written.path, sequences)
    assert_same(network, written.path, sequences[:1, :2])  # batch and length are free


def values(entry, x):
    """Return an expression's values in onnxruntime."""
    graph = Graph()
    y = add_activation(graph, "x", entry)
    tensors = [onnx.helper.make_tensor_value_info(n, 1, [None]) for n in ("x", y)]
    constants = list(graph.constants.values())
    whole = onnx.helper.make_graph(graph.nodes, "f", *[[t] for t in tensors], constants)
    opsets = [onnx.helper.make_opsetid("", onnx_file.OPSET)]
    model = onnx.helper.make_model(
        whole, opset_imports=opsets, ir_version=onnx_file.IR_VERSION
    ).SerializeToString()
    return runtime.InferenceSession(model, providers=["CPUExecutionProvider"]).run([y], {"x": x})[0]


@pytest.mark.parametrize(
    "entry",
    [
        *(entry for entry in ACTIVATIONS.values() if entry.onnx or entry.has_formula),
        get_activation("isru").with_parameters(alpha=4.0, k=0.5),
        get_activation("isrlu").with_parameters(alpha=0.25),
        get_activation("leaky_relu").with_parameters(slope=0.3),
        get_activation("elu").with_parameters(alpha=2.0),
    ],
    ids=lambda entry: f"{entry.name} {dict(entry.parameters)}",
)
def test_an_expression_is_the_activation(entry):
    ends = [0.0, -0.0, 1e6, -1e6, 3.65, -3.65, 8.0, -8.0]
    x = np.concatenate([np.linspace(-9, 9, 2001), ends]).astype(np.float32)
    exact = entry.value(x.astype(np.float64))
    scale = np.maximum(1, np.abs(exact))  # a rounding of 1 where the function cancels
    assert np.max(np.abs(values(entry, x) - exact) / scale) < 4 * np.finfo(np.float32).eps


def test_only_the_fused_form_holds_an_lstm_operator(make_network, tmp_path):
    network = make_network("tanh", sizes=(4, 4))
    plain, fused = (to_onnx(network, tmp_path / "a.onnx", fused=fused) for fused in (False, True))
    assert plain.operators["Scan"] == fused.operators["LSTM"] == 2
    assert plain.operators["Tanh"] == 4 and "LSTM" not in plain.operators
    assert "Tanh" not in fused.operators
    assert onnx_operators(fused.path) == fused.operators
    assert fused.size_bytes == fused.path.stat().st_size


def test_isru_is_kept_as_primitive_operators(make_network, tmp_path):
    operators = to_onnx(make_network("isru"), tmp_path / "a.onnx").operators
    assert operators["Sqrt"] == operators["Div"] == 2 and "Tanh" not in operators


def test_equal_networks_give_equal_files(make_network, tmp_path):
    first, second = (
        to_onnx(make_network(), tmp_path / name).path.read_bytes() for name in ("a.onnx", "b.onnx")
    )
    assert first == second


def test_a_wrong_order_of_the_gates_is_seen(make_network, sequences, tmp_path, monkeypatch):
    network = make_network("tanh")
    monkeypatch.setattr(onnx_file, "_FUSED_ORDER", (0, 1, 2, 3))
    fused = to_onnx(network, tmp_path / "a.onnx", fused=True).path
    monkeypatch.setattr(onnx_file, "from_keras_order", lambda array, units: array)
    plain = to_onnx(network, tmp_path / "b.onnx").path
    for path in (fused, plain):
        assert np.abs(run_onnx(path, sequences) - network.forward(sequences)[0]).max() > 0.1


def test_a_float64_network_is_held_in_float32(make_network, sequences, tmp_path):
    network = make_network("tanh", dtype="float64")
    assert_same(network, to_onnx(network, tmp_path / "a.onnx", fused=True).path, sequences)


@pytest.mark.parametrize(
    ("settings", "fused", "message"),
    [
        ({"cell": "gru"}, False, "expected a network of LSTM cells.*'gru'"),
        ({"cell_activation": "tanh"}, False, "one activation for candidate and output"),
        ({"trainable_alpha": True}, False, "trainable_alpha"),
        ({"activation": "isru_rsqrt1"}, False, "expression in ONNX.*'isru_rsqrt1'"),
        ({"activation": "isru"}, True, "fixed list.*tanh.*got 'isru'"),
        ({"activation": "tanh", "gate": "isru_sigmoid"}, True, "got 'isru_sigmoid'"),
    ],
)
def test_what_a_file_cannot_hold_is_refused(make_network, tmp_path, settings, fused, message):
    with pytest.raises(DeployError, match=message):
        to_onnx(make_network(**settings), tmp_path / "a.onnx", fused=fused)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [np.nan, 1e300])
def test_weights_that_are_not_finite_are_refused_by_name(make_network, tmp_path, value):
    network = make_network(dtype="float64")
    network.dense[0, 0] = value
    with pytest.raises(DeployError, match=r"dense kernel: expected finite.*at \[0, 0\]"):
        to_onnx(network, tmp_path / "a.onnx")


@pytest.mark.parametrize("shape", [(2, 5, 4), (5, 3), (0, 5, 3)])
def test_sequences_of_another_shape_are_refused(make_network, tmp_path, shape):
    path = to_onnx(make_network(), tmp_path / "a.onnx").path
    with pytest.raises(DeployError, match=r"expected real numbers of shape \(N, T, 3\)"):
        run_onnx(path, np.zeros(shape))


def test_a_missing_package_is_named_with_its_extra(make_network, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"expected the package onnx .*isru\[deploy\]"):
        to_onnx(make_network(), tmp_path / "a.onnx")
