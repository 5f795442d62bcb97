"""Differences over seeds and days: their means are the paired ones, their intervals meet both."""

import numpy as np
import pandas as pd
import pytest

from isru.studies.days import over_seeds_and_days
from isru.studies.paired import differences

SEEDS, DAYS = 8, 70


def text(sums):
    return " ".join(f"{total:.9g}" for total in sums)


@pytest.fixture
def days():
    rng = np.random.default_rng(0)
    windows = rng.integers(10, 25, DAYS)
    return pd.DataFrame({"windows": windows, "persistence": windows * rng.uniform(0.5, 2, DAYS)})


def rows(days, by_seed, by_day):
    """Return rows of both targets; ISRU's errors and wrong answers exceed tanh's by day or seed."""
    rng, found = np.random.default_rng(1), []
    count, known = days["windows"].to_numpy(), days["persistence"].to_numpy()
    for seed in range(SEEDS):
        base = known * rng.uniform(0.4, 0.6)
        more = known * (by_seed * rng.normal(1, 1) + by_day)
        for arm, losses in {"tanh": base, "isru": base + more}.items():
            right = count * (0.9 if arm == "tanh" else 0.88)
            row = {"arm": arm, "units": 10, "seed": seed, "day_losses": text(losses)}
            skill = 100 * (1 - losses.sum() / known.sum())
            found.append(row | {"target": "change", "skill": skill})
            share = 100 * right.sum() / count.sum()
            rain = {"accuracy": share, "loss": losses.sum() / count.sum(), "day_right": text(right)}
            found.append(row | {"target": "rain"} | rain)
    return pd.DataFrame(found)


def compared(table, days, metric):
    found = over_seeds_and_days(table, days, rng=np.random.default_rng(2))
    return found.set_index("metric").loc[metric]


@pytest.mark.parametrize("metric", ["skill", "accuracy", "loss"])
def test_the_mean_is_that_of_the_pairs(metric, days):
    table = rows(days, 0.01, 0.02)
    pairs = differences(table).query("metric == @metric")["difference"]
    found = compared(table, days, metric)
    assert found["n"] == SEEDS
    assert found["mean"] == pytest.approx(pairs.mean(), rel=1e-6)
    assert found["unit"] == ("%" if metric == "loss" else "pp")


def test_what_hangs_on_a_few_days_is_less_sure_than_over_seeds_alone(days):
    even = compared(rows(days, 0.01, 0.02), days, "skill")
    wet = np.where(np.arange(DAYS) < 7, 0.2, 0.0)
    one_week = compared(rows(days, 0.01, wet), days, "skill")
    assert one_week["high"] - one_week["low"] > 2 * (even["high"] - even["low"])


def test_days_are_drawn_with_their_neighbours(days):
    together = np.where(np.arange(DAYS) < 7, 0.2, 0.0)
    apart = np.where(np.arange(DAYS) % 10 == 0, 0.2, 0.0)
    days = days.assign(persistence=days["windows"].mean())
    wide, narrow = (compared(rows(days, 0.01, more), days, "skill") for more in (together, apart))
    assert wide["high"] - wide["low"] > 2 * (narrow["high"] - narrow["low"])


def test_what_hangs_on_the_seed_is_not_made_surer_by_many_days(days):
    table = rows(days, 0.05, 0.0)
    pairs = differences(table).query("metric == 'skill'")["difference"]
    found = compared(table, days, "skill")
    # 2.365: Student's t of 7 degrees of freedom
    half = 2.365 * pairs.std() / np.sqrt(SEEDS)
    assert found["high"] - found["low"] == pytest.approx(2 * half, rel=0.01)


def test_arms_are_paired_by_the_seeds_that_both_have(days):
    table = rows(days, 0.01, 0.02)
    fewer = table[(table["arm"] == "tanh") | (table["seed"] > 2)]
    assert compared(fewer, days, "skill")["n"] == SEEDS - 3
    alone = table[(table["arm"] == "tanh") | (table["seed"] == 2)]
    assert over_seeds_and_days(alone, days, rng=np.random.default_rng(2)).empty
