"""Octaves of units against cases worked by hand and published ones; gates, words, coverage."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as distributions

from isru.chapters.accuracy.coverage import TRUTHS, coverage
from isru.studies import octaves
from isru.studies.octaves import MARGIN, by_task, chosen, ends, random_effects, summarise


def rows(task="digits", rates=(0.01,), **losses):
    """Runs of a task: for each arm a list of test losses, a seed each; every rate is as good."""
    return pd.DataFrame(
        [
            {"task": task, "arm": arm, "seed": seed, "rate": rate, "validation": loss}
            | {"test": loss, "diverged": False}
            for arm, values in losses.items()
            for seed, loss in enumerate(values)
            for rate in rates
        ]
    )


def battery(tasks=8, seeds=30, noise=0.02, **costs):
    """Runs of many tasks on which arms cost octaves, and half the units one nat."""
    rng = np.random.default_rng(0)
    costs = {"tanh": 0.0, "half": 1.0, "three_quarters": 0.4} | costs
    return pd.concat(
        rows(f"task {k}", **{a: c + noise * rng.standard_normal(seeds) for a, c in costs.items()})
        for k in range(tasks)
    )


def words(frame):
    return summarise(by_task(chosen(frame)), rng=np.random.default_rng(0)).set_index("arm")


def test_fieller_as_published():
    # DCSTATS (github.com/DCPROGS/DCSTATS): 14 +- 3 over 7 +- 2, 12 values, t of two-sided 10 %.
    low, high = octaves.fieller(14.0, 7.0, 9.0, 4.0, 0.0, 10, alpha=0.1)
    assert (low, high) == pytest.approx((1.051413, 4.414296), abs=1e-6)
    # GraphPad's calculator: the same as standard deviations of 6 values each, at 95 %.
    low, high = octaves.fieller(14.0, 7.0, 9 / 6, 4 / 6, 0.0, 10)
    assert (low, high) == pytest.approx((1.46, 2.83), abs=0.005)


def test_octaves_of_three_seeds_by_hand():
    # Differences to tanh: arm 0, .1, .2 (mean .1, variance .01); half .9, 1, 1.1, which rises
    # with it. At the interval's ends r the t of arm - r half is +-t(2) = 4.302653.
    found = octaves.ratios([0.0, 0.1, 0.2], [0.9, 1.0, 1.1])
    assert found.octaves == pytest.approx(0.1)
    assert found.se == pytest.approx(0.1 / np.sqrt(3) * 0.9)  # sd of arm - .1 half over half
    assert found.half_low == pytest.approx(1 - 4.302653 * 0.1 / np.sqrt(3))
    assert found.correlation == pytest.approx(1)
    for end in (found.low, found.high):
        left = np.array([0.0, 0.1, 0.2]) - end * np.array([0.9, 1.0, 1.1])
        assert abs(left.mean() / left.std(ddof=1) * np.sqrt(3)) == pytest.approx(4.302653)
    # 0.2 half - arm has the mean .1 and the sd .08
    assert found.p_margin == pytest.approx(distributions.t.sf(0.1 / 0.08 * np.sqrt(3), 2))


def test_octaves_are_unbounded_where_half_the_units_are_not_told_apart():
    found = octaves.ratios([0.0, 0.1, 0.2], [-0.5, 0.1, 0.6])
    assert np.isnan([found.low, found.high]).all()
    assert not found.counts
    assert np.isfinite(found.octaves)


def test_overlapping_splits_widen_a_variance_by_nadeau_and_bengio():
    arm, half = np.random.default_rng(0).normal([[0.1], [1.0]], 0.1, (2, 10))
    plain, wide = octaves.ratios(arm, half), octaves.ratios(arm, half, overlap=0.5)
    assert wide.half_se / plain.half_se == pytest.approx(np.sqrt((1 / 10 + 0.5) / (1 / 10)))
    assert wide.se > 2 * plain.se


BCG = """
4 119 11 128      6 300 29 274    3 228 11 209          62 13536 248 12619  33 5036 47 5761
180 1361 372 1079 8 2537 10 619   505 87886 499 87892   29 7470 45 7232     17 1699 65 1600
186 50448 141 27197               5 2493 3 2338         27 16886 29 17825
"""  # ill and well of those vaccinated and of those not


@pytest.fixture
def log_risk_ratios():
    """The trials of the BCG vaccine, as metafor's documentation takes them."""
    ill, well, ill_too, well_too = np.array(BCG.split(), float).reshape(13, 4).T
    y = np.log(ill / (ill + well)) - np.log(ill_too / (ill_too + well_too))
    return y, 1 / ill - 1 / (ill + well) + 1 / ill_too - 1 / (ill_too + well_too)


