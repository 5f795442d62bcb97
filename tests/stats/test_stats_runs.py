"""What runs of one machine differ by beyond their intervals."""

import numpy as np
import pytest

from isru.stats import Interval, between_runs


def timings(rng, *, hour, runs=3, count=40, process=0.02):
    """Return what runs of one machine show of timings that an hour shifts."""
    true = rng.normal(0, 1, count)
    shown = true + rng.normal(0, hour, (runs, count)) + rng.normal(0, process, (runs, count))
    half = 1.96 * process
    return true, [[Interval(at, at - half, at + half) for at in run] for run in shown]


@pytest.mark.parametrize("hour", [0.0, 0.05])
def test_what_an_hour_adds_is_found_over_many_timings(hour):
    rng = np.random.default_rng(0)
    found = [between_runs(timings(rng, hour=hour)[1]) for _ in range(50)]
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(hour, abs=0.005)


def test_an_interval_that_holds_what_an_hour_adds_covers_the_machine():
    rng = np.random.default_rng(1)
    alone, among = [], []
    for _ in range(40):
        true, runs = timings(rng, hour=0.05)
        hour = between_runs(runs)
        alone += [one.contains(at) for one, at in zip(runs[0], true, strict=True)]
        among += [one.widened(hour).contains(at) for one, at in zip(runs[0], true, strict=True)]
    assert np.mean(alone) < 0.6
    assert 0.93 < np.mean(among) < 0.97


def test_a_timing_of_one_run_tells_nothing_between_runs():
    one = Interval(1.0, 1.0, 1.0)
    assert between_runs([]) == between_runs([[one]]) == between_runs([[one], [None]]) == 0
    assert one.widened(0.0) == one
