"""Marks, colours and sentences that figures share: nothing is lost, nothing is told twice."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from isru.drawing.marks import draw_estimates, view
from isru.drawing.sentences import equivalent_counts
from isru.drawing.style import COLOURS, OTHERS, arm_dash, arm_marker
from isru.studies.arms import ARMS


def test_a_stray_point_and_wide_intervals_do_not_squeeze_the_rest():
    estimates = [1.0, 2.0, -1.0, 0.5, 90.0]
    low, high = view(estimates, [-500.0, 500.0], least=1.0)
    assert low < -1.0 and 2.0 < high < 10.0
    assert view([0.1, np.nan], [0.0, 0.2], least=5.0) == pytest.approx((-5.5, 5.5))


@pytest.mark.parametrize("estimates", [[], [np.nan, np.nan]])
def test_a_view_of_nothing_reaches_as_far_as_it_must(estimates):
    assert view(estimates, estimates, least=5.0) == (-5.0, 5.0)
    assert view([1.0], [np.nan, np.nan], least=5.0) == pytest.approx((-5.5, 5.5))


def test_what_lies_beyond_the_view_stands_at_its_edge_and_the_undecided_are_hollow():
    rows = pd.DataFrame({"saving": [1.0, 90.0, -2.0], "low": [0.0, 80, -9], "high": [2.0, 99, 3]})
    axes = Figure().subplots()
    axes.set_ylim(-5, 5)
    look = {"colour": "#123456", "marker": "s"}
    draw_estimates(axes, [1, 2, 3], rows, "saving", decided=[True, True, False], **look)
    (head,) = [line for line in axes.lines if line.get_marker() == "^"]
    assert head.get_xydata().tolist() == [[2.0, 5.0]]
    (hollow,) = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert hollow.get_xydata().tolist() == [[3.0, -2.0]]


def test_tanh_and_isru_are_told_apart_without_colours():
    assert arm_marker("tanh") != arm_marker("isru") and arm_dash("tanh") != arm_dash("isru")
    assert not {*OTHERS} & {*COLOURS.values()}, "a colour of a function for what is none"


def test_equivalent_arms_are_counted_in_the_order_of_their_names():
    table = pd.DataFrame(
        {"arm": ["hard", "isru", "isru"], "word": ["worse", "equivalent", "worse"]}
    )
    names = {arm: ARMS[arm].label for arm in ("isru", "exp_free", "hard")}
    assert equivalent_counts(table, names) == "ISRU in 1 of 2 and hard in 0 of 1"
