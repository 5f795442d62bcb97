"""The figures of the function draw what the tables hold, in the colours of every page."""

import matplotlib
import pandas as pd
import pytest

from isru.analysis.symbolic import FORMULAS, isru, sample
from isru.chapters.isru import figures
from isru.drawing import COLOURS

matplotlib.use("Agg")
NAMES = ("tanh", "isru", "softsign")
TABLE = pd.DataFrame(sample({name: FORMULAS[name] for name in NAMES}, [-5, -1, 0, 1, 5]))


def drawn(axes, colour):
    return [list(line.get_ydata()) for line in axes.lines if line.get_color() == colour]


@pytest.mark.parametrize("name", NAMES)
def test_each_function_is_drawn_in_its_own_colour_and_named(name):
    axes = figures.function_curves(TABLE).axes[0]
    assert drawn(axes, COLOURS[name]) == [list(TABLE[name])]
    assert [t.get_color() for t in axes.texts if t.get_text() == figures.LABELS[name]] == [
        COLOURS[name]
    ]


def test_the_crossing_is_written_from_its_value():
    axes = figures.derivative_curves(TABLE, (1.25, 0.3)).axes[0]
    assert "1.25" in axes.texts[0].get_text()


def test_the_ray_meets_the_hyperbola_at_the_height_and_the_tangent_at_the_output():
    stacked = pd.DataFrame(sample({"1": isru()}, [0, 1]))
    left = figures.identity_curves(stacked, {"height": 0.75, "output": 0.6}).axes[0]
    points = [tuple(map(float, line.get_xydata()[0])) for line in left.lines if line._marker]
    assert (1.25, 0.75) in points
    assert (1.0, 0.6) in points
