"""Counts are exact and repeatable; outputs are those of the network."""

import dataclasses

import numpy as np
import pytest

from isru.emulator import TARGETS, EmulatorFault, SoftFloatError, toolchain
from isru.emulator.disassembly import decode
from isru.emulator.machine import Machine
from isru.firmware import (
    ExportError,
    code_size,
    disassemble,
    integer,
    matrix_loop,
    measure_activation,
    measure_lstm,
    pre_activations,
    programs,
)
from isru.firmware.c_forms import c_form
from isru.lstm import LSTMNetwork

pytestmark = pytest.mark.slow

M4F = TARGETS["cortex-m4f"]
WITHOUT_FPU = dataclasses.replace(M4F, cpu="cortex_m4", flags=())


def test_calls_on_a_cortex_m4f_issue_these_instructions():
    arms = ["isru", "softsign", "table_tanh", "hard_tanh", "isru_rsqrt1", "identity"]
    frame = measure_activation("cortex-m4f", arms=arms, gates=False).set_index("arm")
    assert frame["instructions"].to_dict() == {
        **{"isru": 6, "isru_rsqrt1": 17, "table_tanh": 27},
        **{"softsign": 5, "hard_tanh": 11, "identity": 1},
    }
    assert frame.loc["isru", ["cycles_low", "cycles", "cycles_high"]].tolist() == [32, 36, 40]
    assert frame["constant"].all()
    assert frame["speedup_libm"].isna().all()  # tanh was not asked for
    assert frame.loc["isru", "speedup_best"] == 13 / 36


def test_the_cheapest_rival_may_be_another_function_or_must_stand_in():
    arms = ["isru", "table_tanh", "softsign", "polynomial_tanh"]
    frame = measure_activation("cortex-m4f", arms=arms, gates=False).set_index("arm")
    assert frame["kind"].to_dict() == {
        **{"isru": "isru", "softsign": "other"},
        **{"table_tanh": "stand_in", "polynomial_tanh": "stand_in"},
    }
    cycles, found = frame["cycles"], frame.loc["isru"]
    assert found["speedup_best"] == cycles["softsign"] / cycles["isru"]
    cheaper = min(cycles["table_tanh"], cycles["polynomial_tanh"])
    assert found["speedup_stand_in"] == cheaper / cycles["isru"] > found["speedup_best"]


def test_isru_of_a_quintic_is_held_against_tanh_and_dominates_the_fraction():
    frame = measure_activation("cortex-m4f", arms=["isru_quintic", "rational_tanh"], gates=False)
    frame = frame.set_index("arm")[["cycles", "cycles_low", "cycles_high", "bytes", "max_error"]]
    assert frame.loc["isru_quintic", "max_error"] < 2e-4
    assert (frame.loc["isru_quintic"] < frame.loc["rational_tanh"]).all()


def test_libm_is_that_of_a_core_without_double_precision():
    frame = measure_activation("cortex-m4f", arms=["tanh", "sigmoid"]).set_index("arm")
    assert frame["instructions"].between(70, 125).all()
    assert not frame["constant"].any()
    assert (frame["max_error"] < 1.2e-7).all()


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_a_step_computes_the_network_on_every_core(target):
    frame = measure_lstm(target, sizes=[3], arms=["libm", "exp_free", "identity"], steps=3)
    frame = frame.set_index("arm")
    assert (frame["max_error"].drop("identity") < 1e-6).all()
    assert frame["instructions"].is_monotonic_decreasing
    assert frame.loc["libm", "speedup_libm"] == 1
    assert frame.loc["identity", "activation_share"] == 0
    assert frame["cycles"].isna().all() == (not TARGETS[target].table)
    corners = frame[[f"cycles_{number}" for number in range(8)]]
    assert corners.min(axis=1).equals(frame["cycles_low"].rename(None))
    assert corners.max(axis=1).equals(frame["cycles_high"].rename(None))
    ordered = (frame["cycles_low"] <= frame["cycles"]) & (frame["cycles"] <= frame["cycles_high"])
    assert ordered.all() or not TARGETS[target].table


@pytest.fixture
def gru():
    return LSTMNetwork(5, (3, 2), 1, cell="gru", rng=np.random.default_rng(0))


