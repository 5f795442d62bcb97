"""The forecaster's rows: paired, repeatable, resumable; its baselines; its timed steps."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from isru.activations import ACTIVATIONS
from isru.data.forecast import forecast_windows
from isru.kernels import compiled_pair, rows
from isru.lstm import DivergenceError, History
from isru.studies import forecaster
from isru.studies.baselines import baseline_accuracies, baseline_skills, skill
from isru.studies.forecaster import (
    FORECASTER_ARMS,
    Case,
    choose_learning_rates,
    conditions,
    days_of_test,
    quality,
    quality_row,
    train_network,
)
from isru.studies.timed_steps import setup_activations, setup_step

pytestmark = pytest.mark.slow

SMALL = Case("isru", 4, 0, epochs=1, window=6, horizon=2, batch_size=512)


def test_a_row_is_the_same_every_time_and_in_another_process():
    cases = [replace(SMALL, arm=arm, test=True) for arm in ("tanh", "isru")]
    here = pd.DataFrame([quality_row(case) for case in cases])
    there = quality(cases, processes=2, progress=False)
    pd.testing.assert_frame_equal(here, there)
    assert here["skill"].nunique() == 2


def test_arms_of_one_seed_start_alike_and_see_the_same_batches(monkeypatch):
    seen = {}

    def spy(network, data, *, rng, **_):
        seen.setdefault("weights", []).append(network.get_weights())
        seen.setdefault("order", []).append(rng.permutation(len(data[0])))
        raise DivergenceError(np.inf, 0, 0, History())

    monkeypatch.setattr(forecaster, "train", spy)
    rows = [train_network(replace(SMALL, arm=arm))[1] for arm in FORECASTER_ARMS]
    for arrays in seen["weights"]:
        for first, other in zip(seen["weights"][0], arrays, strict=True):
            np.testing.assert_array_equal(first, other)
    assert all((order == seen["order"][0]).all() for order in seen["order"])
    assert all(row["diverged"] and row["best_epoch"] == -1 for row in rows)
    train_network(replace(SMALL, seed=1))
    assert (seen["order"][-1] != seen["order"][0]).any()


def test_nothing_is_said_about_the_test_part_unless_asked():
    row = quality_row(SMALL)
    assert not {"loss", "skill", "accuracy"} & set(row) and row["updates"] == 11


def test_the_rain_is_counted_case_by_case():
    row = quality_row(replace(SMALL, target="rain", test=True))
    rain = forecast_windows(window=6, horizon=2).test.rain
    assert row["tp"] + row["fn"] == rain.sum()
    assert row["tp"] + row["tn"] + row["fp"] + row["fn"] == len(rain)
    assert row["accuracy"] == pytest.approx(100 * (row["tp"] + row["tn"]) / len(rain))


@pytest.mark.parametrize("target", ["change", "rain"])
def test_what_a_row_says_of_its_days_adds_up_to_its_scores(target):
    case = replace(SMALL, target=target, test=True)
    row, days = quality_row(case), days_of_test(case)
    sums = {name: np.array(row[name].split(), float) for name in row if name.startswith("day_")}
    count = days["windows"].sum()
    assert count == len(forecast_windows(window=6, horizon=2).test.rain)
    # sums are kept to five digits
    assert sums["day_losses"].sum() / count == pytest.approx(row["loss"], rel=1e-4)
    if target == "change":
        share = sums["day_losses"].sum() / days["persistence"].sum()
        assert 100 * (1 - share) == pytest.approx(row["skill"], abs=1e-2)
    else:
        assert sums["day_right"].sum() == row["tp"] + row["tn"]


def test_finished_rows_are_taken_from_the_cache(tmp_path):
    cases = [SMALL, replace(SMALL, seed=1)]
    first = quality(cases[:1], processes=1, cache=tmp_path, progress=False)
    (stored,) = tmp_path.rglob("*.json")
    content = json.loads(stored.read_text())
    stored.write_text(json.dumps(content | {"row": content["row"] | {"updates": -5}}))
    both = quality(cases, processes=1, cache=tmp_path, progress=False)
    assert both["updates"].tolist() == [-5, first["updates"][0]]


def test_the_learning_rate_is_chosen_by_the_mean_over_seeds_for_each_arm():
    rows = pd.DataFrame(
        [
            ("tanh", 10, "change", rate, loss)
            for rate, losses in ((0.01, (1.0, 9.0)), (0.001, (4.0, 4.0)))
            for loss in losses
        ]
        + [("isru", 10, "change", 0.01, 1.0)],
        columns=["arm", "units", "target", "learning_rate", "validation_loss"],
    )
    assert choose_learning_rates(rows) == {
        ("tanh", 10, "change"): 0.001,
        ("isru", 10, "change"): 0.01,
    }
    assert choose_learning_rates(pd.DataFrame()) == {}


def test_the_plan_has_the_control_wherever_isru_is_and_every_arm_its_baseline():
    plan = conditions([10, 25], 5, more_arms=["hard", "isru"], more_units=[25, 50], more_seeds=2)
    counts = {entry[:3]: entry[3] for entry in plan}
    assert len(counts) == len(plan)
    for target in ("change", "rain"):
        for units in (10, 25):
            assert [counts[arm, units, target] for arm in ("tanh", "isru", "identity")] == [5] * 3
            assert counts["hard", units, target] == 2
    assert counts["exp_free", 50, "change"] == counts["tanh", 50, "change"] == 2
    assert ("isru", 50, "rain") not in counts
    assert all(entry[3] == 5 for entry in conditions([10], 5, more_arms=["hard"]))


def test_an_unknown_arm_or_target_is_refused():
    with pytest.raises(ValueError, match=r"arm: expected one of .*got 'gelu'"):
        Case("gelu", 4, 0)
    with pytest.raises(ValueError, match=r"target: expected one of .*got 'snow'"):
        Case("tanh", 4, 0, target="snow")


def test_skill_is_zero_for_persistence_and_hundred_for_the_truth():
    truth = np.array([[1.0], [-2.0]])
    assert skill(np.zeros((2, 1)), truth) == 0 and skill(truth, truth) == 100
    assert skill(-truth, truth) == -300


def test_the_baselines_stand_in_the_order_of_what_they_know():
    skills = baseline_skills(forecast_windows(), trees=False)
    assert skills["persistence"] == 0 < 20 < skills["climatology"] < skills["linear"] < 60
    right = baseline_accuracies(forecast_windows())
    assert 80 < right["majority"] < min(right["persistence"], right["linear"]) < 95


@pytest.mark.parametrize("framework", ["numpy", "numba"])
@pytest.mark.parametrize("step", ["train", "predict"])
def test_a_timed_step_computes_what_the_network_computes(step, framework):
    make = {"framework": framework} | {
        "units": 3,
        "step": step,
        "activation": "isru",
        "batch": 2,
        "steps": 4,
        "features": 5,
    }
    for setup, arguments in ((setup_step, make), (setup_activations, {**make, "features": None})):
        arguments = {name: value for name, value in arguments.items() if value is not None}
        call = setup(rng=np.random.default_rng(0), **arguments)
        first, second = call(), call()
        if setup is setup_step and step == "predict":
            np.testing.assert_array_equal(first[0], second[0])
        elif setup is setup_step:
            assert first[0] > second[0] > 0  # it learns, if slowly
    with pytest.raises(ValueError, match="step: expected"):
        setup_step(rng=np.random.default_rng(0), **make | {"step": "both"})


def test_the_compiled_calls_are_those_of_the_engine_row_by_row():
    x = np.random.default_rng(0).standard_normal((6, 11)).astype("float32")
    for name in ("tanh", "isru"):
        entry = ACTIVATIONS[name]
        y, saved, dy = rows.room(x, entry.saves_output, True)
        rows.apply_rows(*compiled_pair(entry, x.dtype), x, y, saved, dy)
        np.testing.assert_allclose(y, entry.value(x), rtol=2e-6)
        np.testing.assert_allclose(
            dy, entry.derivative(y if entry.saves_output else saved), rtol=4e-6
        )


@pytest.mark.parametrize("other", ["numba", "keras"])
def test_another_framework_makes_the_same_timed_step(other):
    for step in ("predict", "train"):
        make = {"units": 3, "step": step, "activation": "isru", "batch": 2, "steps": 4}
        ours, theirs = (
            setup_step(rng=np.random.default_rng(0), framework=framework, **make)()
            for framework in ("numpy", other)
        )
        theirs = theirs if other == "keras" else theirs[0]
        np.testing.assert_allclose(ours[0], theirs, rtol=1e-5, atol=1e-6)
