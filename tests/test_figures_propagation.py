"""The figures of signal propagation draw theory as lines and simulation as marks."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_readable, message

from isru.chapters.propagation import figures
from isru.drawing import COLOURS, use_style

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def style():
    use_style()


def drawn(axes, colour):
    return [list(line.get_ydata()) for line in axes.lines if line.get_color() == colour]


def test_depth_shows_theory_and_every_second_measured_layer():
    one = {"layer": [0, 1, 2], "signal": [1.0, 0.5, 0.25], "gradient": [0.2, 0.5, 1.0]}
    one |= {"signal_measured": [1.1, 0.6, 0.3], "gradient_measured": [0.3, 0.6, 1.0]}
    table = pd.DataFrame(one).assign(activation="isru", gain=1.0)
    table = pd.concat([table, table.assign(activation="tanh", gain=1.6)])
    figure = figures.depth(table)
    left, right = figure.axes
    assert message(figure) == (
        "Over 2 layers the gradient's mean square comes to 0.2 (ISRU) at gain 1, 0.2 (tanh) where "
        "variance is kept"
    )
    assert_readable(figure)
    assert drawn(left, COLOURS["isru"]) == [[1.0, 0.5, 0.25], [1.1, 0.3]]
    assert drawn(right, COLOURS["tanh"]) == [[0.2, 0.5, 1.0], [0.3, 1.0]]
    assert left.lines[0].get_linestyle() == "-"
    assert left.lines[2].get_linestyle() == "--"


def test_a_resting_point_is_drawn_with_its_mirror_image():
    names = ["isru", "isru", "tanh", "tanh"]
    branch = {"weight": [1.5, 4, 1.5, 4], "point": [1, 3, 1, 4], "slope": [0.4, 0.1, 0.3, 0.01]}
    random = {"gain": [0.5, 2, 0.5, 2], "variance": [0, 2, 0, 3], "rate": [-1.0, 0.1, -1, 0.2]}
    random |= {"variance_measured": [np.nan, 2.1, np.nan, 3.1], "rate_measured": [-1.1] * 4}
    tables = [pd.DataFrame(t).assign(activation=names) for t in (branch, random)]
    figure = figures.recurrence(*tables)
    points, slopes, variances, _ = figure.axes
    assert message(figure) == (
        "Random networks are chaotic beyond a gain of 1.75 with tanh and beyond a gain of 1.86 "
        "with ISRU"
    )
    assert_readable(figure)
    assert drawn(points, COLOURS["isru"]) == [[1, 3], [-1, -3]]
    assert drawn(slopes, COLOURS["tanh"]) == [[0.3, 0.01]]
    assert drawn(variances, COLOURS["tanh"])[1][1] == 3.1


def test_a_recurrence_that_never_turns_is_not_said_to():
    lines = {"tanh": [-1.0, -0.1], "isru": [0.1, 0.2]}
    random = [
        pd.DataFrame({"activation": a, "gain": [0.5, 2], "rate": r}) for a, r in lines.items()
    ]
    assert figures._recurrence_message(pd.concat(random)) == (
        "Random networks are chaotic at no gain up to 2 with tanh and at each gain from 0.5 on "
        "with ISRU"
    )


def test_lags_tell_the_gates_by_the_dashes():
    line = pd.DataFrame({"lag": [1, 2], "cell": [0.5, 0.1], "activation": "isru"})
    pairs = [line.assign(recurrent_activation=gate) for gate in ("sigmoid", "isru_sigmoid")]
    pairs += [line.assign(activation="tanh", recurrent_activation="sigmoid", cell=[0.5, 0.25])]
    figure = figures.lags(pd.concat(pairs))
    axes = figure.axes[0]
    assert message(figure).startswith(
        "Each step back keeps 50 % of the gradient; ISRU for tanh −60.0 %"
    )
    assert_readable(figure)
    assert [line.get_linestyle() for line in axes.lines] == ["-", "--", "-"]
    assert [t.get_text() for t in axes.get_legend().texts] == [
        "ISRU, logistic gates",
        "ISRU, ISRU gates",
        "tanh, logistic gates",
    ]


def test_saturation_draws_mean_typical_and_stuck():
    table = pd.DataFrame({"sigma": [0.25, 16.0]})
    for shift, name in enumerate(("tanh", "isru")):
        table[f"{name}_square"] = [0.9, 0.25 + shift / 4]
        table[f"{name}_typical"] = [0.8, 0.01 + shift / 25]
        table[f"{name}_flat"] = [0, 80 + shift]
    figure = figures.saturation(table)
    slopes, flat = figure.axes
    assert "with ISRU than with tanh from a standard deviation of 0.2 on" in message(figure)
    assert drawn(slopes, COLOURS["isru"]) == [[0.9, 0.5], [0.8, 0.05]]
    assert drawn(flat, COLOURS["tanh"]) == [[0, 80]]
