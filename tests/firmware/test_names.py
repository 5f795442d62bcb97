"""The names that were documented stay where they were, and each is imported when it is used."""

import importlib

import pytest

import isru

EMBEDDED = (
    "ACTIVATION_ARMS GATE_ARMS LSTM_ARMS SOURCES TARGETS Target OPTIMISATION PINNED Exported "
    "dequantised export_c matrix_loop measure_activation measure_lstm pre_activations code_size "
    "disassemble toolchain_problem toolchain_versions crosscheck ToolchainError CompileError "
    "SoftFloatError EmulatorFault CycleTableError ExportError BudgetError"
)
DEPLOY = (
    "to_onnx run_onnx onnx_operators to_tflite run_tflite tflite_contents compare FORMATS "
    "export_integer Written DeployError ConversionError"
)


@pytest.mark.parametrize(("package", "names"), [("embedded", EMBEDDED), ("deploy", DEPLOY)])
def test_a_package_offers_what_was_documented(package, names):
    module = importlib.import_module(f"isru.{package}")
    importlib.import_module("isru.embedded.crosscheck")
    for name in names.split():
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        module.nonsense  # noqa: B018


def test_the_package_itself_exports_networks():
    assert isru.export_c is isru.embedded.export_c is isru.firmware.export_c
