"""Every derivative against mpmath's, and what it keeps where 1 - y^2 has lost all digits."""

import mpmath as mp
import numpy as np
import pytest
from exact_activations import EXACT

from isru.activations import ACTIVATIONS, alpha_gradient, isru

EPS = np.finfo(np.float64).eps
SMOOTH = [name for name in ACTIVATIONS if not name.startswith("isru_rsqrt")]
POINTS = np.random.default_rng(5).uniform(-7, 7, size=60)


def slope(name, x):
    entry = ACTIVATIONS[name]
    return entry.derivative(entry.forward(x)[1])


def exact_slope(name, x):
    with mp.workdps(60):
        return np.array([float(mp.diff(EXACT[name], mp.mpf(value))) for value in x.tolist()])


@pytest.mark.parametrize("name", SMOOTH)
def test_derivative_is_that_of_the_formula(name):
    # From y alone it is known to a unit of rounding at 1; a table's step is a difference of two.
    loss = 64 * EPS if name == "table_tanh" else 4 * EPS
    np.testing.assert_allclose(slope(name, POINTS), exact_slope(name, POINTS), rtol=0, atol=loss)


@pytest.mark.parametrize("name", ["isru", "isru_sigmoid", "isrlu", "softsign", "isru_plain"])
def test_derivative_from_r_keeps_its_digits_in_the_tail(name):
    x = -np.array([30.0, 1e3, 1e6, 1e9])
    np.testing.assert_allclose(slope(name, x), exact_slope(name, x), rtol=12 * EPS)


def test_one_minus_y_squared_would_be_zero_where_r_cubed_is_not():
    x = np.array([5000.0], np.float32)
    y = isru(x)
    assert (1 - y * y)[0] == 0
    assert slope("isru", x)[0] == pytest.approx(5000.0**-3, rel=1e-6)


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_derivative_from_an_approximate_r_has_three_times_its_error(steps):
    name = f"isru_rsqrt{steps}"
    error = ACTIVATIONS[name].error
    x = np.random.default_rng(6).uniform(-30, 30, size=4000)
    relative = np.abs(slope(name, x) / slope("isru", x) - 1)
    assert 2 * error < relative.max() <= (1 + error) ** 3 - 1


@pytest.mark.parametrize("alpha", [0.1, 2 / 3, 5.0])
@pytest.mark.parametrize("k", [0.3, 1.0, 4.0])
def test_derivative_of_scaled_isru(alpha, k):
    entry = ACTIVATIONS["isru"].with_parameters(alpha=alpha, k=k)
    expected = k * (1 + alpha * (k * POINTS) ** 2) ** -1.5
    actual = entry.derivative(entry.forward(POINTS)[1])
    np.testing.assert_allclose(actual, expected, rtol=12 * EPS)


@pytest.mark.parametrize(
    "name, parameters",
    [
        ("elu", {"alpha": 0.4}),
        ("isrlu", {"alpha": 3.0}),
        ("leaky_relu", {"slope": 0.2}),
        ("isru_sigmoid", {"k": 2.0}),
    ],
)
def test_derivative_follows_the_parameters(name, parameters):
    entry = ACTIVATIONS[name].with_parameters(**parameters)
    step = 1e-6
    difference = (entry.value(POINTS + step) - entry.value(POINTS - step)) / (2 * step)
    actual = entry.derivative(entry.forward(POINTS)[1])
    np.testing.assert_allclose(actual, difference, atol=1e-9)  # step^2 and EPS / step


@pytest.mark.parametrize("k", [1.0, 0.5])
def test_gradient_for_alpha(k):
    alpha, step = 0.8, 1e-6
    entry = ACTIVATIONS["isru"]
    above = entry.with_parameters(alpha=alpha + step, k=k).value(POINTS)
    below = entry.with_parameters(alpha=alpha - step, k=k).value(POINTS)
    y = entry.with_parameters(alpha=alpha, k=k).value(POINTS)
    np.testing.assert_allclose(alpha_gradient(y), (above - below) / (2 * step), atol=1e-9)


@pytest.mark.parametrize("name", ["relu", "hard_tanh", "hard_sigmoid", "leaky_relu"])
def test_at_a_kink_the_smaller_slope_counts(name):
    kink = {"relu": 0.0, "leaky_relu": 0.0, "hard_tanh": 1.0, "hard_sigmoid": 3.0}[name]
    expected = 0.01 if name == "leaky_relu" else 0.0
    assert slope(name, np.array([kink]))[0] == expected
