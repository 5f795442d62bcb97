"""The timing protocol: balanced order, honest ratios, clear failures. Nothing here is timed."""

import getpass
import json
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from isru.bench import (
    Arm,
    WorkerError,
    floor,
    machine_metadata,
    measure,
    per_call,
    problems,
    ratio,
    ratios,
)
from isru.bench.summary import against_themselves
from isru.bench.worker import block_order, calibrate, run_job

pytestmark = pytest.mark.slow

ARMS = """
import os

def works(*, rng, size, loud=False):
    values = rng.normal(size=size)
    if loud:
        print("an arm may print")
    return lambda: values.sum()

def one_thread(*, rng, size):
    if os.environ["OPENBLAS_NUM_THREADS"] != "1":
        raise AssertionError("threads are not fixed")
    return lambda: None

def breaks(*, rng, size):
    raise ValueError("this arm needs a licence")

def dies(*, rng, size):
    print("out of luck", flush=True)
    os._exit(7)

def no_callable(*, rng, size):
    return 3
"""


class Clock:
    """A clock that only the arms move."""

    now = 0.0

    def __call__(self):
        return Clock.now


def ticking(*, rng, seconds, step=0.0):
    """Return a call that takes ``seconds``, exactly, by the fake clock."""

    def call():
        Clock.now += seconds + step

    return call


DRAWN = []


def drawing(*, rng, size):
    DRAWN.append(int(rng.integers(10**9)))
    return lambda: None


def fake_job(arms, cases, **changes):
    job = {"seed": 1, "process": 0, "blocks": 3, "warmup": 0, "min_seconds": 1e-3}
    described = [
        {"label": name, "factory": f"{__name__}:ticking", "arguments": arguments}
        for name, arguments in arms.items()
    ]
    return {**job, "arms": described, "cases": cases, **changes}


