"""Roots, maxima, integrals and best fits against known answers and against SciPy."""

import mpmath as mp
import numpy as np
import pytest
from scipy import integrate, optimize

from isru.analysis.approximation import (
    NotConverged,
    best_l2,
    best_uniform,
    maximum,
    quadrature,
    root,
    rounded,
)

pytestmark = pytest.mark.slow


def stretched(x, k):
    return k * x / mp.sqrt(1 + (k * x) ** 2)


def stretched_partial(x, k):
    return x * (1 + (k * x) ** 2) ** mp.mpf(-1.5)


def test_root_has_the_digits_that_are_recorded():
    assert rounded(root(mp.cos, 1, 2)) == rounded(mp.pi / 2)


def test_root_refuses_a_bracket_without_a_change_of_sign():
    with pytest.raises(ValueError, match="change of sign"):
        root(mp.cosh, 1, 2)


def test_maximum_finds_the_higher_of_two_peaks_and_the_end():
    place, value = maximum(lambda x: mp.sin(x) + x / 10, 0, 9)
    assert float(value) == pytest.approx(float(mp.sin(place) + place / 10))
    assert float(place) == pytest.approx(np.arccos(-0.1) + 2 * np.pi)
    assert maximum(mp.exp, 0, 1)[0] == 1


def test_quadrature_reaches_infinity():
    assert abs(quadrature(lambda x: 1 / (1 + x * x) ** 2, 0, mp.inf) - mp.pi / 4) < 1e-15


def test_quadrature_refuses_what_it_cannot_resolve():
    with pytest.raises(NotConverged, match="error below"):
        quadrature(lambda x: mp.sin(1 / (x - mp.mpf("0.3217"))), 0, 1)


def test_l2_fit_agrees_with_an_independent_minimiser():
    fit = best_l2(mp.tanh, stretched, [stretched_partial], [1.1], 3)

    def square(k):
        return (
            2
            * integrate.quad(
                lambda x: (np.tanh(x) - k * x / np.hypot(1, k * x)) ** 2, 0, 3, epsabs=1e-13
            )[0]
        )

    best = optimize.minimize_scalar(square, bounds=(0.5, 2), method="bounded")
    assert float(fit.parameters[0]) == pytest.approx(best.x, abs=1e-4)
    assert float(fit.error) == pytest.approx(np.sqrt(best.fun), rel=1e-9)


def test_uniform_fit_agrees_with_a_search_on_a_dense_grid():
    fit = best_uniform(mp.tanh, stretched, [1.1], mp.inf)
    x = np.linspace(0, 60, 60_001)

    def largest(k):
        return np.abs(np.tanh(x) - k * x / np.hypot(1, k * x)).max()

    best = optimize.minimize_scalar(largest, bounds=(0.5, 2), method="bounded")
    assert float(fit.parameters[0]) == pytest.approx(best.x, abs=1e-4)
    assert float(fit.error) == pytest.approx(best.fun, abs=1e-5)


def test_uniform_fit_levels_errors_of_alternating_sign():
    fit = best_uniform(mp.tanh, stretched, [1.1], mp.inf)
    errors = [mp.tanh(x) - stretched(x, *fit.parameters) for x in fit.points]
    assert len(errors) == 2
    assert abs(errors[0] + errors[1]) < 1e-15


def test_uniform_fit_finds_the_known_best_line():
    # sqrt(x) on [0, 1] by c x + d: error 1/8 at 0, 1/4 and 1.
    fit = best_uniform(mp.sqrt, lambda x, c, d: c * x + d, [1, 0.1], 1)
    assert [rounded(value) for value in (*fit.parameters, fit.error)] == [1, 0.125, 0.125]


def test_uniform_fit_says_when_no_member_meets_the_target():
    with pytest.raises(NotConverged, match="Newton"):
        best_uniform(lambda x: -1 - x, lambda x, c: c * c * x, [1], 1)
