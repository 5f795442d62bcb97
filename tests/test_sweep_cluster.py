"""Sweeps on a real Dask scheduler with workers that are killed, or have other code."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from sweep_rows import Case, noise, noise_but_not_of_three

import isru
from isru.sweep import SweepError, run_sweep

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
DASK = [sys.executable, "-m", "dask"]


def wait_for(what, seconds=15):
    """Return the first true answer, or fail."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := what():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"nothing came within {seconds} s")


@contextlib.contextmanager
def started(command, *, path=()):
    """Start a process of Dask; end it, and only it, afterwards."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [*path, HERE]))}
    with subprocess.Popen(
        [*DASK, *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """Return the file with which a running scheduler says where it is."""
    file = tmp_path_factory.mktemp("dask") / "scheduler.json"
    command = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    with started([*command, "--scheduler-file", str(file)]):
        wait_for(file.is_file)
        yield file


def worker(scheduler, folder, **more):
    command = ["worker", "--scheduler-file", str(scheduler), "--no-nanny", "--no-dashboard"]
    command += ["--nthreads", "1", "--local-directory", str(folder)]
    return started(command, **more)


@pytest.mark.slow
def test_a_worker_killed_half_way_loses_nothing(scheduler, tmp_path, monkeypatch):
    log = tmp_path / "log"
    log.mkdir()
    cases = [Case(size, size, str(log), seconds=0.25) for size in range(1, 17)]
    address = json.loads(scheduler.read_text())["address"]
    monkeypatch.setenv("ISRU_SCHEDULER", address)

    def pids():
        return {int(path.name.split("-")[1]) for path in log.iterdir()}

    def kill_one(victim):
        wait_for(lambda: len(list(log.iterdir())) >= 6 and victim.pid in pids())
        os.kill(victim.pid, signal.SIGKILL)

    with worker(scheduler, tmp_path) as one, worker(scheduler, tmp_path) as two:
        killer = threading.Thread(target=kill_one, args=(one,))
        killer.start()
        rows = run_sweep(noise, cases, cache=tmp_path / "cache", progress=False)
        killer.join()
        assert one.wait(5) == -signal.SIGKILL and two.poll() is None
        assert pids() == {one.pid, two.pid}
        again = run_sweep(noise, cases, cache=tmp_path / "cache", progress=False)
    # Begun once more is what the killed worker had begun, or finished and not yet handed over.
    begun = [tuple(map(int, path.name.split("-")[:2])) for path in log.iterdir()]
    times = Counter(size for size, _ in begun)
    twice = {size for size, count in times.items() if count > 1}
    assert set(times) == set(range(1, 17)) and len(begun) - 16 == len(twice) <= 2
    assert all((size, one.pid) in begun for size in twice)
    pd.testing.assert_frame_equal(rows, again)
    monkeypatch.delenv("ISRU_SCHEDULER")
    quick = [Case(case.size, case.seed) for case in cases]
    here = run_sweep(noise, quick, processes=1, progress=False)
    pd.testing.assert_frame_equal(rows, here)


@pytest.mark.slow
def test_a_row_that_fails_on_a_worker_is_named_and_a_worker_with_other_code_refused(
    scheduler, tmp_path
):
    cases = [Case(size) for size in range(1, 6)]
    ask = {"scheduler": str(scheduler), "progress": False, "cache": tmp_path / "cache"}
    with worker(scheduler, tmp_path), pytest.raises(SweepError) as caught:
        run_sweep(noise_but_not_of_three, cases, **ask)
    assert "1 of 5 rows failed; the 4 finished ones are kept" in str(caught.value)
    assert "three is too many" in str(caught.value) and "Case(size=3" in str(caught.value)
    copy = shutil.copytree(HERE, tmp_path / "other", ignore=lambda *_: {"__pycache__"})
    with (copy / "sweep_rows.py").open("a") as file:
        file.write("ANOTHER = True\n")
    with worker(scheduler, tmp_path, path=[copy]), pytest.raises(SweepError) as caught:
        run_sweep(noise, cases, **ask)
    assert re.search(r"a worker has code \w+ instead of \w+: install the same", str(caught.value))
    assert isru.__version__ not in str(caught.value)


def test_a_scheduler_that_does_not_answer_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr("isru.sweep.cluster._SECONDS", 0.3)
    for address in ("tcp://127.0.0.1:1", "nowhere", "missing/scheduler.json"):
        with pytest.raises(SweepError, match=r"no Dask scheduler answers.*dask scheduler"):
            run_sweep(noise, [Case(1)], scheduler=address, progress=False)
