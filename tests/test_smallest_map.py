"""The map of small networks: counts of its fronts, budgets, and what a choice is worth."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from isru.chapters.smallest.map import (
    against,
    answer_all,
    budgets,
    front_counts,
    gru_worth,
    least,
    mapped,
    network_name,
    worth,
)
from isru.chapters.smallest.pareto import Answer
from isru.stats import Interval
from isru.studies.battery import Device

DEVICE = Device(64, 4, 3, 3, 220, steps_per_second=100)
ARMS = {"libm": "tanh", "exp_free": "exp_free", "table": "tanh"}
PRICES = {"libm": 300.0, "table": 200.0, "exp_free": 100.0, "integer_isru": 50.0}


@pytest.fixture
def costs():
    """An LSTM's costs grow with its units; a GRU has three quarters of them."""
    rows = []
    for cell, units, arm, weights in product(("lstm", "gru"), (2, 4), ARMS, ("float32", "int8")):
        factor = units * (0.75 if cell == "gru" else 1.0)
        cycles = factor * PRICES[arm] * (1.1 if weights == "int8" else 1)
        size = factor * (40 if weights == "float32" else 10)
        rows.append((cell, ARMS[arm], str(units), weights, arm, cycles, size))
    for units in (2, 4):
        whole = ("lstm", "exp_free", str(units), "integer", "integer_isru")
        rows.append((*whole, units * PRICES["integer_isru"], units * 10.0))
    names = ["cell", "family", "hidden", "weights", "arm", "cycles", "flash"]
    return pd.DataFrame(rows, columns=names).assign(target="core", task="rain", ram=8)


@pytest.fixture
def skills(costs):
    """Larger is better by 3 pp, a GRU by 1 pp; int8 loses 0.5 pp, integers 2 pp."""
    known = costs.drop_duplicates(["cell", "family", "hidden", "weights"])
    rows = []
    for row in known.itertuples():
        level = 80 + 1.5 * int(row.hidden) + (row.cell == "gru")
        level -= {"float32": 0, "int8": 0.5, "integer": 2}[row.weights]
        for seed, noise in enumerate((0.1, -0.1, 0.0)):
            rows.append((row.task, row.cell, row.family, row.hidden, seed, row.weights))
            rows[-1] += (level + noise,)
    names = ["task", "cell", "family", "hidden", "seed", "weights", "skill"]
    return pd.DataFrame(rows, columns=names)


def test_every_point_is_counted_once_on_each_front(costs, skills):
    points, _ = mapped(costs, skills, DEVICE, "core")
    cases = ["by", "task", "kind", "state"]
    counts = front_counts(points).set_index(cases)["count"].sort_index()
    for by in ("cycles", "flash"):
        words = counts[by, "rain", "all"]
        assert words.sum() == len(points) and words["on"] > 0
        kinds = sum(counts[by, "rain", name, "on"] for name in ("isru", "tanh", "hard"))
        assert kinds == words["on"]


def test_energy_and_intervals_stand_beside_each_point(costs, skills):
    points, samples = mapped(costs, skills, DEVICE, "core")
    assert points["step_uj"].to_numpy() == pytest.approx(points["cycles"] / 64 * 4 * 3 / 1000)
    assert points["skill"].between(points["low"], points["high"]).all()
    assert mapped(costs, skills, DEVICE, "another")[0]["step_uj"].isna().all()
    assert samples[0].shape == (3,)


def test_steps_a_second_leave_each_step_the_clocks_share():
    found = budgets([900], [8], [6400], DEVICE)
    assert found == {
        "none": {},
        "flash 900": {"flash": 900},
        "RAM 8": {"ram": 8},
        "6400 steps/s": {"cycles": pytest.approx(10_000)},
    }


def test_each_budget_has_its_answer_or_says_that_nothing_fits(costs, skills):
    points, samples = mapped(costs, skills, DEVICE, "core")
    limits = {"none": {}, "flash 10": {"flash": 10}, "1 steps/s": {"cycles": 250}}
    found, table = answer_all(points, samples, limits, within=1)
    best = points.loc[found["core", "rain", "none"].label]
    assert (best["cell"], best["hidden"], best["arm"], best["weights"]) == (
        *("gru", "4", "exp_free"),
        "float32",
    )
    assert list(table["fits"]) == [True, False, True]
    assert found["core", "rain", "flash 10"] is None
    assert network_name(best) == "GRU of 4 units, exp-free, float32 weights"
    assert table["cycles"][2] <= 250
    assert list(table["least"].dropna()) == list(table["cycles"].dropna()), "nothing is open here"
    assert points["step_uj"][0] == pytest.approx(points["cycles"][0] / 64 * 4 * 3 / 1000)


def test_the_least_is_the_cheapest_that_the_seeds_leave_open():
    points = pd.DataFrame({"cycles": [30.0, 10.0, 20.0, 5.0]})
    answer = Answer(0, Interval(90, 89, 91), 89.5, True, True, doubtful=(2, 1))
    assert least(points, answer).name == 1
    assert least(points, replace(answer, doubtful=())).name == 0


def test_a_core_without_cycles_has_no_answer_to_a_limit_of_them(costs, skills):
    bare = costs.assign(instructions=costs["cycles"], cycles=np.nan)
    points, samples = mapped(bare, skills, DEVICE, "core")
    _, table = answer_all(points, samples, {"1 steps/s": {"cycles": 1e9}, "none": {}}, within=1)
    assert list(table["limit"]) == ["none"]


def test_a_choice_is_worth_what_its_costs_say(costs, skills):
    found = worth(costs, skills, 4)
    assert found["equal_units_table"] == (pytest.approx(2), "units")
    assert found["unit_cycles"] == (pytest.approx(100), "cycles")
    assert found["unit_share"] == (pytest.approx(25), "%")
    assert found["int8_flash"] == (pytest.approx(25), "%")
    assert found["integer_cycles"] == (pytest.approx(-50), "%")
    assert found["int8_skill"][0] == pytest.approx(0.5)
    assert found["integer_skill"][0] == pytest.approx(2)


def test_a_gru_is_held_against_the_lstm_of_equal_units_and_seeds(costs, skills):
    units, shares, gains = gru_worth(costs, skills)
    assert (units, shares) == (4, {"cycles": 75, "flash": 75})
    assert gains["rain"] == pytest.approx((1, 1, 1))
    assert gru_worth(costs[costs["cell"] == "lstm"], skills) is None


def test_a_rival_is_told_apart_only_beyond_the_interval():
    best = Interval(5.0, 4.0, 6.0)
    assert [against(best, rival) for rival in (3, 5, 7)] == [
        *("above", "not told apart from"),
        "below",
    ]
