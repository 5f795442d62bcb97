"""Keras with ISRU: it survives saving, its steps can be timed, the fused kernel is for tanh."""

import subprocess
import sys

import numpy as np
import pytest

from isru.chapters.precision_threads_frameworks import frameworks, frameworks_setups
from isru.keras_bridge import build_keras, load_tensorflow

pytestmark = pytest.mark.slow

SHAPE = {"layers": 1, "rows": 3, "columns": 2}


@pytest.fixture(scope="module", autouse=True)
def _tensorflow():
    load_tensorflow()


def test_a_model_with_isru_comes_back_with_its_outputs(tmp_path):
    rng = np.random.default_rng(0)
    network = frameworks.image_network(rng, activation="isru", layers=2, units=4, columns=2)
    x = frameworks.images(rng, 3, 5, 2)[0]
    found = frameworks.round_trips(build_keras(network), x, tmp_path)
    assert found["difference"].max() == 0 and set(found["activation"]) == {"KerasActivation"}
    assert len(found) == 3 and not list(tmp_path.iterdir())


def test_a_measurement_here_has_every_arm_and_its_savings():
    arms = frameworks.keras_arms(["graph"], **SHAPE)
    cases = frameworks.keras_cases([3], 2)
    samples = frameworks.measure_here(arms, cases, fresh=False, blocks=1, min_seconds=0)
    assert len(samples) == 2 * len(arms)
    rng = np.random.default_rng(0)
    row = frameworks.mode_savings(samples, rng=rng).iloc[0]
    assert np.isfinite(row[["saving", "expected", "step_ms"]].astype(float)).all()
    times = frameworks.step_times(samples, rng=rng)
    assert set(times["mode"]) == {"graph", "numpy"} and len(times) == 4


def test_xla_compiles_the_step_and_the_calls():
    for arm in frameworks.keras_arms(["xla"], **SHAPE)[2:5:2]:  # ISRU's step, ISRU's calls
        setup = getattr(frameworks_setups, arm.factory.partition(":")[2])
        call = setup(rng=np.random.default_rng(0), units=3, batch=2, **arm.arguments)
        assert np.isfinite(call()).all()


def test_the_same_step_learns_the_same_in_keras_and_numpy():
    losses = []
    for mode in ("graph", "numpy"):
        call = frameworks_setups.setup_step(
            rng=np.random.default_rng(0), units=3, batch=2, activation="isru", mode=mode, **SHAPE
        )
        losses.append(np.ravel(call()[0] if mode == "numpy" else call())[0])
    assert losses[0] == pytest.approx(np.log(10), rel=0.2) and losses[1] > 0


def test_the_first_compilation_by_xla_is_silent():
    code = f"from isru.chapters.precision_threads_frameworks import frameworks; \
frameworks.start_seconds('xla', 'tanh', units=2, batch=1, **{SHAPE})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_starting_costs_are_counted():
    found = frameworks.start_seconds("graph", "tanh", units=2, batch=1, **SHAPE)
    assert found["build"] > 0 and found["first"] > 0


def test_only_tanh_and_sigmoid_leave_the_fused_kernel_open():
    conditions = frameworks.cudnn_conditions()
    assert "`activation` == `tanh`" in conditions and len(conditions) >= 5
    assert frameworks.cudnn_support()["fused"].tolist() == [True, False, False]
