"""Types, shapes, buffers, special values, and what is refused."""

import dataclasses
import pickle
import tracemalloc

import numpy as np
import pytest

from isru import activations
from isru.activations import ACTIVATIONS, Activation, get_activation, isru, isru_plain

ENTRIES = pytest.mark.parametrize("entry", ACTIVATIONS.values(), ids=list(ACTIVATIONS))
DTYPES = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
RIGHT_EVERYWHERE = pytest.mark.parametrize(
    "entry",
    [entry for name, entry in ACTIVATIONS.items() if name != "isru_plain"],
    ids=[name for name in ACTIVATIONS if name != "isru_plain"],
)
# f(0), f(inf), f(-inf)
LIMITS = {
    "isru": (0, 1, -1),
    "isru_sigmoid": (0.5, 1, 0),
    "isrlu": (0, np.inf, -1),
    "tanh": (0, 1, -1),
    "sigmoid": (0.5, 1, 0),
    "softsign": (0, 1, -1),
    "softplus": (np.log(2), np.inf, 0),
    "relu": (0, np.inf, 0),
    "leaky_relu": (0, np.inf, -np.inf),
    "elu": (0, np.inf, -1),
    "hard_tanh": (0, 1, -1),
    "hard_sigmoid": (0.5, 1, 0),
    "rational_tanh": (0, 1, -1),
    "table_tanh": (0, np.tanh(8), -np.tanh(8)),
    "identity": (0, np.inf, -np.inf),
}


for one in ACTIVATIONS.values():
    if one.has_formula and one.name != "isru_plain":
        LIMITS.setdefault(one.name, (one.value(0.0), *reversed(one.range)))


@DTYPES
@pytest.mark.parametrize("name", list(LIMITS))
def test_special_values(name, dtype):
    middle, right, left = (dtype(value) for value in LIMITS[name])
    value = ACTIVATIONS[name].value
    assert value(dtype(0)) == value(dtype(-0.0)) == middle
    if middle == 0:
        assert not np.signbit(value(dtype(0)))
        assert np.signbit(value(dtype(-0.0)))
    assert value(dtype(np.inf)) == right
    assert value(dtype(-np.inf)) == left
    assert np.isnan(value(dtype(np.nan)))


@DTYPES
@RIGHT_EVERYWHERE
def test_no_warning_at_any_size(entry, dtype):
    limits = np.finfo(dtype)
    sizes = [limits.max, limits.smallest_normal, limits.smallest_subnormal, 0, 1, 300, np.inf]
    x = np.array(sizes + [-size for size in sizes] + [np.nan], dtype)
    with np.errstate(all="raise"):
        y = entry.value(x)
    fast, saved = entry.forward(x)  # a warning is an error in these tests
    entry.derivative(saved)
    np.testing.assert_allclose(fast, y, rtol=0.01, atol=2 * limits.eps)


@DTYPES
def test_isru_passes_subnormals_and_saturates_exactly(dtype):
    limits = np.finfo(dtype)
    tiny = np.array([limits.smallest_subnormal, limits.smallest_normal], dtype)
    np.testing.assert_array_equal(isru(tiny), tiny)
    np.testing.assert_array_equal(isru(np.array([limits.max, -limits.max])), [1, -1])


@pytest.mark.parametrize("alpha", [1e-14, 0.25, 2 / 3, 3.0, 1e14])
@DTYPES
def test_isru_at_infinity_is_the_limit(alpha, dtype):
    limits = np.finfo(dtype)
    limit = alpha**-0.5 if alpha**-0.5 < float(limits.max) else np.inf
    y = isru(np.array([-np.inf, np.inf], dtype), alpha)
    np.testing.assert_allclose(
        y.astype(np.float64), [-limit, limit], 2 * limits.eps, limits.smallest_subnormal
    )


@pytest.mark.parametrize("dtype, far", [(np.float16, 300), (np.float32, 1e20), (np.float64, 1e155)])
def test_the_plain_form_fails_where_the_safe_one_is_right(dtype, far):
    x = np.array([far, np.inf], dtype)
    with np.errstate(all="ignore"):
        plain = isru_plain(x)
    assert plain[0] == 0
    assert np.isnan(plain[1])
    np.testing.assert_array_equal(isru(x), [1, 1])


