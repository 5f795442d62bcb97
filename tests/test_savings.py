"""Savings from samples made up beforehand: what went in must come out."""

import numpy as np
import pandas as pd
import pytest

from isru.bench import measure
from isru.cost import layer_count
from isru.studies.savings import (
    fit_cases,
    predicted,
    savings,
    slopes,
    step_cases,
)
from isru.studies.timed_steps import step_arms

pytestmark = pytest.mark.slow

STEPS, FEATURES, UNITS = 24, 10, (10, 25, 100, 300)
COST = {"step_ns": 4000.0, "unit_ns": 30.0, "mac_ns": 0.2}
SAVED = {"saved_step_ns": -600.0, "saved_ns": 5.0}


def made_up(units, noise=0.0, batch=1):
    """Samples of a machine whose costs are known, ``noise`` relative."""
    rng, rows = np.random.default_rng(0), []
    for count in units:
        tanh = COST["step_ns"] + COST["unit_ns"] * count
        tanh += COST["mac_ns"] * layer_count(FEATURES, count).macs
        saved = SAVED["saved_step_ns"] + 2 * count * SAVED["saved_ns"]
        times = {"tanh": tanh, "tanh_again": tanh, "isru": tanh - saved, "plain": tanh}
        times |= {"tanh_calls": 0.2 * tanh, "isru_calls": 0.2 * tanh - saved}
        for process in range(6):
            for arm, ns in times.items():
                seconds = ns * STEPS * 1e-9 * np.exp(noise * rng.standard_normal())
                rows.append((process, arm, "numpy", "predict", batch, count, seconds))
    names = ["process", "arm", "framework", "step", "batch", "units", "cpu_seconds"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(seconds=9.0, block=0, position=0, loops=1)


def test_the_saving_comes_out_as_it_went_in_and_the_calls_predict_it():
    table = savings(made_up(UNITS), rng=np.random.default_rng(0))
    np.testing.assert_allclose(table["saving"], table["expected"], rtol=1e-9)
    np.testing.assert_allclose(table["share"], 20)
    assert (table["plain"] == 0).all()
    assert (table["low"] == table["high"]).all() and (table["floor_low"] == 0).all()
    assert table["direction"].tolist() == ["slower", "slower", "faster", "faster"]


def test_noise_widens_the_interval_and_the_floor():
    table = savings(made_up(UNITS, noise=0.05), rng=np.random.default_rng(0))
    assert ((table["low"] < table["saving"]) & (table["saving"] < table["high"])).all()
    assert (table["floor_low"] < 0).all() and (table["floor_high"] > 0).all()


def test_few_arms_give_the_same_savings_and_no_predictions():
    samples = made_up(UNITS, noise=0.01)
    arms = [arm.label for arm in step_arms(STEPS, few=True)]
    few = savings(samples[samples["arm"].isin(arms)], rng=np.random.default_rng(0))
    every = savings(samples, rng=np.random.default_rng(0))
    columns = ["step_ms", "saving"]
    pd.testing.assert_frame_equal(few[columns], every[columns])
    assert few[["plain", "plain_low", "share", "expected", "expected_high"]].isna().all(axis=None)


def test_the_slope_is_in_points_per_doubling():
    samples = made_up((10, 20, 40))
    table = savings(samples, rng=np.random.default_rng(0))
    found = slopes(samples, rng=np.random.default_rng(0)).iloc[0]
    assert found["slope"] == pytest.approx((table["saving"][2] - table["saving"][0]) / 2)
    assert slopes(made_up((10,)), rng=np.random.default_rng(0)).empty


def test_the_slope_of_one_process_is_its_own_interval_to_the_last_bit():
    samples = made_up((10, 25, 100), noise=0.1)
    for _, alone in samples.groupby("process"):
        found = slopes(alone, rng=np.random.default_rng(0)).iloc[0]
        assert found["low"] == found["slope"] == found["high"]


def test_the_prediction_is_the_share_of_the_replaced_activations():
    table = savings(made_up((10,), batch=32), rng=np.random.default_rng(0))
    found = predicted(table, steps=STEPS, tanh_ns=3.0, isru_ns=1.0)
    count = 2 * 10 * STEPS * 32
    assert found[0] == pytest.approx(100 * count * 2.0 / (1e6 * table["step_ms"][0]))


def test_the_costs_of_a_step_are_found_again():
    found = fit_cases(made_up((10, 25, 50, 100, 300)), features=FEATURES, steps=STEPS)["numpy"]
    for name, value in (COST | SAVED).items():
        assert found[name] == pytest.approx(value, rel=1e-6), name
    assert fit_cases(made_up((10, 25)), features=FEATURES, steps=STEPS) == {}


def test_the_arms_run_and_give_every_column():
    cases = step_cases("numpy", [2, 3], batch=4)
    assert [case["batch"] for case in cases] == [4, 4, 4, 4, 1, 1]
    samples = measure(
        step_arms(2), cases, processes=2, blocks=1, warmup=1, min_seconds=1e-4, progress=False
    )
    table = savings(samples, rng=np.random.default_rng(0))
    assert len(table) == 6 and not table.isna().any(axis=None) and (table["share"] > 0).all()
