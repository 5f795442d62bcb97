"""The figures of the published numbers say a sentence, and each of their texts can be read.

Those of further chapters stand in test_migration_of_figures.
"""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from figure_checks import assert_readable, message

from isru import paths
from isru.answer.figure import step_times_figure
from isru.chapters.isru import figures as function
from isru.chapters.lstm.figures import amdahl_bounds, learning_curve, step_shares
from isru.chapters.microcontrollers.figures import call_costs, step_gains
from isru.chapters.neighbours import figures as neighbours
from isru.chapters.processors.figures import predicted_against_found
from isru.chapters.published_evidence import figures as published
from isru.chapters.smallest.figures import pruning, skill_against_cost

pytestmark = pytest.mark.slow
mpl.use("Agg")


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def table(name, folder="figures"):
    return pd.read_csv(paths.results() / folder / f"{name}.csv")


def split(name, column):
    """Return the rows of a figure's table that have a column, and the others."""
    both = table(name)
    return both[both[column].notna()], both[both[column].isna()]


def smallest():
    points, models = table("smallest-front"), table("smallest-baselines", "tables")
    return skill_against_cost(points, models, uj_per_cycle=1.9e-4, within=1.0)


def tails():
    curves = table("isru-tails")
    ratios = curves[curves["x"].isin([5, 10])].rename(columns={"isru_slope": "isru"})
    ratios = ratios.assign(tanh=ratios["tanh_slope"], ratio=ratios["isru"] / ratios["tanh_slope"])
    return function.tail_curves(curves, ratios[["x", "isru", "tanh", "ratio"]])


def stand_ins():
    return neighbours.approximations(table("neighbours-approximations"), 1 / 256, {})


FIGURES = {
    "smallest-front": smallest,
    "smallest-pruning": lambda: pruning(table("smallest-pruning")),
    "device-calls": lambda: call_costs(table("device-calls")),
    "device-steps": lambda: step_gains(table("device-steps")),
    "lstm-learning": lambda: learning_curve(table("lstm-learning"), 0.1),
    "lstm-shares": lambda: step_shares(table("lstm-shares")),
    "lstm-bounds": lambda: amdahl_bounds(
        table("lstm-bounds"), table("lstm-compiled-bounds", "tables")
    ),
    "processors-rule": lambda: predicted_against_found(table("processors-rule")),
    "processors-dots": lambda: step_times_figure(table("processors-dots")),
    "isru-function": lambda: function.function_curves(table("isru-function")),
    "isru-derivative": lambda: function.derivative_curves(table("isru-derivative"), (1.6, 0.15)),
    "isru-integral": lambda: function.integral_curves(table("isru-integral")),
    "isru-tails": tails,
    "isru-identities": lambda: function.identity_curves(
        table("isru-identities"), {"height": 1.2, "output": 0.768}
    ),
    "isru-origin": lambda: function.origin_curves(table("isru-origin")),
    "neighbours-atlas": lambda: neighbours.atlas(table("neighbours-atlas")),
    "neighbours-joints": lambda: neighbours.joints(table("neighbours-joints")),
    "neighbours-approximations": stand_ins,
    "neighbours-rsqrt": lambda: neighbours.rsqrt_errors(*split("neighbours-rsqrt", "q")),
    "neighbours-hazards": lambda: neighbours.hazards(*split("neighbours-hazards", "dtype")),
    "published-net-times": lambda: published.published_net_times(
        table("published-net-times").set_index("machine")
    ),
    "published-loss": lambda: published.published_loss(table("published-loss"), margin=1),
    "published-threads": lambda: published.published_threads(table("published-threads")),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_a_sentence_and_can_be_read(name):
    assert_readable(FIGURES[name]())


def test_a_sentence_follows_its_numbers():
    marks = table("processors-dots")
    halved = marks.assign(**{name: marks[name] / 2 for name in ("ratio", "low", "high")})
    lowest = marks.loc[(marks["how"] == "measured") & (marks["against"] == "tanh"), "ratio"].min()
    assert f" {lowest:.2f} to " in message(step_times_figure(marks))
    assert f" {lowest / 2:.2f} to " in message(step_times_figure(halved))
