"""Other numbers, other words: the sentences of the figures follow what is drawn."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_checks import message

from isru.chapters.activation_cost import figures as cost
from isru.chapters.convolutions.figures import saving_gaps
from isru.chapters.convolutions.figures_learning import beside_the_paper, octaves_of_channels
from isru.chapters.frontier.figures import cycles_against_error
from isru.chapters.frontier.ladder_page import ladder_figure
from isru.chapters.isru.figures import function_curves
from isru.chapters.processors.figures import predicted_against_found
from isru.chapters.published_evidence.figures import published_loss, published_net_times
from isru.chapters.speed_goals.figures import roofline

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_a_prediction_counts_where_it_is_near_what_was_found():
    """25 % of what was found, not of what was predicted."""
    calls = pd.DataFrame({"found": [1.0, 1.0, 1.0], "unseen": [1.24, 1.3, 0.76]})
    calls["group"] = "measured"
    said = "of 3 predictions by a rule that had not seen the platform lie within 25 % of what was"
    assert f"2 {said} found" == message(predicted_against_found(calls))
    turned = calls.rename(columns={"found": "unseen", "unseen": "found"})
    assert f"2 {said} found" == message(predicted_against_found(turned.assign(unseen=0.94)))


@pytest.mark.parametrize(
    ("lift", "said"),
    [
        (0.0, "1 of 2 published net times of ISRU are below 0: they tell a difference, no ratio"),
        (9.0, "0 of 2 published net times of ISRU are below 0"),
    ],
)
def test_only_net_times_below_0_tell_no_ratio(lift, said):
    times = pd.DataFrame({"tanh": [20.0, 12.0], "isru": [-1.0 + lift, 3.0]}, index=["one", "two"])
    assert message(published_net_times(times)) == said


@pytest.mark.parametrize(("worst", "inside"), [(4.0, 0), (0.5, 1)])
def test_a_published_loss_is_counted_where_it_hardly_changed(worst, inside):
    grid = pd.DataFrame({"units": [8, 16], "layers": 1, "grid": "small"})
    grid["loss_difference_last10_percent"] = [-1.9, worst]
    assert message(published_loss(grid, margin=1)) == (
        f"ISRU changed the published training loss by −1.9 to +{worst} %, in {inside} of 2 "
        "configurations by at most 1 %"
    )


def test_what_differs_between_seeds_stands_beside_the_papers_differences():
    runs = pd.DataFrame({"arm": "isrlu_1", "difference": [-0.4, 0.5]})
    paper = pd.DataFrame({"arm": ["isrlu_1", "relu"], "difference": [0.03, -0.21]})
    assert message(beside_the_paper(runs, paper)) == (
        "Differences from ELU lie up to 0.90 pp apart between the seeds of one activation; the "
        "paper's are at most 0.03 pp"
    )


def test_octaves_at_the_end_are_told_with_the_ends_that_there_are():
    table = pd.DataFrame({"arm": ["isrlu_1"], "octaves": 0.2, "low": -0.1, "high": np.nan})
    both = pd.concat([table.assign(measure="end"), table.assign(measure="area", octaves=0.7)])
    assert message(octaves_of_channels(both)) == (
        "Octaves from ELU at the end of the training: ISRLU with α = 1: +0.20 (−0.10 to no end)"
    )


@pytest.mark.parametrize(("shift", "counts"), [(0.0, (1, 0, 2)), (-9.0, (0, 2, 1))])
def test_a_gap_counts_only_where_its_interval_leaves_the_band(shift, counts):
    gaps = pd.DataFrame({"form": "compiled", "batch": 1, "units": [10, 30, 100]})
    gaps["gap"] = np.array([5.0, 4.0, 1.0]) + shift
    gaps = gaps.assign(low=gaps["gap"] - 2.5, high=gaps["gap"] + 2.5)
    lstm, convolution, rest = counts
    assert message(saving_gaps(gaps, margin=2)) == (
        f"More to gain: the LSTM in {lstm} of 3 cases, the 3 × 3 convolution in {convolution}, by "
        f"more than 2 pp; the other {rest} do not tell"
    )


def test_cells_of_the_map_are_counted_by_their_words():
    cells = pd.DataFrame({"numerator": ["tanh", "tanh", "hard_tanh"], "ratio": [2.0, 1.0, 0.5]})
    cells["direction"] = ["faster", "undecided", "slower"]
    assert cost._map_message(cells) == (
        "ISRU is faster in 1, undecided in 1 of 2 cells against tanh; slower in 1 of 1 cells "
        "against the others"
    )
    assert cost._map_message(cells[:1]) == "ISRU is faster in 1 of 1 cells against tanh"


@pytest.mark.parametrize(
    ("cycles", "rest"), [(30.0, "; for no more cycles a joint comes as near as 0.01"), (41.0, "")]
)
def test_the_cheapest_smooth_function_is_told_with_what_is_nearer_for_no_more(cycles, rest):
    points = pd.DataFrame({"name": ["ISRU", "a ladder", "a joint"], "cycles": [40.0, 50, cycles]})
    points["error"] = [0.07, 0.02, 0.01]
    points["smoothness"] = ["analytic", "analytic", "C0"]
    points = points.assign(monotone=True, front=True, class_front=True, source="formula")
    assert message(cycles_against_error(points)) == (
        f"Of 2 analytic functions the cheapest is ISRU: 40 cycles, 0.07 from tanh{rest}"
    )


def test_the_ladders_distances_are_those_of_its_first_rungs():
    gaps = pd.DataFrame({"x": [0, 1, 2]} | {f"n_{n}": [0, 3 / n, 1 / n] for n in (1, 2, 3, 4)})
    errors = pd.DataFrame({"n": [4, 1], "error": [0.01, 0.1], "scaled_error": [0.004, 0.05]})
    limits = {"constant": 0.2, "scaled_constant": 0.06}
    assert message(ladder_figure(gaps, errors, limits)) == (
        "The n-th rung’s distance from tanh is 0.1 at n = 1, 0.01 at n = 4; it tends to 0.2/n²"
    )


def test_programs_stand_under_the_roof_in_the_order_of_their_speeds():
    rates = pd.DataFrame({"arm": ["product", "copy", "numpy", "c"], "intensity": [9.0, 1, 1, 2]})
    rates["gflops"] = [100.0, 30.0, 20.0, 50.0]
    said = "Of a large product's speed, training steps reach at best: "
    assert message(roofline(rates)) == f"{said}C 50 %, NumPy 20 %"
    rates["gflops"] = [200.0, 30.0, 20.0, 10.0]
    assert message(roofline(rates)) == f"{said}NumPy 10 %, C 5 %"


def test_the_distances_from_tanh_are_those_of_the_curves():
    curves = pd.DataFrame({"x": [-3.0, 0.0, 3.0], "tanh": [-1.0, 0, 1]})
    curves = curves.assign(isru=[-0.95, 0, 0.9], softsign=[-0.75, 0, 0.7])
    assert message(function_curves(curves)) == (
        "ISRU is nowhere further than 0.100 from tanh; softsign up to 0.30"
    )
