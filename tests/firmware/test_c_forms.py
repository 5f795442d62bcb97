"""Each activation in C is the registry's definition, to the stated distance."""

import ctypes
import dataclasses
import math
from types import MappingProxyType

import numpy as np
import pytest

from isru import activations
from isru.activations import ACTIVATIONS
from isru.firmware.c_forms import STAND_INS, c_form
from isru.firmware.errors import ExportError
from isru.firmware.export import prologue

pytestmark = pytest.mark.slow

VARIANTS = {
    "isru_matched": ("isru", {"alpha": 2 / 3}),
    "isru_scaled": ("isru", {"alpha": 2.0, "k": 0.7}),
    "isru_sigmoid_steep": ("isru_sigmoid", {"k": 2**-0.5}),
    "isrlu_half": ("isrlu", {"alpha": 0.5}),
    "leaky_tenth": ("leaky_relu", {"slope": 0.1}),
}
NAMES = sorted([*ACTIVATIONS, *STAND_INS, *VARIANTS])


def form_of(name):
    if name not in VARIANTS:
        return c_form(name)
    entry, parameters = VARIANTS[name]
    return c_form(ACTIVATIONS[entry].with_parameters(**parameters))


@pytest.fixture(scope="module")
def compiled(host_library):
    files = {}
    for name in NAMES:
        text = form_of(name).function()
        call = f"void {name}_all(const float *x, float *y, int n);\n"
        call += f"void {name}_all(const float *x, float *y, int n)\n{{\n"
        call += f"    for (; n > 0; n--) *y++ = {form_of(name).c_name}(*x++);\n}}\n"
        files[f"{name}.c"] = prologue(text) + text + call
    return host_library(files)


def inputs(low, high):
    rng = np.random.default_rng(0)
    magnitudes = 10.0 ** rng.uniform(-30, 30, 20_000)
    sizes = np.concatenate([rng.uniform(-10, 10, 50_000), magnitudes, -magnitudes, [0.0]])
    x = sizes.astype(np.float32)
    return x[(x >= low) & (x <= high)]


@pytest.mark.parametrize("name", NAMES)
def test_a_form_is_the_definition_to_its_stated_ulp(compiled, name):
    one = form_of(name)
    x = inputs(*one.text.domain)
    y = np.empty_like(x)
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (x, y)]
    getattr(compiled, f"{name}_all")(*pointers, len(x))
    exact = one.reference(x.astype(np.float64))
    unit = np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    if one.text.absolute:
        unit = np.maximum(unit, 2.0**-23)
    assert (np.abs(y - exact) / unit).max() <= one.text.ulp


@pytest.mark.parametrize("name", sorted(STAND_INS))
def test_a_stand_in_is_as_near_as_it_says(name):
    one = c_form(name)
    x = np.linspace(-12, 12, 20_001)
    if one.error:
        target = {"tanh": np.tanh, "isru": ACTIVATIONS["isru"].value}[one.stands_for]
        if name.endswith("sigmoid"):
            inner = target
            target = lambda x: 0.5 + 0.5 * inner(0.5 * x)  # noqa: E731
        gap = np.abs(one.reference(x) - target(x)).max()
        assert 0.9 * one.error <= gap <= one.error
    else:
        assert name in ("softsign_sigmoid", "ladder3_sigmoid", "ladder4_sigmoid")


@pytest.mark.parametrize("name", ["hard_tanh", "hard_sigmoid", "relu", "leaky_relu"])
def test_what_needs_no_division_has_none(name):
    assert "/" not in c_form(name).text.body


def test_what_has_neither_a_text_nor_a_formula_is_refused(monkeypatch):
    bare = dataclasses.replace(ACTIVATIONS["table_tanh"], c=None)
    monkeypatch.setattr(activations, "ACTIVATIONS", {**ACTIVATIONS, "table_tanh": bare})
    with pytest.raises(ExportError, match="a C form or a formula, got 'table_tanh'"):
        c_form("table_tanh")


def test_the_formula_is_written_where_there_is_no_text():
    assert ACTIVATIONS["elu"].c.body == ""
    leaky = ACTIVATIONS["elu"].with_parameters(alpha=0.5)
    assert c_form(leaky).text.body == "return (x < 0.0f) ? (0.5f * expm1f(x)) : x;"
    assert c_form(leaky).libm == ("expm1f",)


def test_limits_are_right_where_the_domain_ends(compiled):
    x = np.array([-1e18, 1e18], np.float32)
    y = np.empty_like(x)
    compiled.isru_all(*[a.ctypes.data_as(ctypes.c_void_p) for a in (x, y)], 2)
    assert y.tolist() == [-1.0, 1.0]
    assert math.isfinite(float(x[1]) ** 2)


def test_the_registry_comes_before_a_stand_in_of_the_same_name(monkeypatch):
    quarter = dataclasses.replace(ACTIVATIONS["identity"], name="rational_sigmoid")
    own = MappingProxyType({**ACTIVATIONS, "rational_sigmoid": quarter})
    monkeypatch.setattr(activations, "ACTIVATIONS", own)
    assert c_form("rational_sigmoid").text.body == "return x;"


def test_no_name_stands_for_two_functions():
    assert not set(STAND_INS) & set(ACTIVATIONS)
    names = [c_form(name).c_name for name in (*STAND_INS, *ACTIVATIONS)]
    assert len(names) == len(set(names))


def test_another_function_under_a_known_name_is_refused():
    other = dataclasses.replace(ACTIVATIONS["tanh"], kernel=ACTIVATIONS["isru_plain"].kernel)
    with pytest.raises(ValueError, match="another function under the name 'tanh'"):
        c_form(other)
    assert c_form(ACTIVATIONS["isru"].with_parameters(alpha=2.0)).name == "isru"
