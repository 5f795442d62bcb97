"""Random networks: the theory against known numbers and against simulations."""

import mpmath as mp
import numpy as np
import pytest

from isru.activations import ACTIVATIONS
from isru.lstm import cell_forward
from isru.lstm.initializers import lstm_weights
from isru.propagation import (
    lstm_gradient,
    lyapunov,
    mean_field,
    moments,
    resting_variance,
    simulate_deep,
    simulate_recurrent,
)

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


@BOTH
@pytest.mark.parametrize("gain", [1.0, 1.6])
def test_a_random_network_follows_the_theory(name, gain):
    rng = np.random.default_rng(3)
    runs = [simulate_deep(name, 400, 8, gain, rng) for _ in range(8)]
    for measured, expected in zip(np.mean(runs, axis=0), mean_field(name, 8, gain), strict=True):
        np.testing.assert_allclose(measured, expected, rtol=0.15)


def test_the_resting_variance_rests_and_is_zero_up_to_gain_one():
    variance = resting_variance("isru", 2.0)
    assert 4 * moments("isru", variance)[0] == pytest.approx(variance, rel=1e-12)
    assert resting_variance("isru", 1.0) == 0
    assert lyapunov("isru", 0.5) == pytest.approx(np.log(0.5))


@BOTH
def test_a_recurrent_network_follows_the_theory(name):
    variance, rate = simulate_recurrent(name, 400, 200, 2.0, np.random.default_rng(0))
    assert variance == pytest.approx(resting_variance(name, 2.0), rel=0.1)
    assert rate == pytest.approx(lyapunov(name, 2.0), abs=0.03)


def test_the_gradient_of_an_lstm_is_that_of_a_difference_quotient():
    units, batch, steps, eps = 4, 3, 5, 1e-6
    cell, _ = lstm_gradient(
        "isru", "sigmoid", np.random.default_rng(1), units=units, steps=steps, batch=batch
    )
    rng = np.random.default_rng(1)
    weights = lstm_weights(rng, units, units)
    inputs = [rng.standard_normal((batch, units)) for _ in range(steps)]
    dh = rng.standard_normal((batch, units))

    def loss(c):
        h = np.zeros_like(c)
        for step in inputs:
            h, c, _ = cell_forward(step, h, c, weights, ACTIVATIONS["isru"], ACTIVATIONS["sigmoid"])
        return np.sum(dh * h)

    units_of = np.eye(batch * units).reshape(-1, batch, units) * eps
    quotient = [(loss(unit) - loss(-unit)) / (2 * eps) for unit in units_of]
    expected = np.sqrt(np.mean(np.square(quotient)) / np.mean(dh * dh))
    assert cell[-1] == pytest.approx(expected, rel=1e-7)
