"""Figures of precision, threads and frameworks: every curve that came in is drawn."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_readable, message

from isru.chapters.precision_threads_frameworks import figures_frameworks as frameworks
from isru.chapters.precision_threads_frameworks import figures_precision as precision
from isru.chapters.precision_threads_frameworks import figures_threads as threads
from isru.chapters.precision_threads_frameworks.threads import published_speedups
from isru.drawing.style import COLOURS, OTHERS, use_style

ENDS = {"low": 0.9, "high": 1.1, "floor_low": -1.0, "floor_high": 1.0}


@pytest.fixture(autouse=True)
def style():
    use_style()


def labels(axes):
    return [line.get_label() for line in axes.lines if not line.get_label().startswith("_")]


def test_float32s_saving_stands_under_its_limit_and_isrus_beside_its_prediction():
    sizes = {"step": "train", "units": [10, 100], "direction": ["slower", "undecided"]}
    narrow = pd.concat(
        pd.DataFrame(sizes | ENDS | {"activation": name, "saving": [10.0, 40.0]})
        for name in ("tanh", "isru")
    )
    isru = pd.concat(
        pd.DataFrame(sizes | ENDS | {"dtype": dtype, "saving": [-30.0, -3.0], "expected": -9.0})
        for dtype in ("float32", "float64")
    )
    figure = precision.precision_savings(narrow, isru, limit=50.0)
    left, right = figure.axes
    assert set(labels(left)) == {"half the time", "tanh", "ISRU"}
    assert set(labels(right)) == {"float32", "float64", "predicted by its calls"}
    assert message(figure).startswith("At 100 units float32 saves 40 to 40 % of a step")
    assert_readable(figure)
    dotted = [line for line in right.lines if line.get_linestyle() == ":" and len(line.get_xdata())]
    assert [line.get_ydata().tolist() for line in dotted] == [[-9.0, -9.0]] * 2


def test_a_strip_draws_every_seed_and_says_its_interval():
    pairs = pd.DataFrame({"arm": "isru", "units": 10, "difference": [-9.0, 0.1, 0.2]})
    summary = pd.DataFrame([{"arm": "isru", "units": 10, "mean": -2.9, "low": -9.0, "high": 0.2}])
    names, ends = {"isru": "ISRU"}, {"margin": 0.5, "limit": 3.0}
    figure = precision.difference_strips(pairs, summary, names, **ends, label="pp")
    (axes,) = figure.axes
    assert message(figure) == "Largest mean change (pp; margin ±0.5): ISRU 2.90"
    assert_readable(figure)
    points = np.concatenate(
        [part.get_offsets() for part in axes.collections if len(part.get_offsets())]
    )
    assert np.abs(points[:, 0]).max() <= 3.0 and {0.1, 0.2} <= set(points[:, 0].round(6))
    assert axes.texts[0].get_text() == "−2.90 (−9.00 to +0.20)"
    assert axes.get_yticklabels()[0].get_text() == "ISRU, 10 units"


def test_rows_of_mere_zeros_are_counted_and_not_drawn():
    pairs = pd.DataFrame({"arm": ["isru", "tanh"] * 2, "units": 10, "difference": [0.3, 1e-6] * 2})
    ends = {"isru": (0.3, 0.2, 0.4), "tanh": (3e-6, -1e-5, 1e-5)}
    summary = pd.DataFrame(
        {"arm": arm, "units": 10, "mean": mean, "low": low, "high": high}
        for arm, (mean, low, high) in ends.items()
    )
    names, scale = {"isru": "activation", "tanh": "precision"}, {"margin": 0.5, "limit": 1.5}
    figure = precision.difference_strips(pairs, summary, names, **scale, label="pp")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["activation, 10 units"]
    assert axes.get_xlabel().endswith("not drawn: 1 rows without a seed beyond ±0.005")
    assert message(figure).endswith("activation 0.30; precision 0.000003")


COSTS = {"kept": 12.0, "new": 115.0}


def speedups():
    return pd.DataFrame(
        [
            {"form": form, "batch": batch, "layers": 1, "units": units, "speedup": 0.01 * units}
            | {"low": 0.009 * units, "high": 0.011 * units}
            | {"direction": "faster" if form == "blas" else "slower"}
            | {"predicted": np.nan if form == "blas" else 0.012 * units}
            | {"shared_us": np.nan if form == "blas" else float(units)}
            for form in ("kept", "new", "blas")
            for batch in (1, 32)
            for units in (16, 100, 256)
        ]
    )


def test_speedups_stand_beside_predictions_and_the_published_machines():
    figure = threads.speedup_by_units(speedups(), published_speedups(87))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["batch 1, 1 layer", "batch 32, 1 layer"]
    assert message(figure) == (
        "Points at which several threads are faster than one: waiting threads 0 of 6, new threads "
        "0 of 6 and threads of the BLAS 6 of 6"
    )
    assert_readable(figure)
    axes = figure.axes[0]
    named = {"waiting threads", "new threads", "threads of the BLAS", "predicted"}
    assert named | {"published, by machine"} == set(labels(axes))
    assert {text.get_text() for text in axes.texts} == {"i7", "M1", "Xeon"}
    assert {*threads.FORM_COLOURS.values()} == {*OTHERS}, "no colour of a function"


def test_work_gathers_all_sizes_but_not_what_is_not_handed_off():
    figure = threads.speedup_by_work(speedups(), published_speedups(87), COSTS)
    (axes,) = figure.axes
    assert message(figure) == (
        "Against one thread, waiting threads and new threads were not shown to be faster with up "
        "to 256 µs of work"
    )
    assert_readable(figure)
    assert "threads of the BLAS" not in labels(axes)
    kept = next(line for line in axes.lines if line.get_label() == "waiting threads")
    assert len(kept.get_xdata()) == 6
    assert [text.get_text() for text in axes.texts] == ["hand-off 12 µs", "hand-off 115 µs"]


def test_only_a_decided_point_shows_that_threads_are_faster():
    shown = speedups()
    shown.loc[(shown["form"] == "kept") & (shown["units"] == 100), "direction"] = "faster"
    assert message(threads.speedup_by_work(shown, published_speedups(87), COSTS)) == (
        "Against one thread, waiting threads were shown to be faster with as little as 100 µs of "
        "work and new threads were not shown to be faster with up to 256 µs of work"
    )


def test_updates_of_every_framework_and_the_published_band_are_drawn():
    times = pd.DataFrame(
        [
            {"mode": mode, "activation": name, "units": 64, "ms": 5.0, "low": 4.0, "high": 6.0}
            for mode in ("graph", "numpy")
            for name in ("tanh", "isru")
        ]
    )
    table = pd.DataFrame([{"mode": "graph", "units": 64, "saving": -4.0, "expected": -3.0} | ENDS])
    table["direction"] = "undecided"
    figure = frameworks.keras_steps(times, table, (-12.0, -10.0))
    left, right = figure.axes
    assert message(figure) == (
        "An update with ISRU in Keras is undecided at 1 of 1 sizes as a graph"
    )
    assert_readable(figure)
    assert [text.get_text() for text in left.get_xticklabels()] == ["Keras, graph", "NumPy"]
    drawn = {"ISRU in Keras, graph", "predicted by its calls", "tanh against itself"}
    assert drawn == set(labels(right))
    point = next(line for line in right.lines if line.get_label() == "ISRU in Keras, graph")
    assert point.get_color() == COLOURS["isru"] and point.get_ydata()[0] == -4.0
