"""The forecaster's figures: what is drawn is what came in, and nothing is lost at an edge."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_readable, message
from matplotlib.collections import PathCollection

from isru.chapters.forecaster.figures import (
    paired_differences,
    rules_and_networks,
    saving_by_units,
    weather_year,
)
from isru.drawing.style import COLOURS, use_style


@pytest.fixture(autouse=True)
def style():
    use_style()


def steps():
    rows = [
        {"framework": framework, "step": step, "units": units}
        | {"saving": -300.0 / units, "low": -400.0 / units, "high": -200.0 / units}
        | {"floor_low": -900.0, "floor_high": 900.0, "expected": -250.0 / units}
        | {"predicted": -1.0 if framework == "numpy" else np.nan}
        | {"direction": "undecided" if framework == "numba" or units == 300 else "slower"}
        for framework in ("numpy", "numba", "keras")
        for step in ("train", "predict")
        for units in (10, 25, 300)
    ]
    return pd.DataFrame(rows)


def test_savings_stand_beside_their_predictions_and_a_wide_floor_does_not_hide_them():
    figure = saving_by_units(steps())
    assert len(figure.axes) == 6
    numpy, compiled, keras = figure.axes[::2]
    assert message(figure) == (
        "A step with ISRU is slower at 4 of 6 points in NumPy, undecided at 6 of 6 points in "
        "compiled code and slower at 4 of 6 points in Keras"
    )
    assert_readable(figure)
    assert [line.get_label() for line in numpy.lines if "predicted" in line.get_label()] == [
        "predicted by its calls",
        "predicted from large arrays",
    ]
    for axes in (compiled, keras):
        assert "predicted from large arrays" not in [line.get_label() for line in axes.lines]
    label = "measured (hollow: undecided)"
    measured = next(line for line in numpy.lines if line.get_label() == label)
    np.testing.assert_allclose(measured.get_ydata(), [-30, -12, -1])
    assert -60 < numpy.get_ylim()[0] < -40 < 0 < numpy.get_ylim()[1] < 20


def test_every_seed_is_drawn_those_beyond_the_axis_as_arrowheads():
    values = {"isru": [0.1, -0.2, 0.3], "identity": [-9.0, -1.0, 8.0]}
    pairs = pd.DataFrame(
        [
            {"metric": "skill", "units": 10, "arm": arm, "seed": seed, "difference": value}
            for arm, row in values.items()
            for seed, value in enumerate(row)
        ]
    )
    summary = pd.DataFrame(
        [
            {"metric": "skill", "units": 10, "arm": arm}
            | {"mean": np.mean(row), "low": min(row), "high": max(row)}
            | {"word": "equivalent" if arm == "isru" else "undecided"}
            for arm, row in values.items()
        ]
    )
    figure = paired_differences(pairs, summary, limit=4.0)
    (axes,) = figure.axes
    assert message(figure) == (
        "Equivalent to tanh within ±0.5 pp: ISRU in 1 of 1 and identity in 0 of 1 comparisons"
    )
    assert_readable(figure)
    dots = [part for part in axes.collections if isinstance(part, PathCollection)]
    points = np.concatenate([part.get_offsets() for part in dots])
    assert len(points) == 6 and np.abs(points[:, 0]).max() <= 4.0
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "ISRU, 10 units",
        "identity, 10 units",
    ]
    texts = [text.get_text() for text in axes.texts]
    assert "−0.67 (−9.00 to +8.00)" in texts
    assert all(text.get_position()[0] > 1 for text in axes.texts), "numbers over the dots"


def test_the_year_shows_every_part_by_name():
    days = pd.DataFrame({"day": pd.date_range("2013-01-01", periods=10)})
    days = days.assign(low=0.0, mean=1.0, high=2.0, rain=3.0)
    ends = days["day"].to_numpy()
    spans = {"training": ends[[0, 5]], "validation": ends[[6, 7]], "test": ends[[8, 9]]}
    figure = weather_year(days, spans, "JFK")
    top, bottom = figure.axes
    assert "trains on January to January 2013" in message(figure)
    assert_readable(figure)
    assert [text.get_text() for text in top.texts] == ["training", "validation", "test"]
    assert "JFK (°C)" in top.get_ylabel() and len(bottom.patches) >= 10
    assert bottom.patches[-1].get_facecolor()[:3] == pytest.approx(
        tuple(int(COLOURS["copy"][k : k + 2], 16) / 255 for k in (1, 3, 5))
    )


@pytest.mark.parametrize(("right", "order"), [(99.0, "more often than"), (70.0, "no more often")])
def test_the_best_rule_and_the_best_network_are_compared(right, order):
    where = [{"test": test, "inputs": "all"} for test in ("original", "after")]
    rules = pd.DataFrame([about | {"rule": "threshold", "accuracy": right} for about in where])
    networks = pd.DataFrame(
        about | {"arm": arm, "accuracy": value}
        for about in where
        for arm, value in (("tanh", 80.0), ("tanh", 90.0), ("isru", 70.0))
    )
    figure = rules_and_networks(networks, rules)
    assert f"is right {order}" in message(figure) and "(tanh, 85.0 %)" in message(figure)
    assert_readable(figure)
