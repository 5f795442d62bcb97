"""TensorFlow Lite files compute what the network computes, or are refused with a reason."""

import logging

import numpy as np
import pytest

from isru.firmware import (
    ConversionError,
    DeployError,
    compare,
    run_tflite,
    tflite_file,
    to_tflite,
)
from isru.keras_bridge import load_tensorflow

pytestmark = pytest.mark.slow
T = 3

# float32: as for ONNX; another order of the gates moves outputs by more than 0.1.
FLOAT32 = 2e-6
# int8: a rounding step of a tensor is 1/127 of its largest value, about 1 here, and some tens of
# tensors follow one another, so a tenth.
INT8 = 0.1


@pytest.fixture(autouse=True)
def quiet(capfd):
    """Let nothing reach the terminal: a notebook's cell must not write to stderr."""
    yield
    assert capfd.readouterr() == ("", "")


def difference(network, written, x):
    return np.abs(run_tflite(written.path, x) - network.forward(x)[0]).max()


@pytest.mark.parametrize(
    ("activation", "sizes", "sequence", "unroll"),
    [("tanh", (4,), False, None), ("isru", (4, 5), True, True)],
)
def test_a_float_file_computes_what_the_network_does(
    make_network, sequences, tmp_path, activation, sizes, sequence, unroll
):
    network = make_network(activation, sizes=sizes, return_sequences=sequence)
    written = to_tflite(network, tmp_path / "a.tflite", steps=T, unroll=unroll)
    assert difference(network, written, sequences) < FLOAT32
    assert ("WHILE" in written.operators) is (unroll is None)
    assert "UNIDIRECTIONAL_SEQUENCE_LSTM" not in written.operators
    assert ("RSQRT" in written.operators) is (activation == "isru")
    assert "INT8" not in written.types
    roll_gates(network)
    assert difference(network, written, sequences) > 0.1


def test_a_notebook_hears_nothing_of_the_files_in_between(
    make_network, sequences, tmp_path, monkeypatch, caplog
):
    logger = load_tensorflow().get_logger()
    monkeypatch.setattr(logger, "propagate", True)
    with caplog.at_level("INFO", "tensorflow"):  # as TensorFlow sets it in an interactive Python
        to_tflite(make_network("tanh"), tmp_path / "a.tflite", steps=T)
        assert logger.level == logging.INFO
    assert caplog.messages == []


def roll_gates(network):
    """Give a network the weights of its first layer in another order of the gates."""
    units, weights = network.hidden_sizes[0], network.get_weights()
    network.set_weights([*(np.roll(w, units, axis=-1) for w in weights[:3]), *weights[3:]])


def test_int8_holds_only_int8_between_input_and_output(make_network, sequences, tmp_path):
    network = make_network("isru")
    settings = {"steps": T, "quantise": "int8", "representative": sequences}
    # Several: one conversion in five would leave an operator in float32.
    files = [to_tflite(network, tmp_path / f"{k}.tflite", **settings) for k in range(10)]
    assert all(file.types == files[0].types for file in files)
    assert 1e-4 < difference(network, files[0], sequences) < INT8
    assert files[0].types["FLOAT32"] == 2  # input and output
    assert files[0].operators["QUANTIZE"] == files[0].operators["DEQUANTIZE"] == 1


def test_int8_that_stays_float_is_an_error(make_network, sequences, tmp_path, monkeypatch):
    contents = tflite_file._contents
    monkeypatch.setattr(tflite_file, "_contents", lambda b: (contents(b)[0], {"FLOAT32": 7}))
    monkeypatch.setattr(tflite_file, "_CONVERSIONS", 2)
    with pytest.raises(ConversionError, match="each of 2 conversions left float32"):
        to_tflite(
            make_network("tanh"),
            tmp_path / "a.tflite",
            steps=T,
            quantise="int8",
            representative=sequences,
        )
    assert not (tmp_path / "a.tflite").exists()


def test_dynamic_rounds_large_matrices_only(make_network, tmp_path):
    network = make_network(sizes=20)  # a recurrent matrix of 1600 elements, a kernel of 240
    types = to_tflite(network, tmp_path / "a.tflite", steps=T, quantise="dynamic").types
    assert types["INT8"] == 1


def test_a_converter_error_is_shown(make_network, tmp_path, monkeypatch):
    digamma = load_tensorflow().math.digamma
    monkeypatch.setattr("isru.keras_bridge.activations._derived", lambda entry, x: digamma(x))
    with pytest.raises(ConversionError, match=r"(?s)converter failed: .*Digamma"):
        to_tflite(make_network("rational_tanh"), tmp_path / "a.tflite", steps=T)


@pytest.mark.parametrize(
    ("settings", "more", "message"),
    [
        ({"cell": "gru"}, {}, "expected a network of LSTM cells.*'gru'"),
        ({"activation": "table_tanh"}, {}, "form in Keras.*got 'table_tanh'"),
        ({}, {"steps": 0}, "steps: expected a whole number.*got 0"),
        ({}, {"quantise": "int4"}, "quantise: expected one of none, dynamic, int8; got 'int4'"),
        ({}, {"quantise": "int8"}, "representative: expected sequences .*got None for 'int8'"),
        ({}, {"representative": np.zeros((1, T, 3))}, "got sequences for 'none'"),
        ({}, {"quantise": "int8", "unroll": False}, "crashes on the int8 form of a loop"),
        (
            {},
            {"quantise": "int8", "representative": np.zeros((1, 4, 3))},
            r"representative: expected real numbers of shape \(N, 3, 3\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make_network, tmp_path, settings, more, message):
    with pytest.raises(DeployError, match=message):
        to_tflite(make_network(**settings), tmp_path / "a.tflite", **{"steps": T, **more})


def test_the_table_tells_what_becomes_of_isru(make_network, sequences, tmp_path):
    formats = ["TFLite float32", "ONNX", "ONNX fused"]
    table = compare(make_network("isru"), sequences, tmp_path, formats=formats)
    assert (table["largest_difference"][:2] < FLOAT32).all()
    assert table["becomes"][0] == "MINIMUM, MAXIMUM, MUL, ADD, RSQRT"
    assert table["status"].tolist() == ["primitive operators"] * 2 + ["refused"]
    assert table["int8_tensors"][0] == 0 and table["size_bytes"].isna().tolist()[2]
