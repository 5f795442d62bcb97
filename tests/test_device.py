"""The microcontroller chapter: gains, stored counts, battery arithmetic, the C program."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import message

from isru import firmware
from isru.chapters.microcontrollers import study as device
from isru.chapters.microcontrollers.c_program import run_on_host
from isru.chapters.microcontrollers.figures import call_costs, step_gains
from isru.lstm import LSTMNetwork
from isru.studies.battery import Device

pytestmark = pytest.mark.slow


def steps_frame():
    """Two arms and two rivals whose ratios can be worked out by hand."""
    names = ["arm", "kind", "instructions", "cycles", "cycles_low", "cycles_high"]
    rows = [
        ("libm", "libm", 100, 300.0, 200.0, 400.0),
        ("isru", "isru", 50, 100.0, 100.0, 100.0),
        ("table", "stand_in", 40, 150.0, 120.0, 180.0),
        ("hard", "other", 60, 90.0, 80.0, 110.0),
        ("identity", "bound", 10, 10.0, 10.0, 10.0),
    ]
    return pd.DataFrame(rows, columns=names).assign(target="core", units=10)


def test_gains_compare_with_libm_with_a_table_and_with_other_functions():
    found = device.gains(steps_frame()).set_index(["against", "measure"])
    assert found["ratio"].to_dict() == {
        ("libm", "instructions"): 2.0,
        ("libm", "cycles"): 3.0,
        ("table", "instructions"): 0.8,
        ("table", "cycles"): 1.5,
        ("stand_in", "instructions"): 0.8,
        ("stand_in", "cycles"): 1.5,
        ("other", "instructions"): 1.2,
        ("other", "cycles"): 0.9,
    }
    assert found.loc[("libm", "cycles"), ["low", "high"]].tolist() == [2.0, 4.0]


def test_the_cheapest_of_a_kind_is_the_rival_in_both_measures():
    cheaper = pd.DataFrame([{"arm": "quintic", "kind": "x", "instructions": 900, "cycles": 50.0}])
    frame = pd.concat([steps_frame(), cheaper.assign(target="core", units=10)])
    found = device.gains(frame).set_index("against").loc["stand_in"]
    assert set(found["rival"]) == {"quintic"}


def test_a_core_without_a_table_is_compared_in_instructions_only():
    frame = steps_frame()
    frame[["cycles", "cycles_low", "cycles_high"]] = np.nan
    assert set(device.gains(frame)["measure"]) == {"instructions"}


def test_the_tables_in_whole_numbers_are_counted_on_every_core():
    found = device.count_integer_calls(["cortex-m4f", "cortex-m33"], np.array([-1.0, 0.5]))
    assert found.groupby("target")["arm"].nunique().to_dict() == {"cortex-m33": 6, "cortex-m4f": 6}


def test_waiting_for_weights_shrinks_a_gain():
    network = LSTMNetwork(2, 10, 1, rng=np.random.default_rng(0))
    slower = device.with_wait_states(steps_frame(), [{"libm": network}], 2)
    weights = 4 * 10 * (2 + 10 + 1)
    found = device.gains(slower).set_index(["against", "measure"])["ratio"]
    assert found["libm", "cycles"] == pytest.approx((300 + 2 * weights) / (100 + 2 * weights))
    assert found["libm", "instructions"] == 2.0


def test_without_the_toolchain_the_published_counts_are_read(monkeypatch, tmp_path):
    monkeypatch.setattr(device, "toolchain_problem", lambda: "expected unicorn, got none")
    monkeypatch.setattr(device.paths, "results", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"expected unicorn.*no stored"):
        device.counted("steps", pytest.fail)
    (tmp_path / "tables").mkdir()
    steps_frame().to_csv(tmp_path / "tables" / "microcontrollers-steps.csv", index=False)
    pd.testing.assert_frame_equal(device.counted("steps", pytest.fail), steps_frame())


def test_another_toolchain_is_asked_for_apart_and_may_have_no_published_counts(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(device, "toolchain_problem", lambda: "")
    monkeypatch.setattr(device.paths, "results", lambda: tmp_path)
    absent = {"problem": "expected GCC, got none"}
    assert device.counted("crosscheck", pytest.fail, **absent, optional=True).empty
    with pytest.raises(FileNotFoundError, match=r"expected GCC, got none.*no stored"):
        device.counted("crosscheck", pytest.fail, **absent)
    pd.testing.assert_frame_equal(
        device.counted("crosscheck", steps_frame, problem=""), steps_frame()
    )


def test_a_device_that_is_always_awake_or_always_asleep_draws_its_current():
    node = Device(1.0, 2.0, 4.0, 3.0, battery_mah=48.0, steps_per_second=1.0)
    assert node.mean_ua(1e6) == pytest.approx(2000)
    assert node.mean_ua(0) == pytest.approx(4)
    assert node.days(1e6) == pytest.approx(1.0)
    assert node.joules_a_day(1e6) == pytest.approx(2e-3 * 3 * 86_400)
    assert node.step_uj(1e6) == pytest.approx(1e6 * 2e-3 * 3)
    with pytest.raises(ValueError, match="at most 1000000 cycles"):
        node.days(1.1e6)


def test_a_network_that_no_study_kept_is_trained_briefly(monkeypatch, tmp_path):
    monkeypatch.setenv("ISRU_UPSTREAM", str(tmp_path))
    networks, brief = device.trained_forecasters(2, epochs=1, seed=0)
    assert brief == ["libm", "exp_free"]
    assert networks["exp_free"].recurrent_activation.name == "isru_sigmoid"
    (tmp_path / "models").mkdir()
    networks["libm"].save(tmp_path / "models" / "forecaster-isru-2.npz")
    assert "isru" in device.trained_forecasters(2, epochs=1, seed=0)[0]


def test_arguments_span_what_the_network_meets():
    network = LSTMNetwork(10, 3, 1, rng=np.random.default_rng(0))
    sequence = device.weather_sequence(5, seed=1)
    seen = firmware.pre_activations(network, sequence)["gate"]
    chosen = device.arguments(network, sequence, 7, "gate")
    assert len(chosen) == 7
    assert (chosen[0], chosen[-1]) == (seen.min(), seen.max())


def test_the_exported_program_says_what_numpy_says(tmp_path):
    network = LSTMNetwork(10, 4, 1, activation="isru", rng=np.random.default_rng(0))
    outcome = run_on_host(network, device.weather_sequence(6, seed=0), tmp_path)
    np.testing.assert_allclose(outcome.host, outcome.numpy, atol=1e-6)
    assert "no malloc" in outcome.header


def test_the_figures_name_every_arm():
    calls = pd.DataFrame(
        [("activation", "tanh", "libm"), ("gate", "table_sigmoid", "stand_in")],
        columns=["role", "arm", "kind"],
    ).assign(cycles=2.0, cycles_low=1.0, cycles_high=3.0)
    figure = call_costs(calls)
    assert message(figure) == "Cycles of one call: 2 with the C library's tanh"
    left, right = figure.axes
    assert [t.get_text() for t in left.get_yticklabels()] == ["tanh, C library"]
    assert [t.get_text() for t in right.get_yticklabels()] == ["table"]
    arms = ["isru", "exp_free", "exp_free_rsqrt1", "table", "rational", "hard", "identity"]
    steps = pd.DataFrame(
        [(arm, units, 1.5) for arm in arms for units in (10, 25)],
        columns=["arm", "units", "speedup_libm"],
    )
    figure = step_gains(steps)
    texts = [t.get_text() for t in figure.axes[0].texts]
    assert "table 1.50" in texts and "tanh, C library 1.00" in texts
    assert message(figure).endswith("ISRU everywhere 1.50 and 1.50, a table 1.50 and 1.50")
