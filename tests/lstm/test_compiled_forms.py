"""The compiled activations against the registry's definitions."""

import re

import numba
import numpy as np
import pytest

from isru import kernels
from isru.activations import ACTIVATIONS, get_activation
from isru.kernels.activations import _loops

pytestmark = pytest.mark.slow

# Both round each of some ten operations; near the limits that is a few units of the last place.
ROUNDING = {"float32": 8 * 2.0**-23, "float64": 8 * 2.0**-52}
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 3e4, -3e4]
FAMILY = [*ACTIVATIONS.values()]
FAMILY += [get_activation("isru").with_parameters(alpha=0.1, k=2.0)]
FAMILY += [get_activation("isru_sigmoid").with_parameters(k=2**-0.5)]
FAMILY += [get_activation("leaky_relu").with_parameters(slope=0.3)]


def array_function(activation, dtype="float32"):
    """Return a function of arrays: ``x -> (y, derivative)``, compiled."""
    entry = get_activation(activation)
    forward, slope = kernels.compiled_pair(entry, dtype)

    def function(x):
        y, dy = np.array(x, dtype), np.empty_like(x)
        saved = y if entry.saves_output else np.empty_like(y)
        kernels.apply_pair(forward, slope, y, saved, dy)
        return y, dy

    return function


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("entry", FAMILY, ids=lambda e: f"{e.name}{dict(e.parameters)}")
def test_value_and_derivative_equal_the_definition(entry, dtype, rng):
    x = np.concatenate([rng.normal(0, 2, 5000), rng.normal(0, 30, 500)]).astype(dtype)
    y, saved = entry.forward(x)
    slope = entry.derivative(saved)
    got, got_slope = array_function(entry, dtype)(x)
    assert got.dtype == got_slope.dtype == dtype
    np.testing.assert_allclose(got, y, rtol=ROUNDING[dtype], atol=ROUNDING[dtype])
    # At a kink the two may stand on different sides.
    apart = np.abs(got_slope - slope) > ROUNDING[dtype] * (8 if "tanh" in entry.name else 2)
    assert apart.mean() < (1e-3 if entry.smoothness < 1 else 1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("entry", FAMILY, ids=lambda e: f"{e.name}{dict(e.parameters)}")
def test_special_values_equal_those_of_the_definition(entry, dtype):
    x = np.array(SPECIAL, dtype)
    with np.errstate(all="ignore"):
        wanted, _ = entry.forward(x.copy())
    got, _ = array_function(entry, dtype)(x)
    np.testing.assert_allclose(got, wanted, rtol=ROUNDING[dtype], atol=ROUNDING[dtype])
    if entry.odd:
        np.testing.assert_array_equal(np.signbit(got[:2]), [False, True])


def test_the_written_out_tanh_is_tanh_to_its_stated_ulp():
    """Every 97th float32 from the smallest normal number to where tanh rounds to 1."""
    low, high = np.array([1.2e-38, 12], "float32").view(np.int32)
    x = np.arange(low, high, 97, dtype=np.int32).view(np.float32)
    exact = np.tanh(x.astype(np.float64))
    got, _ = array_function("tanh")(x)
    ulp = np.abs(got - exact) / np.spacing(exact.astype(np.float32))
    assert ulp.max() <= ACTIVATIONS["tanh"].ulp["float32"]
    assert got.max() == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_a_number_hangs_neither_on_its_place_nor_on_the_length_of_its_row(name, dtype, rng):
    """Each row in the middle of others, which stay what they are."""
    entry = get_activation(name)
    forward, slope = kernels.compiled_pair(entry, dtype)
    around = np.concatenate([rng.normal(0, 3, 41), SPECIAL]).astype(dtype)
    alone = [array_function(entry, dtype)(around[j : j + 1]) for j in range(len(around))]
    wanted_y, wanted_dy = (np.concatenate(part) for part in zip(*alone, strict=True))
    for n in range(len(around)):
        y, saved, dy = around.copy(), around.copy(), around.copy()
        row = slice(len(around) - n - 1, -1)
        own = y if entry.saves_output else saved
        kernels.apply_pair(forward, slope, y[row], own[row], dy[row])
        for got, wanted in ((y, wanted_y), (dy, wanted_dy)):
            np.testing.assert_array_equal(got[row], wanted[row])
            np.testing.assert_array_equal(got[: row.start], around[: row.start])
            np.testing.assert_array_equal(got[-1:], around[-1:])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_no_row_of_a_forward_loop_has_a_scalar_end(name, dtype):
    """In the compiler's own language, on any processor: arithmetic on vectors alone."""
    number = getattr(numba, dtype)
    pointer = numba.types.CPointer(number)
    signature = numba.void(pointer, pointer, numba.intp, number, number, number)
    forward = numba.cfunc(signature, error_model="numpy")(_loops(name, dtype)[0])
    arithmetic = r" = (?:fmul|fadd|fsub|fdiv|fcmp \w+|select i1 \S+,) "
    kind = "float" if dtype == "float32" else "double"
    text = forward.inspect_llvm()
    assert re.search(rf"{arithmetic}<\d+ x {kind}>", text)
    assert not re.search(rf"{arithmetic}{kind} ", text)
