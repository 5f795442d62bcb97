"""Training in the chapter `accuracy`: pairs, rates, one look at the test part, resumption."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from isru import paths
from isru.chapters.accuracy import training
from isru.chapters.accuracy.own import MOST, seeds_within
from isru.chapters.accuracy.study import agreement, first, most_chosen, per_task
from isru.chapters.accuracy.tasks import TASKS, Part, Split
from isru.chapters.accuracy.training import (
    BEST_FORMULAS,
    CELLS,
    DECIDING,
    Case,
    build,
    plan,
    train_arm,
    train_cases,
)
from isru.cost import network_count
from isru.lstm import History
from isru.publish.parameters import declared_parameters
from isru.recorded import read_values

SEED = 17
RATES = (0.005, 0.02)


def small_split(seed: int) -> Split:
    rng = np.random.default_rng([seed, 5])

    def part(count):
        inputs = rng.standard_normal((count, 4, 3)).astype(np.float32)
        return Part(inputs, (inputs.sum((1, 2)) > 0).astype(int))

    return Split(part(48), part(16), part(32))


SMALL = replace(TASKS["digits"], split=small_split, units=8, epochs=3, batch=16, classes=2)


class Spy:
    """Stands in for training: notes what it is given, and changes no weight."""

    def __init__(self):
        self.calls = []

    def __call__(self, network, data, *, rng, **settings):
        weights = [array.copy() for array in network.get_weights()]
        self.calls.append((data, weights, rng.permutation(len(data[0])), settings))
        return History()


def spied(*arms: str, seed: int = SEED) -> list:
    spy = Spy()
    for arm in arms:
        train_arm(SMALL, SMALL.split(seed), arm, seed, RATES[:1], spy)
    return spy.calls


@pytest.mark.slow  # it compiles the engines where none are kept
def test_arms_of_a_seed_start_from_the_same_weights_and_see_the_same_batches():
    arms = [arm for arm in (*DECIDING, "identity", *BEST_FORMULAS) if training.ARMS[arm].share == 1]
    (data, weights, order, settings), *others = spied(*arms)
    assert settings["clip_norm"] == 1 and settings.get("patience") is None
    for other in others:
        np.testing.assert_array_equal(data[0], other[0][0])
        np.testing.assert_array_equal(order, other[2])
        for one, another in zip(weights, other[1], strict=True):
            np.testing.assert_array_equal(one, another)


def test_other_sizes_and_cells_share_data_and_order():
    (data, _, order, _), *others = spied("tanh", "half", "three_quarters", *CELLS)
    for other in others:
        np.testing.assert_array_equal(data[1], other[0][1])
        np.testing.assert_array_equal(order, other[2])


def test_another_seed_draws_other_data_weights_and_order():
    [one], [other] = spied("tanh"), spied("tanh", seed=SEED + 1)
    assert (one[0][0] != other[0][0]).any()
    assert (one[1][0] != other[1][0]).any()
    assert (one[2] != other[2]).any()


def test_half_and_three_quarters_name_their_share_of_the_units():
    split = SMALL.split(SEED)
    units = {arm: build(SMALL, split, arm, SEED).hidden_sizes[0] for arm in DECIDING}
    assert units == {"tanh": 8, "half": 4, "three_quarters": 6, "isru": 8, "exp_free": 8}


@pytest.mark.parametrize("arm", CELLS)
def test_other_cells_have_as_many_parameters_as_the_lstm_to_half_a_unit(arm):
    network = build(SMALL, SMALL.split(SEED), arm, SEED)
    own, cell = network.hidden_sizes[0], training.ARMS[arm].cell
    wanted = network_count(3, [8], 2).parameters
    sizes = [network_count(3, [own + d], 2, cell=cell).parameters for d in (-1, 0, 1)]
    assert network.parameters.size == sizes[1]
    assert sizes[0] < wanted < sizes[2]
    assert abs(sizes[1] - wanted) <= (sizes[2] - sizes[0]) / 4 + 2


def test_symbols_are_features_of_which_there_is_one_a_class():
    symbols = Part(np.zeros((4, 5), int), np.zeros((4, 5), int))
    task = replace(SMALL, classes=7, sequences=True)
    assert build(task, Split(symbols, symbols, symbols), "tanh", SEED).input_size == 7


class Watched:
    """Counts how often a part's inputs are asked for."""

    def __init__(self, part: Part):
        self._part, self.looks = part, 0

    @property
    def inputs(self):
        self.looks += 1
        return self._part.inputs

    @property
    def targets(self):
        return self._part.targets


def test_the_test_part_is_looked_at_once_a_network_after_its_training():
    split = SMALL.split(SEED)
    test, looks = Watched(split.test), []

    def fit(*_, **__):
        looks.append(test.looks)
        return History()

    train_arm(SMALL, split._replace(test=test), "tanh", SEED, RATES, fit)
    assert looks == [0, 1] and test.looks == 2


@pytest.mark.slow
def test_the_best_validation_epochs_weights_are_tested_and_a_rate_is_a_training_of_its_own():
    split = SMALL.split(SEED)
    row = train_arm(SMALL, split, "isru", SEED, RATES)
    again = train_arm(SMALL, split, "isru", SEED, RATES[1:])
    assert row["rate"] == list(RATES) and not any(row["diverged"])
    for name in ("validation", "test", "epoch"):
        assert row[name][1:] == again[name]
    fewer = train_arm(replace(SMALL, epochs=row["epoch"][0] + 1), split, "isru", SEED, RATES[:1])
    assert fewer["test"] == row["test"][:1] and fewer["test"] != fewer["validation"]
    assert 0 < row["test"][0] != row["test"][1] > 0


