"""What stands beside the octaves: frameworks, a reader's own task, its time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from isru.chapters.accuracy import own
from isru.chapters.accuracy.frameworks import framework_differences, train_case_in_keras
from isru.chapters.accuracy.study import beside_second, check_seeds, judged, judged_own
from isru.chapters.accuracy.tasks import TASKS
from isru.chapters.accuracy.training import DECIDING, Case, train_case
from isru.studies.octaves import by_task, chosen

LOSSES = {  # by framework and arm, of two seeds
    ("numba", "tanh"): (1.0, 1.2),
    ("numba", "isru"): (1.1, 1.3),
    ("numba", "half"): (1.5, 1.7),
    ("keras", "tanh"): (1.0, 1.4),
    ("keras", "isru"): (1.3, 1.5),
}


def rows_of(framework: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"task": "digits", "arm": arm, "seed": seed, "rate": 0.02, "test": loss}
            for (name, arm), losses in LOSSES.items()
            for seed, loss in enumerate(losses)
            if name == framework
        ]
    )


def test_frameworks_and_activations_are_compared_by_seed_in_octaves():
    other = rows_of("numba").assign(rate=0.05, test=9.0)
    compiled = pd.concat([rows_of("numba"), other])
    found = framework_differences(compiled, rows_of("keras"))
    octaves = found.set_index("contrast")["octaves"]
    assert octaves["activation_numba"] == pytest.approx(0.2)  # (1.1 - 1.0) / 0.5, both seeds
    assert octaves["activation_keras"] == pytest.approx(0.4)  # (0.3 + 0.1) / 2 / 0.5
    assert octaves["framework_tanh"] == pytest.approx(0.2)
    assert octaves["framework_isru"] == pytest.approx(0.4)
    assert set(found["n"]) == {2}


def test_without_networks_of_keras_there_is_nothing_to_compare():
    found = framework_differences(rows_of("numba"), pd.DataFrame())
    assert found.empty and "octaves" in found


def test_a_network_of_keras_without_a_finite_loss_is_not_left_out_silently():
    keras = rows_of("keras")
    keras.loc[0, "test"] = np.nan
    with pytest.raises(ValueError, match=r"digits: expected 2 seeds with finite losses.*got 1"):
        framework_differences(rows_of("numba"), keras)


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["tanh", "isru"])
def test_keras_trains_the_same_network_on_the_same_batches(monkeypatch, arm):
    monkeypatch.setitem(TASKS, "digits", replace(TASKS["digits"], epochs=1, rates=(0.02,)))
    case = Case("digits", arm, 17, (0.02,))
    one, other = train_case(case), train_case_in_keras(case)
    assert one["parameters"] == other["parameters"] and one["epoch"] == other["epoch"]
    np.testing.assert_allclose(one["test"], other["test"], rtol=1e-3)


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(17)
    inputs = rng.standard_normal((120, 3, 2))
    np.savez(tmp_path / "mine.npz", inputs=inputs, targets=(inputs.sum((1, 2)) > 0).astype(int))
    return tmp_path / "mine.npz"


@pytest.mark.slow
def test_a_readers_task_gets_the_seeds_that_its_minutes_allow_and_says_so_before(
    file, monkeypatch, capsys
):
    said = []
    monkeypatch.setattr(own, "seconds_of_a_seed", lambda *_: 20.0)
    sweep = own.run_sweep

    def watched(*arguments, **settings):
        said.append(capsys.readouterr().out)
        return sweep(*arguments, progress=False, **settings)

    monkeypatch.setattr(own, "run_sweep", watched)
    rows = own.own_task_rows(str(file), 1.0, 40, 1, None)
    assert "3 seeds of 5 arms, about 1.0 minutes" in said[0]
    assert set(rows["seed"]) == {40, 41, 42} and set(rows["arm"]) == set(DECIDING)
    found = judged_own(rows).set_index("arm")
    assert set(found.index) == set(DECIDING) - {"tanh", "half"}
    assert found.loc["three_quarters", "word"] == ""
    words = found["word"].drop("three_quarters")
    assert set(words) <= {"non-inferior", "worse", "inconclusive"}


@pytest.mark.slow
def test_kept_rows_of_a_readers_task_are_those_of_its_present_content(file, tmp_path, monkeypatch):
    monkeypatch.setattr(own, "seconds_of_a_seed", lambda *_: 20.0)
    monkeypatch.setattr(own, "DECIDING", ("tanh",))

    def row():
        own._task.cache_clear()
        return own.own_task_rows(str(file), 1.0, 40, 1, tmp_path / "rows")

    before = row()
    pd.testing.assert_frame_equal(row(), before)
    held = dict(np.load(file))
    np.savez(file, inputs=held["inputs"][::-1], targets=held["targets"])
    assert (row()["test"] != before["test"]).any()


def test_without_a_file_there_is_no_task_to_judge():
    assert judged_own(own.own_task_rows("", 1.0, 0, 1, None)).empty


TASK_NAMES = ("vowels", "digits", "laser", "narma", "dyck", "characters")


def losses(start: int, tasks=TASK_NAMES, **costs: float) -> pd.DataFrame:
    """Return rows of training, half the units costing 1 and three quarters 0.4."""
    rng = np.random.default_rng(start)
    costs = {"tanh": 0.0, "half": 1.0, "three_quarters": 0.4} | costs
    rows = [
        {"task": task, "arm": arm, "seed": start + place, "rate": 0.01, "validation": 1.0}
        | {"test": cost + 0.1 * rng.normal(), "diverged": False}
        for task in tasks
        for arm, cost in costs.items()
        for place in range(20)
    ]
    return pd.DataFrame(rows)


def test_three_quarters_of_the_units_take_no_part_in_the_correction_of_a_readers_task():
    rows = losses(17, ["digits"], isru=0.1, exp_free=0.1)
    without = rows[rows["arm"] != "three_quarters"]
    found = judged_own(rows).set_index("arm")["p_holm"]
    expected = judged(without, {}).set_index("arm")["p_holm"]
    assert found.drop("three_quarters").to_dict() == expected.to_dict()
    assert np.isnan(found["three_quarters"])


def test_a_second_run_stands_beside_the_first_with_their_difference():
    one, other = (by_task(chosen(losses(s, isru=c))) for s, c in ((0, 0.0), (1000, 0.5)))
    rng = np.random.default_rng(17)
    found = beside_second(one, other, rng=rng).set_index("arm")
    isru, three = found.loc["isru"], found.loc["three_quarters"]
    assert (isru["word"], isru["second_word"], isru["same"]) == ("equivalent", "worse", False)
    assert isru["difference_low"] < 0.5 < isru["difference_high"]
    assert isru["difference"] == pytest.approx(isru["second"] - isru["octaves"], abs=0.02)
    assert three["same"] and three["difference_low"] < 0 < three["difference_high"]
    assert (found["tasks"] == len(TASK_NAMES)).all()


def test_a_task_that_counts_in_one_run_only_is_not_in_the_difference():
    one, other = (by_task(chosen(losses(start, isru=0.0))) for start in (0, 1000))
    other.loc[other["task"] == "laser", ["octaves", "counts"]] = [99.0, False]
    found = beside_second(one, other, rng=np.random.default_rng(17)).set_index("arm")
    assert found.loc["isru", "tasks"] == len(TASK_NAMES) - 1
    assert abs(found.loc["isru", "difference"]) < 0.1


def test_without_a_second_run_its_table_has_columns_and_no_rows():
    one = by_task(chosen(losses(0, isru=0.0)))
    found = beside_second(one, one[:0], rng=np.random.default_rng(17))
    assert found.empty
    assert list(found) == list(beside_second(one, one, rng=np.random.default_rng(17)))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cell_seeds": [4, 1, 4]}, "cell_seeds: expected 0 or at least 2, got 1"),
        ({"described_seeds": [1]}, "described_seeds: expected 0 or at least 2, got 1"),
        ({"second_seed": 3100}, r"second_seed: .* 160 or more away from first_seed, 3000"),
    ],
)
def test_seeds_that_allow_no_answer_are_refused_before_the_training(wrong, said):
    right = {"second_seed": 13000, "cell_seeds": [0, 4], "described_seeds": [0]}
    check_seeds({"vowels": 120, "watch": 160}, 3000, **right)
    with pytest.raises(ValueError, match=said):
        check_seeds({"vowels": 120, "watch": 160}, 3000, **(right | wrong))
