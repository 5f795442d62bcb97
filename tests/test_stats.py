"""The statistics against known answers, and their coverage by simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as distributions

from isru.stats import (
    Interval,
    aa_floor,
    between_runs,
    bootstrap_interval,
    by_group,
    direction,
    groups,
    holm,
    mean_interval,
    paired_difference,
    ratio_of_medians,
    seeds_and_days,
    tost,
)


def test_bootstrap_interval_covers_the_median_as_often_as_it_says():
    rng = np.random.default_rng(3)
    covered = [
        bootstrap_interval(rng.normal(size=40), resamples=200, rng=rng).contains(0)
        for _ in range(300)
    ]
    assert 0.91 < np.mean(covered) < 0.99


def test_bootstrap_interval_follows_its_generator():
    sample = np.random.default_rng(4).normal(size=200)
    first, again, other = (
        bootstrap_interval(sample, rng=np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert first == again != other


def test_a_mean_has_students_interval_under_every_name():
    sample = np.random.default_rng(1).normal(3, 2, 7)
    half = distributions.t.ppf(0.975, 6) * distributions.sem(sample)
    interval = mean_interval(sample)
    assert interval == pytest.approx((sample.mean(), sample.mean() - half, sample.mean() + half))
    assert bootstrap_interval(sample, statistic="mean", rng=None) == interval
    paired = paired_difference(sample, np.zeros(7))
    assert (paired.mean, paired.low, paired.high) == interval


def test_a_mean_of_few_is_covered_as_often_as_it_says():
    """A percentile bootstrap of six covers 86 %."""
    rng = np.random.default_rng(3)
    covered = [mean_interval(rng.normal(size=6)).contains(0) for _ in range(2000)]
    assert 0.935 < np.mean(covered) < 0.965


def test_one_value_tells_nothing_of_its_spread():
    estimate, *ends = mean_interval([2.5])
    assert estimate == 2.5 and np.isnan(ends).all()


def weather(rng, *, seeds=12, days=73, memory=0.5):
    """Return errors by seed and day about 1: days that remember, seeds, and what is left."""
    day = rng.normal(size=days)
    day[0] /= np.sqrt(1 - memory**2)
    for today in range(1, days):
        day[today] += memory * day[today - 1]
    errors = 1 + 0.3 * day + rng.normal(0, 0.1, (seeds, 1))
    return errors + rng.normal(0, 0.3, (seeds, days))


def test_days_that_all_seeds_share_widen_an_interval_and_without_any_it_is_students():
    found = weather(np.random.default_rng(0))
    rng = np.random.default_rng(1)
    interval = seeds_and_days(found, np.ones(73), resamples=200, rng=rng)
    narrow = mean_interval(found.mean(axis=1))
    assert interval.estimate == pytest.approx(narrow.estimate)
    assert interval.high - interval.low > 1.5 * (narrow.high - narrow.low)
    alike = np.repeat(found.mean(axis=1)[:, None], 73, axis=1)
    without = seeds_and_days(alike, np.ones(73), resamples=20, rng=rng)
    assert without == pytest.approx(narrow)


def test_a_ratio_of_sums_follows_days_with_more_in_them():
    """Days with ten times the error of knowing nothing weigh ten times as much."""
    reference = np.where(np.arange(40) % 2, 10.0, 1.0)
    errors = np.array([0.4, 0.6])[:, None] * reference
    found = seeds_and_days(errors, reference, block=2, resamples=20, rng=np.random.default_rng(0))
    assert found == pytest.approx(mean_interval([0.4, 0.6]))


@pytest.mark.slow
def test_other_days_are_covered_as_often_as_it_says_where_days_remember():
    rng = np.random.default_rng(0)
    settings = {"resamples": 300, "rng": rng}
    series = [weather(rng) for _ in range(400)]

    def covered(block):
        found = [seeds_and_days(one, np.ones(73), block=block, **settings) for one in series]
        return np.mean([interval.contains(1) for interval in found])

    assert 0.92 < covered(block=7) < 0.98
    assert covered(block=1) < 0.88
    assert np.mean([mean_interval(one.mean(axis=1)).contains(1) for one in series]) < 0.75


@pytest.mark.parametrize(
    ("numerator", "denominator", "block", "message"),
    [
        (np.ones((2, 20)), np.ones(20), 11, "expected a block of 1 to 10 days, half of them, got"),
        (np.ones((1, 20)), np.ones(20), 7, "at least 2 seeds by days .* got shapes"),
        (np.ones((2, 20)), np.ones(19), 7, r"got shapes \(2, 20\) and \(19,\)"),
        (np.full((2, 20), np.nan), np.ones(20), 7, "expected finite sums of each seed and day"),
        (np.ones((2, 20)), np.zeros(20), 7, "whose sum over the days is positive"),
    ],
)
def test_sums_of_days_that_do_not_fit_are_refused(numerator, denominator, block, message):
    with pytest.raises(ValueError, match=message):
        seeds_and_days(numerator, denominator, block=block, rng=np.random.default_rng(0))


def test_ratio_of_medians_is_exact_without_noise():
    ratio = ratio_of_medians([[6.0, 6.0]] * 4, [[2.0] * 3] * 4, rng=np.random.default_rng(0))
    assert ratio == Interval(3.0, 3.0, 3.0)


def test_ratio_of_medians_ignores_what_disturbs_a_whole_process():
    speed = np.array([1.0, 1.7, 0.4, 2.2, 5.0])[:, None]
    ratio = ratio_of_medians(
        6 * speed * np.ones(3), 2 * speed * np.ones(3), rng=np.random.default_rng(0)
    )
    assert np.allclose(ratio, 3.0)


def test_ratio_of_medians_covers_the_truth_when_processes_differ():
    rng = np.random.default_rng(7)
    covered = []
    for _ in range(300):
        bias = np.exp(rng.normal(0, 0.05, (8, 1)))
        slow = 1.2 * bias * np.exp(rng.normal(0, 0.02, (8, 10)))
        fast = np.exp(rng.normal(0, 0.02, (8, 10)))
        covered.append(ratio_of_medians(slow, fast, resamples=200, rng=rng).contains(1.2))
    assert 0.91 < np.mean(covered) <= 1


def test_ratio_of_medians_refuses_arms_from_other_processes():
    with pytest.raises(ValueError, match="same processes"):
        ratio_of_medians([[1.0]], [[1.0], [2.0]], rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="positive times"):
        ratio_of_medians([[0.0]], [[1.0]], rng=np.random.default_rng(0))


def aa_pairs(processes, noise, seed=4, conditions=40):
    rng = np.random.default_rng(seed)
    times = np.exp(rng.normal(0, noise, (conditions, 2, processes, 3)))
    return [(first, second) for first, second in times]


def test_aa_floor_surrounds_one_and_is_symmetric_in_the_labels():
    floor = aa_floor(aa_pairs(6, 0.02), rng=np.random.default_rng(0))
    assert floor.low < 1 < floor.high
    assert floor.low * floor.high == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_aa_floor_shrinks_with_the_number_of_processes():
    few, many = (aa_floor(aa_pairs(n, 0.02), rng=np.random.default_rng(0)) for n in (4, 30))
    assert 1 < many.high < few.high < 1.05


@pytest.mark.slow
def test_aa_floor_holds_what_an_equal_arm_shows():
    """About 95 % of fresh effects of nothing lie inside the floor, a few less or more."""
    floor = aa_floor(aa_pairs(8, 0.02), rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    fresh = [
        ratio_of_medians(arm, again, resamples=10, rng=rng).estimate
        for arm, again in aa_pairs(8, 0.02, seed=5, conditions=400)
    ]
    assert 0.93 < np.mean([floor.contains(ratio) for ratio in fresh]) <= 1


def test_paired_difference_removes_what_both_arms_share():
    seeds = np.random.default_rng(8).normal(50, 10, 30)
    summary = paired_difference(seeds + 0.25, seeds)
    assert summary.mean == pytest.approx(0.25)
    assert summary.sd == pytest.approx(0, abs=1e-9)
    assert (summary.n, summary.low) == (30, pytest.approx(0.25))


def test_tost_agrees_with_scipys_one_sided_t_tests():
    rng = np.random.default_rng(10)
    control = rng.normal(size=12)
    treatment = control + rng.normal(0.1, 0.4, 12)
    above = distributions.ttest_1samp(treatment - control, -0.5, alternative="greater").pvalue
    below = distributions.ttest_1samp(treatment - control, 0.5, alternative="less").pvalue
    assert tost(treatment, control, margin=0.5).p == pytest.approx(max(above, below))


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.3, 0.45, 0.8])
def test_tost_passes_exactly_when_its_interval_lies_inside_the_margin(shift):
    differences = np.array([-0.3, 0.1, 0.2, -0.2, 0.4, -0.1, 0.0]) + shift
    outcome = tost(differences, np.zeros(7), margin=0.5)
    assert outcome.passes == (outcome.low > -0.5 and outcome.high < 0.5)


@pytest.mark.slow
def test_tost_rarely_calls_arms_equivalent_that_differ_by_the_margin():
    rng = np.random.default_rng(11)
    passes = [tost(rng.normal(0.5, 0.4, 10), np.zeros(10), margin=0.5).passes for _ in range(1500)]
    assert 0.035 < np.mean(passes) < 0.065


@pytest.mark.slow
def test_tost_has_the_planned_power_at_the_planned_number_of_seeds():
    rng = np.random.default_rng(12)
    passes = [tost(rng.normal(0, 0.5, 11), np.zeros(11), margin=0.5).passes for _ in range(1500)]
    assert 0.77 < np.mean(passes) < 0.88


def test_tost_decides_identical_differences_without_dividing_by_zero():
    assert tost([1.0, 2.0], [1.0, 2.0], margin=0.5).passes
    assert not tost([2.0, 3.0], [1.0, 2.0], margin=0.5).passes


def timings(rng, *, hour, runs=3, count=40, process=0.02):
    """Return what runs of one machine show of timings that an hour shifts."""
    true = rng.normal(0, 1, count)
    shown = true + rng.normal(0, hour, (runs, count)) + rng.normal(0, process, (runs, count))
    half = 1.96 * process
    return true, [[Interval(at, at - half, at + half) for at in run] for run in shown]


@pytest.mark.parametrize("hour", [0.0, 0.05])
def test_what_an_hour_adds_is_found_over_many_timings(hour):
    rng = np.random.default_rng(0)
    found = [between_runs(timings(rng, hour=hour)[1]) for _ in range(50)]
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(hour, abs=0.005)


def test_an_interval_that_holds_what_an_hour_adds_covers_the_machine():
    rng = np.random.default_rng(1)
    alone, among = [], []
    for _ in range(40):
        true, runs = timings(rng, hour=0.05)
        hour = between_runs(runs)
        alone += [one.contains(at) for one, at in zip(runs[0], true, strict=True)]
        among += [one.widened(hour).contains(at) for one, at in zip(runs[0], true, strict=True)]
    assert np.mean(alone) < 0.6
    assert 0.93 < np.mean(among) < 0.97


def test_a_timing_of_one_run_tells_nothing_between_runs():
    one = Interval(1.0, 1.0, 1.0)
    assert between_runs([]) == between_runs([[one]]) == between_runs([[one], [None]]) == 0
    assert one.widened(0.0) == one


def test_holm_gives_the_textbook_values_in_the_given_order():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])
    assert holm([]).size == 0


def test_holm_refuses_what_is_no_p_value():
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.1, float("nan")])


@pytest.mark.parametrize(
    ("ratio", "word"),
    [
        (Interval(1.2, 1.1, 1.3), "faster"),
        (Interval(0.8, 0.7, 0.9), "slower"),
        (Interval(1.0, 0.99, 1.01), "equal"),
        (Interval(1.0, 0.8, 1.3), "undecided"),
        (Interval(1.03, 1.025, 1.035), "faster"),
    ],
)
def test_direction_needs_the_interval_beyond_the_margin(ratio, word):
    assert direction(ratio, margin=0.02) == word


def test_groups_name_their_keys_and_keep_every_row():
    frame = pd.DataFrame({"arm": ["b", "a", "b", None], "x": [1.0, 2.0, 3.0, 4.0]})
    found = [(group["arm"], list(part["x"])) for group, part in groups(frame, ["arm"], sort=False)]
    assert found[:2] == [("b", [1.0, 3.0]), ("a", [2.0])] and found[2][1] == [4.0]
    assert [group for group, _ in groups(frame, [])] == [{}]


def test_by_group_draws_group_by_group_as_one_interval_after_the_other_does():
    values = np.random.default_rng(0).normal(size=(2, 7))
    frame = pd.DataFrame({"arm": np.repeat(["b", "a"], 7), "x": values.ravel()})
    table = by_group(frame, ["arm"], "x", rng=np.random.default_rng(1))
    rng = np.random.default_rng(1)
    alone = [bootstrap_interval(values[row], rng=rng) for row in (1, 0)]
    expected = [[arm, 7, *found] for arm, found in zip("ab", alone, strict=True)]
    assert table.to_numpy().tolist() == expected
    assert list(table) == ["arm", "n", "median", "low", "high"]
    first = by_group(frame, ["arm"], "x", sort=False, name="x", rng=rng)
    assert list(first["arm"]) == ["b", "a"] and list(first) == ["arm", "n", "x", "low", "high"]
    assert list(by_group(frame[:0], ["arm"], "x", rng=rng)) == ["arm", "n", "median", "low", "high"]


def test_masked_elements_are_refused():
    hidden = np.ma.masked_equal([1.0, 2.0, 9.0], 9.0)
    for values in (hidden, list(hidden)):
        with pytest.raises(ValueError, match="treatment: expected numbers without a mask"):
            paired_difference(values, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="p values: expected numbers without a mask"):
        holm(np.ma.masked_equal([0.5, 0.1], 0.1))
