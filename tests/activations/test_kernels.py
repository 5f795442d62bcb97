"""The compiled ufuncs and loops against the definitions, in exact arithmetic and at the edges."""

import platform
import warnings

import numpy as np
import pytest
from exact_activations import float64_sample, max_ulp

from isru import kernels
from isru.activations import ACTIVATIONS
from isru.certificates.making import ulp_error
from isru.kernels.ufuncs import FAST_BOUNDS

pytestmark = pytest.mark.slow

x86 = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="the instructions read are x86-64's"
)
UFUNCS = pytest.mark.parametrize("name", kernels.UFUNCS)
EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3e38, -3e38, 1e19, -1e19, 0.5]


def promise(name, dtype):
    """Return the definition, the promised ULP, and the inputs for which they are promised."""
    entry = ACTIVATIONS[name.removesuffix("_fast")]
    low, high = entry.domain[dtype]
    ulp = entry.ulp[dtype]
    if name.endswith("_fast"):
        ulp, lowest = FAST_BOUNDS[entry.name]
        low = max(low, lowest)
    return entry, ulp, (low, high)


def float32_sample(rng, low, high):
    """Return both ends of every binade, random bits, and many where the functions bend."""
    ends = np.arange(0, 255 << 23, 1 << 22, dtype=np.uint32)
    bits = np.concatenate([ends, ends + 1, rng.integers(0, 255 << 23, 30_000, dtype=np.uint32)])
    x = np.concatenate([bits, bits | np.uint32(1 << 31)]).view(np.float32)
    x = np.concatenate([x, rng.uniform(-12, 12, 60_000).astype(np.float32)])
    return x[(x >= low) & (x <= high)]


def worst_ulp(function, name):
    """Return the largest error in ULP for float32, where the definition in float64 is exact."""
    entry, _, domain = promise(name, "float32")
    x = float32_sample(np.random.default_rng(0), *domain)
    exact = entry.value(x.astype(np.float64))
    normal = np.abs(exact) >= (2.0**-126 if name.endswith("_fast") else 0)
    return ulp_error(function(x), exact)[normal].max()


@UFUNCS
def test_float32_is_within_its_bound(name):
    assert worst_ulp(getattr(kernels, name), name) <= promise(name, "float32")[1]


@UFUNCS
def test_float64_is_within_its_bound_of_mpmath(name):
    entry, ulp, (low, high) = promise(name, "float64")
    x = float64_sample(np.random.default_rng(1), 60)
    x = x[(x >= low) & (x <= high)]
    assert max_ulp(entry.name, x, getattr(kernels, name)(x)) <= ulp


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@UFUNCS
def test_edges_are_those_of_the_definition_and_nothing_warns(name, dtype):
    entry, ulp, _ = promise(name, dtype)
    x = np.array(EDGES * 9, dtype)  # long enough for the vector loop
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = getattr(kernels, name)(x)
    wanted = entry.value(x)
    tiny = np.finfo(dtype).tiny if name.endswith("_fast") else 0
    rtol = np.finfo(dtype).eps * ulp
    if name.endswith("_fast") and FAST_BOUNDS[entry.name][1] > -np.inf:
        tiny = np.finfo(dtype).eps  # the left tail of the fast sigmoids has an absolute error
    np.testing.assert_allclose(got, wanted, rtol=rtol, atol=tiny)
    if entry.odd:
        assert np.array_equal(np.signbit(got), np.signbit(wanted) | (np.isnan(x) & np.signbit(got)))


def test_a_wrong_kernel_is_caught():
    """ISRU's bound is not kept by the estimate, nor by one unit more, nor without the clamp."""
    limit = promise("isru", "float32")[1]
    assert worst_ulp(kernels.isru_fast, "isru") > limit
    assert worst_ulp(lambda x: np.nextafter(kernels.isru(x), np.float32(2)), "isru") > limit
    plain = kernels.KERNELS["isru_plain"]["simd"]
    assert worst_ulp(lambda x: plain(x, np.empty_like(x)), "isru") > limit


