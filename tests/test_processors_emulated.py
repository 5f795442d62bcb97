"""Microcontrollers beside the other platforms: what a saving's range holds, what a cost is of."""

import numpy as np
import pandas as pd
import pytest

from isru.chapters.processors import emulated
from isru.chapters.processors.gather import COSTS, STEPS
from isru.lstm import LSTMNetwork
from isru.studies.devices import readings, with_wait_states

pytestmark = pytest.mark.slow


def counted(core, tabled=True):
    """Steps of two arms, 10 units: 300 cycles against 100, and one reading with 260 and 120."""
    rows = [("libm", 90, 300.0, 300.0, 260.0), ("exp_free", 45, 100.0, 100.0, 120.0)]
    names = ["arm", "instructions", "cycles", "cycles_low", "cycles_high"]
    frame = pd.DataFrame(rows, columns=names).assign(target=core, units=10)
    if not tabled:
        frame[names[2:]] = np.nan
    return frame.assign(cycles_0=frame["cycles_low"], cycles_1=frame["cycles_high"])


@pytest.fixture
def step_costs(monkeypatch):
    """Count made-up steps of one core."""

    def count(core, tabled=True):
        flash = pd.DataFrame({"units": 10, "arm": ["libm", "exp_free"], "flash": [900, 400]})
        plans = {core: ((10, 25), {"firmware": ("libm", "exp_free")}, 1)}
        monkeypatch.setattr(emulated, "_PLANS", plans)
        monkeypatch.setattr(emulated, "measure_lstm", lambda *_, **__: counted(core, tabled))
        monkeypatch.setattr(emulated, "code_size", lambda *_, **__: flash)
        return emulated.step_costs([core], most=10).set_index("arm")

    return count


def test_on_the_cortex_m4f_a_range_holds_two_wait_states(step_costs):
    found = step_costs("cortex-m4f").loc["exp_free"]
    waiting = 2 * 4 * 10 * (10 + 10 + 1)
    assert found["saving"] == pytest.approx(100 * (1 - 100 / 300))
    assert found["saving_high"] == found["saving"]
    assert found["saving_low"] == pytest.approx(100 * (1 - (100 + waiting) / (300 + waiting)))
    assert (found["cost"], found["low"], found["high"]) == (100, 100, 120)


def test_elsewhere_it_holds_the_readings_alone(step_costs):
    found = step_costs("rv32imfc").loc["exp_free"]
    assert found["saving_low"] == pytest.approx(100 * (1 - 120 / 260))


def test_without_a_table_instructions_are_compared(step_costs):
    found = step_costs("cortex-m33", tabled=False)
    assert found.loc["exp_free", ["cost", "saving", "saving_low"]].tolist() == [45, 50, 50]
    assert set(found["unit"]) == {"instructions"} and found["low"].isna().all()
    assert found.loc["tanh", "saving"] == 0
    assert list(found.reset_index()[STEPS].columns) == STEPS and found["flash"].tolist() == [
        900,
        400,
    ]


def test_waiting_raises_every_reading_and_nothing_else():
    network = LSTMNetwork(10, 10, 1, rng=np.random.default_rng(0))
    steps = counted("cortex-m4f")
    slower = with_wait_states(steps, [{"libm": network}], 1)
    assert readings(steps, "cycles") == [name for name in steps if name.startswith("cycles")]
    raised = slower[readings(steps, "cycles")] - steps[readings(steps, "cycles")]
    assert (raised == 4 * 10 * 21).all(axis=None)
    assert slower["instructions"].equals(steps["instructions"])


def test_calls_of_floats_and_of_integers_stand_in_one_form(monkeypatch):
    monkeypatch.setattr(emulated, "CALLS", ("isru", "isru_sigmoid"))
    found = emulated.call_costs(["cortex-m4f"]).set_index("arm")
    assert list(found.reset_index()[COSTS].columns) == COSTS
    assert found.loc["isru", ["cost", "low", "high"]].tolist() == [36, 32, 40]
    assert found.loc["cmsis_q7_tanh", ["dtype", "cost", "unit"]].tolist() == ["int8", 9, "cycles"]
    assert found["platform"].unique().tolist() == ["Cortex-M4F"]
