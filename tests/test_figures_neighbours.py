"""The figures of the neighbours draw what their tables hold."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from figure_checks import message

from isru.analysis.symbolic import FORMULAS, derivative, sample
from isru.chapters.neighbours import figures
from isru.drawing import COLOURS

matplotlib.use("Agg")


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_every_activation_of_the_atlas_has_a_panel_with_its_three_curves():
    one = {"x": [-1, 0, 1], "value": [0, 1, 2], "derivative": [3, 4, 5], "integral": [6, 7, 8]}
    names = [("isru", "all"), ("elu", "1")]
    table = pd.concat(pd.DataFrame(one).assign(activation=n, smoothness=c) for n, c in names)
    figure = figures.atlas(table)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == [
        r"ISRU  $C^{\infty}$",
        "ELU  $C^{1}$",
    ]
    assert [list(line.get_ydata()) for line in shown[0].lines[:3]] == [
        one[name] for name in ("value", "derivative", "integral")
    ]
    assert shown[0].lines[0].get_color() == COLOURS["isru"]


def test_the_jump_is_as_high_as_the_last_value_before_it():
    pieces = {"isrlu": FORMULAS["isrlu"], "elu": FORMULAS["elu"]}
    forms = {f"{name}_0": form for name, form in pieces.items()}
    forms |= {f"{name}_1": derivative(form) for name, form in pieces.items()}
    forms |= {f"{name}_2": derivative(derivative(form)) for name, form in pieces.items()}
    table = pd.DataFrame(sample(forms, [-2, -1, 1, 2]))
    figure = figures.joints(table)
    # Of the two nearest places each side is continued to 0 by a straight line.
    assert message(figure).startswith("At 0 ELU’s second derivative jumps by 0.60")
    last = figure.axes[2]
    assert list(last.lines[-1].get_ydata()) == [0, pytest.approx(np.exp(-1))]


def test_the_gates_are_held_against_the_logistic_function():
    table = pd.DataFrame({"x": [-1, 1], "sigmoid": [0.25, 0.75], "matched": [0.3, 0.7]})
    errors = figures.gates(table, {"matched": "k = 1/2"}).axes[1]
    np.testing.assert_allclose(errors.lines[0].get_ydata(), [-0.05, 0.05])


def test_the_level_and_the_names_of_the_stand_ins_are_written():
    names = ("softsign", "isru", "isru_scaled", "hard_tanh", "rational_tanh", "table_tanh")
    table = pd.DataFrame({"x": [1.0, 9.0]} | dict.fromkeys(names, 0.1))
    figure = figures.approximations(table, 0.004, {"isru_scaled": "ISRU, k = 1.17"})
    assert texts(figure) == [
        "half a step at 8 bits",
        "softsign",
        "ISRU",
        "ISRU, k = 1.17",
        "hard tanh",
        "rational tanh",
        "table tanh",
    ]
    assert list(figure.axes[0].lines[0].get_ydata()) == [0.004, 0.004]


def test_the_slope_errors_are_drawn_as_moduli():
    roots = pd.DataFrame({"q": [1.0, 4.0]} | {f"steps_{n}": [-0.1, 0.1] for n in range(3)})
    slopes = pd.DataFrame({"x": [1.0, 10.0], "cube": [-0.01, 0.01], "output": [1.0, 100.0]})
    left, right = figures.rsqrt_errors(roots, slopes).axes
    assert all(list(line.get_ydata()) == [0.1, 0.1] for line in left.lines)
    assert list(right.lines[1].get_ydata()) == [0.01, 0.01]


def test_the_fall_of_the_plain_form_is_named_where_it_happens():
    values = pd.DataFrame(
        [
            (d, x, float(x < end), 1.0)
            for d, end in zip("abc", (10, 100, 1000), strict=True)
            for x in (1, 10, 100, 1000)
        ],
        columns=["dtype", "x", "plain", "safe"],
    ).replace({"a": "float16", "b": "float32", "c": "float64"})
    slopes = pd.DataFrame({"x": [1.0, 10.0], "cube": [0.0, 1e-8], "output": [1e-7, -1.0]})
    left = figures.hazards(values, slopes).axes[0]
    falls = {text.get_text(): text.xy[0] for text in left.texts}
    assert {name: falls[name] for name in ("float16", "float32", "float64")} == {
        "float16": 1,
        "float32": 2,
        "float64": 3,
    }