@pytest.mark.parametrize("name", ["isru", "isru_fast", "tanh"])
def test_they_are_ufuncs(name):
    function = getattr(kernels, name)
    assert isinstance(function, np.ufunc)
    assert function.types == ["f->f", "d->d"]
    assert function(np.float32(0.75)).dtype == np.float32
    assert function(3).dtype == np.float64
    assert function(np.zeros((2, 0, 3), "float32")).shape == (2, 0, 3)


def test_any_stride_and_out_give_the_same_numbers():
    x = np.random.default_rng(2).normal(0, 3, (6, 8, 10)).astype(np.float32)
    whole = kernels.isru(x)
    for part in (np.s_[::2, 1:, ::3], np.s_[::-1, ::-1, ::-1], np.s_[..., 4]):
        np.testing.assert_array_equal(kernels.isru(x[part]), whole[part])
    np.testing.assert_array_equal(kernels.isru(x.T), whole.T)
    swapped = x.astype(">f4")
    np.testing.assert_array_equal(kernels.isru(swapped), whole)
    wide = np.zeros((6, 8, 20), np.float32)
    assert kernels.isru(x, out=wide[..., ::2]).base is wide
    np.testing.assert_array_equal(wide[..., ::2], whole)
    assert not wide[..., 1::2].any()
    kernels.isru(x, out=x)
    np.testing.assert_array_equal(x, whole)


def test_other_types_are_refused():
    with pytest.raises(TypeError):
        kernels.isru(np.array([1j]))
    with pytest.raises(AttributeError, match="no_such"):
        _ = kernels.no_such


@pytest.mark.parametrize("form", kernels.FORMS)
@pytest.mark.parametrize("name", ["isru", "isru_sigmoid", "tanh", "sigmoid", "softplus", "relu"])
def test_the_three_forms_compute_one_function(name, form):
    for dtype in ("float32", "float64"):
        x = np.random.default_rng(3).normal(0, 3, 100).astype(dtype)
        out = np.empty_like(x)
        assert kernels.KERNELS[name][form](x, out) is out
        eps = 8 * np.finfo(dtype).eps
        np.testing.assert_allclose(out, ACTIVATIONS[name].value(x), rtol=eps, atol=eps)


def test_a_loop_refuses_what_it_cannot_do():
    kernel = kernels.KERNELS["isru"]["simd"]
    with pytest.raises(ValueError, match=r"out of shape \(3,\)"):
        kernel(np.zeros(3), np.zeros(4))
    with pytest.raises(TypeError, match="float32 or float64"):
        kernel(np.zeros(3, int), np.zeros(3, int))


def test_the_library_is_called_by_the_libm_form_alone():
    assert "call tanhf" in kernels.instructions("tanh", "libm")
    assert "call tanh" in kernels.instructions("tanh", "libm", "float64")
    assert not [found for found in kernels.instructions("tanh", "simd") if "call" in found]


@x86
def test_on_x86_the_fast_form_takes_the_estimate_and_the_strict_one_does_not():
    strict, fast = (" ".join(kernels.instructions("isru", f)) for f in ("simd", "fast"))
    assert "sqrtps" in strict and "divps" in strict and "rsqrt" not in strict
    assert "rsqrt" in fast and "div" not in fast
    assert "ss" in " ".join(kernels.instructions("isru", "libm"))


@x86
@pytest.mark.parametrize("name", ["isru", "isru_sigmoid", "tanh", "sigmoid", "elu"])
def test_float32_is_computed_in_float32_and_in_vectors(name):
    """A constant or an integer of the wrong size would turn it into float64 on the way."""
    found = " ".join(kernels.instructions(name, "simd"))
    assert "pd" not in found and "sd" not in found and "call" not in found
    assert "divps" in found or name == "elu"


def test_parts_with_a_form_for_each_type_say_that_they_are_for_compiled_code():
    from isru.kernels.exponential import exp_minus_one

    with pytest.raises(TypeError, match="exp_minus_one to be called from compiled code"):
        exp_minus_one(0.1)