@ENTRIES
@DTYPES
def test_network_pair_agrees_with_value_and_aliases(entry, dtype):
    x = np.random.default_rng(7).normal(scale=3, size=(5, 40)).astype(dtype)
    expected = entry.value(x)
    y, saved = entry.forward(x)
    assert y.dtype == saved.dtype == dtype
    assert (saved is y) == entry.saves_output
    np.testing.assert_allclose(y, expected, rtol=0, atol=4 * np.finfo(dtype).eps * 10)
    out, buffer = x.copy(), np.empty_like(x)
    y_out, saved_out = entry.forward(out, out=out, saved=buffer)
    assert y_out is out
    assert saved_out is (out if entry.saves_output else buffer)
    np.testing.assert_array_equal(y_out, y)
    np.testing.assert_array_equal(saved_out, saved)
    slope = np.empty_like(x)
    assert entry.derivative(saved, out=slope) is slope
    np.testing.assert_array_equal(slope, entry.derivative(saved))


@ENTRIES
def test_strided_input_and_output(entry):
    z = np.random.default_rng(8).normal(size=(6, 12)).astype(np.float32)
    expected = entry.forward(np.ascontiguousarray(z[:, 3:9]))
    y, saved = entry.forward(z[:, 3:9], out=z[:, 3:9])
    np.testing.assert_array_equal(y, expected[0])
    np.testing.assert_array_equal(saved, expected[1])


@pytest.mark.parametrize("name", ["isru", "isru_sigmoid", "tanh", "sigmoid", "relu"])
def test_network_pair_allocates_nothing_when_given_buffers(name):
    entry = ACTIVATIONS[name]
    x = np.ones((100, 1000), np.float32)
    out, saved, slope = (np.empty_like(x) for _ in range(3))
    entry.derivative(entry.forward(x, out, saved)[1], slope)
    tracemalloc.start()
    try:
        entry.derivative(entry.forward(x, out, saved)[1], slope)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # relu's slope compares first: one byte an element, and NumPy's buffer to convert it
    assert peak < (2 * x.size if name == "relu" else 10_000)


@ENTRIES
def test_value_takes_any_array_like(entry):
    assert entry.value([1, 2]).dtype == np.float64
    assert isinstance(entry.value(np.float32(0.5)), np.float32)
    assert isinstance(entry.value(2), np.float64)
    assert entry.value(np.zeros((0, 3), np.float16)).shape == (0, 3)
    swapped = np.array([0.5, -2.0], dtype=np.dtype("f4").newbyteorder())
    native = swapped.astype(np.float32)
    np.testing.assert_array_equal(entry.value(swapped), entry.value(native))
    np.testing.assert_array_equal(entry.value(native[::-1]), entry.value(native)[::-1])


@ENTRIES
@DTYPES
def test_value_writes_into_out_even_in_place(entry, dtype):
    x = np.linspace(-3, 3, 12, dtype=dtype).reshape(3, 4)
    expected = entry.value(x)
    assert entry.value(x, out=x) is x
    np.testing.assert_array_equal(x, expected)
    scalar = np.empty((), dtype)
    assert entry.value(dtype(0.5), out=scalar) is scalar
    assert scalar[()] == entry.value(dtype(0.5))


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if "rsqrt" not in name])
def test_function_of_the_same_name_is_the_entry(name):
    x = np.linspace(-3, 3, 13, dtype=np.float32)
    function = getattr(activations, name)
    np.testing.assert_array_equal(function(x), ACTIVATIONS[name].value(x))
    np.testing.assert_array_equal(function(x, out=np.empty_like(x)), function(x))


def test_function_parameters_reach_the_formula():
    x = np.array([-2.0, 2.0])
    np.testing.assert_allclose(isru(x, alpha=2), x / 3)
    np.testing.assert_allclose(isru_plain(x, alpha=2), x / 3)
    np.testing.assert_allclose(activations.isrlu(x, alpha=2), [-2 / 3, 2])
    np.testing.assert_allclose(activations.isru_sigmoid(x, k=3 / 8), [0.2, 0.8])
    np.testing.assert_allclose(activations.elu(x, alpha=2)[0], 2 * np.expm1(-2))
    np.testing.assert_allclose(activations.leaky_relu(x, slope=0.5), [-1, 2])
    approximate = [activations.isru_rsqrt(2.0, steps) for steps in (0, 1, 2)]
    assert approximate == [ACTIVATIONS[f"isru_rsqrt{steps}"].value(2.0) for steps in (0, 1, 2)]


@pytest.mark.parametrize("bad", [1j, "1", [None], np.longdouble(1), np.datetime64("2013-01-01")])
@pytest.mark.parametrize("function", [isru, isru_plain, activations.tanh])
def test_other_types_are_refused(function, bad):
    with pytest.raises(TypeError, match="expected real numbers"):
        function(bad)


