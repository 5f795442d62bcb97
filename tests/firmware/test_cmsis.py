"""The tables of CMSIS-NN: the published entries, and the same value to the bit in every form."""

import ctypes
import hashlib

import mpmath
import numpy as np
import pytest

from isru.emulator import TARGETS
from isru.emulator.machine import Machine
from isru.firmware import disassemble, integer, measure_integer_activation, programs
from isru.firmware.arms import LSTM_ARMS
from isru.firmware.cmsis import (
    DSP_TABLE,
    INTEGER_FORMS,
    TANH_TABLE,
    integer_form,
    s16_table,
    wrapped_table,
)

pytestmark = pytest.mark.slow

# SHA-256 of the entries as their sources print them, little-endian: sigmoid_table_uint16 of
# CMSIS-NN, and sigmoidTable_q15, tanhTable_q15, sigmoidTable_q7, tanhTable_q7 of CMSIS 5.
PUBLISHED = {
    "s16": "c79a34d2c8c6e794fbb0207601538fe0169e968cd6d9d5ca65fff859dcd55183",
    "sigmoid q15": "6a17b3138cf64710f1cfde8b835a086f1c765f634c9c7be888ce9243ce6a98d8",
    "tanh q15": "b14b5ffdb9a9ee3e8d212ee37e96461007516a9b409330f04a97566cc2e43514",
    "sigmoid q7": "a61d142dfe84fd31f8c3f3baae7dcbe5533e9abac43667ea6ebd2f11de25807f",
    "tanh q7": "48232af37746772a07f357c9c872354949479821f11e030ccf6d409c36662031",
}
# Over all arguments, in the last place of the value.
LARGEST_ERRORS = {
    "cmsis_s16_tanh": 1.48,
    "cmsis_s16_sigmoid": 1.02,
    "cmsis_q15_tanh": 13.28,
    "cmsis_q15_sigmoid": 2.69,
    "cmsis_q7_tanh": 1.0,
    "cmsis_q7_sigmoid": 0.96,
}


def every_argument(name):
    end = round(8 / integer_form(name).argument)
    return np.arange(-end, end)


def test_the_tables_have_the_published_entries():
    tables = {"s16": s16_table().astype("<u2")}
    for name in ("tanh", "sigmoid"):
        tables[f"{name} q15"] = wrapped_table(name, np.int16).astype("<i2")
        tables[f"{name} q7"] = wrapped_table(name, np.int8)
    found = {name: hashlib.sha256(table.tobytes()).hexdigest() for name, table in tables.items()}
    assert found == PUBLISHED


def test_the_tables_in_float32_are_of_the_published_length_and_reach():
    assert (len(TANH_TABLE), TANH_TABLE[-1]) == (257, np.tanh(4.0))
    assert (len(DSP_TABLE), DSP_TABLE[256]) == (513, 0.0)


@pytest.mark.parametrize("name", INTEGER_FORMS)
def test_c_is_numpy_to_the_bit_for_every_argument(host_library, name):
    library, x = host_library({"f.c": integer_form(name).program("f")}), every_argument(name)
    library.f.argtypes, library.f.restype = [ctypes.c_int16], ctypes.c_int32
    np.testing.assert_array_equal([library.f(one) for one in x.tolist()], compute(name, x))


def compute(name, x):
    return integer_form(name).function(x)


@pytest.mark.parametrize("name", INTEGER_FORMS)
def test_a_table_is_as_near_to_its_function_as_it_is(name):
    form, x = integer_form(name), every_argument(name)
    with mpmath.workdps(20):
        halves = 0.5 if name.endswith("sigmoid") else 1
        exact = [mpmath.tanh(halves * one * form.argument) for one in x.tolist()]
    exact = np.array(exact, float)
    exact = 0.5 + 0.5 * exact if name.endswith("sigmoid") else exact
    error = np.abs(compute(name, x) - exact / form.value).max()
    assert 0.99 * LARGEST_ERRORS[name] < error <= LARGEST_ERRORS[name]


@pytest.mark.filterwarnings(r"ignore:\s*Warning")  # the interpreter moves to another distribution
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_int16_is_what_tensorflow_lite_computes(name):
    x = every_argument(f"cmsis_s16_{name}").astype(np.int16)
    found = tensorflow_lite({"tanh": "TANH", "sigmoid": "LOGISTIC"}[name], x)
    np.testing.assert_array_equal(found, compute(f"cmsis_s16_{name}", x))


def tensorflow_lite(operator, x):
    """Run one operator of TensorFlow Lite's reference kernels on int16."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    from isru.keras_bridge.loading import load_tensorflow

    lite = load_tensorflow().lite

    def tensor(name, scale):
        about = schema.QuantizationParametersT()
        about.scale, about.zeroPoint = [scale], [0]
        one = schema.TensorT()
        one.name, one.shape, one.type, one.quantization = name, [len(x)], 7, about
        return one

    code, step, graph, model = (
        getattr(schema, f"{part}T")() for part in ("OperatorCode", "Operator", "SubGraph", "Model")
    )
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, operator)
    code.version = 3
    step.inputs, step.outputs = [0], [1]
    graph.tensors, graph.operators = [tensor("x", 2.0**-12), tensor("y", 2.0**-15)], [step]
    graph.inputs, graph.outputs = [0], [1]
    model.version, model.buffers = 3, [schema.BufferT()]
    model.operatorCodes, model.subgraphs = [code], [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    interpreter = lite.Interpreter(
        model_content=bytes(builder.Output()),
        experimental_op_resolver_type=lite.experimental.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, x)
    interpreter.invoke()
    return interpreter.get_tensor(1)


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_core_computes_and_counts_it(target):
    core, name = TARGETS[target], "cmsis_s16_tanh"
    machine = Machine(core, programs.integer_activation_program(core, integer_form(name)))
    x = every_argument(name)[::1009]
    found = [machine.call_integer("f", one)[0] for one in x.tolist()]
    np.testing.assert_array_equal(found, compute(name, x))
    row = measure_integer_activation(core, arms=[name]).iloc[0]
    assert 15 < row["instructions"] < 60
    assert np.isnan(row["cycles"]) == (not core.table)
    assert row["bytes"] > s16_table().nbytes


def test_a_call_costs_what_its_listing_says():
    """uxtb, movw, movt: 1 each; ldrsb: 2, and 1 for the address from movt; bx: 1 and P = 2."""
    row = measure_integer_activation("cortex-m4f", arms=["cmsis_q7_tanh"]).iloc[0]
    assert (row["instructions"], row["cycles"]) == (5, 1 + 1 + 1 + 2 + 1 + 1 + 2)
    assert (row["cycles_low"], row["cycles_high"]) == (8, 10), "P is 1 to 3"
    assert row["bytes"] == 256 + 14


def test_arguments_beyond_the_range_are_its_ends():
    row = measure_integer_activation("cortex-m4f", arms=["cmsis_q7_tanh"], inputs=[-99, 99]).iloc[0]
    assert row["max_error"] < 1 / 127


def test_a_table_that_cmsis_does_not_have_is_refused():
    with pytest.raises(ValueError, match=r"one of: cmsis_s16_tanh, .*; got 'cmsis_q31_tanh'"):
        integer_form("cmsis_q31_tanh")


def test_the_kernel_shares_the_table_that_both_functions_read():
    assert LSTM_ARMS["integer_cmsis_s16"].table == "cmsis_s16"
    activation, gate = integer.functions_of("integer_cmsis_s16")
    assert activation.tables.keys() == gate.tables.keys()
    assert disassemble("cortex-m4f", "cmsis_nn_tanh")["cycles"].notna().any()