def synthetic(factors, processes=8, blocks=5, noise=0.02, seed=0, cases=1):
    """Return samples as `measure` does, of arms whose true times are ``factors``."""
    rng = np.random.default_rng(seed)
    rows = []
    for case in range(cases):
        for process in range(processes):
            speed = np.exp(rng.normal(0, 0.03))
            for block in range(blocks):
                for position, arm in enumerate(block_order(len(factors), rng)):
                    label = list(factors)[arm]
                    seconds = 1e-5 * speed * factors[label] * np.exp(rng.normal(0, noise))
                    rows.append((process, block, position, label, case, 100, seconds, seconds))
    columns = ["process", "block", "position", "arm", "size", "loops", "seconds", "cpu_seconds"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def arms_module(tmp_path, monkeypatch):
    (tmp_path / "arms_under_test.py").write_text(ARMS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "arms_under_test"


def test_every_arm_stands_twice_in_a_block_at_the_same_mean_position():
    rng = np.random.default_rng(0)
    for count in (2, 3, 6):
        order = block_order(count, rng)
        assert order == order[::-1]
        positions = [np.flatnonzero(np.equal(order, arm)) for arm in range(count)]
        assert all(len(found) == 2 for found in positions)
        assert all(found.mean() == count - 0.5 for found in positions)


def test_block_orders_are_random():
    rng = np.random.default_rng(0)
    assert len({tuple(block_order(4, rng)) for _ in range(50)}) > 12


def test_a_linear_drift_cancels_between_arms():
    """A machine that slows down by the second must not favour an arm."""
    rng = np.random.default_rng(3)
    order = [arm for _ in range(4) for arm in block_order(3, rng)]
    times = {arm: [i for i, which in enumerate(order) if which == arm] for arm in range(3)}
    assert len({float(np.mean(found)) for found in times.values()}) == 1


def test_calibration_makes_samples_long_enough():
    for seconds in (1e-6, 3e-4, 2.0):
        loops = calibrate(ticking(rng=None, seconds=seconds), 1e-3, Clock())
        assert loops * seconds >= 1e-3 * (1 - 1e-6)
        assert (loops - 1) * seconds <= 1.5e-3


def test_the_worker_reports_the_time_per_call():
    job = fake_job({"fast": {}, "slow": {"step": 1e-5}}, [{"seconds": 1e-5}, {"seconds": 4e-5}])
    answers = {
        answer["case"]: answer["samples"]
        for answer in run_job(job, clock=Clock(), cpu_clock=Clock())
    }
    for case, seconds in enumerate((1e-5, 4e-5)):
        samples = answers[case]
        assert len(samples) == 3 * 2 * 2
        for _, _, arm, _, wall, processor in samples:
            assert wall == pytest.approx(seconds + arm * 1e-5) == processor


def test_measure_keeps_every_sample_in_a_tidy_table(arms_module):
    arms = [
        Arm("sum", f"{arms_module}:works"),
        Arm("sum_again", f"{arms_module}:works", {"loud": True}),
    ]
    cases = [{"size": 10}, {"size": 1000}]
    frame = measure(arms, cases, processes=2, blocks=2, min_seconds=1e-5, progress=False)
    assert list(frame.columns) == [
        "process",
        "block",
        "position",
        "arm",
        "size",
        "loops",
        "seconds",
        "cpu_seconds",
    ]
    assert (frame.groupby(["process", "arm", "size"]).size() == 2 * 2).all()
    assert len(frame) == 2 * 2 * 2 * 4
    assert (frame["seconds"] > 0).all()


def test_workers_run_with_fixed_threads(arms_module, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "64")
    arms = [Arm(label, f"{arms_module}:one_thread") for label in "ab"]
    assert len(measure(arms, [{"size": 1}], processes=1, blocks=1, progress=False)) == 4


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("breaks", "process 0: arm 'bad' .*size.*ValueError: this arm needs a licence"),
        ("dies", "(?s)exit code 7.*out of luck"),
        ("no_callable", "must return a callable, got int"),
        ("absent", "has no attribute 'absent'"),
    ],
)
def test_a_failing_worker_tells_why(arms_module, function, message):
    arms = [Arm("good", f"{arms_module}:works"), Arm("bad", f"{arms_module}:{function}")]
    with pytest.raises(WorkerError, match=message):
        measure(arms, [{"size": 3}], processes=1, blocks=1, progress=False)


def test_all_arms_of_a_case_get_the_same_inputs_and_processes_different_ones():
    DRAWN.clear()
    arms = [{"label": name, "factory": f"{__name__}:drawing", "arguments": {}} for name in "ab"]
    for process in (0, 1):
        job = fake_job({}, [{"size": 1}], process=process, min_seconds=0.0) | {"arms": arms}
        list(run_job(job, clock=Clock(), cpu_clock=Clock()))
    assert DRAWN[0] == DRAWN[1] != DRAWN[2] == DRAWN[3]


def test_a_worker_imports_no_more_than_it_needs():
    code = "import isru.bench.worker, sys; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_arms_and_cases_are_checked_before_anything_runs():
    good = Arm("a", "module:function")
    with pytest.raises(ValueError, match="'module:function', got 'nothing'"):
        Arm("a", "nothing")
    with pytest.raises(ValueError, match="different labels"):
        measure([good, good], [{"size": 1}])
    with pytest.raises(ValueError, match="the same keys"):
        measure([good, Arm("b", "m:f")], [{"size": 1}, {"units": 1}])
    with pytest.raises(ValueError, match="loops"):
        measure([good, Arm("b", "m:f")], [{"loops": 1}])


def test_an_arm_against_itself_has_a_ratio_interval_around_one():
    frame = synthetic({"tanh": 1.0, "tanh_again": 1.0, "isru": 0.5})
    rng = np.random.default_rng(0)
    assert ratio(frame, "tanh", "tanh_again", rng=rng).contains(1)
    twice = ratio(frame, "tanh", "isru", rng=rng)
    assert twice.contains(2) and twice.high - twice.low < 0.1


