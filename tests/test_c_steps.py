"""A whole step in C computes what the network does, each tanh by a call of the C library."""

import numpy as np
import pandas as pd
import pytest

from isru.bench import c_steps, plain_c
from isru.bench.plain_c import PlainStep
from isru.chapters.processors.c_steps import c_step_rows, c_step_slopes, time_c_steps
from isru.firmware.arms import LSTM_ARMS
from isru.firmware.c_forms import training_form
from isru.firmware.errors import ExportError
from isru.lstm import Adam, LSTMNetwork, train_step

COMPILERS = list(c_steps.host_compilers())
NEEDS_ONE = pytest.mark.skipif(not COMPILERS, reason="no C compiler")
ARMS = ("libm", "isru", "exp_free")


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.setattr(c_steps.shutil, "which", lambda name: None)
    monkeypatch.setattr(c_steps, "compiler_command", _missing)
    c_steps.host_compilers.cache_clear()
    yield
    c_steps.host_compilers.cache_clear()


def _missing():
    raise c_steps.ToolchainError("expected the package ziglang")


@pytest.mark.slow
@NEEDS_ONE
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("arm", ARMS)
def test_a_step_of_the_plain_loop_is_one_of_the_engine(arm, compiler):
    rng = np.random.default_rng(0)
    functions = {
        "activation": LSTM_ARMS[arm].activation,
        "recurrent_activation": LSTM_ARMS[arm].gate,
    }
    network = LSTMNetwork(7, 9, 5, **functions, return_sequences=True, rng=rng)
    x = 2 * rng.standard_normal((3, 8, 7)).astype(np.float32)
    target = rng.integers(0, 5, (3, 8))
    for flags in c_steps.FLAGS:
        library = c_steps.library(compiler=compiler, step="train", units=9, arm=arm, flags=flags)
        plain = PlainStep(library, network, x, target)
        copy = LSTMNetwork(**network.settings)
        copy.set_weights(network.get_weights())
        wanted, _ = train_step(copy, Adam(), x, target, "cross_entropy", clip_norm=1.0)
        assert plain() == pytest.approx(wanted, rel=1e-6)
        kernel, recurrent, bias, dense, dense_bias = copy.get_weights()
        rows = np.vstack([kernel, recurrent, bias]).T, np.vstack([dense, dense_bias]).T
        flat = np.concatenate([part.reshape(-1) for part in rows])
        # Adam's first step is about 1e-3 for each weight: a gradient off by 1e-4 of itself shows.
        np.testing.assert_allclose(plain.parameters, flat, rtol=0, atol=2e-7)


@pytest.mark.slow
@NEEDS_ONE
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("arm", ARMS)
def test_a_prediction_of_the_exported_c_is_the_network_s(arm, compiler):
    call = c_steps.setup_c_step(
        rng=np.random.default_rng(1), compiler=compiler, step="predict", units=6, arm=arm
    )
    x = np.random.default_rng(1).standard_normal((1, c_steps.WINDOW, c_steps.FEATURES))
    wanted = c_steps._network("predict", arm, 6).predict(x.astype(np.float32))
    for _ in range(2):  # each prediction begins from a state of zero
        assert call()[0] == pytest.approx(wanted[0, 0], rel=1e-5)


@pytest.mark.slow
@NEEDS_ONE
def test_in_plain_flags_each_tanh_is_a_call_of_the_c_library():
    cases = c_steps.c_step_cases([6], COMPILERS)
    found = pd.DataFrame(c_steps.compile_steps(cases))
    for compiler, part in found.groupby("compiler"):
        called = {(row.step, row.arm): row.calls for row in part.itertuples()}
        assert called == {
            ("train", "tanh"): "expf, tanhf",
            ("train", "isru"): "expf",
            ("train", "exp_free"): "expf",  # of the softmax
            ("predict", "tanh"): "expf, tanhf",
            ("predict", "isru"): "expf",
            ("predict", "exp_free"): "",
        }, compiler
    assert found["version"].str.contains(r"\d+\.\d+").all()


def test_the_library_s_vector_functions_are_told_apart(tmp_path):
    made = tmp_path / "step.so"
    made.write_bytes(b"\0memset\0_ZGVbN4v_tanhf\0expf\0not_tanhf\0")
    assert c_steps.calls(made) == ["_ZGVbN4v_tanhf", "expf"]


