"""The activation arms compute what they say, on the same numbers, under labels that are told."""

import importlib

import numpy as np
import pandas as pd
import pytest

from isru.activations import ACTIVATIONS
from isru.bench import activation_arms as arms
from isru.bench.form_arms import form_arms
from isru.chapters.activation_cost.costs import (
    by_form,
    cases,
    framework_arms,
    loop_arms,
    ns_per_element,
    operation_times,
    reference_arms,
)

pytestmark = pytest.mark.slow

CASE = {"size": 50, "dtype": "float32", "input": "typical"}
LIBRARIES = dict.fromkeys(("libm", "simd", "fast"), "none")
ISRU_FORMS = ("isru_plain", "isru_naive", "isru_safe", "isru_network", "isru")


def call_of(arm, seed=3, **case):
    module, _, function = arm.factory.partition(":")
    factory = getattr(importlib.import_module(module), function)
    return factory(rng=np.random.default_rng(seed), **(CASE | case), **arm.arguments)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("input", (*arms.INPUTS, *arms.MORE_INPUTS))
def test_every_numpy_arm_computes_its_function_on_the_same_input(dtype, input):
    x = arms.draw(np.random.default_rng(3), 50, dtype, input).astype("float64")
    for arm in [*arms.cost_arms(), *form_arms({"numpy": ISRU_FORMS}, {})]:
        result = call_of(arm, dtype=dtype, input=input)()
        result = result[0] if isinstance(result, tuple) else result
        name = arm.label.removeprefix("numpy_").partition("_")[0]
        expected = {"tanh": np.tanh(x), "isru": x / np.sqrt(1 + x * x), "copy": x}[name]
        if name != "copy":
            assert result.dtype == dtype
            assert np.allclose(result, expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("form", ["libm", "simd", "fast"])
def test_every_compiled_arm_computes_its_function(form):
    x = arms.draw(np.random.default_rng(3), 50, "float32", "typical")
    for arm in form_arms({form: ("tanh", "isru_plain", "isru", "copy")}, LIBRARIES):
        call = call_of(arm)
        call()
        name = {"copy": "identity"}.get(arm.label.partition("_")[2], arm.label.partition("_")[2])
        assert np.allclose(call.args[1], ACTIVATIONS[name].value(x), rtol=1e-5)


@pytest.mark.parametrize("name", arms.OPERATIONS)
def test_an_operation_is_numpys_of_two_draws_or_one(name):
    rng = np.random.default_rng(3)
    x, y = (arms.draw(rng, 50, "float64", "typical") for _ in range(2))
    if name in ("div", "sqrt", "log"):
        x, y = np.abs(x), np.abs(y)
    function = arms.OPERATIONS[name]
    found = call_of(form_arms({"numpy": (name,)}, {})[0], dtype="float64")()
    assert np.array_equal(found, function(*(x, y)[: function.nin]))


def test_the_inverse_square_root_is_of_the_magnitudes():
    x = np.abs(arms.draw(np.random.default_rng(3), 50, "float64", "typical"))
    found = call_of(form_arms({"numpy": ("rsqrt",)}, {})[0], dtype="float64")()
    assert np.allclose(found, x**-0.5)


def test_the_arms_keep_their_input():
    x = arms.draw(np.random.default_rng(3), 50, "float32", "typical")
    before = x.copy()
    for form in ("tanh", "isru_plain", "isru_naive", "copy"):
        arms._FORMS[form](x, np.empty_like(x))()
        assert np.array_equal(x, before)


def test_equal_generators_share_their_numbers_and_go_on_alike():
    one, other = np.random.default_rng(3), np.random.default_rng(3)
    first = arms.draw(one, 50, "float32", "typical")
    assert arms.draw(other, 50, "float32", "typical") is first
    assert one.random() == other.random()
    assert not np.array_equal(arms.draw(one, 50, "float32", "typical"), first)


def test_inputs_are_what_their_names_say():
    drawn = {
        input: arms.draw(np.random.default_rng(0), 10_000, "float64", input)
        for input in (*arms.INPUTS, *arms.MORE_INPUTS)
    }
    assert drawn["near_zero"].std() == pytest.approx(0.01, rel=0.05)
    assert drawn["typical"].std() == pytest.approx(1, rel=0.05)
    assert np.abs(drawn["saturated"]).min() >= 5 and np.abs(drawn["saturated"]).max() <= 20
    assert abs(drawn["saturated"].mean()) < 1
    assert drawn["unit"].min() >= 0 and drawn["unit"].max() <= 1
    assert [len(set(drawn[input])) for input in ("typical", "repeated")] == [10_000, 100]
    with pytest.raises(ValueError, match="got 'huge'"):
        arms.draw(np.random.default_rng(0), 1, "float64", "huge")


def test_a_form_and_its_again_differ_in_their_label_only():
    for form in ("numpy", "libm"):
        tanh, again = form_arms({form: ("tanh", "tanh_again")}, LIBRARIES)
        assert (tanh.label, again.label) == (f"{form}_tanh", f"{form}_tanh_again")
        assert (tanh.factory, tanh.arguments) == (again.factory, again.arguments)
    with pytest.raises(ValueError, match="got \\['gpu'\\]"):
        form_arms({"gpu": ("tanh",)}, {})


def test_every_activation_is_measured_but_for_the_raw_estimate_and_those_of_the_frontier():
    measured = {arm.label.partition("_")[2] for arm in reference_arms(LIBRARIES)}
    missing = {name for name in ACTIVATIONS if name not in measured}
    raw = {"identity", "isru_rsqrt0"}  # the copy; no network trains with the other
    ladder = {"ladder2", "ladder2_sigmoid", "ladder3", "ladder4"}
    parabola = {"clipped_parabola", "clipped_parabola_sigmoid"}
    assert missing == raw | ladder | parabola | {"isru_quintic"}


def test_few_arms_are_some_of_all():
    for plan in (reference_arms, framework_arms):
        every = [arm.label for arm in plan(LIBRARIES)]
        few = [arm.label for arm in plan(LIBRARIES, few=True)]
        assert set(few) < set(every) and len(few) == len(set(few))


def test_the_original_operations_are_all_timed_as_loops():
    labels = [arm.label for arm in loop_arms("none")]
    assert sum(label.startswith("array_") for label in labels) == 15 + 1  # and the A/A arm
    assert "chain_isru" in labels and "chain_log" not in labels


def frame(times, size=100):
    """Return samples of two processes; times are nanoseconds per element by arm."""
    case = {"dtype": "float32", "size": size, "input": "typical"}
    rows = [
        {"process": process, "block": 0, "position": 0, "arm": arm, **case, "loops": 1}
        | {"seconds": ns * size * 1e-9, "cpu_seconds": ns * size * 1e-9}
        for process in range(2)
        for arm, ns in times.items()
    ]
    return pd.DataFrame(rows)


def test_ns_per_element_divides_by_the_size_and_tells_the_form():
    times = ns_per_element(frame({"simd_isru_plain": 4.0}), rng=np.random.default_rng(0))
    (row,) = times.itertuples()
    assert (row.form, row.arm) == ("simd", "isru_plain")
    assert row.ns == pytest.approx(4) and row.low == pytest.approx(4)


def test_operations_without_a_kernel_come_from_the_loops():
    rng = np.random.default_rng(0)
    times = ns_per_element(frame({"libm_tanh": 9.0, "libm_tanh_again": 9.0}), rng=rng)
    loops = ns_per_element(frame({"array_tanh": 7.0, "array_log": 3.0, "chain_tanh": 5.0}), rng=rng)
    found = operation_times(times, loops)
    assert found["form"].tolist() == ["libm", "libm"]
    assert dict(zip(found["arm"], found["ns"].round(6), strict=True)) == {"tanh": 9, "log": 3}


def test_by_form_splits_at_the_first_underscore():
    assert by_form(frame({"numpy_isru_plain": 1}))[["form", "arm"]].values.tolist() == [
        ["numpy", "isru_plain"],
        ["numpy", "isru_plain"],
    ]


def test_cases_are_all_combinations():
    assert len(cases([1, 2], ("typical", "unit"))) == 8
