"""Right for every input: float16 whole, float32 by strata, float64 against mpmath."""

import mpmath as mp
import numpy as np
import pytest
from exact_activations import WRITTEN_HERE, float64_sample, from_formula, max_ulp

from isru.activations import ACTIVATIONS
from isru.certificates.making import ulp_error

NAMES = list(ACTIVATIONS)
ENTRIES = pytest.mark.parametrize("entry", ACTIVATIONS.values(), ids=NAMES)
HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16)


def in_domain(entry, x):
    low, high = entry.domain[x.dtype.name]
    return x[(x >= low) & (x <= high)]


@pytest.mark.parametrize("name", [n for n in WRITTEN_HERE if ACTIVATIONS[n].has_formula])
def test_a_formula_is_the_definition_that_is_written_in_the_tests(name):
    exact = WRITTEN_HERE[name]
    with mp.workdps(50):
        for x in map(mp.mpf, np.linspace(-11, 11, 89)):
            # one cuts the fraction at its root, the other at the next double
            assert abs(from_formula(ACTIVATIONS[name])(x) - exact(x)) < mp.mpf(10) ** -17


@ENTRIES
def test_float16_is_within_its_bound_for_all_inputs(entry):
    x = in_domain(entry, HALVES)
    finite = x[np.isfinite(x)]
    exact = entry.value(finite.astype(np.float64))
    assert ulp_error(entry.value(finite), exact).max() <= entry.ulp["float16"]


@ENTRIES
def test_float16_rises_stays_in_range_and_keeps_nan(entry):
    x = np.sort(in_domain(entry, HALVES))
    y = entry.value(x)
    low, high = np.float16(entry.range[0]), np.float16(entry.range[1])
    if entry.widens_float16:  # float16 arithmetic, as in isru_plain, falls by a unit here and there
        assert (np.diff(y[np.isfinite(y)]) >= 0).all() == entry.rises or entry.error < 1e-4
    assert ((y >= low) & (y <= high)).all()
    assert np.isnan(entry.value(HALVES[np.isnan(HALVES)])).all()


@ENTRIES
def test_float16_is_odd_bit_for_bit(entry):
    x = HALVES[~np.isnan(HALVES)]
    x = in_domain(entry, x)
    mirrored = np.array_equal((-entry.value(-x)).view(np.uint16), entry.value(x).view(np.uint16))
    assert mirrored == entry.odd


def float32_strata(rng, per_exponent=48):
    """Return both ends of every binade of either sign, subnormals included, and some between."""
    exponents = np.arange(255, dtype=np.uint32)[:, None] << np.uint32(23)
    inner = rng.integers(0, 1 << 23, size=(255, per_exponent), dtype=np.uint32)
    inner[:, :4] = [0, 1, (1 << 23) - 2, (1 << 23) - 1]
    positive = (exponents | inner).ravel()
    return np.concatenate([positive, positive | np.uint32(1 << 31)]).view(np.float32)


@ENTRIES
def test_float32_is_within_its_bound_in_every_binade(entry):
    x = in_domain(entry, float32_strata(np.random.default_rng(1)))
    bend = np.random.default_rng(2).uniform(-9, 9, size=40_000).astype(np.float32)
    x = np.concatenate([x, bend])
    exact = entry.value(x.astype(np.float64))
    assert ulp_error(entry.value(x), exact).max() <= entry.ulp["float32"]


@pytest.mark.parametrize("name", NAMES)
def test_float64_is_within_its_bound_of_mpmath(name):
    entry = ACTIVATIONS[name]
    x = in_domain(entry, float64_sample(np.random.default_rng(3), 120))
    assert max_ulp(name, x, entry.value(x)) <= entry.ulp["float64"]


def test_the_unit_of_error_is_the_spacing_of_the_result():
    exact = np.array([1.0, 1.5, 0.99, 2.0**-149, 0.0])
    value = np.array([1 + 2.0**-23, 1.5, 0.99, 2.0**-148, 2.0**-149], np.float32)
    error = ulp_error(value, exact)
    assert error[[0, 1, 3, 4]].tolist() == [1.0, 0.0, 1.0, 1.0]
    assert 0 < error[2] <= 0.5


@pytest.mark.parametrize("alpha", [1e-14, 1e-3, 2 / 3, 1, 7.3, 1e9, 1e14])
@pytest.mark.parametrize("k", [1e-3, 0.7, 1, 1e3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_isru_is_within_its_bound_for_every_alpha_and_k(alpha, k, dtype):
    entry = ACTIVATIONS["isru"].with_parameters(alpha=alpha, k=k)
    rng = np.random.default_rng(4)
    x = np.exp2(rng.uniform(-120, 127, size=3000)).astype(dtype)
    x = np.concatenate([x, rng.uniform(0, 9, size=3000).astype(dtype) / dtype(k * alpha**0.5)])
    wide = x.astype(np.longdouble) * np.longdouble(k)
    exact = wide / np.sqrt(1 + np.longdouble(alpha) * wide * wide)
    error = np.abs(entry.value(x) - exact) / np.spacing(exact.astype(dtype))
    assert error.max() <= entry.ulp[np.dtype(dtype).name]
    fast = entry.forward(x)[0]
    np.testing.assert_allclose(fast, entry.value(x), rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ["rational_tanh", "table_tanh"])
def test_an_approximation_of_tanh_keeps_its_stated_error(name):
    entry = ACTIVATIONS[name]
    x = np.linspace(-10, 10, 200_001)
    error = np.abs(entry.value(x) - np.tanh(x)).max()
    assert 0.9 * entry.error < error <= entry.error


@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_newton_steps_keep_their_stated_relative_error(steps, dtype):
    entry = ACTIVATIONS[f"isru_rsqrt{steps}"]
    x = np.linspace(0, 100, 400_001)[1:].astype(dtype)
    exact = ACTIVATIONS["isru"].value(x.astype(np.float64))
    relative = entry.value(x) / exact - 1
    assert 0.9 * entry.error < np.abs(relative).max() <= entry.error
    if steps:
        assert relative.max() <= 2 * np.finfo(dtype).eps  # Newton comes from below


@pytest.mark.parametrize("name", ["sigmoid", "isru_sigmoid"])
def test_the_left_tail_keeps_its_digits(name):
    x = np.array([-60.0, -1e3, -1e7])
    small = ACTIVATIONS[name].value(x)
    exact = {"sigmoid": np.exp(x), "isru_sigmoid": 1 / x**2}[name]
    np.testing.assert_allclose(small, exact, rtol=1.5e-3)
    assert small[-1] == pytest.approx(exact[-1], rel=1e-12)
