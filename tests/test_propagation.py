"""Deep and recurrent random networks: the theory against known numbers and simulations."""

import mpmath as mp
import numpy as np
import pytest

from isru.activations import ACTIVATIONS
from isru.chapters.propagation.recurrence import (
    backward_jacobian,
    compare_lstm,
    compare_recurrent,
    lstm_gradient,
    lyapunov,
    resting_variance,
    simulate_recurrent,
    step_jacobian,
)
from isru.chapters.propagation.signal import compare_deep, mean_field, moments, simulate_deep
from isru.lstm import cell_forward
from isru.lstm.initializers import lstm_weights

pytestmark = pytest.mark.slow

BOTH = pytest.mark.parametrize("name", ["isru", "tanh"])


def test_moments_are_those_of_the_closed_form():
    rest = mp.sqrt(mp.pi / 2) * mp.exp(0.5) * mp.erfc(mp.sqrt(0.5))
    assert moments("isru", 1.0)[0] == pytest.approx(float(1 - rest), rel=1e-14)


@BOTH
@pytest.mark.parametrize("variance", [0.1, 4.0])
def test_moments_are_those_of_many_draws(name, variance):
    draws = np.sqrt(variance) * np.random.default_rng(0).standard_normal(400_000)
    y, saved = ACTIVATIONS[name].forward(draws)
    measured = np.mean(y * y), np.mean(ACTIVATIONS[name].derivative(saved) ** 2)
    assert moments(name, variance) == pytest.approx(measured, rel=6e-3)  # 5 standard errors


@BOTH
def test_the_gradient_of_theory_is_one_in_the_last_layer_and_the_signal_in_the_first(name):
    signal, gradient = mean_field(name, 5, 1.5)
    assert signal[0] == gradient[-1] == 1
    assert gradient[-2] == pytest.approx(1.5**2 * moments(name, 1.5**2 * signal[-2])[1])


def test_random_networks_follow_the_theory():
    settings = [(name, gain) for name in ("isru", "tanh") for gain in (1.0, 1.6)]
    rows = compare_deep(settings, width=400, depth=8, networks=8, seed=3)
    assert [row["layer"] for row in rows] == [*range(9)] * 4
    for name in ("signal", "gradient"):
        measured = [row[f"{name}_measured"] for row in rows]
        np.testing.assert_allclose(measured, [row[name] for row in rows], rtol=0.15)


def test_the_gradient_of_a_random_network_is_that_of_a_difference_quotient():
    width, depth, gain = 6, 3, 1.3
    signal, gradient = simulate_deep([("isru", gain)], width, depth, np.random.default_rng(1))
    rng = np.random.default_rng(1)
    start = rng.standard_normal(width)
    layers = [rng.standard_normal((width, width)) * gain / np.sqrt(width) for _ in range(depth)]
    direction = rng.standard_normal(width)

    def run(h):
        for weights in layers:
            h = ACTIVATIONS["isru"].value(h @ weights)
        return h

    step = 1e-6 * np.eye(width)
    quotient = [direction @ (run(start + s) - run(start - s)) / 2e-6 for s in step]
    assert signal[0, -1] == pytest.approx(np.mean(run(start) ** 2))
    expected = np.mean(np.square(quotient)) / np.mean(direction**2)
    assert gradient[0, 0] == pytest.approx(expected, rel=1e-6)


def test_the_resting_variance_rests_and_is_zero_up_to_gain_one():
    variance = resting_variance("isru", 2.0)
    assert 4 * moments("isru", variance)[0] == pytest.approx(variance, rel=1e-12)
    assert resting_variance("isru", 1.0) == 0
    assert lyapunov("isru", 0.5) == pytest.approx(np.log(0.5))


@BOTH
def test_a_recurrent_network_follows_the_theory(name):
    variance, rate = simulate_recurrent(name, 400, 200, 2.0, np.random.default_rng(0))
    row = compare_recurrent([name], [2.0], units=400, steps=200, seed=0)[0]
    assert (row["variance_measured"], row["rate_measured"]) == (variance, rate)
    assert variance == pytest.approx(row["variance"], rel=0.1)
    assert rate == pytest.approx(row["rate"], abs=0.03)


@pytest.mark.parametrize("pair", [("isru", "sigmoid"), ("tanh", "isru_sigmoid")])
def test_the_jacobian_of_a_step_is_that_of_the_backward_pass(pair):
    rng = np.random.default_rng(2)
    weights, x = lstm_weights(rng, 3, 5), rng.standard_normal(3)
    h, c = rng.standard_normal((2, 5))
    formula = step_jacobian(x, h, c, weights, *pair)
    np.testing.assert_allclose(formula, backward_jacobian(x, h, c, weights, *pair), atol=1e-15)


def test_the_gradient_of_an_lstm_is_that_of_a_difference_quotient():
    features, units, batch, steps, eps = 2, 4, 3, 5, 1e-6
    sizes = {"features": features, "units": units, "steps": steps, "batch": batch}
    cell, _ = lstm_gradient("isru", "sigmoid", np.random.default_rng(1), **sizes)
    rng = np.random.default_rng(1)
    weights = lstm_weights(rng, features, units)
    inputs = [rng.standard_normal((batch, features)) for _ in range(steps)]
    dh = rng.standard_normal((batch, units))
    entries = ACTIVATIONS["isru"], ACTIVATIONS["sigmoid"]

    def loss(c):
        h = np.zeros_like(c)
        for step in inputs:
            h, c, _ = cell_forward(step, h, c, weights, *entries)
        return np.sum(dh * h)

    moves = np.eye(batch * units).reshape(-1, batch, units) * eps
    quotient = [(loss(move) - loss(-move)) / (2 * eps) for move in moves]
    expected = np.sqrt(np.mean(np.square(quotient)) / np.mean(dh * dh))
    assert cell[-1] == pytest.approx(expected, rel=1e-7)


def test_a_forget_gate_that_is_open_keeps_the_gradient_in_the_cell():
    sizes = {"features": 3, "units": 8, "steps": 20, "networks": 2, "seed": 0}
    rows = compare_lstm([("isru", "sigmoid")], forget_bias=9.0, **sizes)
    shut = compare_lstm([("isru", "sigmoid")], forget_bias=-9.0, **sizes)
    assert rows[-1]["lag"] == 20
    assert rows[-1]["cell"] > 0.3 * rows[0]["cell"]
    assert shut[-1]["cell"] < 1e-6
