"""A busy neighbour computes while it should, ends with its context, and is told in the labels."""

import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from processes import goes_on

from isru.bench.busy_core import busy_cores
from isru.chapters.activation_cost.busy_core import (
    busy_core_arms,
    measure_beside,
    slowdowns,
    tanh_over_isru,
)
from isru.chapters.activation_cost.costs import cases

pytestmark = pytest.mark.slow


def started():
    return psutil.Process().children()


def test_neighbours_compute_and_end_with_the_context():
    before = started()
    with pytest.raises(KeyError), busy_cores(2):
        neighbours = [process for process in started() if process not in before]
        assert len(neighbours) == 2
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and min(sum(p.cpu_times()[:2]) for p in neighbours) < 0.1:
            time.sleep(0.05)
        assert min(sum(p.cpu_times()[:2]) for p in neighbours) >= 0.1
        raise KeyError
    assert started() == before


def test_a_neighbour_ends_when_the_process_that_started_it_is_killed():
    code = (
        "import psutil, time\nfrom isru.bench.busy_core import busy_cores\n"
        "with busy_cores(1):\n"
        "    print(psutil.Process().children()[0].pid, flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        neighbour = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 20
    while goes_on(neighbour) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not goes_on(neighbour)


def test_each_arm_is_timed_alone_and_beside_in_every_process():
    one = cases([1000], dtypes=("float32",))
    quickly = {"min_seconds": 0.0, "blocks": 1, "warmup": 1, "progress": False}
    samples = measure_beside(busy_core_arms(), one, processes=2, busy=0, **quickly)
    labels = {f"{arm.label}_{label}" for arm in busy_core_arms() for label in ("alone", "beside")}
    assert set(samples["arm"]) == labels
    assert samples.groupby("arm")["process"].agg(set).map(sorted).tolist() == [[0, 1]] * 12


def test_slowdown_and_ratio_are_those_of_the_times():
    one = cases([1000], dtypes=("float32",))
    quickly = {"min_seconds": 0.0, "blocks": 1, "warmup": 1, "progress": False}
    samples = measure_beside(busy_core_arms(), one, processes=2, busy=0, **quickly)
    base = {"libm": 12.0, "simd": 3.0, "numpy": 0.5}
    parts = samples["arm"].str.extract(r"(\w+?)_(tanh|isru_plain)_(\w+)")
    tanh, beside = parts[1] == "tanh", parts[2] == "beside"
    seconds = np.where(tanh, parts[0].map(base), 1.0) * np.where(beside & tanh, 1.5, 1.0)
    samples = samples.assign(seconds=seconds, cpu_seconds=seconds)
    slow = slowdowns(samples, rng=np.random.default_rng(0)).set_index(["form", "arm"])["slowdown"]
    assert slow["libm", "tanh"] == 1.5 and slow["numpy", "isru_plain"] == 1
    found = tanh_over_isru(samples, rng=np.random.default_rng(0)).set_index(["form", "neighbour"])
    assert found.loc[("libm", "alone"), "ratio"] == 12
    assert found.loc[("libm", "beside"), "ratio"] == 18
