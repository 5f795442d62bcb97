"""Properties that hold for any input: order, symmetry, range, slope, semigroup."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isru.activations import ACTIVATIONS, isru, isru_sigmoid

pytestmark = pytest.mark.slow

ENTRIES = pytest.mark.parametrize("entry", ACTIVATIONS.values(), ids=list(ACTIVATIONS))
NUMBERS = st.floats(allow_nan=False)
ALPHAS = st.floats(1e-6, 1e6)
EPS = np.finfo(np.float64).eps
few = settings(max_examples=60, deadline=None)


def numbers(entry):
    low, high = entry.domain["float64"]
    return st.floats(low, high, allow_nan=False)


def allowance(entry, y):
    """Return how far rounding may move a value: its stated ULP, in both values compared."""
    return 2 * entry.ulp["float64"] * EPS * abs(y) if math.isfinite(y) else 0.0


@ENTRIES
@few
@given(data=st.data())
def test_range_and_symmetry(entry, data):
    x = data.draw(numbers(entry))
    y = entry.value(x)
    assert entry.range[0] <= y <= entry.range[1]
    if entry.odd:
        assert entry.value(-x) == -y
        assert np.signbit(y) == np.signbit(x)


@ENTRIES
@few
@given(data=st.data())
def test_never_falls_by_more_than_rounding(entry, data):
    x = np.sort(data.draw(st.lists(numbers(entry), min_size=2, max_size=8)))
    y = entry.value(x)
    if entry.rises:
        assert all(b >= a - allowance(entry, a) for a, b in pairwise(y))


@ENTRIES
@few
@given(data=st.data())
def test_slope_is_never_negative(entry, data):
    x = np.array([data.draw(numbers(entry))])
    y, saved = entry.forward(x)
    slope = entry.derivative(saved)
    assert 0 <= slope <= 1.001
    assert entry.range[0] <= y <= entry.range[1]


@few
@given(NUMBERS, ALPHAS, ALPHAS)
def test_isru_is_a_semigroup_in_alpha(x, a, b):
    """f_a(f_b(x)) = f_(a+b)(x)."""
    nested, direct = isru(isru(x, b), a), isru(x, a + b)
    assert nested == pytest.approx(direct, rel=16 * EPS, abs=0)


@few
@given(st.floats(-300, 300))
def test_isru_of_sinh_is_tanh(u):
    assert isru(math.sinh(u)) == pytest.approx(math.tanh(u), rel=8 * EPS)


@few
@given(NUMBERS, ALPHAS)
def test_alpha_only_rescales_isru(x, alpha):
    root = math.sqrt(alpha)
    if math.isfinite(root * x) or not math.isfinite(x):
        scaled = isru(root * x) / root
        assert isru(x, alpha) == pytest.approx(scaled, rel=16 * EPS, abs=1e-300)


@few
@given(NUMBERS)
def test_isru_is_between_softsign_and_hard_tanh(x):
    low, high = ACTIVATIONS["softsign"].value(abs(x)), ACTIVATIONS["hard_tanh"].value(abs(x))
    assert low - EPS <= isru(abs(x)) <= high


@few
@given(NUMBERS, st.floats(1e-3, 1e3))
def test_the_two_sides_of_isru_sigmoid_add_up_to_one(x, k):
    assert isru_sigmoid(x, k) + isru_sigmoid(-x, k) == pytest.approx(1, abs=2 * EPS)
