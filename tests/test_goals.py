"""The yardsticks of the speed goals compute what they claim to."""

import numpy as np
import pandas as pd
import pytest

from isru.bench import memory
from isru.bench.lstm_arms import keras, ours, step_flop, stream, task
from isru.bench.plain_c import PlainStep, build, compiler
from isru.chapters.speed_goals import goals, kernel_goals
from isru.lstm import Adam, train_step
from isru.stats import Interval

pytestmark = pytest.mark.slow


@pytest.mark.skipif(compiler() is None, reason="no C compiler")
def test_the_c_loop_trains_as_the_network_does(tmp_path):
    network, x, target = task(np.random.default_rng(0), 2, 6, 5)
    plain = PlainStep(build(tmp_path), network, x, target)
    optimizer = Adam()
    for _ in range(10):
        wanted, _ = train_step(network, optimizer, x, target, "cross_entropy", clip_norm=1.0)
        assert plain() == pytest.approx(wanted, rel=1e-5)
    kernel, recurrent, bias, dense, dense_bias = network.get_weights()
    flat = np.vstack([kernel, recurrent, bias]).T, np.vstack([dense, dense_bias]).T
    flat = np.concatenate([part.reshape(-1) for part in flat])
    # Adam divides small numbers by small ones: 10 steps of 1e-3 agree to some 1e-5.
    np.testing.assert_allclose(plain.parameters, flat, rtol=0, atol=5e-5)
    assert np.float32(2e-38) * np.float32(0.01) > 0  # as before the library was loaded


def test_a_broken_compiler_is_quoted(tmp_path, monkeypatch):
    monkeypatch.setattr("isru.bench.plain_c.compiler", lambda: None)
    with pytest.raises(RuntimeError, match="expected a C compiler on the path"):
        build(tmp_path)


def test_keras_and_both_engines_do_the_same_work():
    losses = {}
    case = {"units": 4, "batch": 2, "steps": 5}
    arms = {"numpy": ours, "numba": ours, "keras": keras}
    for name, arm in arms.items():
        extra = {} if name == "keras" else {"engine": name}
        call = arm(rng=np.random.default_rng(0), **case, **extra)
        found = [call() for _ in range(3)]
        losses[name] = [float(loss[0] if isinstance(loss, tuple) else loss) for loss in found]
    assert losses["numba"] == pytest.approx(losses["numpy"], rel=1e-5)
    assert losses["keras"] == pytest.approx(losses["numpy"], rel=1e-5)


def test_the_work_is_that_of_the_published_sizes():
    """10.8, 26.5, 72.7 and 224 MFLOP for T = 100, batch 1."""
    found = [step_flop(units, 1, 100) / 1e6 for units in (32, 64, 128, 256)]
    assert found == pytest.approx([10.8, 26.5, 72.7, 224], rel=0.02)


@pytest.mark.parametrize(
    ("ends", "relation", "holds"),
    [((2, 3), ">=", "yes"), ((0.5, 3), ">=", "undecided"), ((2, 3), "<=", "no")],
)
def test_a_goal_holds_by_its_whole_interval(ends, relation, holds):
    row = goals.goal_row("g", relation, 1, Interval(sum(ends) / 2, *ends), units=1, batch=1)
    assert row["holds"] == holds


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_memory_stays_within_its_goals(engine):
    assert memory.arrays_per_step(engine, units=300) < goals.ARRAYS_PER_STEP
    assert 0.8 < memory.peak_ratio(engine, 64, 8, 30) < goals.PEAK_MEMORY * 1.5


def test_a_stream_steps():
    assert stream(rng=np.random.default_rng(0), units=4, features=2, engine="numba")().shape == (1,)


def test_a_missed_goal_says_what_limits_it():
    found = Interval(1, 1, 1)
    for goal in ("numba engine against c, times as fast", "numpy engine, share of the peak"):
        assert goals.goal_row(goal, ">=", 2, found, units=256, batch=1)["limited_by"]
        assert goals.goal_row(goal, ">=", 1, found, units=256, batch=1)["limited_by"] == ""


def test_rates_are_work_over_time():
    frame = pd.DataFrame({"arm": ["c", "copy"], "units": 32, "batch": 1, "steps": 100})
    found = goals.rates({"batch-1": frame.assign(cpu_seconds=0.01), "stream": frame}).set_index(
        "arm"
    )
    assert found.loc["c", "gflops"] == pytest.approx(step_flop(32, 1, 100) / 1e7)
    assert found.loc["copy", "gflops"] == pytest.approx(2 * 128 * 1024 / 1e7)


@pytest.mark.slow
def test_a_run_writes_its_table(tmp_path):
    settings = goals.Settings(units=(8,), batches=(1,), steps=4, processes=2, blocks=1, peers=False)
    table = goals.measure(tmp_path, progress=False, settings=settings)
    assert set(table["holds"]) <= {"yes", "no", "undecided"}
    assert len(pd.read_csv(tmp_path / "goals.csv")) == len(table)
    assert (tmp_path / "goals.json").exists() and (tmp_path / "samples-batch-1.csv").exists()


@pytest.mark.slow
def test_kernels_are_judged_by_the_slowest_limit():
    table, samples = kernel_goals.measure_kernels(
        processes=2, blocks=1, progress=False, names=["isru_fast", "softplus"]
    )
    assert set(samples["arm"]) == {*kernel_goals.LIMITS, "isru_fast", "softplus"}
    slow = table.set_index(["kernel", "dtype"]).loc[("softplus", "float64")]
    assert slow["holds"] == "no" and slow["limited_by"] == "a call of the C library for each number"
    limits = samples[samples["dtype"] == "float64"].groupby("arm")["cpu_seconds"].median()
    assert slow["slowest"] == limits[list(kernel_goals.LIMITS)].idxmax()
    assert table["limited_by"].eq("").equals(table["holds"].eq("yes"))