@pytest.mark.parametrize("function", [isru, isru_plain, activations.sigmoid])
def test_an_output_that_does_not_fit_is_refused(function):
    x = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match=r"expected out of shape \(3,\), as x, got \(4,\)"):
        function(x, out=np.zeros(4, np.float32))
    with pytest.raises(TypeError, match=r"expected out of dtype float32.*got float64"):
        function(x, out=np.zeros(3))
    with pytest.raises(TypeError, match="expected out to be a plain NumPy array, got list"):
        function(x, out=[0, 0, 0])


MASKED = [*(entry.value for entry in ACTIVATIONS.values()), isru_plain, activations.alpha_gradient]


@DTYPES
@pytest.mark.parametrize("function", MASKED)
def test_a_masked_array_keeps_its_mask(function, dtype):
    x = np.ma.array([1.0, -9.0, 0.5], mask=[False, True, False], dtype=dtype)
    y = function(x)
    np.testing.assert_array_equal(y.mask, x.mask)
    np.testing.assert_array_equal(y.compressed(), function(x.compressed()))
    assert y.dtype == dtype
    y[0] = np.ma.masked  # the mask is a copy
    assert not x.mask[0]
    assert function(np.ma.masked) is np.ma.masked or function(np.ma.masked).mask
    np.testing.assert_array_equal(function(np.ma.array([1.0, 0.5])).mask, [False, False])


@pytest.mark.parametrize("function", MASKED)
def test_a_mask_that_an_output_would_lose_is_refused(function):
    x = np.ma.array([1.0, 2.0], mask=[False, True])
    with pytest.raises(TypeError, match="expected no out for a masked array"):
        function(x, out=np.zeros(2))
    with pytest.raises(TypeError, match="expected out to be a plain NumPy array, got MaskedArray"):
        function(np.zeros(2), out=np.ma.zeros(2))


@pytest.mark.parametrize("function", [isru, isru_plain, activations.isrlu, activations.elu])
def test_a_bad_alpha_is_refused(function):
    for alpha in (0, -1, np.nan, np.inf, 1e-15):
        with pytest.raises(ValueError, match=r"expected alpha between 1e-14 and 1e\+14, got"):
            function(1.0, alpha=alpha)
    for alpha in ("one", None, [1, 2]):
        with pytest.raises(TypeError, match="expected alpha to be one real number, got"):
            function(1.0, alpha=alpha)


def test_other_parameters_are_checked():
    with pytest.raises(ValueError, match="expected k between"):
        activations.isru_sigmoid(1.0, k=0)
    with pytest.raises(ValueError, match="expected slope between 0 and 1"):
        activations.leaky_relu(1.0, slope=2)
    with pytest.raises(ValueError, match="expected steps to be 0, 1 or 2"):
        activations.isru_rsqrt(1.0, steps=3)


def test_lookup_names_what_there_is():
    assert get_activation("isru") is ACTIVATIONS["isru"]
    assert get_activation(ACTIVATIONS["tanh"]) is ACTIVATIONS["tanh"]
    with pytest.raises(ValueError, match=r"isru, .*tanh, .*got 'gelu'"):
        get_activation("gelu")
    with pytest.raises(TypeError, match="expected an activation's name"):
        get_activation(3)


def test_a_name_exists_once():
    other = dataclasses.replace(ACTIVATIONS["relu"], name="tanh")
    twice = [*ACTIVATIONS.values(), other]
    message = "of a new name, got 'tanh' again, in isru.activations.tanh and isru.activations.relu"
    with pytest.raises(ValueError, match=message):
        activations._by_name(twice)


def test_variants_carry_their_parameters():
    variant = ACTIVATIONS["isru"].with_parameters(alpha=4)
    assert variant.parameters == {"alpha": 4.0, "k": 1.0}
    assert variant.range == (-0.5, 0.5)
    assert variant.with_parameters(k=2).parameters == {"alpha": 4.0, "k": 2.0}
    with pytest.raises(TypeError, match="isru has no parameter 'beta'; it has: alpha, k"):
        variant.with_parameters(beta=1)
    with pytest.raises(TypeError, match="tanh has no parameter 'alpha'; it has: none"):
        ACTIVATIONS["tanh"].with_parameters(alpha=1)


def test_entries_can_be_sent_to_other_processes():
    variant = ACTIVATIONS["isru"].with_parameters(alpha=0.5)
    copy = pickle.loads(pickle.dumps(variant))
    assert isinstance(copy, Activation)
    assert copy.value(1.0) == variant.value(1.0)
    assert pickle.loads(pickle.dumps(ACTIVATIONS["tanh"])).name == "tanh"
