"""The best rival in a vector loop: tanh by a fraction, and what it costs."""

from __future__ import annotations

import dataclasses
import json

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

from isru import paths
from isru.analysis.approximation import best_uniform
from isru.bench.c_loops import BESIDE, DEPTH, REPEATED
from isru.bench.rivals import CONSTANTS, RIVALS, loop, put_in
from isru.certificates.making import certify, ulp_error
from isru.chapters.processors import rivals
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


def test_the_certificate_over_every_float32_is_of_these_constants(fuses):
    record = json.loads((paths.root() / "data/certificates/tanh_fraction.json").read_text())
    assert record["complete"] and record["max_ulp"] < 4
    assert not (record["not_odd"] or record["wrong_nan"] or record["out_of_range"])
    worst = np.array([record["max_ulp_at"]], np.float32)
    error = ulp_error(computed("tanh_fraction", worst), np.tanh(worst.astype(np.float64)))
    assert not fuses or abs(error[0] - record["max_ulp"]) < 1e-6


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


def timed(arms, case, seconds):
    """Return samples of three processes; ``seconds`` maps an arm to its time, 1 by default."""
    return pd.DataFrame(
        {"process": process, "arm": arm.label, "seconds": one, "cpu_seconds": one} | case
        for process in range(3)
        for arm in arms
        for one in [seconds.get(arm.label, 1.0) * (1 + process / 1000)]
    )


def test_costs_are_times_an_element_and_a_bare_operation():
    case = {"size": 1000, "dtype": "float32", "input": "typical"}
    samples = timed(rivals.cost_arms("somewhere"), case, {"isru": 2e-6, "root": 8e-6})
    rows = rivals.cost_rows(samples, rng=np.random.default_rng(0)).set_index("arm")
    assert rows.loc["isru", "cost"] == pytest.approx(2, rel=0.01)
    assert rows.loc["root", "cost"] == pytest.approx(8 / DEPTH, rel=0.01)
    assert set(rows["unit"]) == {"ns"}
    assert "tanh_again" not in rows.index


def test_a_bare_loop_is_divided_by_the_operations_that_its_c_writes():
    counts = {"roots": "sqrt(", "divisions": "/", "horner": "+"}  # more sums than products
    assert BESIDE["horner"].count("*") < BESIDE["horner"].count("+")
    assert {name: BESIDE[name].count(sign) for name, sign in counts.items()} == {
        name: many for name, (_, many) in REPEATED.items()
    }


def test_a_rival_of_a_lower_grade_is_not_held_against_the_exact():
    case = {"size": 1000, "dtype": "float32", "input": "typical"}
    times = {"hard_tanh": 0.1, "rational_tanh": 0.4, "tanh_fraction": 0.5, "hard_sigmoid": 0.1}
    rows = rivals.best_rows(
        timed(rivals.cost_arms(), case, times | {"isru": 0.25}), rng=np.random.default_rng(0)
    )
    found = rows[rows["arm"] == "isru"].set_index("against")
    assert found["rival"].to_dict() == {
        "exact": "tanh_fraction",
        "drop_in": "rational_tanh",
        "any": "hard_tanh",
    }
    np.testing.assert_allclose(found["ratio"], [2, 1.6, 0.4], rtol=0.01)


def test_grades():
    found = {name: rivals.grade(name) for names in rivals.RIVALS.values() for name in names}
    assert {name for name, grade in found.items() if grade == "exact"} == {
        *("tanh", "tanh_fraction", "tanh_numpy", "sigmoid", "sigmoid_fraction"),
    }
    assert {name for name, grade in found.items() if grade == "drop_in"} == {
        *("rational_tanh", "table_tanh", "isru_quintic"),
    }


def test_a_step_is_held_against_the_engines_tanh_and_against_the_best_rival():
    case = {"step": "train", "batch": 1, "units": 10}
    times = {"tanh_fraction": 0.8, "isru_fraction": 0.76, "isru": 0.9, "exp_free": 0.6}
    rows = rivals.step_rows(
        timed(rivals.step_arms(), case, times), rng=np.random.default_rng(0)
    ).set_index("arm")
    assert rows.loc["isru", "saving"] == pytest.approx(10, abs=0.5)
    assert rows.loc["isru_fraction", "saving_best"] == pytest.approx(5, abs=0.5)
    assert rows.loc["exp_free", "saving_best"] == pytest.approx(25, abs=0.5)
    assert np.isnan(rows.loc["isru", "saving_best"])
    assert rows.loc["tanh_fraction", ["saving_best", "saving"]].tolist() == pytest.approx([0, 20])


@pytest.mark.slow
@pytest.mark.parametrize("arm", rivals.STEP_ARMS)
def test_every_arm_of_a_step_is_set_up(arm):
    rng = np.random.default_rng(0)
    rivals.setup_step(rng=rng, step="train", batch=2, units=4, arm=arm)()
