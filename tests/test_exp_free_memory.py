"""Tasks to remember: what is asked, when it is solved, what a gate must do to hold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from isru.activations import get_activation
from isru.chapters.exp_free.memory_tasks import (
    CONTROL,
    SOLVED,
    Task,
    by_length,
    choose_rates,
    input_to_hold,
    memory_row,
    update_ratios,
)
from isru.data.memory import BLANK, CUE, adding, copying

pytestmark = pytest.mark.slow


def seeded(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("steps", [2, 5, 40])
def test_two_numbers_are_marked_one_in_each_half_and_their_sum_is_asked(steps):
    x, target = adding(seeded(), 50, steps)
    marks = x[:, :, 1]
    assert (marks[:, : steps // 2].sum(axis=1) == 1).all()
    assert (marks[:, steps // 2 :].sum(axis=1) == 1).all()
    chosen = [row[row[:, 1] == 1, 0].sum() for row in x]
    np.testing.assert_allclose(target[:, 0], chosen, rtol=1e-6)
    assert target.shape == (50, 1) and x.dtype == target.dtype == np.float32


def test_who_knows_no_marks_errs_by_a_sixth():
    _, target = adding(seeded(), 20_000, 4)
    assert np.mean((target - 1) ** 2) == pytest.approx(1 / 6, rel=0.03)


@pytest.mark.parametrize("delay", [1, 7])
def test_symbols_are_asked_again_after_the_delay_and_the_cue(delay):
    x, target = copying(seeded(), 30, delay, length=2, symbols=3)
    assert x.shape == target.shape == (30, delay + 4)
    np.testing.assert_array_equal(x[:, :2], target[:, -2:])
    assert (x[:, delay + 1] == CUE).all() and (x[:, -2:] == BLANK).all()
    assert (target[:, :-2] == BLANK).all() and set(np.unique(x[:, :2])) == {2, 3, 4}


@pytest.mark.parametrize("make", [adding, copying])
def test_equal_generators_make_equal_sequences(make):
    for one, other in zip(make(seeded(3), 4, 6), make(seeded(3), 4, 6), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (make(seeded(3), 4, 6)[0] != make(seeded(4), 4, 6)[0]).any()


def test_what_leaves_nothing_to_remember_is_refused():
    with pytest.raises(ValueError, match="steps: expected at least 2, got 1"):
        adding(seeded(), 1, 1)
    with pytest.raises(ValueError, match="delay: expected at least 1, got 0"):
        copying(seeded(), 1, 0)


EASY = Task("adding", "exp_free", 4, 0, units=16, learning_rate=0.01, judged_every=10)


@pytest.mark.parametrize("case", [EASY, replace(EASY, task="copying", arm="tanh", steps=1)])
def test_a_network_learns_to_remember_and_its_frozen_gates_do_not_let_it(case):
    row = memory_row(case)
    assert row["solved"] and row["error"] < SOLVED[case.task]
    assert 0 < row["updates"] < case.most_updates and row["updates"] % 10 == 0
    if case.task == "adding":
        given = replace(case, arm=CONTROL, steps=16, most_updates=row["updates"] + 100)
        row = memory_row(given)
        assert not row["solved"] and row["updates"] == given.most_updates
        assert row["error"] > 3 * SOLVED["adding"]


def test_a_row_is_the_same_every_time():
    case = replace(EASY, most_updates=30)
    assert memory_row(case) == memory_row(case)


@pytest.mark.parametrize("name", ["sigmoid", "isru_sigmoid"])
@pytest.mark.parametrize("steps", [2, 100, 10_000])
def test_the_input_that_holds_half_does_so(name, steps):
    entry = get_activation(name)
    assert entry.value(input_to_hold(entry, steps)) ** steps == pytest.approx(0.5, rel=1e-6)


def test_an_isru_gate_pays_the_root_of_the_time_and_the_logistic_function_its_logarithm():
    isru = [input_to_hold("isru_sigmoid", steps) for steps in (10_000, 40_000)]
    logistic = [input_to_hold("sigmoid", steps) for steps in (10_000, 40_000)]
    assert isru[1] / isru[0] == pytest.approx(2, rel=1e-3)
    assert logistic[1] - logistic[0] == pytest.approx(np.log(4), rel=1e-3)


def rows(**updates):
    return pd.DataFrame(
        {"task": "adding", "arm": arm, "steps": steps, "seed": seed, "updates": counts[place]}
        | {"solved": counts[place] < 900, "learning_rate": 0.01}
        for arm, counts in updates.items()
        for seed in range(2)
        for place, steps in enumerate((10, 20))
    )


def test_ratios_are_means_over_lengths_of_each_seed():
    found = update_ratios(rows(tanh=(100, 200), exp_free=(200, 800)))
    assert found["arm"].unique() == ["exp_free"] and len(found) == 2
    np.testing.assert_allclose(found["ratio"], np.sqrt(2 * 4))


def test_the_table_counts_what_was_solved():
    table = by_length(rows(tanh=(100, 900)))
    assert table["solved"].tolist() == [2, 0] and table["seeds"].tolist() == [2, 2]
    assert table["median"].tolist() == [100, 900]


def test_the_quicker_learning_rate_is_chosen_for_each_task_and_arm():
    slow = rows(tanh=(300, 300), isru=(100, 100))
    quick = rows(tanh=(200, 200), isru=(900, 100)).assign(learning_rate=0.1)
    chosen = choose_rates(pd.concat([slow, quick]))
    assert chosen == {("adding", "tanh"): 0.1, ("adding", "isru"): 0.01}
    assert choose_rates(pd.DataFrame()) == {}


def test_an_unknown_task_is_refused():
    with pytest.raises(ValueError, match=r"task: expected one of .*got 'sorting'"):
        Task("sorting", "tanh", 3, 0)