def test_the_yardstick_is_the_plain_loop_with_tanh_and_the_logistic_function():
    text = plain_c.source()
    for line in (
        "return tanhf(x);",
        "return 1.0f / (1.0f + expf(-x));",
        "return d * (1.0f - (kept * kept));",
        "return d * kept * (1.0f - kept);",
        "*of_candidate = gates + t * 4 * H + 2 * H;",
    ):
        assert line in text
    assert "*slope = " not in text


def test_a_root_that_value_and_slope_share_is_taken_once():
    for name in ("isru", "isru_sigmoid"):
        text = training_form(name, "f")
        assert text.count("SQRTF(") == 1 and "*slope = " in text


def test_an_activation_without_a_formula_has_no_step():
    with pytest.raises(ExportError, match="expected an activation with a formula"):
        plain_c.source("table_tanh")


@pytest.mark.slow
@NEEDS_ONE
def test_a_compiler_that_fails_is_quoted_with_its_command(tmp_path):
    (tmp_path / "step.c").write_text("float step = ;\n")
    with pytest.raises(RuntimeError, match=r"(?s)-O3 .*step\.c.*\n.*error"):
        plain_c.compile_library(
            c_steps.host_compilers()[COMPILERS[0]],
            ["-O3"],
            tmp_path / "step.c",
            tmp_path / "step.so",
        )


def test_without_a_compiler_nothing_is_timed_and_nothing_fails(no_compiler):
    assert c_steps.host_compilers() == {} and c_steps.record_cases() == []
    found = time_c_steps([10], [10], rng=np.random.default_rng(0))
    assert found.state == "not measured here: no C compiler"
    assert all(len(part) == 0 for part in found)
    assert {"phase", "units", "arm", "saving_low"} <= set(found.first.columns)
    with pytest.raises(ValueError, match=r"a C compiler that is here \(none\), got 'gcc'"):
        c_steps.library(compiler="gcc", step="train", units=1, arm="isru")


def _made_up():
    """Samples of a machine whose step takes 10 us a unit with tanh, 2 us a unit less with ISRU."""
    times = {"tanh": 10.0, "tanh_again": 10.0, "isru": 8.0, "exp_free": 6.0}
    rows = [
        (process, arm, "gcc", "plain", step, units, 1e-6 * us * units)
        for process in range(6)
        for step in ("train", "predict")
        for units in (10, 20)
        for arm, us in times.items()
    ]
    names = ["process", "arm", *("compiler", "flags", "step", "units"), "cpu_seconds"]
    return pd.DataFrame(rows, columns=names).assign(seconds=9.0, block=0, position=0, loops=1)


def test_cost_and_saving_come_out_as_they_went_in():
    table = c_step_rows(_made_up(), rng=np.random.default_rng(0))
    assert len(table) == 2 * 2 * 3
    row = table.set_index(["compiler", "phase", "units", "arm"]).loc["gcc", "predict", 20, "isru"]
    assert row[["cost", "low", "high"]].tolist() == pytest.approx([160] * 3)
    assert row[["saving", "saving_low", "saving_high"]].tolist() == pytest.approx([20] * 3)
    assert (row["program"], row["unit"], row["direction"]) == ("export_c", "us", "faster")
    assert table.loc[table["arm"] == "tanh", "saving"].isna().all()
    assert (table["floor_low"] == 0).all() and (table["floor_high"] == 0).all()


def test_a_saving_of_the_same_share_has_no_slope():
    found = c_step_slopes(_made_up(), rng=np.random.default_rng(0))
    assert found[["phase", "arm"]].drop_duplicates().shape == (4, 2)
    np.testing.assert_allclose(found["slope"], 0, atol=1e-9)


def test_a_record_times_one_compiler_in_every_arm():
    arms = {arm.label for arm in c_steps.record_arms()}
    assert arms == {"tanh", "tanh_again", "isru", "exp_free"}
    assert {case["compiler"] for case in c_steps.record_cases()} == set(COMPILERS[:1])


@pytest.mark.slow
@NEEDS_ONE
def test_a_measurement_gives_rows_and_slopes(monkeypatch):
    first = {name: c_steps.host_compilers()[name] for name in COMPILERS[:1]}
    monkeypatch.setattr("isru.chapters.processors.c_steps.host_compilers", lambda: first)
    protocol = {"processes": 2, "blocks": 1, "min_seconds": 1e-4}
    found = time_c_steps([3, 6], [3], rng=np.random.default_rng(0), **protocol)
    assert set(found.first["phase"]) == {"train", "predict"} and len(found.first) == 2 * 2 * 3
    assert set(found.rows["flags"]) == {"plain", "fast"} and len(found.slopes) == 4