def test_random_effects_as_metafor_has_them(log_risk_ratios):
    # github.com/wviechtb/metafor, README: rma(yi, vi, test="knha").
    found = random_effects(*log_risk_ratios)
    assert found.tau**2 == pytest.approx(0.3132, abs=5e-5)
    assert found[:3] == pytest.approx((-0.7145, -1.1084, -0.3206), abs=5e-5)
    # there exp(prediction) is 0.14 to 1.76, with the variance between trials taken as known
    known = np.log([0.14, 1.76])
    assert found.prediction_low == pytest.approx(known[0], abs=0.12)
    assert found.prediction_high == pytest.approx(known[1], abs=0.12)
    assert found.prediction_low < known[0] and found.prediction_high > known[1]


def test_variances_between_tasks_as_metafor_has_their_interval(log_risk_ratios):
    # confint() of the same: 0.1197 to 1.1115.
    y, v = (values[None] for values in log_risk_ratios)
    ends = [
        octaves.variance_between(y, v, np.isfinite(y), np.array([12.0]), level).item()
        for level in (0.025, 0.975)
    ]
    assert ends == pytest.approx([0.1197, 1.1115], abs=5e-5)


def test_prediction_averages_over_the_variances_between_tasks():
    y, v = np.array([0.0, 0.1, 0.3, -0.2, 0.15, 0.4]), np.full(6, 0.01)
    rng = np.random.default_rng(0)
    levels = rng.uniform(size=4000)
    square = octaves.variance_between(
        *(np.tile(a, (4000, 1)) for a in (y, v, np.isfinite(y))), np.full(4000, 5.0), levels
    )
    # with equal variances the mean does not hang on them, and its variance is (v + tau^2)/6
    new = y.mean() + np.sqrt((0.01 + square) / 6 + square) * rng.standard_normal(4000)
    found = random_effects(y, v)
    ends = [found.prediction_low, found.prediction_high]
    assert ends == pytest.approx(np.quantile(new, [0.025, 0.975]), abs=0.05)


def test_equal_effects_have_no_variance_between_them_and_unequal_noise_no_weight():
    found = random_effects([1.0, 1.0, 1.0, np.nan], [1.0, 2.0, 3.0, 1.0])
    assert (found.tau, found.octaves, found.tasks) == (0, 1, 3)
    assert random_effects([0.0, 0.0, 9.0], [1e-4, 1e-4, 1e6]).octaves == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("other", [0.3, np.nan])
def test_one_task_or_two_have_a_mean_and_no_interval(other):
    found = random_effects([0.1, other, np.nan], [0.01, 0.01, 0.01])
    assert found.octaves == pytest.approx(np.nanmean([0.1, other]))
    assert np.isnan([found.low, found.high, found.prediction_low, found.prediction_high]).all()


def test_the_rate_is_chosen_by_validation_inside_each_seed():
    frame = rows(rates=(0.1, 0.2, 0.3), tanh=[1.0, 1.0, 1.0])
    best = {0: 0.1, 1: 0.2, 2: 0.3}
    frame.loc[frame["rate"] == frame["seed"].map(best), "validation"] = 0.5
    frame["test"] = frame["rate"]
    frame.loc[1, "diverged"] = True
    found = chosen(frame)
    assert found["test"].tolist() == [0.1, 0.2, 0.3]
    assert found["end"].tolist() == ["lowest", "", "highest"]
    (row,) = ends(found).to_dict("records")
    assert (row["n"], row["rate"], row["diverged"]) == (3, 0.2, 1)
    assert (row["lowest"], row["highest"]) == pytest.approx((100 / 3, 100 / 3))


def test_a_grid_of_one_rate_has_no_ends():
    assert chosen(rows(tanh=[1.0, 2.0]))["end"].tolist() == ["", ""]