def test_the_floor_contains_one_and_grows_with_the_noise():
    quiet, loud = (
        floor(
            synthetic({"a": 1.0, "a2": 1.0}, noise=noise, cases=4),
            "a",
            "a2",
            rng=np.random.default_rng(0),
        )
        for noise in (0.01, 0.1)
    )
    assert loud.low < quiet.low < 1 < quiet.high < loud.high


def test_every_arm_that_is_timed_twice_is_held_against_itself_in_each_case():
    arms = {"a": 1.0, "a_again": 1.0, "b": 2.0, "b_again": 2.0, "alone": 1.0}
    found = against_themselves(synthetic(arms, cases=3), rng=np.random.default_rng(0))
    assert len(found) == 6
    assert all(0.9 < one.low < 1.1 for one in found)
    none = synthetic({"a": 1.0, "b": 1.0}, cases=3)
    assert against_themselves(none, rng=np.random.default_rng(0)) == []


def test_summaries_have_one_row_for_each_case_and_arm():
    frame = synthetic({"tanh": 1.0, "isru": 0.5, "copy": 0.25}, cases=3, noise=0)
    rng = np.random.default_rng(0)
    table = ratios(frame, "tanh", ["isru", "copy"], rng=rng)
    assert list(table.columns) == ["size", "arm", "ratio", "low", "high"]
    assert np.allclose(table["ratio"], [2, 4] * 3)
    assert len(per_call(frame, rng=rng)) == 9
    with pytest.raises(ValueError, match="3: select one"):
        ratio(frame, "tanh", "isru", rng=rng)
    with pytest.raises(ValueError, match="no samples of arm 'relu'"):
        ratios(frame, "tanh", ["relu"], rng=rng)


def test_summaries_read_the_clock_that_they_are_told():
    """Waiting doubles one arm's wall-clock time; its processor time tells the truth."""
    frame = synthetic({"tanh": 1.0, "isru": 0.5}, noise=0)
    frame["seconds"] *= np.where(frame["arm"] == "isru", 2, 1)
    rng = np.random.default_rng(0)
    assert np.allclose(ratio(frame, "tanh", "isru", rng=rng), 1)
    assert np.allclose(ratio(frame, "tanh", "isru", clock="cpu_seconds", rng=rng), 2)


def test_a_good_measurement_has_no_problems():
    assert problems(synthetic({"a": 1.0, "b": 2.0}, noise=0.005)) == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f[f["process"] < 3], "3 processes"),
        (lambda f: f.assign(loops=1), "shorter than 0.2 ms"),
        (lambda f: f.assign(seconds=f["seconds"] * (1 + f["position"])), "within a process"),
        (lambda f: f.assign(seconds=f["seconds"] * (1 + f["process"])), "processes disagree"),
        (lambda f: f.assign(seconds=f["seconds"] * (1 + f["block"])), "drift"),
        (lambda f: f.assign(cpu_seconds=f["seconds"] / 2), "spent waiting"),
    ],
)
def test_problems_name_what_is_wrong(spoil, message):
    frame = spoil(synthetic({"a": 1.0, "b": 2.0}, noise=0.005, cases=2))
    assert any(message in sentence for sentence in problems(frame))


def test_machine_metadata_names_no_user_and_no_host():
    metadata = machine_metadata()
    text = json.dumps(metadata)
    assert str(Path.home()) not in text
    for private in (platform.node(), getpass.getuser()):
        # A short name such as "vm" may be part of an innocent word.
        assert f'"{private}"' not in text and f"/{private}/" not in text
    assert metadata["cpu"]["cores"] >= 1
    assert metadata["versions"]["numpy"] == np.__version__
    assert all(pool["num_threads"] == 1 for pool in metadata["thread_pools"])


def test_a_measuring_process_imports_no_more_than_its_arms_need():
    modules = ("worker", "activation_arms", "form_arms", "c_loops", "tensorflow_arms")
    code = f"import sys, {', '.join(f'isru.bench.{name}' for name in modules)}\n"
    code += "print(sorted({'pandas', 'scipy', 'numba', 'tensorflow', 'tqdm'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