@pytest.mark.parametrize("weights", ["float32", "int8"])
@pytest.mark.parametrize("target", ["cortex-m4f", "cortex-m0plus", "rv32imfc"])
def test_a_gru_is_computed_and_costs_less_than_an_lstm(target, weights, gru):
    about = {"arms": ["libm", "exp_free"], "weights": weights}
    lstm = LSTMNetwork(5, (3, 2), 1, rng=np.random.default_rng(0))
    found, other = (measure_lstm(target, net, steps=3, **about) for net in (gru, lstm))
    assert (found["max_error"] < 1e-6).all()
    assert (found["cycles"] < other["cycles"]).all()
    found, other = (code_size(target, net, **about) for net in (gru, lstm))
    assert (found["weights"] < other["weights"]).all()
    assert (found["ram"] <= other["ram"]).all()
    assert found["flash"].between(0.8 * other["flash"], 1.25 * other["flash"]).all()


def test_a_gru_has_no_integer_kernel(gru):
    arms = measure_lstm("cortex-m4f", gru, steps=1)["arm"]
    assert not arms.str.startswith("integer").any()
    assert {"libm", "exp_free", "table", "hard", "identity"} < set(arms)
    with pytest.raises(ExportError, match=r"LSTM cells, got 'gru'"):
        measure_lstm("cortex-m4f", gru, arms=["integer_tanh"], steps=1)


def test_networks_of_two_cells_are_measured_one_at_a_time(gru):
    lstm = LSTMNetwork(5, (3, 2), 1, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"of one cell, got \['gru', 'lstm'\]"):
        measure_lstm("cortex-m4f", [lstm, gru])


