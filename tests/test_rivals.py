"""The best rival in a vector loop: tanh by a fraction, and what it costs."""

from __future__ import annotations

import dataclasses

import mpmath as mp
import numpy as np
import pytest

from isru.analysis.approximation import best_uniform
from isru.bench.rivals import CONSTANTS, RIVALS, loop, put_in
from isru.certificates.making import certify, ulp_error
from isru.lstm import LSTMNetwork

DECISIVE = range(57, 66)  # parts of the bit patterns: |x| from 2^-13 to 32


def computed(name, x):
    out = np.empty_like(x)
    loop(name, x.dtype.name)(x, out)
    return out


def certified_entry():
    """Return the compiled loop in float32, beside NumPy's tanh in float64."""

    def careful(x, out):
        return computed("tanh_fraction", x) if x.dtype == np.float32 else np.tanh(x, out=out)

    return dataclasses.replace(RIVALS["float32"]["tanh_fraction"], careful=careful)


@pytest.fixture(scope="module")
def fuses():
    """Whether this processor computes a product and a sum in one operation."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    return features.get("fma", llvm.get_default_triple().startswith(("aarch64", "arm64")))


def test_float32_is_within_4_ulp_of_tanh_on_a_sample(fuses):
    rng = np.random.default_rng(0)
    x = np.exp(rng.uniform(np.log(1e-4), np.log(10), 300_000)).astype(np.float32)
    errors = ulp_error(computed("tanh_fraction", x), np.tanh(x.astype(np.float64)))
    assert 2 < errors.max() <= (4 if fuses else 5)


def test_float64_is_within_4_ulp_of_mpmath_on_a_sample():
    rng = np.random.default_rng(0)
    x = np.exp(rng.uniform(np.log(1e-3), np.log(25), 3000))
    worst = 0
    with mp.workdps(30):
        for number, value in zip(x, computed("tanh_fraction", x), strict=True):
            exact = mp.tanh(mp.mpf(float(number)))
            unit = mp.mpf(2) ** (mp.floor(mp.log(exact, 2)) - 52)
            worst = max(worst, abs(mp.mpf(float(value)) - exact) / unit)
    assert 1 < worst <= 4


@pytest.mark.parametrize("dtype", CONSTANTS)
def test_the_gate_is_near_the_logistic_function(dtype):
    x = np.linspace(-50, 50, 100_001).astype(dtype)
    exact = 0.5 + 0.5 * np.tanh(0.5 * x.astype(np.float64))
    unit = np.finfo(dtype).eps
    assert np.abs(computed("sigmoid_fraction", x) - exact).max() <= 2 * unit


@pytest.mark.parametrize("dtype", CONSTANTS)
def test_special_values_and_oddness(dtype):
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-300, np.finfo(dtype).tiny / 4], dtype)
    y = computed("tanh_fraction", x)
    np.testing.assert_array_equal(y, np.array([0, 0, 1, -1, np.nan, x[5], x[6]], dtype))
    assert np.signbit(y[1])
    x = np.linspace(0, 30, 10_001).astype(dtype)
    np.testing.assert_array_equal(computed("tanh_fraction", -x), -computed("tanh_fraction", x))


@pytest.mark.parametrize(("dtype", "bits"), [("float32", 24), ("float64", 53)])
def test_the_fraction_itself_is_nearer_to_tanh_than_a_rounding(dtype, bits):
    known = CONSTANTS[dtype]
    with mp.workdps(40):
        for place in range(1, 1000):
            x = mp.mpf(known.end) * place / 1000
            assert abs(exactly(known, x) / mp.tanh(x) - 1) < mp.mpf(2) ** -bits


def exactly(known, x):
    s = x * x
    top = x * mp.polyval([*known.top[::-1], 1], s)
    bottom = mp.polyval([*known.bottom[::-1], 1], s)
    return top * bottom / (bottom**2 + top**2 / 4)


@pytest.mark.slow
def test_float32_has_the_best_constants():
    known = CONSTANTS["float32"]
    start, end = [*known.top, *known.bottom], mp.mpf(known.end)
    sizes = [end ** (2 * place) for place in (1, 2, 1, 2, 3)]
    scale = 2**24  # in units in which the error is near 1

    def family(x, *constants):
        plain = [constant / size for constant, size in zip(constants, sizes, strict=True)]
        trial = dataclasses.replace(known, top=tuple(plain[:2]), bottom=tuple(plain[2:]))
        return scale * exactly(trial, x) / mp.tanh(x) if x else mp.mpf(scale)

    scaled = [number * size for number, size in zip(start, sizes, strict=True)]
    fit = best_uniform(lambda _x: mp.mpf(scale), family, scaled, end)
    assert len(fit.points) == len(start) + 1
    found = [float(one / size) for one, size in zip(fit.parameters, sizes, strict=True)]
    np.testing.assert_allclose(found, start, rtol=1e-12)


@pytest.mark.slow
def test_every_float32_that_decides_is_within_4_ulp(tmp_path, fuses):
    found = certify(certified_entry(), tmp_path, progress=False, chunks=DECISIVE)
    assert found["max_ulp"] <= (4 if fuses else 5)
    assert not (found["not_odd"] or found["wrong_nan"])


@pytest.mark.slow
@pytest.mark.parametrize("gates_alone", [False, True])
def test_a_network_with_the_fractions_computes_what_it_did(gates_alone):
    x = np.random.default_rng(1).standard_normal((3, 5, 2)).astype(np.float32)
    name = "isru" if gates_alone else "tanh"
    settings = {"engine": "numba", "activation": name, "dtype": "float32"}
    networks = [LSTMNetwork(2, 7, 1, rng=np.random.default_rng(0), **settings) for _ in range(2)]
    put_in(networks[1], gates_alone=gates_alone)
    before, after = (network.forward(x)[0] for network in networks)
    np.testing.assert_allclose(after, before, atol=1e-6)
    assert not np.array_equal(after, before)
    target = np.zeros((3, 1))
    for network in networks:
        network.backpropagate(x, target, "mse")
    np.testing.assert_allclose(networks[1].gradients, networks[0].gradients, atol=1e-6)


def test_the_fractions_are_put_in_for_nothing_else():
    network = LSTMNetwork(2, 3, 1, engine="numba", activation="isru")
    with pytest.raises(ValueError, match="expected a network of tanh and sigmoid, got"):
        put_in(network)
