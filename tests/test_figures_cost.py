"""The cost chapter's figures show every number that they are given, with units."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_checks import message

from isru.chapters.activation_cost.figures import (
    FORM_NAMES,
    INPUT_MARKERS,
    INPUT_ROWS,
    LINES,
    cost_inputs,
    cost_map,
    cost_operations,
    cost_original,
    cost_roofline,
    cost_sizes,
)

DTYPES = ("float32", "float64")


def grid(**columns):
    """Return a table of all combinations, with a time that grows from row to row."""
    index = pd.MultiIndex.from_product(columns.values(), names=columns)
    table = index.to_frame(index=False)
    return table.assign(ns=np.geomspace(0.1, 40, len(table)))


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.fixture
def cells():
    table = grid(form=FORM_NAMES, dtype=DTYPES, numerator=("tanh", "table_tanh"))
    words = np.resize(["faster", "equal", "slower", "undecided"], len(table))
    return table.rename(columns={"ns": "ratio"}).assign(direction=words)


def test_the_map_writes_every_ratio_and_names_every_word(cells):
    figure = cost_map(cells[cells["form"] != "xla"].iloc[::-1])
    assert len(texts(figure)) == len(cells) * 5 // 6
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["ISRU faster", "ISRU equal", "ISRU slower", "ISRU undecided"]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [f"{dtype}: time over that of ISRU" for dtype in DTYPES]


def test_the_map_says_how_often_which_word_holds(cells):
    said = message(cost_map(cells.assign(direction="slower")))
    both = "slower in 12 of 12 cells against"
    assert said == f"ISRU is {both} tanh; {both} the others"


def test_the_map_marks_what_was_not_measured_with_a_dash(cells):
    missing = (cells["form"] == "xla") & (cells["numerator"] == "table_tanh")
    assert texts(cost_map(cells[~missing])).count("–") == 2


def test_every_operation_has_a_row_and_every_time_a_mark():
    table = grid(form=("numpy", "libm"), dtype=DTYPES, arm=("tanh", "isru", "leaky_relu"))
    figure = cost_operations(table)
    shown = sum(len(marks.get_offsets()) for axes in figure.axes for marks in axes.collections)
    assert shown == len(table)
    names = {label.get_text() for label in figure.axes[0].get_yticklabels()}
    assert names == {"tanh", "ISRU, safe", "leaky relu"}
    assert figure.axes[0].get_xlabel() == "ns per element (float32)"


def test_the_curves_are_named():
    table = grid(
        form=("numpy", "simd", "fast"),
        dtype=DTYPES,
        size=(100, 1000),
        arm=("tanh", "isru_plain", "isru", "rational_tanh", "copy"),
    )
    figure = cost_sizes(table.assign(low=table["ns"], high=table["ns"]))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [name for name, _, _ in LINES.values()]
    assert figure.axes[0].get_ylabel() == "nanoseconds per element"


def test_the_inputs_of_every_row_are_marked():
    table = grid(
        form=("libm", "simd", "numpy"),
        dtype=DTYPES,
        input=INPUT_MARKERS,
        arm=("tanh", "isru_plain"),
    )
    figure = cost_inputs(table)
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == list(reversed(INPUT_ROWS.values()))
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == [name for name, _ in INPUT_MARKERS.values()]


def test_negative_net_times_are_shown():
    net = grid(dtype=DTYPES, operation=("isru", "tanh"), process=(0, 1))
    net = net.assign(net=np.linspace(-2, 20, len(net)))
    fair = grid(dtype=DTYPES, operation=("isru", "tanh")).assign(unit=2.0, typical=3.0)
    figure = cost_original(net, fair)
    assert figure.axes[0].get_xlim()[0] < -2
    assert {label.get_text() for label in figure.axes[0].get_yticklabels()} == {"isru", "tanh"}
    assert message(figure).startswith("1 of the original procedure’s 8 times are below 0")


def test_the_roofline_names_its_points_and_roofs():
    before = plt.get_fignums()
    points = grid(form=("simd", "fast"), arm=("isru_plain", "relu"))
    points = points.assign(intensity=points["ns"], speed=10.0)
    figure = cost_roofline(points, {"bandwidth": 50.0, "peak": 100.0, "root": 9.0}, "float32")
    assert {"ISRU", "relu"} <= set(texts(figure)) and len(texts(figure)) == 4
    assert figure.axes[0].get_xlabel() == "operations per byte moved (float32)"
    assert plt.get_fignums() == before