def test_counts_are_equal_when_everything_is_compiled_anew(tmp_path, monkeypatch):
    first = measure_lstm("cortex-m4f", sizes=[4], arms=["libm", "exp_free"])
    monkeypatch.setattr(toolchain, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(toolchain, "_IMAGES", {})
    again = measure_lstm("cortex-m4f", sizes=[4], arms=["libm", "exp_free"])
    assert list(tmp_path.glob("*.elf"))
    assert first.equals(again)


def test_warm_steps_run_and_are_not_counted():
    about = {"sizes": [4], "arms": ["libm", "integer_tanh"]}
    rows = np.random.default_rng(2).standard_normal((5, 5))
    both, first = (measure_lstm("cortex-m0plus", inputs=rows[:n], **about) for n in (5, 2))
    later = measure_lstm("cortex-m0plus", inputs=rows, warm=2, **about)
    expected = (5 * both["instructions"] - 2 * first["instructions"]) / 3
    np.testing.assert_allclose(later["instructions"], expected)
    assert later["instructions"][0] > first["instructions"][0]
    assert (later["max_error"] == both["max_error"]).all()


def test_a_stand_in_is_compared_with_the_network_that_it_replaces():
    frame = measure_lstm("cortex-m4f", sizes=[4], arms=["polynomial", "table"]).set_index("arm")
    assert 1e-4 < frame.loc["polynomial", "max_error"] < 2e-2
    assert 1e-7 < frame.loc["table", "max_error"] < 1e-3


def test_a_step_without_activations_may_leave_the_range_of_a_float():
    net = LSTMNetwork(2, (3,), 1, rng=np.random.default_rng(0))
    net.set_weights([4 * w for w in net.get_weights()])
    frame = measure_lstm("cortex-m4f", net, arms=["identity"], steps=16)
    assert frame["max_error"].isna().all() and (frame["cycles"] > 0).all()


def test_an_arm_runs_with_its_own_trained_network():
    networks = {
        arm: LSTMNetwork(2, 4, 1, rng=np.random.default_rng(n))
        for n, arm in enumerate(("libm", "exp_free"))
    }
    both = measure_lstm("cortex-m4f", networks, arms=["libm", "exp_free"])
    alone = measure_lstm("cortex-m4f", networks["libm"], arms=["libm", "exp_free"])
    assert both["max_error"][0] == alone["max_error"][0]
    assert both["max_error"][1] != alone["max_error"][1]


def test_the_matrix_loop_is_near_the_bound_of_the_cycle_table():
    assert matrix_loop("cortex-m4f")["ratio"] <= 1.25
    assert matrix_loop("rv32imfc")["ratio"] <= 1.3
    with pytest.raises(ValueError, match="got cortex-m0plus"):
        matrix_loop("cortex-m0plus")


@pytest.mark.parametrize(
    ("target", "fused"), [("cortex-m4f", False), ("cortex-m7", True), ("cortex-m33", False)]
)
def test_products_and_sums_are_fused_where_that_is_cheaper(target, fused):
    network = LSTMNetwork(5, 25, 1, rng=np.random.default_rng(0))
    image, model = programs.network_program(TARGETS[target], network, "identity")
    machine = Machine(TARGETS[target], image)
    arguments = [machine.reserve(size) for size in (model.state_bytes, 20)]
    sizes = machine.call("network_step", arguments).sizes
    blocks = (decode(TARGETS[target], image.bytes_at(*at), at[0]) for at in sizes.items())
    ran = {item.mnemonic.split(".")[0] for block in blocks for item in block}
    assert bool(ran & {"vfma", "vmla"}) == fused


def test_an_exp_free_step_is_small_in_the_binary_that_is_measured():
    frame = code_size("cortex-m4f", sizes=[25], arms=["libm", "exp_free"]).set_index("arm")
    assert frame.loc["exp_free", "step"] <= 450
    assert frame.loc["exp_free", "constants"] == 0
    assert frame.loc["libm", "flash"] > 2 * frame.loc["exp_free", "flash"]


@pytest.mark.parametrize("arm", ["exp_free", "polynomial", "rational", "table", "softsign", "hard"])
def test_a_step_calls_no_activation_but_libms(arm):
    network = LSTMNetwork(5, 25, 1, rng=np.random.default_rng(0))
    image, _ = programs.network_program(M4F, network, arm)
    constants = {name for name in image.symbols if name.startswith(("weights", "dense", "tanh_"))}
    assert set(image.symbols) - constants == set(programs.ENTRIES)


def test_gates_pay_for_no_halves_of_arguments():
    frame = measure_activation("cortex-m4f").set_index("arm")["instructions"]
    assert frame["softsign_sigmoid"] <= frame["isru_sigmoid"]
    for name in ("polynomial", "rational", "table"):
        assert frame[f"{name}_sigmoid"] - frame[f"{name}_tanh"] <= 3
    assert frame["isru_rsqrt2_sigmoid"] - frame["isru_rsqrt2"] <= 2


def test_int8_weights_take_a_quarter_of_the_flash():
    sizes = {
        kind: code_size("cortex-m4f", sizes=[25], arms=["exp_free"], weights=kind)["weights"][0]
        for kind in ("float32", "int8")
    }
    assert 0.2 < sizes["int8"] / sizes["float32"] < 0.35
    frame = measure_lstm("cortex-m4f", sizes=[5], arms=["exp_free"], weights="int8")
    assert frame["max_error"][0] < 1e-6


def test_in_integers_tanh_and_isru_cost_the_same():
    frame = measure_lstm("cortex-m0plus", sizes=[6], arms=["integer_tanh", "integer_isru"])
    assert frame["instructions"].nunique() == 1
    assert (frame["max_error"] < 0.02).all()


@pytest.mark.parametrize("arm", integer.ARMS)
def test_the_integer_kernel_is_its_definition_to_the_bit(arm):
    network = LSTMNetwork(3, (5, 4), 1, rng=np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((12, 3))
    target = TARGETS["rv32imc"]
    image, model = programs.integer_program(target, network, arm, x)
    rows = np.rint(x / model.input_scale).astype(np.int8)
    machine = Machine(target, image)
    state, place = machine.reserve(model.state_bytes), machine.reserve(3)
    machine.call("network_reset", [state])
    found = []
    for row in rows:
        machine.write(place, row.tobytes())
        machine.call("network_step", [state, place])
        found.append(np.frombuffer(machine.read(state + 2 * 9 + 5, 4), np.int8))
    exact = integer.run(model, integer.functions_of(arm), rows)
    np.testing.assert_array_equal(found, exact)
    assert len(np.unique(exact)) > 10


def test_the_inputs_of_a_trained_network_can_be_measured():
    network = LSTMNetwork(3, (5, 4), 1, rng=np.random.default_rng(0))
    seen = pre_activations(network, np.ones((2, 3)))
    assert {name: part.shape for name, part in seen.items()} == {
        "activation": (2 * 2 * 9,),
        "gate": (3 * 2 * 9,),
    }
    frame = measure_activation("cortex-m4f", arms=["isru"], inputs=seen["activation"])
    assert frame["max_error"][0] < 1e-7


def test_a_gru_has_two_gates_and_no_output_activation(gru):
    x = np.random.default_rng(1).standard_normal((4, 5)).astype(np.float32)
    seen = pre_activations(gru, x)
    assert {name: part.shape for name, part in seen.items()} == {
        "activation": (4 * 5,),
        "gate": (4 * 2 * 5,),
    }


def test_gates_are_measured_at_their_own_arguments():
    arms, away = ["tanh", "sigmoid"], np.full(3, 30.0)
    near = measure_activation("cortex-m4f", arms=arms).set_index("arm")["cycles"]
    apart = measure_activation("cortex-m4f", arms=arms, gate_inputs=away).set_index("arm")["cycles"]
    both = measure_activation("cortex-m4f", arms=arms, inputs=away).set_index("arm")["cycles"]
    assert apart["tanh"] == near["tanh"] != both["tanh"]
    assert apart["sigmoid"] == both["sigmoid"] != near["sigmoid"]


def test_soft_float_code_in_an_image_for_an_fpu_is_refused():
    with pytest.raises(SoftFloatError, match=r"__aeabi_f.*name the FPU .*cortex_m4\+vfp4d16sp"):
        measure_activation(WITHOUT_FPU, arms=["isru"])
    soft = programs.activation_program(TARGETS["cortex-m0plus"], c_form("softsign"))
    with pytest.raises(SoftFloatError, match="__aeabi_fdiv"):
        toolchain.check_hard_float(soft)


def test_a_square_root_that_is_no_instruction_is_refused(monkeypatch):
    flags = tuple(flag for flag in toolchain.FLAGS if flag != "-fno-math-errno")
    monkeypatch.setattr(toolchain, "FLAGS", flags)
    with pytest.raises((SoftFloatError, toolchain.CompileError), match="sqrtf"):
        measure_activation("cortex-m4f", arms=["isru"])


@pytest.mark.parametrize("target", ["cortex-m4f", "rv32imc", "cortex-a53"])
def test_a_fault_tells_program_counter_and_instruction(target):
    source = "int f(void) { return *(volatile int *)0x90000000; }\n"
    source += "void g(void) { for (;;) *(volatile int *)0x20000000 = 1; }\n"
    image = toolchain.compile_image(TARGETS[target], {"f.c": source}, entries=["f", "g"])
    machine = Machine(TARGETS[target], image)
    with pytest.raises(EmulatorFault, match=r"in f: Invalid memory read .* pc = 0x1\w+, at .*l"):
        machine.call("f")
    with pytest.raises(EmulatorFault, match="in g: no return after 100 instructions; pc = 0x1"):
        machine.call("g", limit=100)


def test_a_compiler_error_shows_command_and_message():
    with pytest.raises(toolchain.CompileError) as caught:
        toolchain.compile_image(M4F, {"f.c": "void f(void) { nonsense }"}, entries=["f"])
    assert "zig cc -target thumb-freestanding-eabihf -mcpu=cortex_m4+vfp4" in str(caught.value)
    assert "undeclared identifier 'nonsense'" in str(caught.value)


def test_a_disassembly_ends_with_the_return():
    frame = disassemble("cortex-m4f", "isru")
    assert frame["instruction"].iloc[-1] == "bx lr"
    assert frame["cycles"].sum() == 36
    assert "cycles" not in disassemble("cortex-a53", "isru")


@pytest.mark.parametrize("target", ["cortex-m4f", "cortex-m0plus", "cortex-m7"])
def test_constants_in_the_code_are_shown_as_words(target):
    frame = disassemble(target, "table_tanh")
    word = frame["instruction"].str.startswith(".word")
    assert word.any()
    assert frame.loc[~word, "instruction"].iloc[-1].startswith(("bx lr", "pop"))
    if "cycles" in frame:
        assert frame["cycles"].isna().equals(word)
    image = programs.activation_program(TARGETS[target], c_form("table_tanh"))
    assert frame["bytes"].sum() == image.symbols["f"].size


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measure_activation("z80"), "expected a target of: cortex-a53, "),
        (lambda: measure_lstm("cortex-m4f"), "either a network or sizes"),
        (lambda: measure_lstm("cortex-m4f", sizes=[2], arms=["x"]), "expected arms of: libm"),
        (
            lambda: measure_lstm("cortex-m4f", sizes=[2], inputs=np.zeros((3, 4))),
            r"expected shape \(T, 5\), got \(3, 4\)",
        ),
        (
            lambda: measure_lstm("cortex-m4f", sizes=[2], inputs=np.zeros((3, 5)), warm=3),
            "warm: expected from 0 to fewer than the 3 rows, got 3",
        ),
    ],
)
def test_an_argument_that_means_nothing_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_masked_and_too_large_inputs_are_refused_before_anything_is_compiled():
    network = LSTMNetwork(2, 3, 1)
    masked, huge = np.ma.masked_equal([[0.0, 1.0]], 1.0), [[0.0, 1e39]]
    uses = [
        lambda x: measure_lstm("cortex-m4f", network, inputs=x),
        lambda x: pre_activations(network, x),
        lambda x: measure_activation("cortex-m4f", inputs=x),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="expected numbers without a mask"):
            use(masked)
    for use in (uses[0], uses[2]):
        with pytest.raises(ValueError, match=r"finite numbers in float32, got 1e\+39"):
            use(huge)