@pytest.mark.slow
def test_a_network_that_diverges_counts_with_its_last_good_weights():
    row = train_arm(SMALL, SMALL.split(SEED), "identity", SEED, (1e30,))
    assert row["diverged"] == [True] and row["epoch"] == [-1]
    assert np.isfinite(row["validation"] + row["test"]).all()


@pytest.fixture
def small(monkeypatch):
    """Put the small task in place of the digits, and keep none of its data for other tests."""
    training._split.cache_clear()
    monkeypatch.setitem(TASKS, "digits", SMALL)
    yield
    training._split.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_kept_rows_are_those_of_a_run_that_was_never_broken_off(tmp_path, monkeypatch):
    cases = plan({"digits": 2}, ("tanh", "isru"), SEED, {"digits": RATES})
    where = {"processes": 1, "progress": False}
    whole = train_cases(cases, **where)
    train_cases(cases[:1], cache=tmp_path, **where)

    def refused(*_, **__):
        raise AssertionError("trained again")

    kept = next(tmp_path.rglob("*.json")).read_bytes()
    resumed = train_cases(cases, cache=tmp_path, **where)
    pd.testing.assert_frame_equal(resumed, whole)
    assert any(path.read_bytes() == kept for path in tmp_path.rglob("*.json"))
    monkeypatch.setattr(training, "train_arm", refused)
    pd.testing.assert_frame_equal(train_cases(cases, cache=tmp_path, **where), whole)
    assert list(whole["rate"]) == [*RATES] * 4
    assert list(whole["arm"]) == ["tanh"] * 2 + ["isru"] * 2 + ["tanh"] * 2 + ["isru"] * 2


def test_an_unknown_arm_or_task_is_refused_before_the_training():
    with pytest.raises(ValueError, match="arm: expected one of"):
        Case("digits", "sine", 0, RATES)
    with pytest.raises(ValueError, match="task: expected one of"):
        Case("weather", "tanh", 0, RATES)


def test_described_arms_get_the_rate_that_tanh_chose_most_often():
    rates = [0.01, 0.01, 0.02, 0.05, 0.05]
    runs = pd.DataFrame({"task": "digits", "arm": "tanh", "rate": rates})
    other = runs.assign(arm="isru", rate=0.05)
    assert most_chosen(pd.concat([runs, other])) == {"digits": 0.01}  # the least of equals


def test_beside_described_arms_stand_the_first_seeds_of_tanh_and_half():
    rows = pd.DataFrame(
        [
            {"task": task, "arm": arm, "seed": seed, "rate": rate}
            for task in ("digits", "laser")
            for arm in ("tanh", "half", "isru")
            for seed in range(100, 104)
            for rate in RATES
        ]
    )
    found = first(rows, {"digits": 2}, 100, {"digits": RATES[0], "laser": RATES[0]})
    assert set(found["task"]) == {"digits"} and set(found["arm"]) == {"tanh", "half"}
    assert set(found["seed"]) == {100, 101} and set(found["rate"]) == {RATES[0]}
    assert len(first(rows, {"digits": 2}, 100)) == 8


def test_the_six_formulas_are_the_librarys_front_of_distance_and_cycles():
    points = pd.DataFrame(read_values("frontier", paths.results()).table("points").rows)
    known = points[
        (points["target"] == "cortex-m4f")
        & (points["use"] == "scaled")
        & (points["source"] == "library")
        & points["monotone"]
    ]
    front = set()
    for _, group in known.groupby("smoothness"):
        for row in group.itertuples():
            better = (group["error"] < row.error) & (group["cycles"] < row.cycles)
            front |= set() if better.any() else {row.point}
    functions = {training.ARMS[arm].activation for arm in BEST_FORMULAS}
    assert functions == front - {"tanh", "isru", "hard_tanh"}


def test_values_are_one_a_task_or_one_for_all():
    assert per_task("seeds", [3], ["a", "b"]) == {"a": 3, "b": 3}
    assert per_task("seeds", [3, 4], ["a", "b"]) == {"a": 3, "b": 4}
    with pytest.raises(ValueError, match="one for each of the 3 tasks, or one for all, got 2"):
        per_task("seeds", [3, 4], ["a", "b", "c"])


def test_runs_agree_where_their_intervals_meet():
    own = pd.DataFrame({"arm": "isru", "task": ["a", "b", "c"], "octaves": 0.0})
    own = own.assign(low=-1.0, high=1.0)
    ends = {"low": [0.4, 1.1, -1.5], "high": [0.6, 3.0, -0.9]}
    theirs = own.assign(octaves=[0.5, 2.0, -1.2], **ends)
    assert list(agreement(own, theirs)["agrees"]) == [True, False, True]


def test_as_many_seeds_as_the_stated_minutes_allow():
    assert seeds_within(1.0, 10.0, 1) == 6
    assert seeds_within(1.0, 10.0, 2) == 12
    assert seeds_within(1000.0, 0.1, 2) == MOST
    with pytest.raises(ValueError, match=r"own_minutes: expected at least 5, .* got 1"):
        seeds_within(1.0, 200.0, 2)


def test_the_quick_run_has_the_rates_that_tanh_chose_most_often_in_the_published_one():
    path = paths.results() / "tables" / "accuracy-networks.csv"
    if not path.is_file():
        pytest.skip("the chapter is not published yet")
    known = declared_parameters(paths.notebooks() / "accuracy.ipynb")
    quick = yaml.safe_load((paths.notebooks() / "parameters" / "quick.yml").read_text())
    tasks, often = known["tasks"].default, most_chosen(pd.read_csv(path))
    assert quick["accuracy"]["rates"] == [often[task] for task in tasks]
