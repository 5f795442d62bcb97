"""The formulas in SymPy, and the helpers that prove statements about them."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from isru.activations import ACTIVATIONS
from isru.analysis.symbolic import (
    FORMULAS,
    NotProved,
    alpha,
    derivative,
    fit,
    in_sympy,
    integral,
    isru,
    k,
    number,
    numeric,
    pieces,
    prove_equal,
    s,
    series,
    smoothness,
    value_range,
    x,
)

pytestmark = pytest.mark.slow

# Of a quintic it is hyperelliptic; for the higher rungs of the ladder SymPy takes minutes.
WITHOUT_INTEGRAL = ("isru_quintic", "ladder3", "ladder4")

POINTS = [sp.Rational(p, 4) for p in (-21, -9, -3, -1, 1, 3, 9, 21)]


def test_only_algorithms_have_no_formula():
    rsqrt = {f"isru_rsqrt{steps}" for steps in (0, 1, 2)}
    assert set(ACTIVATIONS) - set(FORMULAS) == {"table_tanh", *rsqrt}


@pytest.mark.parametrize("name", FORMULAS)
def test_the_definition_has_the_value_and_slope_of_its_formula(name):
    entry, points = ACTIVATIONS[name], np.array([float(point) for point in POINTS])
    with mp.workdps(30):
        exact = np.array([float(numeric(FORMULAS[name])(mp.mpf(p))) for p in points])
        slope = np.array([float(numeric(derivative(FORMULAS[name]))(mp.mpf(p))) for p in points])
    assert np.all(
        np.abs(entry.value(points) - exact) <= entry.ulp["float64"] * np.spacing(abs(exact))
    )
    np.testing.assert_allclose(
        entry.derivative(entry.forward(points)[1]), slope, rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize("name", FORMULAS)
def test_the_registry_states_the_smoothness_and_range_of_the_formula(name):
    entry, ends = ACTIVATIONS[name], value_range(FORMULAS[name])
    assert entry.smoothness == float(smoothness(FORMULAS[name]))
    assert entry.range == (float(ends.start), float(ends.end))


def test_an_equation_that_holds_is_proved():
    assert prove_equal(sp.diff(isru(x, alpha), x), (1 + alpha * x**2) ** sp.Rational(-3, 2)) == 0
    assert prove_equal(FORMULAS["sigmoid"], (1 + sp.tanh(x / 2)) / 2) == 0


def test_a_wrong_equation_is_refuted_at_a_point():
    with pytest.raises(NotProved, match="equation is wrong"):
        prove_equal(sp.tanh(x), isru())


def test_an_equation_that_holds_on_one_side_only_is_refuted():
    with pytest.raises(NotProved, match="equation is wrong"):
        prove_equal(sp.sqrt(x**2), x)


def test_split_proves_both_half_lines():
    assert prove_equal(sp.diff(FORMULAS["softsign"], x), 1 / (1 + sp.Abs(x)) ** 2, split=x) == 0
    with pytest.raises(NotProved, match="equation is wrong"):
        prove_equal(sp.Abs(x), x, split=x)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_derivative_is_the_slope(name):
    with mp.workdps(30):
        slope, value = numeric(derivative(FORMULAS[name])), numeric(FORMULAS[name])
        for point in POINTS:
            assert abs(slope(mp.mpf(point)) - mp.diff(value, mp.mpf(point))) < 1e-12


@pytest.mark.parametrize("name", FORMULAS)
def test_the_stated_gradient_is_the_derivative(name):
    entry = ACTIVATIONS[name]
    parameters = {key: sp.Rational(str(value)) for key, value in entry.parameters.items()}
    stated = in_sympy(entry.trees[1], x=x, y=FORMULAS[name], **parameters)
    with mp.workdps(40):
        stated, slope = numeric(stated), numeric(derivative(FORMULAS[name]))
        for point in POINTS:
            assert abs(stated(mp.mpf(point)) - slope(mp.mpf(point))) < mp.mpf(10) ** -30


@pytest.mark.parametrize("name", [name for name in FORMULAS if name not in WITHOUT_INTEGRAL])
def test_the_integral_starts_at_zero_and_is_the_area(name):
    expression = FORMULAS[name]
    area, value = numeric(integral(expression)), numeric(expression)
    corners = [float(left) for left, _, _ in pieces(expression) if left.is_finite]
    with mp.workdps(20):
        assert abs(area(mp.mpf(0))) < 1e-15
        for point in POINTS:
            ends = sorted([0, point, *(c for c in corners if 0 < abs(c) < abs(point))])
            inside = [e for e in ends if min(0, point) <= e <= max(0, point)]
            quadrature = mp.quad(value, inside) * (1 if point > 0 else -1)
            assert abs(area(mp.mpf(point)) - quadrature) < 1e-12


@pytest.mark.parametrize(
    ("name", "order"),
    [("relu", 0), ("elu", 1), ("softsign", 1), ("isrlu", 2), ("hard_tanh", 0), ("isru", sp.oo)],
)
def test_smoothness_counts_continuous_derivatives(name, order):
    assert smoothness(FORMULAS[name]) == order


def test_a_jump_is_not_continuous():
    assert smoothness(sp.Piecewise((0, x < 0), (1, True))) == -1


def test_ranges_know_whether_they_are_reached():
    assert value_range(FORMULAS["isru"]) == sp.Interval.open(-1, 1)
    assert value_range(FORMULAS["hard_tanh"]) == sp.Interval(-1, 1)
    assert value_range(FORMULAS["relu"]) == sp.Interval(0, sp.oo)


def test_series_includes_the_order_asked_for():
    assert series(sp.tanh(x), 5) == x - x**3 / 3 + 2 * x**5 / 15


def test_numbers_are_cut_to_ten_digits():
    assert number(sp.pi) == 3.141592654


def test_the_two_parameter_fit_beats_both_single_ones():
    family = s * isru(x, alpha)
    both = fit(sp.tanh(x), family, [s, alpha], [1.1, 1.1], 3, norm="L2")
    one = fit(sp.tanh(x), isru(k * x), [k], [1.1], 3, norm="L2")
    assert both.error < one.error
    assert len(fit(sp.tanh(x), family, [s, alpha], both.parameters, 3, norm="sup").points) == 3


def test_an_unknown_norm_is_refused():
    with pytest.raises(ValueError, match="'sup' or 'L2'"):
        fit(sp.tanh(x), isru(k * x), [k], [1], 1, norm="L1")
