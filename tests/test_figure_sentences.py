"""Other numbers, other words: the sentences of the figures follow what is drawn."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from figure_checks import message

from isru.chapters.convolutions.figures_learning import beside_the_paper
from isru.chapters.processors.figures import predicted_against_found
from isru.chapters.published_evidence.figures import published_net_times

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


def test_what_differs_between_seeds_stands_beside_the_papers_differences():
    runs = pd.DataFrame({"arm": "isrlu_1", "difference": [-0.4, 0.5]})
    paper = pd.DataFrame({"arm": ["isrlu_1", "relu"], "difference": [0.03, -0.21]})
    assert message(beside_the_paper(runs, paper)) == (
        "Differences from ELU lie up to 0.90 pp apart between the seeds of one activation; the "
        "paper's are at most 0.03 pp"
    )