def test_a_diverged_run_counts_with_what_it_scored_and_without_a_score_loses():
    frame = rows(rates=(0.1, 0.2), tanh=[1.0])
    frame["diverged"] = True
    frame.loc[0, ["validation", "test"]] = np.nan
    frame.loc[1, "test"] = 7.0
    found = chosen(frame)
    assert found["test"].tolist() == [7.0]
    assert found["diverged_runs"].tolist() == [2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop(columns="test"), "test is missing"),
        (lambda frame: pd.concat([frame, frame[:1]]), "seed 0: expected one run for each rate"),
        (lambda frame: frame[1:], "seed 0: expected a run for every rate"),
        (lambda frame: frame.assign(validation=np.inf), "seed 0: expected a finite"),
        (lambda frame: frame.assign(test=np.nan), "seed 0: expected a finite"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        chosen(change(rows(rates=(0.1, 0.2), tanh=[1.0, 2.0])))


def test_a_seed_that_an_arm_has_alone_is_refused():
    frame = rows(tanh=[1.0, 1.1], half=[2.0, 2.2], isru=[1.0, 1.1, 1.2])
    with pytest.raises(ValueError, match=r"digits, isru: expected .* got 2 of 3"):
        by_task(chosen(frame))


def test_another_baseline_has_its_octaves_too():
    frame = rows(elu=[1.0, 1.1], narrow=[2.0, 2.2], isrlu=[0.9, 1.0])
    (row,) = by_task(chosen(frame), baseline="elu", half="narrow").to_dict("records")
    assert (row["arm"], row["n"]) == ("isrlu", 2)
    assert row["octaves"] == pytest.approx(-0.1 / 1.05)


def test_words_follow_from_the_interval():
    found = words(battery(isru=0.0, exp_free=-0.5, hard=0.6, softsign=0.2))
    assert found["word"].to_dict() == {
        "three_quarters": "worse",
        "isru": "equivalent",
        "exp_free": "non-inferior",
        "hard": "worse",
        "softsign": "inconclusive",
    }
    assert found["gates"].all() and (found["reason"] == "").all()
    assert found["new_task"].to_dict() == {
        "three_quarters": False,
        "isru": True,
        "exp_free": False,  # beyond -0.4
        "hard": False,
        "softsign": False,
    }
    assert found.loc["isru", "iqm_low"] < found.loc["isru", "iqm"] < found.loc["isru", "iqm_high"]
    assert found.loc["hard", "iqm"] == pytest.approx(0.6, abs=0.02)


def test_a_word_needs_six_tasks_that_tell_half_the_units_apart():
    frame = battery(isru=0.0)
    dull = frame["task"].isin(["task 0", "task 1", "task 2"]) & (frame["arm"] == "half")
    frame.loc[dull, "test"] -= 1.0
    found = words(frame)
    assert found["word"].tolist() == ["inconclusive"] * 2
    assert found.loc["isru", "reason"] == "tasks that tell half the units apart: 5, needed: 6"
    assert not found["gates"].any() and not found["new_task"].any()
    assert found.loc["isru", "tasks"] == 5


@pytest.mark.parametrize("known", [True, False])
def test_a_word_needs_three_quarters_of_the_units_above_0(known):
    frame = battery(isru=0.0, three_quarters=0.0)
    found = words(frame if known else frame[frame["arm"] != "three_quarters"])
    assert found.loc["isru", "word"] == "inconclusive"
    assert "three quarters" in found.loc["isru", "reason"]


def test_single_tasks_have_words_after_holm():
    dull = {arm: [1.0, 2.0, 3.0] for arm in ("tanh", "half", "isru")}
    told = battery(tasks=1, isru=0.0, hard=0.6, softsign=0.2)
    frame = pd.concat([told, rows("dull", **dull)])
    found = octaves.judged_alone(by_task(chosen(frame)))
    found = found.set_index(["task", "arm"])["word"]
    assert found["task 0"].to_dict() == {
        "three_quarters": "worse",
        "isru": "non-inferior",
        "hard": "worse",
        "softsign": "inconclusive",
    }
    assert found["dull", "isru"] == "inconclusive"


def test_three_words_at_two_per_cent_are_none():
    table = pd.DataFrame({"p_margin": [0.01, 0.99, 0.01, 0.0], "counts": [True, True, True, False]})
    found = octaves.judged_alone(table)
    assert found["p_holm"].tolist()[:3] == pytest.approx([0.06] * 3)
    assert found["word"].tolist() == ["inconclusive"] * 4


def _holds(found):
    assert (abs(found["bias"]) < 0.005).all(), found
    assert found["covered"].between(93, 97).all(), found
    assert (found["covered_new"] > 92).all(), found
    assert (found["gates"] > 95).all(), found
    assert (found.loc[found["octaves"] == MARGIN, "non_inferior"] <= 6).all(), found


def test_intervals_hold_the_truth_as_often_as_they_say():
    found = coverage(batteries=400, truths=((MARGIN, 0.05),), rng=np.random.default_rng(1))
    assert found["covered"].between(91, 98).all()
    assert (found["covered_new"] > 91).all()
    assert (found["non_inferior"] <= 6).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "noise",
    [
        lambda rng, shape: rng.standard_normal(shape),
        lambda rng, shape: rng.standard_t(4, shape) / np.sqrt(2),  # a seed far off now and then
        lambda rng, shape: rng.gamma(1.0, 1.0, shape) - 1,  # losses have their tail above
    ],
    ids=["normal", "heavy", "skewed"],
)
def test_all_intervals_hold_the_truth_in_two_thousand_batteries(noise):
    found = coverage(noise=noise, rng=np.random.default_rng(0))
    assert list(zip(found["octaves"], found["tau"], strict=True)) == list(TRUTHS)
    _holds(found)
