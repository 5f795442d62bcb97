"""The chapter's timed parts do what the network's step does, and its predictions add up."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import message

from isru.chapters.lstm import lesson, step_parts
from isru.chapters.lstm.figures import amdahl_bounds, learning_curve, step_shares
from isru.chapters.lstm.step_parts import (
    bounds,
    compiled_bounds,
    fit_steps,
    part_arms,
    part_cases,
    shares,
)
from isru.chapters.speed_goals.figures import roofline
from isru.cost import layer_count

pytestmark = pytest.mark.slow


def samples(arms, units=(10, 30, 100)):
    """Return a measurement in which each part takes a known time."""
    rows = [
        {"process": p, "arm": arm, "step": "predict", "batch": 2, "units": n}
        | {"seconds": seconds(n), "cpu_seconds": seconds(n)}
        for p in range(6)
        for n in units
        for arm, seconds in arms.items()
    ]
    return pd.DataFrame(rows)


ARMS = {
    "step": lambda n: 8e-6 + 1e-9 * layer_count(4, n).macs,
    "products": lambda n: 1e-9 * layer_count(4, n).macs,
    "gates": lambda n: 2e-6,
    "activations": lambda n: 1e-6,
    "compiled_step": lambda n: 4e-6,
    "compiled_tanh": lambda n: 1e-6,
    "compiled_isru": lambda n: 0.5e-6,
}


def test_shares_add_up_to_the_step():
    table = shares(samples(ARMS), rng=np.random.default_rng(0))
    assert table.groupby("units")["share"].sum().to_numpy() == pytest.approx(100)
    small = table[(table["units"] == 10) & (table["part"] == "gates")].iloc[0]
    assert small["share"] == pytest.approx(100 * 2 / (8 + 1e-3 * layer_count(4, 10).macs))


def test_the_fit_finds_the_costs_and_the_bound_follows_by_hand():
    table = shares(samples(ARMS), rng=np.random.default_rng(0))
    fits = fit_steps(table, features=4, steps=1)
    fit = fits.iloc[0]
    assert (fit["step_ns"], fit["mac_ns"]) == pytest.approx((4000, 0.5))
    found = bounds(fits, features=[4], units=[10], tanh_ns=3.0, isru_ns=4.0).iloc[0]
    whole = 4000 + 0.5 * layer_count(4, 10).macs
    assert found["bound"] == pytest.approx(100 * 20 * 3 / whole)
    assert found["saving"] == pytest.approx(-100 * 20 / whole)


def test_the_compiled_bound_is_tanhs_share():
    found = compiled_bounds(samples(ARMS), rng=np.random.default_rng(0)).iloc[0]
    assert (found["bound"], found["saving"]) == pytest.approx((25, 12.5))


@pytest.mark.parametrize("case", part_cases([5], [1, 3]))
def test_every_arm_runs_on_every_case(case):
    for arm in part_arms(steps=4, features=3, compiled=True):
        module, function = arm.factory.split(":")
        setup = getattr(__import__(module, fromlist=[function]), function)
        call = setup(rng=np.random.default_rng(0), **case, **arm.arguments)
        call()
        call()


@pytest.mark.parametrize("batch", [1, 3])
def test_the_products_are_the_layers_own(batch, monkeypatch):
    """As many products as a layer's window: T forward, T back, one for the weights."""
    calls = []
    dot = np.dot
    monkeypatch.setattr(np, "dot", lambda a, b, out: calls.append(a.shape) or dot(a, b, out=out))
    sizes = {"units": 5, "batch": batch, "steps": 4, "features": 3}
    step_parts.setup_products(rng=np.random.default_rng(0), step="train", **sizes)()
    at_once = int(batch == 1)
    assert len(calls) == 4 + 4 + 1 + at_once
    assert (batch, 20) in calls and (3 + 5 + 1, 4 * batch) in calls


def test_a_small_network_beats_persistence_on_waves():
    curve, persistence = lesson.learn(units=8, epochs=25, steps=12, count=512, seed=0)
    assert curve["validation"].min() < persistence / 2
    again, _ = lesson.learn(units=8, epochs=25, steps=12, count=512, seed=0)
    pd.testing.assert_frame_equal(curve, again)


def test_waves_go_on_as_sines():
    x, target = lesson.waves(np.random.default_rng(0), 50, 10)
    # A sine obeys y(t + 1) = 2 cos(w) y(t) - y(t - 1) with one w for all t.
    middle, outer = x[:, 1:-1, 0], x[:, 2:, 0] + x[:, :-2, 0]
    factor = (middle * outer).sum(axis=1) / (middle**2).sum(axis=1)
    np.testing.assert_allclose(factor * x[:, -1, 0] - x[:, -2, 0], target[:, 0], atol=1e-5)


def test_figures_are_drawn():
    table = shares(samples(ARMS), rng=np.random.default_rng(0))
    fits = fit_steps(table, features=4, steps=1)
    inside = compiled_bounds(samples(ARMS), rng=np.random.default_rng(0))
    found = bounds(fits, features=[4, 100], units=[10, 100], tanh_ns=3.0, isru_ns=4.0)
    curve = pd.DataFrame({"epoch": [1, 2], "training": [1, 0.5], "validation": [1, 0.6]})
    assert len(step_shares(table).axes) == 1
    assert len(amdahl_bounds(found, inside).axes) == 2
    assert len(amdahl_bounds(found, inside.iloc[:0]).axes) == 1
    assert "persistence" in [text.get_text() for text in learning_curve(curve, 2.0).axes[0].texts]
    assert "After 2 epochs the error on unseen waves is 0.6; " in message(learning_curve(curve, 2))
    rates = pd.DataFrame({"arm": ["numpy", "product", "copy"], "intensity": 2.0, "gflops": 9.0})
    assert len(roofline(rates).axes) == 1
