"""A formula is a tree that every library computes, and that is written in a language."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from isru.activations import ACTIVATIONS, Activation
from isru.activations import formula as ops
from isru.activations.entry import tolerance

X = ops.name("x")
SPELLING = {"add": "{0} + {1}", "multiply": "{0} * {1}", "sqrt": "root({0})"}
SPELLING |= {"minimum": "{1} if {0} > {1} else {0}", "maximum": "{1} if {0} < {1} else {0}"}


def written(tree, **leaves):
    return ops.statements(tree, SPELLING, str, "{name} = {value}", **{"x": "x"} | leaves)


def test_a_float_and_an_if_are_refused():
    with pytest.raises(TypeError, match=r"an integer or a Fraction, got 0\.5"):
        _ = X * 0.5
    with pytest.raises(TypeError, match="expected where"):
        _ = 1 if X < 0 else 2
    with pytest.raises(TypeError, match="expected a power 1, 2, 3"):
        _ = X**-1


def test_what_occurs_twice_is_computed_once():
    square = X**2
    assert written(ops.sqrt(square + 1) * square) == (["t0 = x * x"], "root(t0 + 1) * t0")
    assert written(ops.sqrt(X + 1)) == ([], "root(x + 1)")


def test_a_clip_is_written_as_two_comparisons():
    lines, result = written(ops.clip(X, -1, 1))
    assert lines == ["t0 = -1 if x < -1 else x"]
    assert result == "1 if t0 > 1 else t0"


def test_numbers_take_the_place_of_parameters_exactly():
    alpha = ops.name("alpha")
    tree = ops.folded(alpha * X + (alpha + Fraction(1, 3)), {"alpha": 0.5})
    assert written(tree) == ([], "(1/2 * x) + 5/6")
    assert written(ops.folded(alpha * X, {"alpha": 1.0})) == ([], "x")


SQUASHED = Activation(
    name="squashed",
    description="a x / (1 + a |x|)",
    range=(-1.0, 1.0),
    smoothness=1,
    odd=True,
    ulp=tolerance(0.51, 4, 4),
    formula=lambda x, a: a * x / (1 + a * abs(x)),
    gradient=lambda x, _y, a: a / (1 + a * abs(x)) ** 2,
    flat_from=2.0**60,
    parameters={"a": 3.0},
)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numpy_computes_the_formula_in_the_dtype_of_the_input(dtype):
    x = np.array([-1e4, -2.0, 0.0, 0.25, 1e4], dtype)
    y, saved = SQUASHED.forward(x)
    assert y.dtype == dtype
    wide = x.astype(np.float64)
    eps = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(y, 3 * wide / (1 + 3 * np.abs(wide)), rtol=eps)
    slope = 3 / (1 + 3 * np.abs(wide)) ** 2
    np.testing.assert_allclose(SQUASHED.derivative(saved), slope, rtol=4 * eps, atol=eps)


def test_beyond_the_flat_end_it_is_the_limit():
    x = np.array([-np.inf, -3e38, 3e38, np.inf], np.float32)
    assert SQUASHED.value(x).tolist() == [-1, -1, 1, 1]
    assert np.isnan(SQUASHED.value(np.float32(np.nan)))


def test_a_copy_with_another_formula_computes_that():
    halved = replace(SQUASHED, formula=lambda x, a: SQUASHED.formula(x, a) / 2)
    assert halved.value(1.0) == SQUASHED.value(1.0) / 2


def test_an_entry_needs_a_formula_or_a_form_in_numpy():
    with pytest.raises(ValueError, match="bare: expected formula and gradient, or kernel and"):
        replace(SQUASHED, name="bare", gradient=None, kernel=None)


def test_every_entry_has_a_label_and_a_file_of_its_name():
    for name, entry in ACTIVATIONS.items():
        assert entry.label
        assert name.startswith(entry.module.rpartition(".")[2])
