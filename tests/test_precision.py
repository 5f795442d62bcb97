"""Precision: the pairs are float32 minus float64, the savings are of float64's time."""

import numpy as np
import pandas as pd
import pytest

from isru.chapters.precision_threads_frameworks import precision
from isru.studies.paired import compare
from isru.studies.timed_steps import setup_step
from isru.sweep import run_sweep

pytestmark = pytest.mark.slow

TINY = {"epochs": 1, "window": 6}


def samples(arms, processes=6):
    case = {"framework": "numpy", "step": "train", "batch": 2, "units": 10}
    return pd.DataFrame(
        [
            {"process": p, "arm": arm, **case, "seconds": time, "cpu_seconds": time}
            for p in range(processes)
            for arm, time in arms.items()
        ]
    )


def test_savings_are_of_the_time_in_float64():
    arms = {arm.label: 1.0 for arm in precision.precision_arms(4)}
    frame = samples(arms | {"tanh float64": 1.6, "isru float64": 1.25})
    table = precision.float32_savings(frame, rng=np.random.default_rng(0))
    assert table["saving"].tolist() == pytest.approx([37.5, 20])
    assert set(table["direction"]) == {"faster"}
    isru = precision.precision_savings(frame, rng=np.random.default_rng(0)).set_index("dtype")
    expected = {"float32": 0.0, "float64": 100 * (1 - 1.25 / 1.6)}
    assert isru["saving"].to_dict() == pytest.approx(expected)


def test_backward_is_what_an_update_takes_beyond_the_forward_pass():
    frame = samples(
        {"predict float32": 1.0, "predict float64": 2.0, "train float32": 3.0, "train float64": 6.0}
    )
    found = precision.stack_savings(frame, rng=np.random.default_rng(0))
    assert {k: v.estimate for k, v in found.items()} == {"forward": 50, "backward": 50, "total": 50}


def test_every_arm_runs_in_its_precision():
    for arm in precision.stack_arms(layers=2, units=3, steps=4):
        network_call = setup_step(rng=np.random.default_rng(0), batch=1, **arm.arguments)
        network_call()
    dtypes = [arm.arguments["dtype"] for arm in precision.precision_arms(4)]
    assert dtypes.count("float32") == dtypes.count("float64") == 5


def test_both_precisions_start_alike_and_stay_close_in_one_epoch():
    cases = precision.precision_cases([3], 2, 0, **TINY)
    rows = run_sweep(precision.precision_row, cases, processes=1, progress=False)
    pairs = precision.precision_pairs(rows)
    assert set(pairs["arm"]) == {"tanh", "isru"} and len(pairs) == 4
    assert 0 < pairs["difference"].abs().max() < 0.05
    table = compare(pairs, rng=np.random.default_rng(0))
    assert set(table["word"]) == {"undecided"}  # two pairs decide nothing


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match=r"expected one of .*float32.*got 'float16'"):
        precision.PrecisionCase("tanh", 3, 0, dtype="float16")
